/** The session object (RFC 8620 §2): who you are, what there is, and where. */
import { createHash } from "node:crypto";
import { idOf } from "../../protocol/jmap/ids.ts";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import type { SharedMailbox } from "../store/sharing-store.ts";
import type { Account, AccountId } from "../store/store.ts";
import { collations } from "./arguments.ts";
import * as urn from "./capabilities.ts";
import { sortOptions } from "./email-filter.ts";
import { ownerCapability, principalId } from "./principals.ts";
import type { JmapSettings } from "./settings.ts";
import { booksSharedWith, type SharedBooks } from "./shared-books.ts";
import { type SendingPorts, sendersOf } from "./shared-sending.ts";
import { sieveCapability } from "./sieve-scripts.ts";

export type SessionFacts = {
  readonly settings: JmapSettings;
  /** "https://mail.example.test": where the client has reached us. */
  readonly origin: string;
  readonly vapidKey: string;
};

export const paths = {
  session: "/jmap/session",
  api: "/jmap/api",
  upload: "/jmap/upload",
  download: "/jmap/download",
  eventSource: "/jmap/eventsource",
  webSocket: "/jmap/ws",
  picture: "/jmap/picture",
  mark: "/jmap/mark",
} as const;

/** RFC 9404 §2. */
export const maxDataSources = 100;
export const lookupTypes: readonly string[] = ["Mailbox", "Thread", "Email"];

export function coreCapability(settings: JmapSettings): JsonObject {
  return {
    maxSizeUpload: settings.maxUploadBytes,
    maxConcurrentUpload: settings.maxConcurrentUploads,
    maxSizeRequest: settings.maxRequestBytes,
    maxConcurrentRequests: settings.maxConcurrentRequests,
    maxCallsInRequest: settings.maxCallsInRequest,
    maxObjectsInGet: settings.maxObjectsInGet,
    maxObjectsInSet: settings.maxObjectsInSet,
    collationAlgorithms: collations,
  };
}

function accountCapabilities({ settings }: SessionFacts, account: Account): JsonObject {
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
    [urn.onBehalf]: {},
    [urn.sieve]: sieveCapability,
    [urn.contacts]: { maxAddressBooksPerCard: null, mayCreateAddressBook: true },
    [urn.principals]: { currentUserPrincipalId: principalId(account) },
    [urn.principalsOwner]: ownerCapability(account),
  };
}

/** The accounts of others of which something is shared with this one (RFC 9670 §1.5). */
function sharedAccounts(facts: SessionFacts, account: Account, { mailboxes, books, senders }: Shared): JsonObject {
  const byOwner = Map.groupBy(mailboxes, ({ owner }) => owner);
  const own = accountCapabilities(facts, account);
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
            ...(senders.has(owner) ? { [urn.submission]: own[urn.submission] as JsonObject } : {}),
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
  readonly senders: ReadonlySet<AccountId>;
};

export async function sharedWith(ports: SendingPorts, account: Account): Promise<Shared> {
  const [mailboxes, books] = await Promise.all([
    ports.store.sharedWith(account.id),
    booksSharedWith(ports.store, account.id),
  ]);
  const senders = await sendersOf(ports, account, new Set(mailboxes.map(({ owner }) => owner)));
  return { mailboxes, books, senders };
}

export function sessionObject(
  account: Account,
  facts: SessionFacts,
  shared: Shared,
): JsonObject & { readonly state: string } {
  const { settings, origin } = facts;
  const accountId = idOf("A", account.id);
  const own = accountCapabilities(facts, account);
  const serverWide: { [name: string]: JsonObject } = {};
  for (const name of Object.keys(own)) serverWide[name] = {};
  serverWide[urn.core] = coreCapability(settings);
  serverWide[urn.websocket] = { url: `${origin.replace(/^http/, "ws")}${paths.webSocket}`, supportsPush: true };
  serverWide[urn.sieve] = { implementation: "Angarium" };
  serverWide[urn.imageProxy] = {
    url: `${origin}${paths.picture}?url={url}`,
    markUrl: `${origin}${paths.mark}?domain={domain}`,
  };
  serverWide[urn.restApi] = { url: `${origin}/api/v1` };
  serverWide[urn.webpushVapid] = { applicationServerKey: facts.vapidKey };
  const primary = Object.keys(own).filter((name) => name !== urn.core && name !== urn.principalsOwner);
  const session: JsonObject = {
    capabilities: serverWide,
    accounts: {
      [accountId]: { name: account.name, isPersonal: true, isReadOnly: false, accountCapabilities: own },
      ...sharedAccounts(facts, account, shared),
    },
    primaryAccounts: Object.fromEntries(primary.map((name) => [name, accountId])),
    username: account.name,
    apiUrl: `${origin}${paths.api}`,
    downloadUrl: `${origin}${paths.download}/{accountId}/{blobId}/{name}?type={type}`,
    uploadUrl: `${origin}${paths.upload}/{accountId}`,
    eventSourceUrl: `${origin}${paths.eventSource}?types={types}&closeafter={closeafter}&ping={ping}`,
  };
  const state = createHash("sha1").update(JSON.stringify(session)).digest("base64url").slice(0, 16);
  return { ...session, state };
}

/** Whether the capability may stand in `using`. */
export const knowsCapability = (name: string): boolean => (Object.values(urn) as readonly string[]).includes(name);
