/** shareWith of a mailbox (RFC 9670 §4): who gets which rights, and who is told of it. */
import { rightsOfJmap } from "../../protocol/imap/rights.ts";
import { invalidProperties, isObject, type SetError, setError } from "../../protocol/jmap/types.ts";
import type { AccountId, MailboxId } from "../store/store.ts";
import type { Call } from "./call.ts";
import { tellOfShare } from "./share-notifications.ts";

/** "all": nobody else has any afterwards; "some": of these people only. Rights "" for none. */
export type ShareEdit = { readonly kind: "all" | "some"; readonly rights: ReadonlyMap<AccountId, string> };
export const noShares: ShareEdit = { kind: "some", rights: new Map() };

/** What a client gives as shareWith; undefined where it is no such thing. */
export function shareEdit(value: unknown): ShareEdit | undefined {
  if (value === null) return { kind: "all", rights: new Map() };
  if (!isObject(value)) return undefined;
  const rights = new Map<AccountId, string>();
  for (const [principal, given] of Object.entries(value)) {
    const account = /^P(\d{1,15})$/.exec(principal)?.[1];
    const letters = isObject(given) ? rightsOfJmap(given) : undefined;
    if (account === undefined || letters === undefined) return undefined;
    rights.set(Number(account), letters);
  }
  return { kind: "all", rights };
}

/** Shares the mailbox so; the error where not. Principals must be people whom the caller can see. */
export async function share(
  call: Call,
  account: AccountId,
  mailbox: MailboxId,
  edit: ShareEdit | undefined,
): Promise<SetError | undefined> {
  if (edit === undefined) return undefined;
  const { store } = call.ports;
  if (!call.access.may(mailbox, "a")) return setError("forbidden", "You may not share this mailbox.");
  const before = new Map(
    (await store.mailboxRights(account))
      .filter((one) => one.mailbox === mailbox)
      .map((one) => [one.grantee, one.rights]),
  );
  const wanted = new Map(edit.rights);
  if (edit.kind === "all") for (const grantee of before.keys()) if (!wanted.has(grantee)) wanted.set(grantee, "");
  const domain = domainOf(call.account.name);
  for (const [grantee, rights] of wanted) {
    if (rights === "" || before.has(grantee)) continue;
    const [known] = await store.accounts({ id: grantee });
    if (known === undefined || known.disabled || domainOf(known.name) !== domain || grantee === account)
      return invalidProperties(["shareWith"], `shareWith/P${grantee}: there is no such person to share with.`);
  }
  for (const [grantee, rights] of wanted) {
    const done = await store.setMailboxRights(account, mailbox, grantee, rights);
    if (done.kind === "no-mailbox") return setError("notFound");
    if (done.kind === "too-many") return setError("overQuota", "The mailbox is shared with as many as it may be.");
    if (done.kind === "done" && done.before !== rights)
      await tellOfShare(call.ports, {
        by: call.account,
        owner: account,
        mailbox,
        grantee,
        before: done.before,
        after: rights,
        via: "jmap",
      });
  }
  return undefined;
}

const domainOf = (name: string): string => name.slice(name.lastIndexOf("@") + 1);
