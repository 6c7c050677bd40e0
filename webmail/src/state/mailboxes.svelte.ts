/** The mailboxes of the account, as a tree in the order people expect; beside them those that others share. */
import { accountOf } from "../jmap/accounts.ts";
import type { Call, Client } from "../jmap/client.ts";
import type { Id, Mailbox, Role } from "../jmap/types.ts";
import { shown } from "../trust/turns.ts";
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

/** What somebody else shares with the reader. */
export type SharedAccount = {
  readonly id: Id;
  /** Their address. */
  readonly name: string;
  readonly tree: readonly Placed[];
};

let list = $state.raw<readonly Mailbox[]>([]);
let shared = $state.raw<readonly SharedAccount[]>([]);

const compare = (a: Mailbox, b: Mailbox): number => {
  const rank = (one: Mailbox) => {
    const at = roleOrder.indexOf(one.role);
    return at < 0 ? roleOrder.length : at;
  };
  return rank(a) - rank(b) || a.sortOrder - b.sortOrder || a.name.localeCompare(b.name);
};

function treeOf(list: readonly Mailbox[]): readonly Placed[] {
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
}
const tree = $derived(treeOf(list));
const byId = $derived(
  new Map([...list, ...shared.flatMap((one) => one.tree.map(({ mailbox }) => mailbox))].map((one) => [one.id, one])),
);

export const mailboxes = {
  get list(): readonly Mailbox[] {
    return list;
  },
  get tree(): readonly Placed[] {
    return tree;
  },
  get shared(): readonly SharedAccount[] {
    return shared;
  },
  /** Also of others. */
  get(id: Id): Mailbox | undefined {
    return byId.get(id);
  },
  /** @param account of another: theirs, as far as it is shared */
  role(role: Role, account?: Id): Mailbox | undefined {
    return mailboxes.of(account).find((one) => one.role === role);
  },
  of(account: Id | undefined): readonly Mailbox[] {
    if (account === undefined) return list;
    return shared.find(({ id }) => id === account)?.tree.map(({ mailbox }) => mailbox) ?? [];
  },
  /** Who shares it; undefined: it is the reader's own. */
  ownerOf(id: Id): SharedAccount | undefined {
    const account = accountOf(id);
    return account === undefined ? undefined : shared.find((one) => one.id === account);
  },
};

/** The request that `loadMailboxes` begins with. */
export const mailboxesCall: Call = ["Mailbox/get", { ids: null }, "0"];

export async function loadMailboxes(): Promise<void> {
  const { client } = session;
  const [answers, others] = await Promise.all([client.all([mailboxesCall]), loadShared(client)]);
  list = answers.get("0").list.map(named);
  if (others !== undefined) shared = others;
}

/** As its name is shown: others may have made it, with any program. */
const named = (mailbox: Mailbox): Mailbox => ({ ...mailbox, name: shown(mailbox.name) ?? "?" });

/** Undefined where the server is away: what is known of them stays. */
async function loadShared(client: Client): Promise<readonly SharedAccount[] | undefined> {
  const ids = [...client.others];
  if (ids.length === 0) return [];
  try {
    const answers = await client.direct(ids.map((accountId) => ["Mailbox/get", { accountId, ids: null }, accountId]));
    return ids
      .map((id) => ({
        id,
        name: client.session.accounts[id]?.name ?? "",
        tree: treeOf(
          ((answers.get(id) as { list?: Mailbox[] })?.list ?? [])
            .filter(({ myRights }) => myRights["mayReadItems"])
            .map(named),
        ),
      }))
      .filter((one) => one.tree.length > 0)
      .sort((a, b) => a.name.localeCompare(b.name));
  } catch {
    return undefined;
  }
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
