/** Whole emails, fetched a conversation at a time and kept for a while; neighbours are fetched before they are asked for. */
import type { Client } from "../jmap/client.ts";
import { getMany } from "../jmap/get-many.ts";
import { Trouble } from "../jmap/trouble.ts";
import type { Email, Id, Thread } from "../jmap/types.ts";
import { learn, threadIds } from "../state/heads.svelte.ts";
import { session } from "../state/session.svelte.ts";

const maxKept = 120;
/** A longer text is cut by the server and says so; of a conversation that is asked for in parts, sooner. */
const maxBodyBytes = 1024 * 1024;
const maxBodyBytesOfMany = 128 * 1024;
/** Of a conversation at once. */
const maxAtOnce = 100;

const kept = new Map<Id, Email>();
const underWay = new Map<Id, Promise<readonly Email[]>>();

function keep(emails: readonly Email[]): void {
  for (const email of emails) {
    kept.delete(email.id);
    kept.set(email.id, email);
  }
  for (const id of kept.keys()) {
    if (kept.size <= Math.max(maxKept, emails.length)) break;
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

const whole = (client: Client) =>
  ({ properties: client.bodyProperties, fetchTextBodyValues: true, fetchHTMLBodyValues: true }) as const;

/** The email with all of its text: before anything is made of it. */
export async function entire(email: Email): Promise<Email> {
  if (!Object.values(email.bodyValues).some(({ isTruncated }) => isTruncated)) return email;
  const { client } = session;
  const { list } = await client.one("Email/get", { ids: [email.id], ...whole(client) });
  return (list as Email[])[0] ?? email;
}

async function fetchThread(threadId: Id): Promise<readonly Email[]> {
  const { threads, emails } = await fetched(threadId);
  learn(emails, threads);
  keep(emails);
  const order = new Map(threads[0]?.emailIds.map((id, at) => [id, at]));
  return [...emails].sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
}

type Fetched = { readonly threads: readonly Thread[]; readonly emails: readonly Email[] };

async function fetched(threadId: Id): Promise<Fetched> {
  const { client } = session;
  if ((threadIds(threadId)?.length ?? 0) <= maxAtOnce)
    try {
      const answers = await client.all([
        ["Thread/get", { ids: [threadId] }, "t"],
        [
          "Email/get",
          {
            "#ids": { resultOf: "t", name: "Thread/get", path: "/list/*/emailIds" },
            ...whole(client),
            maxBodyValueBytes: maxBodyBytes,
          },
          "e",
        ],
      ]);
      return { threads: answers.get("t").list, emails: answers.get("e").list };
    } catch (error) {
      // More than the server gives at once.
      if (!(error instanceof Trouble) || error.kind !== "large") throw error;
    }
  const threads = (await client.one("Thread/get", { ids: [threadId] })).list as readonly Thread[];
  const args = { ...whole(client), maxBodyValueBytes: maxBodyBytesOfMany };
  const { list } = await getMany(client, "Email/get", threads[0]?.emailIds ?? [], args, maxAtOnce);
  return { threads, emails: list };
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
