/** The session object (RFC 8620 §2): who you are, what there is, and where. */
import { createHash } from "node:crypto";
import { idOf } from "../../protocol/jmap/ids.ts";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import type { Account } from "../store/store.ts";
import { accountsOf, type Shared } from "./accounts.ts";
import { collations } from "./arguments.ts";
import * as urn from "./capabilities.ts";
import type { JmapSettings } from "./settings.ts";

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

function coreCapability(settings: JmapSettings): JsonObject {
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

export function sessionObject(
  account: Account,
  facts: SessionFacts,
  shared: Shared,
): JsonObject & { readonly state: string } {
  const { settings, origin } = facts;
  const accountId = idOf("A", account.id);
  const accounts = accountsOf(settings, account, shared);
  // RFC 9670 §1.5.2: that of owners stands with accounts alone.
  const own = Object.keys(accounts[accountId]!["accountCapabilities"] as JsonObject).filter(
    (name) => name !== urn.principalsOwner,
  );
  const serverWide: { [name: string]: JsonObject } = Object.fromEntries(own.map((name) => [name, {}]));
  serverWide[urn.core] = coreCapability(settings);
  serverWide[urn.websocket] = { url: `${origin.replace(/^http/, "ws")}${paths.webSocket}`, supportsPush: true };
  serverWide[urn.sieve] = { implementation: "Angarium" };
  serverWide[urn.imageProxy] = {
    url: `${origin}${paths.picture}?url={url}`,
    markUrl: `${origin}${paths.mark}?domain={domain}`,
  };
  serverWide[urn.restApi] = { url: `${origin}/api/v1` };
  serverWide[urn.webpushVapid] = { applicationServerKey: facts.vapidKey };
  const primary = own.filter((name) => name !== urn.core);
  const session: JsonObject = {
    capabilities: serverWide,
    accounts,
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
