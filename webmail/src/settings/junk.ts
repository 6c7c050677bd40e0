/** What a person says of junk mail and what was kept back from them, by the public API (docs/api.md). */
import { ask } from "../jmap/client.ts";
import { urn } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";

/** Where our own servers say that it is; others have no such settings. */
const root = (): string => String(session.client.session.capabilities[urn.restApi]?.["url"] ?? "");
export const junkWorks = (): boolean => session.client.has(urn.restApi);

/** Addresses and domains whose mail never, or always, goes into Junk. */
export type Lists = { readonly allow: readonly string[]; readonly block: readonly string[] };

export type KeptBack = {
  readonly id: number;
  readonly at: string;
  /** As its header says. */
  readonly sender: string;
  readonly subject: string;
  /** Whole sentences, the weightiest first. */
  readonly reasons: readonly string[];
};

const told = (method: string, body: unknown): RequestInit => ({
  method,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

export async function readLists(): Promise<Lists> {
  return (await (await ask(`${root()}/accounts/me/filter`)).json()) as Lists;
}

export async function saveLists(lists: Partial<Lists>): Promise<Lists> {
  return (await (await ask(`${root()}/accounts/me/filter`, told("PATCH", lists))).json()) as Lists;
}

/** The oldest first, at most a hundred. */
export async function readKeptBack(): Promise<readonly KeptBack[]> {
  const page = (await (await ask(`${root()}/quarantine?account=me&limit=100`)).json()) as {
    readonly items: readonly KeptBack[];
  };
  return page.items;
}

/** "release" delivers it, "report" removes it; the filter learns from either. */
export async function decide(id: number, verb: "release" | "report"): Promise<void> {
  await ask(`${root()}/quarantine/${id}/${verb}`, { method: "POST" });
}

/** An address or a domain as lists want them, or undefined. */
export function senderIn(text: string): string | undefined {
  const sender = text.trim().toLowerCase().replace(/^@/, "");
  return /^(?:[^\s@]+@)?[^\s@]+\.[^\s@.]+$/.test(sender) && sender.length <= 330 ? sender : undefined;
}
