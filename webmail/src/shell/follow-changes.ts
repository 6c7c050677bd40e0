/** What changes on the server is shown: the list, the counts and the open conversation are asked anew, and new mail is said aloud. */
import { accountOf } from "../jmap/accounts.ts";
import { Trouble } from "../jmap/trouble.ts";
import type { Id } from "../jmap/types.ts";
import { keepSoon } from "../offline/offline.svelte.ts";
import { changesUnderWay } from "../state/actions.svelte.ts";
import { head, learn, threadIds } from "../state/heads.svelte.ts";
import { loadIdentities } from "../state/identities.svelte.ts";
import { loadMailboxes, mailboxes } from "../state/mailboxes.svelte.ts";
import { openThread } from "../state/route.svelte.ts";
import { session, whenPushed } from "../state/session.svelte.ts";
import { wakeSnoozed } from "../state/snooze.ts";
import { view } from "../state/view.svelte.ts";
import { t } from "../words.ts";
import { announce } from "./announce.svelte.ts";
import { nameOf } from "./people.ts";

/** Pushes come in bursts. */
const burstMs = 120;
/** A list that could not be asked anew is asked for again. */
const againMs = 5_000;
const wakeEveryMs = 60_000;

const inboxUnread = () => mailboxes.role("inbox")?.unreadEmails ?? 0;

/** What was known before something changed. */
type Before = { readonly unread: number; readonly rows: ReadonlySet<Id> };
const freshRow = ({ rows }: Before): Id | undefined =>
  view.list?.known().find(([, id]) => !rows.has(id) && head(id)?.keywords["$seen"] !== true)?.[1];
/** The list and the counts are answers of two moments: mail that came between them is in one of them only. */
const disagree = (before: Before) =>
  view.mailbox === mailboxes.role("inbox")?.id && inboxUnread() > before.unread !== (freshRow(before) !== undefined);

/** Mail has come: who from and about what where one is looking at it, else how many. */
function sayNew(before: Before): void {
  const n = inboxUnread() - before.unread;
  if (n <= 0) return;
  const fresh = freshRow(before);
  const one = fresh === undefined ? undefined : head(fresh);
  if (n > 1 || one === undefined) announce(t("announce.mails", { n }));
  else
    announce(
      t("announce.mail", {
        name: one.from?.[0] === undefined ? t("message.nobody") : nameOf(one.from[0]),
        subject: one.subject ?? t("list.noSubject"),
      }),
    );
}

/** A message may have come to the conversation that is open. */
async function refreshThread(threadId: Id): Promise<void> {
  const answer = await session.client.one("Thread/get", { ids: [threadId] });
  const ids = (answer.list[0]?.emailIds ?? []) as Id[];
  if (ids.join() !== threadIds(threadId)?.join()) learn([], answer.list);
}

/** The list was asked for before there was anybody to hear of changes: what came between the two is looked for once. */
export async function lookForMissed(): Promise<void> {
  const { list } = view;
  if (list?.state === undefined || accountOf(view.mailbox ?? "") !== undefined) return;
  const { state } = await session.client.one("Email/get", { ids: [] });
  if (state !== list.state) view.refreshSoon();
}

/** Until the function that it answers is called. */
export function followChanges(): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let refreshing = false;
  /** What is under way here is waited for. */
  const refresh = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (refreshing || changesUnderWay() > 0) return refresh();
      refreshing = true;
      const { list } = view;
      const open = openThread();
      const before = { unread: inboxUnread(), rows: new Set(list?.known().map(([, id]) => id)) };
      try {
        const look = () => Promise.all([loadMailboxes().catch(() => {}), list?.refresh().catch(again)]);
        await Promise.all([look(), open === undefined ? undefined : refreshThread(open).catch(() => {})]);
        if (list === view.list && disagree(before)) await look();
        sayNew(before);
      } finally {
        refreshing = false;
      }
    }, burstMs);
  };
  /** What is shown stays until the server has time for it. */
  const again = (error: unknown) => {
    if (!(error instanceof Trouble) || !["away", "busy", "full"].includes(error.kind)) return;
    clearTimeout(timer);
    timer = setTimeout(refresh, againMs);
  };
  view.refreshSoon = refresh;
  const stop = whenPushed((states) => {
    if ("Email" in states || "Mailbox" in states || "Thread" in states || "ShareNotification" in states) refresh();
    if ("Email" in states) keepSoon();
    if ("Identity" in states) void loadIdentities().catch(() => {});
  });
  const waking = setInterval(() => wakeSnoozed().catch(() => {}), wakeEveryMs);
  return () => {
    stop();
    clearTimeout(timer);
    clearInterval(waking);
  };
}
