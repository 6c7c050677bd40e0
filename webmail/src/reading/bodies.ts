/** Whole emails, fetched a conversation at a time and kept for a while; neighbours are fetched before they are asked for. */
import { bodyProperties, type Email, type Id, type Thread } from "../jmap/types.ts";
import { learn, threadIds } from "../state/heads.svelte.ts";
import { session } from "../state/session.svelte.ts";

const maxKept = 120;
/** A longer text is cut by the server and says so. */
const maxBodyBytes = 1024 * 1024;

const kept = new Map<Id, Email>();
const underWay = new Map<Id, Promise<readonly Email[]>>();

function keep(emails: readonly Email[]): void {
  for (const email of emails) {
    kept.delete(email.id);
    kept.set(email.id, email);
  }
  for (const id of kept.keys()) {
    if (kept.size <= maxKept) break;
    kept.delete(id);
  }
}

/** What is there of a conversation without asking; undefined where something lacks. */
export function conversationNow(threadId: Id): readonly Email[] | undefined {
  const ids = threadIds(threadId);
  if (ids === undefined) return undefined;
  const emails = ids.flatMap((id) => kept.get(id) ?? []);
  return emails.length === ids.length && ids.length > 0 ? emails : undefined;
}

/** The emails of a conversation, oldest first; empty where it is gone. */
export function conversation(threadId: Id): Promise<readonly Email[]> {
  const now = conversationNow(threadId);
  if (now !== undefined) return Promise.resolve(now);
  const waiting = underWay.get(threadId);
  if (waiting !== undefined) return waiting;
  const asked = fetchThread(threadId).finally(() => underWay.delete(threadId));
  underWay.set(threadId, asked);
  return asked;
}

const whole = { properties: bodyProperties, fetchTextBodyValues: true, fetchHTMLBodyValues: true };

/** The email with all of its text: before anything is made of it. */
export async function entire(email: Email): Promise<Email> {
  if (!Object.values(email.bodyValues).some(({ isTruncated }) => isTruncated)) return email;
  const { list } = await session.client.one("Email/get", { ids: [email.id], ...whole });
  return (list as Email[])[0] ?? email;
}

async function fetchThread(threadId: Id): Promise<readonly Email[]> {
  const answers = await session.client.all([
    ["Thread/get", { ids: [threadId] }, "t"],
    [
      "Email/get",
      {
        "#ids": { resultOf: "t", name: "Thread/get", path: "/list/*/emailIds" },
        ...whole,
        maxBodyValueBytes: maxBodyBytes,
      },
      "e",
    ],
  ]);
  const { list: threads } = answers.get("t") as { list: Thread[] };
  const { list: emails } = answers.get("e") as { list: Email[] };
  learn(emails, threads);
  keep(emails);
  const order = threads[0]?.emailIds ?? [];
  return [...emails].sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
}

/** Fetches what will probably be read next, when there is time. */
export function prefetch(threadIds: readonly (Id | undefined)[]): void {
  const run = () => {
    for (const id of threadIds)
      if (id !== undefined && conversationNow(id) === undefined) conversation(id).catch(() => {});
  };
  if ("requestIdleCallback" in globalThis) requestIdleCallback(run, { timeout: 500 });
  else setTimeout(run, 100);
}

export function forgetBodies(): void {
  kept.clear();
}
