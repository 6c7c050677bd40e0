/** Accounts that may not send now, and letting them go on; for the command line and the API alike. */
import { type Stop, stopOf, stopSentence } from "../restrain/stop.ts";
import type { Account, AccountId } from "../store/store.ts";
import { no, type Refused, type World } from "./command.ts";

/** What becomes of the mail that is held. */
export const heldMail = ["release", "keep", "delete"] as const;
export type HeldMail = (typeof heldMail)[number];

const pageSize = 1_000;

export type StoppedSender = { readonly account: AccountId; readonly name: string; readonly stop: Stop };

/** By account number, beyond `after`. */
export async function stoppedSenders({ store }: Pick<World, "store">, after = 0): Promise<readonly StoppedSender[]> {
  const found: StoppedSender[] = [];
  for (let last = after; ; ) {
    const page = await store.restraints({ stopped: true, after: last, limit: pageSize });
    for (const { account, name, stop } of page) {
      const read = stopOf(stop);
      if (read !== undefined) found.push({ account, name, stop: read });
    }
    if (page.length < pageSize) return found;
    last = page.at(-1)!.account;
  }
}

export async function stopOfAccount(id: AccountId, { store }: Pick<World, "store">): Promise<Stop | undefined> {
  return stopOf((await store.restraints({ account: id, limit: 1 }))[0]?.stop);
}

const maxWhyChars = 300;

/** Stops all that an account sends, as if it looked stolen. */
export async function freeze(
  account: Account,
  why: string,
  { restraining }: Pick<World, "restraining">,
): Promise<{ readonly kind: "done" } | Refused> {
  if (restraining === undefined) return no("Only the running server stops an account. Start it first.");
  // It ends in replies of SMTP, within a sentence.
  const said = why
    .replace(/[^ -~]/g, "?")
    .replace(/[.\s]+$/, "")
    .slice(0, maxWhyChars);
  if (said === "") return no("Say why: its person reads it.", "why");
  return (await restraining.freeze(account, said)) ? { kind: "done" } : no(`${account.name} is stopped already.`);
}

/** Lets it send again, and does with its held mail what is said; answers how many recipients that were. */
export async function letGoOn(
  account: Account,
  mail: HeldMail,
  { store, queue, restraining, now }: World,
): Promise<{ readonly kind: "done"; readonly touched: number } | Refused> {
  const stop = await stopOfAccount(account.id, { store });
  if (stop === undefined) return no(`${account.name} may send.`);
  const filter = { account: account.id, state: "held" } as const;
  const act = (what: "release" | "delete"): Promise<number> =>
    queue === undefined ? store.queueAct(filter, what, now()) : queue.act(filter, what);
  // Before it may send: what is deleted must not slip out.
  const deleted = mail === "delete" ? await act("delete") : 0;
  restraining?.forget(account);
  await store.restrain(account.id, { stop: null });
  await restraining?.reread();
  return { kind: "done", touched: mail === "release" ? await act("release") : deleted };
}

export const shownStop = ({ kind, at, why, signals, byHand }: Stop) => ({
  kind,
  since: new Date(at).toISOString(),
  why,
  says: stopSentence({ kind, at, why, signals, ...(byHand === undefined ? {} : { byHand }) }),
  signals,
});
