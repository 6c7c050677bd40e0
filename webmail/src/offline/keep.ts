/** Brings the recent mail of the folders to this device, when there is time, and follows what becomes of it (Email/changes, RFC 8620 §5.2). */
import type { Call, Client } from "../jmap/client.ts";
import { Trouble } from "../jmap/trouble.ts";
import type { Email, Id, Mailbox } from "../jmap/types.ts";
import type { KeptHead } from "./db.ts";
import type { Kept } from "./kept.ts";
import { isLocal } from "./local.ts";

/** Emails kept of a mailbox, the newest; what one reads is kept besides. */
const newestOf: { readonly [role: string]: number } = { inbox: 300, drafts: 50, sent: 80, junk: 15, trash: 15 };
const newestOfOthers = 50;
const maxMailboxes = 40;
/** Whole emails in one request: small enough that the page's own requests do not wait long. */
const atOnce = 20;
const marksAtOnce = 400;
const maxBodyBytes = 256 * 1024;
const pauseMs = 150;

const marks = ["id", "keywords", "mailboxIds", "threadId"];
const pause = () => new Promise((later) => setTimeout(later, pauseMs));

/** Longer than is kept: not fetched again while the page is open. */
const tooLong = new Set<Id>();

type Marked = Pick<KeptHead, "id" | "keywords" | "mailboxIds">;

async function refreshMarks(kept: Kept, client: Client, ids: readonly Id[]): Promise<void> {
  for (let i = 0; i < ids.length; i += marksAtOnce) {
    const answer = await client.direct([["Email/get", { ids: ids.slice(i, i + marksAtOnce), properties: marks }, "g"]]);
    const { list, notFound } = answer.get("g") as { list: Marked[]; notFound: Id[] };
    await kept.mark(list.map((each) => [each.id, each]));
    await kept.drop(notFound);
  }
}

/** Answers the state that what is kept is of now. */
async function follow(kept: Kept, client: Client, since: string | undefined): Promise<string> {
  let state = since;
  const known = () => [...kept.heads.keys()].filter((id) => !isLocal(id));
  while (state !== undefined) {
    try {
      const answer = await client.direct([["Email/changes", { sinceState: state, maxChanges: 500 }, "c"]]);
      const { updated, destroyed, newState, hasMoreChanges } = answer.get("c") as {
        updated: Id[];
        destroyed: Id[];
        newState: string;
        hasMoreChanges: boolean;
      };
      await kept.drop(destroyed.filter((id) => kept.heads.has(id)));
      await refreshMarks(
        kept,
        client,
        updated.filter((id) => kept.heads.has(id)),
      );
      state = newState;
      if (!hasMoreChanges) return newState;
    } catch (error) {
      if (!(error instanceof Trouble) || error.kind !== "refused") throw error;
      state = undefined;
    }
  }
  const answer = await client.direct([["Email/get", { ids: [], properties: ["id"] }, "g"]]);
  await refreshMarks(kept, client, known());
  return (answer.get("g") as { state: string }).state;
}

async function lacking(kept: Kept, client: Client, mailboxes: readonly Mailbox[]): Promise<readonly Id[]> {
  const rank = ({ role }: Mailbox) => (role === "inbox" ? 0 : role === null ? 2 : role in newestOf ? 1 : 2);
  const wanted = mailboxes
    .filter(({ totalEmails }) => totalEmails > 0)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, maxMailboxes);
  const ids = new Set<Id>();
  const callsAtOnce = Math.min(8, client.limit("maxCallsInRequest", 8));
  for (let i = 0; i < wanted.length; i += callsAtOnce) {
    const calls = wanted.slice(i, i + callsAtOnce).map(
      ({ id, role }): Call => [
        "Email/query",
        {
          filter: { inMailbox: id },
          sort: [{ property: "receivedAt", isAscending: false }],
          limit: newestOf[role ?? ""] ?? newestOfOthers,
        },
        id,
      ],
    );
    for (const [, answer] of await client.direct(calls))
      for (const id of (answer as { ids: Id[] }).ids) if (!kept.heads.has(id) && !tooLong.has(id)) ids.add(id);
  }
  return [...ids];
}

/** One round; `more` says whether to go on. Throws Trouble like every request. */
export async function keepRecent(kept: Kept, client: Client, more: () => boolean): Promise<void> {
  const before = await kept.fact<string>("emailState");
  const state = await follow(kept, client, before);
  if (state === before && (await kept.fact<boolean>("whole")) === true) return;
  const answer = await client.direct([["Mailbox/get", { ids: null }, "m"]]);
  const { list } = answer.get("m") as { list: Mailbox[] };
  await kept.putFact("mailboxes", list);
  const ids = await lacking(kept, client, list);
  for (let i = 0; i < ids.length; i += atOnce) {
    if (!more()) return;
    const got = await client.direct([
      [
        "Email/get",
        {
          ids: ids.slice(i, i + atOnce),
          properties: client.bodyProperties,
          fetchTextBodyValues: true,
          fetchHTMLBodyValues: true,
          maxBodyValueBytes: maxBodyBytes,
        },
        "g",
      ],
    ]);
    const { list: emails } = got.get("g") as { list: Email[] };
    await kept.put(emails);
    for (const { id } of emails) if (!kept.heads.has(id)) tooLong.add(id);
    await pause();
  }
  await kept.putFact("emailState", state);
  await kept.putFact("whole", true);
}
