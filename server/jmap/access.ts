/** What somebody may do in an account: everything in their own, in another's what its owner shares with them (RFC 9670). */
import { parseBlobId } from "../../protocol/jmap/ids.ts";
import type { EmailFilter, EmailSort } from "../store/jmap.ts";
import type { SharedMailbox } from "../store/sharing-store.ts";
import type { AccountId, MailboxId, Store } from "../store/store.ts";
import { type Blob, readBlob } from "./blobs.ts";
import type { Call } from "./call.ts";
import { sharedMediaBlob } from "./card-blob.ts";
import { booksSharedWith } from "./shared-books.ts";

export class Access {
  /** Undefined in one's own account. */
  readonly #rights: ReadonlyMap<MailboxId, string> | undefined;
  readonly #subscribed: ReadonlySet<MailboxId>;

  constructor(shared?: readonly Pick<SharedMailbox, "mailbox" | "rights" | "subscribed">[]) {
    this.#rights = shared && new Map(shared.map(({ mailbox, rights }) => [mailbox, rights]));
    this.#subscribed = new Set(shared?.flatMap(({ mailbox, subscribed }) => (subscribed ? [mailbox] : [])));
  }

  get own(): boolean {
    return this.#rights === undefined;
  }

  /** Letters of RFC 4314; undefined in one's own account, where all is allowed. */
  rightsOf(mailbox: MailboxId): string | undefined {
    return this.#rights === undefined ? undefined : (this.#rights.get(mailbox) ?? "");
  }

  /** All of the letters. */
  may(mailbox: MailboxId, letters: string): boolean {
    const rights = this.rightsOf(mailbox);
    return rights === undefined || [...letters].every((letter) => rights.includes(letter));
  }

  sees(mailbox: MailboxId): boolean {
    return this.may(mailbox, "l");
  }

  reads(mailbox: MailboxId): boolean {
    return this.may(mailbox, "lr");
  }

  /** Another's mailbox, by the caller's own subscription. */
  subscribed(mailbox: MailboxId): boolean {
    return this.#subscribed.has(mailbox);
  }

  /** The mailboxes that can be read; undefined: all. */
  get readable(): readonly MailboxId[] | undefined {
    return this.#rights === undefined ? undefined : [...this.#rights.keys()].filter((mailbox) => this.reads(mailbox));
  }
}

export const ownAccess = new Access();

/** Undefined where nothing of the account is shared with them. */
export async function accessTo(
  store: Pick<Store, "sharedWith">,
  grantee: AccountId,
  owner: AccountId,
): Promise<Access | undefined> {
  if (owner === grantee) return ownAccess;
  const shared = (await store.sharedWith(grantee)).filter((one) => one.owner === owner);
  return shared.length === 0 ? undefined : new Access(shared);
}

/** The filter, of emails that can be read alone. */
export function readableFilter(filter: EmailFilter | undefined, access: Access): EmailFilter | undefined {
  const { readable } = access;
  if (readable === undefined) return filter;
  const places: EmailFilter[] = readable.map((mailbox) => ({ kind: "in-mailbox", mailbox }));
  const where: EmailFilter = places.length === 1 ? places[0]! : { kind: "or", of: places };
  return filter === undefined ? where : { kind: "and", of: [where, hiddenAsNone(filter, access)] };
}

/** What others of a thread bear counts where they can be read. */
export function readableSort(sort: readonly EmailSort[], { readable }: Access): readonly EmailSort[] {
  if (readable === undefined) return sort;
  return sort.map((one) =>
    typeof one.by === "object" && one.by.of !== "email" ? { ...one, by: { ...one.by, within: readable } } : one,
  );
}

/** A mailbox that cannot be read has nothing in it. */
function hiddenAsNone(filter: EmailFilter, access: Access): EmailFilter {
  switch (filter.kind) {
    case "and":
    case "or":
      return { kind: filter.kind, of: filter.of.map((one) => hiddenAsNone(one, access)) };
    case "not":
      return { kind: "not", of: hiddenAsNone(filter.of, access) };
    case "in-mailbox":
      return access.reads(filter.mailbox) ? filter : { kind: "or", of: [] };
    case "in-mailbox-other-than": {
      const others = access.readable?.filter((mailbox) => !filter.mailboxes.includes(mailbox)) ?? [];
      return { kind: "or", of: others.map((mailbox) => ({ kind: "in-mailbox", mailbox })) };
    }
    case "mark":
      return filter.of === "email" || access.readable === undefined ? filter : { ...filter, within: access.readable };
    default:
      return filter;
  }
}

/** Those of the emails that can be read, with the mailboxes in which they can. */
export async function readableEmails(
  store: Pick<Store, "emailRows">,
  account: AccountId,
  emails: readonly number[],
  access: Access,
): Promise<ReadonlyMap<number, { readonly mailboxes: readonly MailboxId[]; readonly hidden: readonly MailboxId[] }>> {
  const found = new Map<number, { mailboxes: readonly MailboxId[]; hidden: readonly MailboxId[] }>();
  for (let rest = emails; rest.length > 0; ) {
    const answer = await store.emailRows(account, rest, "none");
    for (const { email, mailboxes } of answer.rows) {
      const readable = mailboxes.filter((mailbox) => access.reads(mailbox));
      if (readable.length > 0)
        found.set(email, { mailboxes: readable, hidden: mailboxes.filter((mailbox) => !access.reads(mailbox)) });
    }
    rest = answer.rest;
  }
  return found;
}

/** Of whoever shares mailboxes or address books; undefined where nothing is shared. */
export async function accessToBlobs(
  store: Pick<Store, "sharedWith" | "objects" | "accounts">,
  grantee: AccountId,
  owner: AccountId,
): Promise<Access | undefined> {
  const access = await accessTo(store, grantee, owner);
  return access ?? ((await booksSharedWith(store, grantee)).has(owner) ? new Access([]) : undefined);
}

/**
 * A blob that the caller may have: of another's account the emails that they read, and what cards keep that are shared with them;
 * uploads are always their own.
 */
export async function blobFor(
  call: Pick<Call, "ports" | "account" | "access">,
  account: AccountId,
  blobId: string,
): Promise<Blob | undefined> {
  const { ports, access } = call;
  if (access.own) return readBlob(ports, account, blobId);
  const id = parseBlobId(blobId);
  if (id === undefined) return undefined;
  if (id.kind !== "email")
    return (
      (await readBlob(ports, call.account.id, blobId)) ??
      (await sharedMediaBlob(ports, call.account.id, account, blobId))
    );
  const readable = await readableEmails(ports.store, account, [id.email], access);
  return readable.size === 0 ? undefined : readBlob(ports, account, blobId);
}
