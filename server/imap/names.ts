/** Mailboxes by the names clients use. */
import type { AccountId, Mailbox, StoreReader } from "../store/store.ts";

export async function findMailbox(
  store: Pick<StoreReader, "mailboxes">,
  account: AccountId,
  path: string,
): Promise<Mailbox | undefined> {
  return (await store.mailboxes(account)).find((mailbox) => mailbox.path === path);
}
