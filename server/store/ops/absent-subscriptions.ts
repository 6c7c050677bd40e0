/** RFC 9051 §6.3.7: a name stays subscribed though its mailbox is deleted by IMAP, until it is unsubscribed or made anew. */
import type { AccountId } from "../store.ts";
import { all, type Op, one, run } from "./tx.ts";

/** Names of one account; what is deleted beyond them is not subscribed any more. */
export const maxAbsentSubscriptions = 1000;

export function* absentSubscriptions(account: AccountId): Op<readonly string[]> {
  const found = yield* all<{ path: string }>(
    "SELECT path FROM absent_subscriptions WHERE account = $1 ORDER BY path",
    account,
  );
  return found.map(({ path }) => path);
}

export function* keepSubscribed(account: AccountId, path: string): Op<void> {
  const kept = yield* one<{ n: number }>("SELECT count(*) AS n FROM absent_subscriptions WHERE account = $1", account);
  if ((kept?.n ?? 0) >= maxAbsentSubscriptions) return;
  yield* run(
    "INSERT INTO absent_subscriptions (account, path) VALUES ($1, $2) ON CONFLICT (account, path) DO NOTHING",
    account,
    path,
  );
}

/** Takes the name out again; answers whether it was among them. */
export function* takeSubscribed(account: AccountId, names: readonly string[]): Op<boolean> {
  const path = names.join("/");
  return (yield* run("DELETE FROM absent_subscriptions WHERE account = $1 AND path = $2", account, path)) > 0;
}
