/** A mailbox that several people work in: the rights to all of its folders and the right to send as it or on its behalf, given and taken as one. */
import type { Account, AccountId, Address } from "../store/store.ts";
import { no, type Refused, type World } from "./command.ts";

/** What people call it, and the letters of RFC 4314. New folders inherit from the one above them. */
export const shareRights = { read: "lrs", write: "lrswipte", all: "lrswipkxtea" } as const;
export type ShareRights = keyof typeof shareRights;
export const shareNames = Object.keys(shareRights) as [ShareRights, ...ShareRights[]];

export type Share = {
  /** The account of who works in it. */
  readonly person: string;
  /** "some": not the same in all folders, as mail programs can set them. */
  readonly rights: ShareRights | "some" | "none";
  readonly folders: number;
  readonly sendAs: boolean;
  /** Less than that: with its address in From and their own in Sender. */
  readonly sendOnBehalf: boolean;
};
/** `rights` "some": those of each folder stay as they are. */
export type ShareWish = { readonly rights: ShareRights | "none" | "some" } & Pick<Share, "sendAs" | "sendOnBehalf">;

type ShareWorld = Pick<World, "store" | "shared">;

export async function sharesOf({ store }: ShareWorld, owner: Account): Promise<readonly Share[]> {
  const [rights, addresses, { length: all }] = await Promise.all([
    store.mailboxRights(owner.id),
    store.addresses({ account: owner.id }),
    store.mailboxes(owner.id),
  ]);
  const found = new Map<AccountId, { account: string; letters: string[] }>();
  for (const { grantee, granteeName, rights: letters } of rights) {
    const one = found.get(grantee) ?? { account: granteeName, letters: [] };
    one.letters.push(letters);
    found.set(grantee, one);
  }
  const senders = new Set(addresses.flatMap((row) => row.senders));
  const onBehalf = new Set(addresses.flatMap((row) => row.onBehalf ?? []));
  for (const id of senders.union(onBehalf)) {
    const account = found.has(id) ? undefined : (await store.accounts({ id }))[0]?.name;
    if (account !== undefined) found.set(id, { account, letters: [] });
  }
  return [...found]
    .map(([id, { account, letters }]) => ({
      person: account,
      rights: nameOf(letters, all),
      folders: letters.length,
      sendAs: senders.has(id),
      sendOnBehalf: !senders.has(id) && onBehalf.has(id),
    }))
    .sort((one, other) => (one.person < other.person ? -1 : 1));
}

function nameOf(letters: readonly string[], folders: number): Share["rights"] {
  if (letters.length === 0) return "none";
  const same = shareNames.find((name) => letters.every((one) => one === shareRights[name]));
  return same !== undefined && letters.length === folders ? same : "some";
}

/** Undefined takes everything away. `rights` "none": only to send as it, or on its behalf. Who may send as it needs no grant to do so on its behalf. `by`: who does it, and is named where the grantee is told of it (RFC 9670 §3). */
export async function share(
  { store, shared }: ShareWorld,
  owner: Account,
  grantee: Account,
  wanted: ShareWish | undefined,
  by: Account = owner,
): Promise<Share | Refused> {
  if (owner.id === grantee.id) return no(`${owner.name} has its own mailbox already.`, "person");
  const name = wanted?.rights ?? "none";
  const rights = name === "none" || name === "some" ? "" : shareRights[name];
  for (const { id } of name === "some" ? [] : await store.mailboxes(owner.id)) {
    const done = await store.setMailboxRights(owner.id, id, grantee.id, rights);
    if (done.kind === "too-many") return no(`${owner.name} is shared with as many people as it may be.`, "person");
    if (done.kind === "no-account") return no(`${grantee.name} is gone.`, "person");
    if (done.kind !== "done") continue;
    const change = { by, owner: owner.id, mailbox: id, grantee: grantee.id, before: done.before, after: rights };
    if (done.before !== rights) await shared?.(change);
  }
  const sendAs = wanted?.sendAs === true;
  const sendOnBehalf = !sendAs && wanted?.sendOnBehalf === true;
  for (const row of await store.addresses({ account: owner.id })) {
    const senders = withOrWithout(row.senders, grantee.id, sendAs);
    const onBehalf = withOrWithout(row.onBehalf ?? [], grantee.id, sendOnBehalf);
    if (senders.length !== row.senders.length || onBehalf.length !== (row.onBehalf ?? []).length)
      await store.putAddress({ ...row, senders, onBehalf } satisfies Address);
  }
  const now = (await sharesOf({ store }, owner)).find(({ person }) => person === grantee.name);
  return now ?? { person: grantee.name, rights: "none", folders: 0, sendAs, sendOnBehalf };
}

function withOrWithout(all: readonly AccountId[], one: AccountId, wanted: boolean): readonly AccountId[] {
  if (all.includes(one) === wanted) return all;
  return wanted ? [...all, one] : all.filter((id) => id !== one);
}
