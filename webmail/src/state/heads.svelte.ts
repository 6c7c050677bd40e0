/** What is known of emails and threads: lists, the reading pane and actions look at the same objects. */
import { SvelteMap } from "svelte/reactivity";
import type { EmailHead, Id, Thread } from "../jmap/types.ts";
import { applyPatch, inverse, type Patch } from "./patch.ts";

/** Far more than a screen shows; beyond, what no list holds is forgotten. */
const maxHeads = 6_000;

const heads = new SvelteMap<Id, EmailHead>();
const threads = new SvelteMap<Id, readonly Id[]>();

export const head = (id: Id): EmailHead | undefined => heads.get(id);

/** Emails of a thread that are known, oldest first. */
export const threadHeads = (threadId: Id): readonly EmailHead[] =>
  (threads.get(threadId) ?? []).flatMap((id) => heads.get(id) ?? []);

export const threadIds = (threadId: Id): readonly Id[] | undefined => threads.get(threadId);

const same = (a: EmailHead, b: EmailHead): boolean =>
  a.keywords === b.keywords && a.mailboxIds === b.mailboxIds
    ? true
    : JSON.stringify([a.keywords, a.mailboxIds]) === JSON.stringify([b.keywords, b.mailboxIds]);

/** Learns what a server answered; what is the same stays the same object. */
export function learn(list: readonly EmailHead[], of: readonly Thread[] = []): void {
  for (const each of list) {
    const before = heads.get(each.id);
    if (before === undefined || !same(before, each)) heads.set(each.id, each);
  }
  for (const { id, emailIds } of of) {
    const before = threads.get(id);
    if (before === undefined || before.join() !== emailIds.join()) threads.set(id, emailIds);
  }
}

/** `keywords/$seen` and `mailboxIds/F1` alone are patched here. Answers the patch that takes it back. */
export function patchHead(id: Id, patch: Patch): Patch {
  const before = heads.get(id);
  if (before === undefined) return {};
  heads.set(id, { ...before, ...applyPatch(before, patch) });
  return inverse(before, patch);
}

export function forget(ids: Iterable<Id>): void {
  for (const id of ids) heads.delete(id);
}

/** Keeps memory bounded: what no list needs goes when there is too much. @param wanted emails and threads that are needed: asked for only then */
export function prune(wanted: () => ReadonlySet<Id>): void {
  if (heads.size <= maxHeads) return;
  const needed = wanted();
  for (const [id, { threadId }] of heads) {
    if (needed.has(id) || needed.has(threadId)) continue;
    heads.delete(id);
    threads.delete(threadId);
  }
}
