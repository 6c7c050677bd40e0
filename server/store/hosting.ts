/**
 * Hosting: who owns which domains, who may administer what, what was done by whom, what was deleted and can come back. A part of `Store`.
 * Whoever lists says within what: nothing outside of it is ever answered.
 */
import type { Account, Address, Domain } from "./directory-store.ts";
import type { AccountId, Instant, QueueId } from "./ids.ts";
import type { JourneyEntry } from "./journey-store.ts";

export type TenantId = number; // 0: the platform itself

export type TenantLimits = {
  readonly maxDomains?: number;
  readonly maxAccounts?: number;
  /** The quotas of all its accounts together; every account then needs a quota. */
  readonly maxStorageBytes?: number;
  /** What a new account gets where nothing is said. */
  readonly defaultQuotaBytes?: number;
};
export type Branding = {
  readonly productName?: string;
  readonly logoUrl?: string;
  /** "#rrggbb" */
  readonly color?: string;
  readonly supportEmail?: string;
  readonly supportUrl?: string;
};
export type TenantSettings = { readonly limits: TenantLimits; readonly branding: Branding };

export type Tenant = {
  readonly id: TenantId;
  /** Short, in addresses of the API: "acme". */
  readonly name: string;
  readonly displayName: string;
  readonly settings: TenantSettings;
  readonly createdAt: Instant;
};

/** The part of the world that somebody may see or touch. */
export type Within =
  | { readonly kind: "all" }
  | { readonly kind: "tenant"; readonly tenant: TenantId }
  | { readonly kind: "domains"; readonly names: readonly string[] };

export type Grant = { readonly account: AccountId; readonly kind: "tenant" | "domain"; readonly object: string };

export type HostedDomain = Domain & { readonly tenant: TenantId };
export type HostedAccount = Account & { readonly domain: string; readonly tenant: TenantId };

export type Page = {
  readonly limit: number;
  /** The name that the page before ended with. */
  readonly after?: string | undefined;
  /** Part of a name. */
  readonly search?: string | undefined;
  readonly domain?: string | undefined;
};

export type HostedCounts = {
  readonly domains: number;
  readonly accounts: number;
  readonly aliases: number;
  readonly messages: number;
  readonly usedBytes: number;
  readonly quotaBytes: number;
  /** Accounts without a quota. */
  readonly unlimited: number;
};

export type AuditEntry = {
  readonly at: Instant;
  readonly tenant: TenantId;
  /** Name of the account, or of the system's user who typed it. */
  readonly actor: string;
  readonly via: "api" | "command line" | "imap" | "jmap" | "server";
  readonly remote: string;
  /** "account add", "POST /accounts" */
  readonly action: string;
  /** What it was done to: "anna@example.org". */
  readonly target: string;
  readonly detail: { readonly [name: string]: unknown };
};

export type DeletionKind = "tenant" | "domain" | "account";
/** What goes with it. */
export type Takes = {
  readonly domains: number;
  readonly accounts: number;
  readonly addresses: number;
  readonly messages: number;
  readonly bytes: number;
};
/** What names an address besides the account that has it. */
export type Naming = {
  readonly kind: "alias" | "group" | "list" | "catch-all" | "filter";
  /** The alias, group or list; the domain of a catch-all; whose filter it is: an account, a domain, or "" for the server's. */
  readonly name: string;
  /** Mail goes to nobody else by it. */
  readonly alone: boolean;
};
export type Deletion = {
  readonly id: number;
  readonly kind: DeletionKind;
  readonly name: string;
  readonly tenant: TenantId;
  readonly domain: string;
  readonly takes: Takes;
  readonly by: string;
  readonly at: Instant;
  readonly purgeAt: Instant;
};

/** Whose turn it is to work on a request: what is committed for it by anybody else fails. */
export type RequestTurn = { readonly hash: string; readonly turn: string };

export type NewRequest = RequestTurn & {
  readonly account: AccountId;
  /** Hash of what is asked. */
  readonly request: string;
  readonly now: Instant;
  readonly expiresAt: Instant;
  /**
   * Who works on it, where it may be resumed: at once when another process of this node is asked again, after the lease on any node. Undefined: what a
   * crash cuts off stays so.
   */
  readonly by: { readonly node: string; readonly run: string; readonly leasedUntil: Instant } | undefined;
};

export type KeptAnswer =
  /** `seed`: the same each time that it is resumed. `resumed`: who worked on it died, and may have done some of it. */
  | { readonly kind: "fresh"; readonly seed: number; readonly resumed: boolean }
  /** The same request is under way, or was when the server died and it cannot be resumed. */
  | { readonly kind: "begun" }
  /** The key was used for something else. */
  | { readonly kind: "other" }
  | { readonly kind: "full" }
  | { readonly kind: "answered"; readonly answer: Uint8Array };

/** What is done against an account of our own: limits that differ from others', and why it may not send now. Both are plain JSON (`server/restrain`). */
export type Restraint = {
  readonly account: AccountId;
  readonly name: string;
  readonly limits: { readonly [name: string]: unknown };
  /** Undefined: it may send. */
  readonly stop: { readonly [name: string]: unknown } | undefined;
};

/** Where somebody looks for a message. With `key` it is found by an index; without, the newest entries are looked through. */
export type JourneyQuery = {
  /** A whole address, a Message-ID, a queue id, an address of a peer. */
  readonly key?: string | undefined;
  /** Part of a subject. */
  readonly subject?: string | undefined;
  readonly since?: Instant | undefined;
  readonly until?: Instant | undefined;
  /** Older than this entry. */
  readonly before?: number | undefined;
  readonly limit: number;
  /** Only messages that name one of these addresses (a detail after the separator does not matter), or an address of these domains. */
  readonly of?: { readonly addresses: readonly string[] } | { readonly domains: readonly string[] };
  /** Only emails: what came through the API, and tenants' mail. */
  readonly program?: ProgramQuery;
};
/** All of what is said must hold; texts are compared without their case. */
export type ProgramQuery = {
  /** Handed over by this account, or by one of these domains; of tenants by whomever. */
  readonly by?:
    | { readonly account: string }
    | { readonly domains: readonly string[]; readonly tenants: readonly string[] };
  readonly from?: string | undefined;
  readonly recipient?: string | undefined;
  readonly stream?: string | undefined;
  readonly campaign?: string | undefined;
  /** "name" or "name:value". */
  readonly tag?: string | undefined;
};
export type JourneyFound = {
  /** How each message came, the newest first. */
  readonly heads: readonly (JourneyEntry & { readonly id: number })[];
  /** Go on before this entry; undefined: all was looked through. */
  readonly before: number | undefined;
};

export interface HostingReader {
  journeys(query: JourneyQuery): Promise<JourneyFound>;
  /** All of one message, oldest first; `from`: the entry it begins with, where that is known. */
  journey(trace: string, limit: number): Promise<readonly (JourneyEntry & { readonly id: number })[]>;
  tenants(): Promise<readonly Tenant[]>;
  hostedDomains(within: Within, page: Page): Promise<readonly HostedDomain[]>;
  hostedAccounts(within: Within, page: Page): Promise<readonly HostedAccount[]>;
  hostedAddresses(
    within: Within,
    page: Page & { readonly sort?: "alias" | "group" | "list" | "masked"; readonly owner?: AccountId },
  ): Promise<readonly Address[]>;
  hostedCounts(within: Within): Promise<HostedCounts>;
  /** Ids of queued messages that accounts within have sent. */
  hostedQueue(
    within: Within,
    filter: { readonly account?: AccountId | undefined; readonly after?: QueueId | undefined; readonly limit: number },
  ): Promise<readonly QueueId[]>;
  grants(filter: {
    readonly account?: AccountId;
    readonly kind?: Grant["kind"];
    readonly object?: string;
  }): Promise<readonly Grant[]>;
  audit(
    within: Within,
    filter: {
      readonly limit: number;
      /** Older than this entry. */
      readonly before?: number | undefined;
      readonly actor?: string | undefined;
      readonly target?: string | undefined;
    },
  ): Promise<readonly (AuditEntry & { readonly id: number })[]>;
  deletions(within: Within): Promise<readonly Deletion[]>;
  /** By account number. Only of accounts that are here. */
  restraints(filter: {
    readonly account?: AccountId;
    /** Beyond this account. */
    readonly after?: AccountId;
    /** Only those that may not send. */
    readonly stopped?: boolean;
    readonly limit: number;
  }): Promise<readonly Restraint[]>;
  /** What a deletion would take with it; undefined where there is nothing of the name. */
  deletionTakes(kind: DeletionKind, name: string): Promise<Takes | undefined>;
  /** Who else names this address, inside of these domains. */
  namings(address: string, within: Within): Promise<readonly Naming[]>;
}

export interface HostingWriter {
  createTenant(
    tenant: Omit<Tenant, "id" | "createdAt">,
    at: Instant,
  ): Promise<{ readonly kind: "done"; readonly tenant: Tenant } | { readonly kind: "exists" | "too-many" }>;
  updateTenant(
    id: TenantId,
    change: { readonly displayName?: string; readonly settings?: TenantSettings },
  ): Promise<"done" | "missing">;
  /** Gives a domain to a tenant; grants on it end. */
  giveDomain(name: string, tenant: TenantId): Promise<"done" | "missing" | "no-tenant">;
  putGrant(grant: Grant, granted: boolean): Promise<void>;
  /** What is not named stays; `stop` null: it may send again. */
  restrain(
    account: AccountId,
    change: { readonly limits?: Restraint["limits"]; readonly stop?: NonNullable<Restraint["stop"]> | null },
  ): Promise<"done" | "missing">;
  noteAudit(entries: readonly AuditEntry[]): Promise<void>;
  /** Takes it away, and all that belongs to it, so that it can come back until `purgeAt`. */
  softDelete(
    kind: DeletionKind,
    name: string,
    by: string,
    at: Instant,
    purgeAt: Instant,
  ): Promise<
    { readonly kind: "done"; readonly deletion: Deletion } | { readonly kind: "missing" | "last-administrator" }
  >;
  /** Aliases, groups, lists and catch-alls of these domains name another address instead, or none. */
  nameInstead(from: string, to: string | undefined, within: Within): Promise<void>;
  /** `taken`: something else has this name now; `noDomain`: its domain is not there. */
  undelete(id: number): Promise<"done" | "missing" | { readonly taken: string } | { readonly noDomain: string }>;
  /** Removes for ever what a deletion took; bounded work, answers whether there is more. */
  purge(id: number): Promise<"done" | "more" | "missing">;
  /** Remembers that a request with this key is under way. */
  beginRequest(asked: NewRequest): Promise<KeptAnswer>;
  /** Keeps its answer; undefined: nothing was done, and it may be asked anew. Does nothing where it is somebody else's turn. */
  endRequest(turn: RequestTurn, answer: Uint8Array | undefined): Promise<void>;
  /** It broke: whoever asks again resumes it. */
  leaveRequest(turn: RequestTurn): Promise<void>;
}

export const hostingReads = [
  "journeys",
  "journey",
  "tenants",
  "hostedDomains",
  "hostedAccounts",
  "hostedAddresses",
  "hostedCounts",
  "hostedQueue",
  "grants",
  "audit",
  "deletions",
  "restraints",
  "deletionTakes",
  "namings",
] as const satisfies readonly (keyof HostingReader)[];
export const hostingWrites = [
  "createTenant",
  "updateTenant",
  "giveDomain",
  "putGrant",
  "restrain",
  "noteAudit",
  "softDelete",
  "nameInstead",
  "undelete",
  "purge",
  "beginRequest",
  "endRequest",
  "leaveRequest",
] as const satisfies readonly (keyof HostingWriter)[];
