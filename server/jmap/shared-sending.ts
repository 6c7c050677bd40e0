/**
 * Sending from another's account (RFC 9670 §1.5, RFC 8621 §6, §7): whoever is shared mailboxes of it, and may write as one of its identities
 * or on its behalf, finds these identities and the capability there, and what they send themselves.
 */
import { setError } from "../../protocol/jmap/types.ts";
import type { StoredObject } from "../store/jmap.ts";
import type { Account, AccountId, Store } from "../store/store.ts";
import { firstIdentity, identityName, maySendAs, ownIdentityType } from "./identity.ts";
import { type ObjectType, stateOf } from "./object-type.ts";
import type { JmapPorts } from "./ports.ts";

/** What somebody may send as in an account of another. */
export type SharedSending = {
  readonly owner: Account;
  /** The identities that they may use, by id. */
  readonly identities: ReadonlySet<string>;
  /** The whole account is shared with them: its identities are theirs to set too. */
  readonly mayEdit: boolean;
};

export type SendingPorts = Pick<JmapPorts, "mayFrom"> & {
  readonly store: Pick<Store, "accounts" | "objects" | "mailboxes" | "sharedWith">;
};

/** Undefined where they may use none of its identities. That something of it is shared with them is for the caller to know. */
export async function sendingFrom(
  ports: SendingPorts,
  caller: Account,
  ownerId: AccountId,
): Promise<SharedSending | undefined> {
  const [[owner], kept] = await Promise.all([
    ports.store.accounts({ id: ownerId }),
    ports.store.objects(ownerId, identityName),
  ]);
  if (owner === undefined || owner.disabled) return undefined;
  const all: readonly StoredObject[] = kept.state === 0 ? [firstIdentity(owner)] : kept.objects;
  const identities = new Set<string>();
  for (const { id, data } of all)
    if (await maySendAs(ports, caller, (data as { readonly email: string }).email, "named")) identities.add(id);
  return identities.size === 0 ? undefined : { owner, identities, mayEdit: await hasAll(ports, caller, owner) };
}

/** Those of the owners whose accounts they may send from, and what they may do there. */
export async function sendersOf(
  ports: SendingPorts,
  caller: Account,
  owners: ReadonlySet<AccountId>,
): Promise<ReadonlyMap<AccountId, SharedSending>> {
  const found = await Promise.all(
    [...owners].map(async (owner): Promise<readonly (readonly [AccountId, SharedSending])[]> => {
      const sending = await sendingFrom(ports, caller, owner);
      return sending === undefined ? [] : [[owner, sending]];
    }),
  );
  return new Map(found.flat());
}

/** Every right to the inbox, and the account's own address to send as: as good as its owner. */
async function hasAll({ store, mayFrom }: SendingPorts, caller: Account, owner: Account): Promise<boolean> {
  const inbox = (await store.mailboxes(owner.id)).find(({ role }) => role === "inbox")?.id;
  const shared = await store.sharedWith(caller.id);
  const rights = shared.find((one) => one.owner === owner.id && one.mailbox === inbox)?.rights ?? "";
  return rights.includes("a") && (await maySendAs({ mayFrom }, caller, owner.name));
}

const forbidden = setError("forbidden", "The identities of this account are set by who has all rights to it.");

/** Identities of another's account, for those who may use them. */
function guestIdentityType({ owner, identities, mayEdit }: SharedSending): ObjectType {
  const { show = (data) => data, accept, keep } = ownIdentityType;
  return {
    ...ownIdentityType,
    // What is seen hangs on grants, which no state of the objects tells of.
    sight: [...identities].sort().join(" "),
    first: () => [firstIdentity(owner)],
    sees: (_, id) => identities.has(id),
    show: (data, id) => ({ ...show(data, id), ...(mayEdit ? {} : { mayDelete: false }) }),
    accept: async (after, before, call, id, account) => {
      if (!mayEdit) return { error: forbidden };
      const email = String(after["email"]);
      if (!(await maySendAs(call.ports, call.account, email)))
        return { error: setError("forbiddenFrom", `You may not send as ${email}.`) };
      return accept(after, before, { ...call, account: owner }, id, account);
    },
    keep: (data, id, call) => (mayEdit ? keep?.(data, id, call) : forbidden),
  };
}

/** The state of an account's identities as somebody is told it who may use some of them. */
export const guestIdentityState = (sending: SharedSending, state: number): string =>
  stateOf(guestIdentityType(sending), state);

export const identityType: ObjectType = {
  ...ownIdentityType,
  guest: { shares: "sending", as: ({ sending }) => guestIdentityType(sending!) },
};
