/** What can be done with a message that one reads. */
import { openLetter } from "../compose/letters.svelte.ts";
import { forwardDraft, newDraft, replyDraft, resumeDraft } from "../compose/start.ts";
import { accountOf } from "../jmap/accounts.ts";
import type { Email } from "../jmap/types.ts";
import { entire } from "../reading/bodies.ts";
import type { MessageDoes } from "../reading/message-menu.ts";
import { printEmail } from "../reading/print.ts";
import { junk, markSeen, remove } from "../state/actions.svelte.ts";
import { head, threadIds } from "../state/heads.svelte.ts";
import { tryIdentity } from "../state/identities.svelte.ts";
import { mailboxes } from "../state/mailboxes.svelte.ts";
import { go, withThread } from "../state/route.svelte.ts";
import { view } from "../state/view.svelte.ts";
import { show } from "./panels.svelte.ts";
import { attempt } from "./say.ts";
import { resume } from "./walk.ts";

/** Mail of another's is answered as they, where that is granted. */
async function answer(email: Email, all: boolean): Promise<void> {
  const owner = mailboxes.shared.find(({ id }) => id === accountOf(email.id));
  if (owner !== undefined) await tryIdentity(owner.name);
  openLetter(replyDraft(await entire(email), all));
}

export const does: MessageDoes = {
  resume: (email) => void attempt(() => resume(email)),
  reply: (email, all) => void attempt(() => answer(email, all)),
  forward: (email) => void attempt(async () => openLetter(forwardDraft(await entire(email)))),
  editAsNew: (email) =>
    void attempt(async () => openLetter({ ...resumeDraft(await entire(email)), emailId: undefined })),
  unreadFrom: (email) => {
    void markSeen([head(email.id) ?? email], false);
    go(withThread(undefined));
  },
  remove: (email) =>
    void remove({
      rows: new Set(threadIds(email.threadId)?.length === 1 ? [view.openRow ?? email.id] : []),
      emails: [head(email.id) ?? email],
    }),
  junk: (email, is) =>
    void junk(
      { rows: new Set(view.openRow === undefined ? [] : [view.openRow]), emails: [head(email.id) ?? email] },
      is,
    ),
  source: (email) => show({ kind: "source", email }),
  print: (email) => void attempt(() => printEmail(email)),
  filterLike: (email) => show({ kind: "filter", email }),
  writeTo: (address) => openLetter(newDraft({ to: [{ name: null, email: address }] })),
  unsubscribe: (email) => show({ kind: "unsubscribe", email }),
};
