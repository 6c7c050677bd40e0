/**
 * Out of sight until a time: in a mailbox of its own, the time (in minutes) in a keyword. Whatever page of the reader
 * is open when the time has come puts it back; a server that knows the keyword may be quicker.
 */
import { toast } from "../../../ui/toasts.svelte.ts";
import type { EmailHead, Id } from "../jmap/types.ts";
import { longDate } from "../shell/dates.ts";
import { attempt } from "../shell/say.ts";
import { language, t } from "../words.ts";
import { apply, type Rows } from "./actions.svelte.ts";
import { createMailbox, mailboxes } from "./mailboxes.svelte.ts";
import { accountOfEmails } from "./rights.ts";
import { session } from "./session.svelte.ts";
import { offerUndo } from "./undo.ts";
import { view } from "./view.svelte.ts";

const mailboxName = "Snoozed";
const prefix = "snoozed-until-";
/** Times are to the quarter of an hour: keywords are few. */
const stepMs = 15 * 60_000;
const maxAwakened = 500;

const box = () => mailboxes.list.find(({ name, parentId }) => name === mailboxName && parentId === null);

export const untilOf = (email: Pick<EmailHead, "keywords">): number | undefined => {
  const keyword = Object.keys(email.keywords).find((name) => name.startsWith(prefix));
  const minutes = Number(keyword?.slice(prefix.length));
  return keyword === undefined || Number.isNaN(minutes) ? undefined : minutes * 60_000;
};

export async function snooze(what: Rows, at: number): Promise<void> {
  // Where it would wait is a mailbox of one's own.
  if (accountOfEmails(what.emails) !== undefined) return void toast(t("shared.noSnooze"), { kind: "problem" });
  await attempt(async () => {
    const target = box() ?? (await createMailbox(mailboxName, null));
    const from = view.mailbox ?? mailboxes.role("inbox")?.id;
    const until = Math.ceil(at / stepMs) * stepMs;
    const keyword = `${prefix}${until / 60_000}`;
    const emails = what.emails.filter((one) => from === undefined || one.mailboxIds[from]);
    const putBack = view.leave(what.rows);
    const back = await apply(
      new Map(
        emails.map((one) => [
          one.id,
          {
            ...(from === undefined ? {} : { [`mailboxIds/${from}`]: null }),
            [`mailboxIds/${target.id}`]: true,
            [`keywords/${keyword}`]: true,
          } as const,
        ]),
      ),
      emails,
    );
    if (back === undefined) return putBack();
    offerUndo(
      t("done.snoozed", { date: longDate(until, language()) }),
      () => void apply(back).then(() => view.refreshSoon()),
    );
  });
}

/** Puts back into the inbox, as unread, what has slept long enough. */
export async function wakeSnoozed(): Promise<void> {
  const from = box();
  const inbox = mailboxes.role("inbox");
  if (from === undefined || inbox === undefined || from.totalEmails === 0) return;
  const answers = await session.client.all([
    ["Email/query", { filter: { inMailbox: from.id }, limit: maxAwakened }, "q"],
    ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["keywords"] }, "e"],
  ]);
  const { list } = answers.get("e") as { list: (Pick<EmailHead, "keywords"> & { id: Id })[] };
  const update: { [id: Id]: { [path: string]: true | null } } = {};
  for (const email of list) {
    const until = untilOf(email);
    if (until !== undefined && until > Date.now()) continue;
    const patch: { [path: string]: true | null } = {
      [`mailboxIds/${from.id}`]: null,
      [`mailboxIds/${inbox.id}`]: true,
      "keywords/$seen": null,
    };
    for (const keyword of Object.keys(email.keywords))
      if (keyword.startsWith(prefix)) patch[`keywords/${keyword}`] = null;
    update[email.id] = patch;
  }
  if (Object.keys(update).length > 0) await session.client.set("Email/set", { update });
}
