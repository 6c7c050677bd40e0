/** The accounts that somebody sees, with what there is in each (RFC 8620 §2): their own, and those of others of which something is shared with them. */
import { idOf } from "../../protocol/jmap/ids.ts";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import type { SharedMailbox } from "../store/sharing-store.ts";
import type { Account, AccountId } from "../store/store.ts";
import * as urn from "./capabilities.ts";
import { sortOptions } from "./email-filter.ts";
import type { JmapSettings } from "./settings.ts";
import { booksSharedWith, type SharedBooks } from "./shared-books.ts";
import { type SendingPorts, type SharedSending, sendersOf } from "./shared-sending.ts";
import { sieveCapability } from "./sieve-scripts.ts";

/** RFC 9404 §2. */
export const maxDataSources = 100;
export const lookupTypes: readonly string[] = ["Mailbox", "Thread", "Email"];

export const principalId = (account: Pick<Account, "id">): string => `P${account.id}`;

/** RFC 9670 §1.5.2: whose account it is. */
export const ownerCapability = (owner: Pick<Account, "id">): JsonObject => ({
  accountIdForPrincipal: idOf("A", owner.id),
  principalId: principalId(owner),
});

function accountCapabilities(settings: JmapSettings, account: Account): JsonObject {
  return {
    [urn.core]: {},
    [urn.mail]: {
      maxMailboxesPerEmail: null,
      maxMailboxDepth: 20,
      maxSizeMailboxName: 255,
      maxSizeAttachmentsPerEmail: settings.maxAttachmentsBytes,
      emailQuerySortOptions: sortOptions,
      mayCreateTopLevelMailbox: true,
    },
    [urn.submission]: {
      maxDelayedSend: settings.maxDelayedSendSeconds,
      submissionExtensions: {
        FUTURERELEASE: [String(settings.maxDelayedSendSeconds)],
        DSN: [],
        REQUIRETLS: [],
        SIZE: [String(settings.maxAttachmentsBytes)],
      },
    },
    [urn.vacation]: {},
    [urn.blob]: {
      maxSizeBlobSet: settings.maxUploadBytes,
      maxDataSources,
      supportedTypeNames: lookupTypes,
      supportedDigestAlgorithms: ["sha", "sha-256"],
    },
    [urn.quota]: {},
    [urn.mdn]: {},
    [urn.unsubscribe]: {},
    [urn.publicKeys]: {},
    [urn.uploads]: {},
    [urn.authenticationResults]: {},
    [urn.onBehalf]: {},
    [urn.sieve]: sieveCapability,
    [urn.contacts]: { maxAddressBooksPerCard: null, mayCreateAddressBook: true },
    [urn.principals]: { currentUserPrincipalId: principalId(account) },
    [urn.principalsOwner]: ownerCapability(account),
  };
}

/** The accounts of others of which something is shared with this one (RFC 9670 §1.5). */
function sharedAccounts(settings: JmapSettings, account: Account, { mailboxes, books, senders }: Shared): JsonObject {
  const byOwner = Map.groupBy(mailboxes, ({ owner }) => owner);
  const own = accountCapabilities(settings, account);
  return Object.fromEntries(
    [...new Set([...byOwner.keys(), ...books.keys()])].map((owner) => {
      const [ofMail, ofBooks] = [byOwner.get(owner), books.get(owner)];
      const mayWrite =
        senders.has(owner) ||
        ofMail?.some(({ rights }) => /[swipkxtea]/.test(rights)) === true ||
        [...(ofBooks?.books.values() ?? [])].some((book) => book.mayWrite);
      return [
        idOf("A", owner),
        {
          name: ofMail?.[0]?.ownerName ?? ofBooks?.ownerName ?? "",
          isPersonal: false,
          isReadOnly: !mayWrite,
          accountCapabilities: {
            [urn.core]: {},
            ...(ofMail === undefined
              ? {}
              : { [urn.mail]: { ...(own[urn.mail] as JsonObject), mayCreateTopLevelMailbox: false } }),
            ...(senders.has(owner) ? { [urn.submission]: own[urn.submission] as JsonObject, [urn.mdn]: {} } : {}),
            ...(senders.get(owner)?.mayEdit ? { [urn.vacation]: {} } : {}),
            ...(ofBooks === undefined
              ? {}
              : { [urn.contacts]: { maxAddressBooksPerCard: null, mayCreateAddressBook: false } }),
            [urn.principalsOwner]: ownerCapability({ id: owner }),
          },
        },
      ];
    }),
  );
}

/** What others share with an account. */
export type Shared = {
  readonly mailboxes: readonly SharedMailbox[];
  readonly books: ReadonlyMap<AccountId, SharedBooks>;
  /** Whose account they may send from. */
  readonly senders: ReadonlyMap<AccountId, SharedSending>;
};

export async function sharedWith(ports: SendingPorts, account: Account): Promise<Shared> {
  const [mailboxes, books] = await Promise.all([
    ports.store.sharedWith(account.id),
    booksSharedWith(ports.store, account.id),
  ]);
  const senders = await sendersOf(ports, account, new Set(mailboxes.map(({ owner }) => owner)));
  return { mailboxes, books, senders };
}

/** By account id, one's own first. */
export const accountsOf = (
  settings: JmapSettings,
  account: Account,
  shared: Shared,
): { readonly [id: string]: JsonObject } => ({
  [idOf("A", account.id)]: {
    name: account.name,
    isPersonal: true,
    isReadOnly: false,
    accountCapabilities: accountCapabilities(settings, account),
  },
  ...(sharedAccounts(settings, account, shared) as { readonly [id: string]: JsonObject }),
});
