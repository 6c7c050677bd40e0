/** Folders that are folded: what is in them is not listed. Kept on the device. */
import type { Id, Mailbox } from "../jmap/types.ts";
import { mailboxes, type Placed } from "../state/mailboxes.svelte.ts";
import { session } from "../state/session.svelte.ts";

const name = () => `angarium.folded.${session.username}`;
const maxKept = 2_000;

function kept(text: string | null): readonly Id[] {
  try {
    const found: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
let changes = $state(0);
const folded = $derived.by((): ReadonlySet<Id> => {
  void changes;
  return new Set(kept(localStorage.getItem(name())));
});

export const isFolded = (id: Id): boolean => folded.has(id);

export function fold(id: Id, is: boolean): void {
  if (folded.has(id) === is) return;
  const rest = [...folded].filter((one) => one !== id && mailboxes.get(one) !== undefined);
  localStorage.setItem(name(), JSON.stringify((is ? [...rest, id] : rest).slice(-maxKept)));
  changes++;
}

/** The folders that hold it are opened. */
export function showWithin(id: Id): void {
  for (let at = mailboxes.get(id)?.parentId; at != null; at = mailboxes.get(at)?.parentId) fold(at, false);
}

/** What is to be listed of a tree. */
export function seen(tree: readonly Placed[]): readonly Placed[] {
  let within = Number.POSITIVE_INFINITY;
  return tree.filter(({ mailbox, depth }) => {
    if (depth > within) return false;
    within = folded.has(mailbox.id) ? depth : Number.POSITIVE_INFINITY;
    return true;
  });
}

/** All that is in it, at any depth. */
export function within(mailbox: Mailbox): readonly Mailbox[] {
  const tree =
    [mailboxes.tree, ...mailboxes.shared.map((one) => one.tree)].find((one) =>
      one.some((each) => each.mailbox.id === mailbox.id),
    ) ?? [];
  const at = tree.findIndex((each) => each.mailbox.id === mailbox.id);
  const depth = tree[at]?.depth ?? 0;
  const end = tree.findIndex((each, i) => i > at && each.depth <= depth);
  return tree.slice(at + 1, end < 0 ? undefined : end).map((each) => each.mailbox);
}
