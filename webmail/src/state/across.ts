/** From the mail of one account to another's (RFC 8621 §4.7): a copy there, and the original gone where the reader may remove it. */
import { accountOf, bareId } from "../jmap/accounts.ts";
import { throwRefusal } from "../jmap/client.ts";
import type { EmailHead, Id } from "../jmap/types.ts";
import { session } from "./session.svelte.ts";

export type Copied = {
  /** Of what was copied: the copy. */
  readonly copies: ReadonlyMap<Id, Id>;
};

/** @param places the mailboxes each is put into, all of one account @param remove destroys what was copied */
export async function copyAcross(
  emails: readonly Pick<EmailHead, "id" | "keywords">[],
  places: (email: Id) => readonly Id[],
  remove: boolean,
): Promise<Copied> {
  const { client } = session;
  const copies = new Map<Id, Id>();
  const atOnce = client.limit("maxObjectsInSet", 500);
  for (let i = 0; i < emails.length; i += atOnce) {
    const some = emails.slice(i, i + atOnce);
    const [first] = some;
    const to = first === undefined ? undefined : places(first.id)[0];
    if (first === undefined || to === undefined) continue;
    const answer = await client.one("Email/copy", {
      fromAccountId: accountOf(first.id) ?? client.accountId,
      accountId: accountOf(to) ?? client.accountId,
      create: Object.fromEntries(
        some.map(({ id, keywords }, at) => [
          `c${at}`,
          { id: bareId(id), keywords, mailboxIds: Object.fromEntries(places(id).map((box) => [bareId(box), true])) },
        ]),
      ),
      onSuccessDestroyOriginal: remove,
    });
    for (const [at, { id }] of some.entries()) {
      const copy = answer.created?.[`c${at}`]?.id as Id | undefined;
      if (copy !== undefined) copies.set(id, copy);
    }
    throwRefusal({ notCreated: answer.notCreated });
  }
  return { copies };
}
