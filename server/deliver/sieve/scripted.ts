/** The scripts of all accounts that a message is for, put together for one transaction. */
import type { Header } from "../../../protocol/mime/header.ts";
import { formatMailbox } from "../../../protocol/smtp/address.ts";
import { type Reply, reply } from "../../../protocol/smtp/reply.ts";
import type { Taken } from "../../judge/judge.ts";
import type { Received } from "../../receive/received.ts";
import type { Remembered } from "../../store/sieve-store.ts";
import type { Acceptance, AccountId, Placement, Target } from "../../store/store.ts";
import type { Destinations } from "../destinations.ts";
import type { AccountEffects } from "./effects.ts";
import type { DeliverSieve } from "./sieve.ts";

export type Scripted = {
  /** The message with its trace fields. */
  readonly bytes: Buffer;
  /** Accounts that no script speaks for. */
  readonly others: Destinations["accounts"];
  /** Of the message as it came. */
  readonly placements: readonly Placement[];
  /** Of messages that scripts have made of it. */
  readonly changed: readonly { readonly bytes: Buffer; readonly placements: readonly Placement[] }[];
  readonly sent: readonly Acceptance[];
  readonly refused: ReadonlyMap<AccountId, Reply>;
  readonly remember: readonly Remembered[];
  readonly notes: readonly string[];
};

/** Undefined where no script runs for any of the accounts. */
export async function scripted(given: {
  readonly mail: Received;
  readonly header: Header;
  readonly to: Destinations;
  readonly verdict: Taken;
  readonly bytes: Buffer;
  readonly isJunk: (account: AccountId) => boolean;
  readonly sieve: DeliverSieve;
  /** What would be committed for mail that goes out. */
  readonly plan: (mail: Received) => Promise<Acceptance | undefined>;
}): Promise<Scripted | undefined> {
  const { mail, header, to, verdict, bytes, isJunk, sieve } = given;
  const placeFor = (account: AccountId): Target => (isJunk(account) ? { role: "junk" } : { role: "inbox" });
  const effects = new Map<AccountId, AccountEffects>();
  for (const account of to.accounts.keys()) {
    const index = to.each.findIndex((one) => one.kind === "taken" && one.accounts.includes(account));
    const recipient = mail.recipients[Math.max(index, 0)];
    if (recipient === undefined) continue;
    const done = await sieve.run({
      mail,
      header,
      verdict,
      account,
      recipient: formatMailbox(recipient),
      asked: recipient,
      bytes,
      place: placeFor(account),
      isJunk: isJunk(account),
    });
    if (done !== undefined) effects.set(account, done);
  }
  if (effects.size === 0) return undefined;
  const placements: Placement[] = [];
  const changed = new Map<Buffer, Placement[]>();
  const sent: Acceptance[] = [];
  const refused = new Map<AccountId, Reply>();
  const remember: Remembered[] = [];
  const notes: string[] = [];
  for (const [account, one] of effects) {
    const overQuota = to.accounts.get(account) === true;
    const put = (filed: AccountEffects["filed"][number]): void => {
      const placement: Placement = {
        account,
        target: filed.target,
        marks: filed.marks,
        receivedAt: mail.at,
        ...(overQuota ? { overQuota } : {}),
      };
      if (filed.bytes === undefined) placements.push(placement);
      else changed.set(filed.bytes, [...(changed.get(filed.bytes) ?? []), placement]);
    };
    for (const filed of one.filed) put(filed);
    for (const { target, marks, bytes: copy } of one.copies) put({ target, marks, bytes: copy });
    let lost = false;
    for (const { mail: out, inPlaceOfKeeping } of one.sent) {
      const planned = await given.plan(out);
      if (planned !== undefined) sent.push(planned);
      else if (inPlaceOfKeeping) lost = true;
    }
    // A redirection that nobody takes: the message stays here.
    if (lost && one.filed.length === 0)
      put({ target: placeFor(account), marks: { flags: 0, keywords: [] }, bytes: undefined });
    if (one.refused !== undefined) refused.set(account, refusalReply(one.refused));
    remember.push(...one.remember);
    notes.push(...one.notes);
  }
  const others = new Map([...to.accounts].filter(([account]) => !effects.has(account)));
  return {
    bytes,
    others,
    placements,
    changed: [...changed].map(([made, where]) => ({ bytes: made, placements: where })),
    sent,
    refused,
    remember,
    notes,
  };
}

const maxReasonLines = 20;

/** RFC 5429 §2.1: the reason as the reply; without UTF-8 in SMTP only what is ASCII. */
function refusalReply(reason: string): Reply {
  const lines = reason
    .split(/\r\n|\r|\n/)
    .map((line) => line.trimEnd().slice(0, 400))
    .filter((line) => line !== "")
    .slice(0, maxReasonLines);
  const isAscii = lines.length > 0 && lines.every((line) => /^[ -~]+$/.test(line));
  return isAscii ? reply(550, "5.7.1", ...lines) : reply(550, "5.7.1", "The recipient refuses this message");
}
