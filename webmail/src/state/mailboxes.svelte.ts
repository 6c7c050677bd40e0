/** The mailboxes of the account, as a tree in the order people expect. */
import type { Id, Mailbox, Role } from "../jmap/types.ts";
import { session } from "./session.svelte.ts";

const roleOrder: readonly (Role | null)[] = [
  "inbox",
  "flagged",
  "important",
  "drafts",
  "sent",
  "archive",
  "junk",
  "trash",
  "all",
];

export type Placed = { readonly mailbox: Mailbox; readonly depth: number };

let list = $state.raw<readonly Mailbox[]>([]);

const compare = (a: Mailbox, b: Mailbox): number => {
  const rank = (one: Mailbox) => {
    const at = roleOrder.indexOf(one.role);
    return at < 0 ? roleOrder.length : at;
  };
  return rank(a) - rank(b) || a.sortOrder - b.sortOrder || a.name.localeCompare(b.name);
};

const tree = $derived.by(() => {
  const placed: Placed[] = [];
  const known = new Set(list.map(({ id }) => id));
  const below = (parent: Id | null, depth: number) => {
    for (const mailbox of list
      .filter(({ parentId }) => (parentId !== null && known.has(parentId) ? parentId : null) === parent)
      .sort(compare)) {
      placed.push({ mailbox, depth });
      if (depth < 20) below(mailbox.id, depth + 1);
    }
  };
  below(null, 0);
  return placed;
});
const byId = $derived(new Map(list.map((mailbox) => [mailbox.id, mailbox])));

export const mailboxes = {
  get list(): readonly Mailbox[] {
    return list;
  },
  get tree(): readonly Placed[] {
    return tree;
  },
  get(id: Id): Mailbox | undefined {
    return byId.get(id);
  },
  role(role: Role): Mailbox | undefined {
    return list.find((one) => one.role === role);
  },
};

export async function loadMailboxes(): Promise<void> {
  const answer = await session.client.one("Mailbox/get", { ids: null });
  list = answer.list;
}

/** Creates the mailbox of a role where the account has none yet (archives, mostly). */
export async function mailboxOf(role: Role, name: string): Promise<Mailbox> {
  const there = mailboxes.role(role);
  if (there !== undefined) return there;
  const created = await createMailbox(name, null, role);
  return created;
}

export async function createMailbox(name: string, parentId: Id | null, role: Role | null = null): Promise<Mailbox> {
  const answer = await session.client.set("Mailbox/set", {
    create: { new: { name, parentId, ...(role === null ? {} : { role }) } },
  });
  await loadMailboxes();
  const id = answer.created.new.id as Id;
  return mailboxes.get(id) as Mailbox;
}

export async function changeMailbox(id: Id, patch: Partial<Pick<Mailbox, "name" | "parentId">>): Promise<void> {
  await session.client.set("Mailbox/set", { update: { [id]: patch } });
  await loadMailboxes();
}

/** With the mail that is in no other mailbox; asked before. */
export async function removeMailbox(id: Id): Promise<void> {
  await session.client.set("Mailbox/set", { destroy: [id], onDestroyRemoveEmails: true });
  await loadMailboxes();
}
