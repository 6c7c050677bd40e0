/** People, domains and addresses in the store, and settings. A part of `Store`. */
import type { StsMode } from "../../protocol/policy/mta-sts.ts";
import type { AccountId, Instant } from "./ids.ts";
import type { ListSettings } from "./lists-store.ts";
import type { Credential } from "./security-store.ts";

export type Account = {
  readonly id: AccountId;
  /** Login name and primary address, lower case: "u1@example.test". */
  readonly name: string;
  readonly displayName: string;
  readonly role: "user" | "admin";
  readonly disabled: boolean;
  /** Bytes this account may keep; 0 means no limit. */
  readonly quotaBytes: number;
  readonly usedBytes: number;
  readonly usedMessages: number;
  readonly createdAt: Instant;
};

export type Domain = {
  readonly name: string; // lower-case A-label form
  readonly kind: "local" | "relay";
  readonly settings: DomainSettings;
};

export type DomainSettings = {
  /** Address that gets what no other address of the domain takes; in "*@b.test" the star stands for the local part. */
  readonly catchAll?: string;
  /** Separates a user from a detail in a local part; "" switches sub-addressing off. Default "+". */
  readonly subaddressSeparator?: string;
  /** kind relay: where the mail goes ("mx" or "smtp:host:port" or "lmtp:host:port"), and who is a recipient. */
  readonly relayTo?: string;
  readonly relayRecipients?: "any" | "listed" | "callout";
  readonly maxMessageBytes?: number;
  /** Mode of the MTA-STS policy that we serve for it (RFC 8461 §3.2); "testing" where it is not set. */
  readonly mtaSts?: StsMode;
  /** MX hosts besides our own that the policy names. */
  readonly mtaStsMx?: readonly string[];
  /** DKIM signatures expire after so many days (x= of RFC 6376 §3.5); undefined: never. */
  readonly signatureDays?: number;
  /** BIMI: where the picture of the domain is (l=), and the certificate about it (a=); https URLs. */
  readonly bimiLogo?: string;
  readonly bimiEvidence?: string;
};

/** One address and where its mail goes. `local` "" with targets is refused: a catch-all is a domain setting. */
export type Address = {
  readonly local: string; // lower case, no detail
  readonly domain: string;
  readonly kind: "account" | "alias" | "relay";
  /** kind account: the account. kind alias: addresses ("a@b.test"), local or remote, at least one. */
  readonly account: AccountId | undefined;
  readonly targets: readonly string[];
  /** Accounts that may send as this address, besides the one that it goes to. */
  readonly senders: readonly AccountId[];
  /** Accounts that may write in its name with themselves as Sender (RFC 5322 §3.6.2). */
  readonly onBehalf?: readonly AccountId[] | undefined;
  /** kind alias: what kind of alias it is, where it is more than one. `kind` stands first. */
  readonly about?:
    | {
        readonly kind: "group";
        readonly displayName: string;
        readonly description: string;
        /** Who may write to it; anyone where nothing is said. People: those of its domain. */
        readonly posting?: "anyone" | "people" | "members";
      }
    /** A one-off address of one account; one that is off takes no mail. */
    | {
        readonly kind: "masked";
        readonly owner: AccountId;
        readonly label: string;
        readonly createdAt: Instant;
        readonly off: boolean;
      }
    /** A mailing list: it has members of its own, and no targets. */
    | ({ readonly kind: "list" } & ListSettings);
};

export interface DirectoryReader {
  /** By name; of one name only that. */
  domains(filter?: { readonly name?: string }): Promise<readonly Domain[]>;
  accounts(filter?: {
    readonly name?: string;
    readonly id?: AccountId;
    readonly role?: "user" | "admin";
  }): Promise<readonly Account[]>;
  credentials(account: AccountId): Promise<readonly Credential[]>;
  addresses(filter?: {
    readonly domain?: string;
    readonly local?: string;
    readonly account?: AccountId;
  }): Promise<readonly Address[]>;
  setting(key: string): Promise<unknown | undefined>;
  settings(prefix: string): Promise<readonly { readonly key: string; readonly value: unknown }[]>;
}

/** Each answers "exists" or "missing" instead of throwing. */
export interface DirectoryWriter {
  /** "deleted": one of this name can come back, and what was kept by its name is still its own. */
  putDomain(domain: Domain): Promise<"done" | "deleted">;
  removeDomain(name: string): Promise<"done" | "missing" | "in-use">;
  createAccount(
    account: {
      readonly name: string;
      readonly displayName: string;
      readonly role: "user" | "admin";
      readonly quotaBytes: number;
    },
    credentials: readonly Omit<Credential, "id" | "account">[],
    at: Instant,
  ): Promise<{ readonly kind: "done"; readonly account: Account } | { readonly kind: "exists" | "no-domain" }>;
  updateAccount(
    id: AccountId,
    change: {
      readonly displayName?: string;
      readonly role?: "user" | "admin";
      readonly disabled?: boolean;
      readonly quotaBytes?: number;
    },
  ): Promise<"done" | "missing">;
  /**
   * Gives an account another address, as it is kept. The one before becomes an alias of it, and whatever named it (aliases, groups, masked
   * addresses, members of lists) names the new one. "exists": the address is somebody else's; an alias of this account alone is taken.
   */
  renameAccount(id: AccountId, name: string): Promise<"done" | "missing" | "exists" | "no-domain">;
  removeAccount(id: AccountId): Promise<"done" | "missing">;
  putCredential(account: AccountId, credential: Omit<Credential, "id" | "account">): Promise<number>; // kind "password" replaces the old one
  removeCredential(account: AccountId, id: number): Promise<"done" | "missing">;
  putAddress(address: Address): Promise<"done" | "no-domain" | "no-account" | "taken">; // "taken": an account's own address cannot become an alias
  removeAddress(local: string, domain: string): Promise<"done" | "missing" | "in-use">;
  putSetting(key: string, value: unknown): Promise<void>; // undefined removes
  /** The same where `before`, as it was read, still stands (undefined: nothing does); false: somebody else was first, and nothing was put. */
  swapSetting(key: string, before: unknown, after: unknown): Promise<boolean>;
}
