/** From one message of the list to another: opening, stepping, and which one is meant. */
import { takeUp } from "../compose/take-up.ts";
import { accountOf } from "../jmap/accounts.ts";
import type { Email, Id } from "../jmap/types.ts";
import { conversation, prefetch } from "../reading/bodies.ts";
import { head, threadIds } from "../state/heads.svelte.ts";
import { mailboxes } from "../state/mailboxes.svelte.ts";
import { go, openThread, withThread } from "../state/route.svelte.ts";
import { view } from "../state/view.svelte.ts";
import { attempt } from "./say.ts";

/** A draft is written on. */
export async function resume({ id, threadId }: Pick<Email, "id" | "threadId">): Promise<void> {
  const among = await conversation(threadId);
  const draft = among.find((each) => each.id === id);
  if (draft !== undefined) await takeUp(draft, among);
}

export function open(id: Id): void {
  const one = head(id);
  const { list } = view;
  if (one === undefined || list === undefined) return;
  const isAlone = () => mailboxes.get(view.mailbox ?? "")?.role === "drafts" || threadIds(one.threadId)?.length === 1;
  if (accountOf(id) === undefined && one.keywords["$draft"] && isAlone()) {
    void attempt(() => resume(one));
    return;
  }
  const at = list.indexOf(id) ?? view.cursor;
  view.cursor = at;
  view.openRow = id;
  // Stepping from one to the next is one step back.
  go(withThread(one.threadId), { replace: openThread() !== undefined });
  prefetch([at + 1, at - 1].map((each) => view.threadOf(list.at(each) ?? "")));
}

export function openCursor(): void {
  const id = view.list?.at(view.cursor);
  if (id !== undefined) open(id);
}

export function step(by: number): void {
  const { list } = view;
  if (list?.total === undefined || list.total === 0) return;
  document.documentElement.dataset["focus"] = "list";
  const to = Math.max(0, Math.min(view.cursor + by, list.total - 1));
  view.cursor = to;
  view.steps++;
  const id = list.at(to);
  if (openThread() !== undefined && id !== undefined) open(id);
}

/** The last message of the conversation that is open, or that the cursor is at. */
export async function newestOpen(): Promise<Email | undefined> {
  const at = view.openRow ?? view.list?.at(view.cursor);
  const threadId = openThread() ?? (at === undefined ? undefined : view.threadOf(at));
  if (threadId === undefined) return undefined;
  return (await conversation(threadId)).findLast((each) => !each.keywords["$draft"]);
}
