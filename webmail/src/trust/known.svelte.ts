/** Whom one has written to: asked of the server once for each address, remembered while the page is open. */
import type { Id } from "../jmap/types.ts";
import { mailboxes } from "../state/mailboxes.svelte.ts";
import { session } from "../state/session.svelte.ts";

export type Acquaintance = {
  /** This is the first message from them. */
  readonly first: boolean;
  readonly written: boolean;
};

const maxRemembered = 500;
const remembered = new Map<string, Promise<Acquaintance>>();
/** Domains one writes to: what look-alikes are compared with. */
const writtenTo = new Set<string>();

export const domainsWrittenTo = (): ReadonlySet<string> => writtenTo;

export function acquaintance(address: string, ofEmail: Id): Promise<Acquaintance> {
  const key = address.toLowerCase();
  let found = remembered.get(key);
  if (found === undefined) {
    found = look(key, ofEmail);
    found.catch(() => remembered.delete(key));
    remembered.set(key, found);
    if (remembered.size > maxRemembered) remembered.delete(remembered.keys().next().value ?? "");
  }
  return found;
}

async function look(address: string, ofEmail: Id): Promise<Acquaintance> {
  const sent = mailboxes.role("sent")?.id;
  const answers = await session.client.all([
    [
      "Email/query",
      { filter: { from: address }, limit: 2, sort: [{ property: "receivedAt", isAscending: true }] },
      "from",
    ],
    ...(sent === undefined
      ? []
      : ([["Email/query", { filter: { inMailbox: sent, to: address }, limit: 1 }, "to"]] as const)),
  ]);
  const from = (answers.get("from") as { ids: Id[] }).ids;
  const written = ((answers.get("to") as { ids: Id[] } | undefined)?.ids.length ?? 0) > 0;
  if (written) writtenTo.add(address.split("@").pop() ?? "");
  return { first: from.every((id) => id === ofEmail), written };
}

/** The domains of the newest letters one has sent. */
export async function learnWrittenTo(): Promise<void> {
  const sent = mailboxes.role("sent")?.id;
  if (sent === undefined) return;
  const answers = await session.client.all([
    [
      "Email/query",
      { filter: { inMailbox: sent }, sort: [{ property: "receivedAt", isAscending: false }], limit: 200 },
      "q",
    ],
    ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["to", "cc"] }, "e"],
  ]);
  const { list } = answers.get("e") as { list: { to: { email: string }[] | null; cc: { email: string }[] | null }[] };
  for (const { to, cc } of list)
    for (const { email } of [...(to ?? []), ...(cc ?? [])]) writtenTo.add((email.split("@").pop() ?? "").toLowerCase());
}
