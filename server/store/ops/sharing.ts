/** Rights to mailboxes (`../sharing-store.ts`). A change of them is a change of the mailbox: whoever follows the account hears of it. */
import { type MailboxRight, maxGrantees, type SharedMailbox } from "../sharing-store.ts";
import type { AccountId, MailboxId } from "../store.ts";
import { lockAccount, mailboxRow, nextModseq } from "./mailbox-tree.ts";
import { all, type Op, one, publish, run } from "./tx.ts";

export function* sharedWith(grantee: AccountId): Op<readonly SharedMailbox[]> {
  const found = yield* all<{ account: number; name: string; mailbox: number; rights: string; subscribed: number }>(
    `SELECT r.account, a.name, r.mailbox, r.rights, r.subscribed FROM mailbox_rights r {cross} accounts a
     WHERE r.grantee = $1 AND a.id = r.account AND a.disabled = 0 AND a.deletion = 0 ORDER BY a.name, r.mailbox`,
    grantee,
  );
  return found.map((row) => ({
    owner: row.account,
    ownerName: row.name,
    mailbox: row.mailbox,
    rights: row.rights,
    subscribed: row.subscribed !== 0,
  }));
}

export function* mailboxRights(account: AccountId): Op<readonly MailboxRight[]> {
  const found = yield* all<{ mailbox: number; grantee: number; name: string; rights: string }>(
    `SELECT r.mailbox, r.grantee, a.name, r.rights FROM mailbox_rights r {cross} accounts a
     WHERE r.account = $1 AND a.id = r.grantee AND a.deletion = 0 ORDER BY r.mailbox, a.name`,
    account,
  );
  return found.map(({ mailbox, grantee, name, rights }) => ({ mailbox, grantee, granteeName: name, rights }));
}

export function* setMailboxRights(
  account: AccountId,
  mailbox: MailboxId,
  grantee: AccountId,
  rights: string,
): Op<{ kind: "done"; before: string } | { kind: "no-mailbox" | "no-account" | "too-many" }> {
  if (!(yield* lockAccount(account)) || (yield* mailboxRow(account, mailbox)) === undefined)
    return { kind: "no-mailbox" };
  const known = yield* one("SELECT id FROM accounts WHERE id = $1", grantee);
  if (known === undefined || grantee === account) return { kind: "no-account" };
  const row = yield* one<{ rights: string }>(
    "SELECT rights FROM mailbox_rights WHERE account = $1 AND mailbox = $2 AND grantee = $3",
    account,
    mailbox,
    grantee,
  );
  const before = row?.rights ?? "";
  if (before === rights) return { kind: "done", before };
  if (rights === "")
    yield* run(
      "DELETE FROM mailbox_rights WHERE account = $1 AND mailbox = $2 AND grantee = $3",
      account,
      mailbox,
      grantee,
    );
  else {
    const count = yield* one<{ n: number }>(
      "SELECT count(*) AS n FROM mailbox_rights WHERE account = $1 AND mailbox = $2",
      account,
      mailbox,
    );
    if (row === undefined && (count?.n ?? 0) >= maxGrantees) return { kind: "too-many" };
    // RFC 8621 §2: of another's mailboxes one sees in one's list those that one asks for.
    yield* run(
      `INSERT INTO mailbox_rights (account, mailbox, grantee, rights, subscribed) VALUES ($1, $2, $3, $4, 0)
       ON CONFLICT (account, mailbox, grantee) DO UPDATE SET rights = excluded.rights`,
      account,
      mailbox,
      grantee,
      rights,
    );
  }
  const modseq = yield* nextModseq(account);
  yield* run("UPDATE mailboxes SET changed_modseq = $3 WHERE account = $1 AND id = $2", account, mailbox, modseq);
  yield* publish({ kind: "mailboxes", account, modseq });
  return { kind: "done", before };
}

export function* setSharedSubscribed(
  grantee: AccountId,
  owner: AccountId,
  mailbox: MailboxId,
  subscribed: boolean,
): Op<"done" | "missing"> {
  const changed = yield* run(
    "UPDATE mailbox_rights SET subscribed = $4 WHERE account = $1 AND mailbox = $2 AND grantee = $3",
    owner,
    mailbox,
    grantee,
    subscribed ? 1 : 0,
  );
  return changed === 0 ? "missing" : "done";
}

export function* forgetRights(account: AccountId, mailbox: MailboxId): Op<void> {
  yield* run("DELETE FROM mailbox_rights WHERE account = $1 AND mailbox = $2", account, mailbox);
}
