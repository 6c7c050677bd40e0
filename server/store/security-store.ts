/** What the store keeps of how people prove who they are: second factors and passkeys, sessions, invitations. */
import type { AccountId, Instant } from "./ids.ts";

/** What an app password or a token is good for; without any it is good for everything. */
export const scopes = ["imap", "pop3", "smtp", "sieve", "jmap", "api"] as const;
export type Scope = (typeof scopes)[number];

export type Credential = {
  readonly id: number;
  readonly account: AccountId;
  readonly kind: "password" | "app-password";
  readonly label: string;
  /** Argon2id in PHC string format. */
  readonly argon2id: string;
  /** RFC 5803 style "SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey", or "" where SCRAM is not offered. */
  readonly scramSha256: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | undefined;
  /** What it is good for; without any, for everything. */
  readonly scopes?: readonly Scope[];
  readonly usedAt?: Instant;
  /** How much may be sent by it, as plain JSON (`server/restrain`); without any, what its account may. */
  readonly limits?: { readonly [name: string]: unknown };
  /** Set by the store where the account has a second factor: this password alone is not enough. */
  readonly secondFactor?: true;
};

/** The app password that somebody has signed in with; of one account its number is its own, and given once. */
export type AppPassword = Pick<Credential, "id" | "label">;

/** One that has sending limits of its own. */
export type LimitedCredential = AppPassword & {
  readonly account: AccountId;
  /** Of the account. */
  readonly name: string;
  readonly limits: NonNullable<Credential["limits"]>;
};

/** Factors of one account, all kinds together. */
export const maxFactors = 40;

/**
 * totp: data {secret (base32), lastStep}; while one is there, a password alone is not enough. totp-new: not confirmed yet.
 * passkey: key is the credential id. recovery: data {hashes}. identity: somebody at an OpenID Connect issuer, key "issuer subject".
 */
export type FactorKind = "totp" | "totp-new" | "passkey" | "recovery" | "identity";

export type Factor = {
  readonly id: number;
  readonly account: AccountId;
  readonly kind: FactorKind;
  readonly key: string;
  readonly label: string;
  readonly data: unknown;
  readonly createdAt: Instant;
  readonly usedAt: Instant | undefined;
};
export type NewFactor = Pick<Factor, "kind" | "key" | "label" | "data">;

export type Invitation = {
  readonly id: string;
  /** The address that the account will have. */
  readonly name: string;
  readonly data: unknown;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
};

export interface SecurityReader {
  factors(account: AccountId): Promise<readonly Factor[]>;
  factorByKey(kind: FactorKind, key: string): Promise<Factor | undefined>;
  invitation(hash: string): Promise<Invitation | undefined>;
  /** Passwords that wait to be hashed (`access/sealed-passwords.ts`), after this one, in their order. */
  sealedCredentials(after: Pick<Credential, "account" | "id">, limit: number): Promise<readonly Credential[]>;
  /** App passwords with sending limits of their own, after this one, by account and number; of accounts that are here. */
  limitedCredentials(after: Pick<Credential, "account" | "id">, limit: number): Promise<readonly LimitedCredential[]>;
  /** Newest first, expired ones too until they are tidied away. */
  invitations(): Promise<readonly Invitation[]>;
}

export interface SecurityWriter {
  /** "taken": another factor of the kind has the key. */
  putFactor(
    account: AccountId,
    factor: NewFactor,
    at: Instant,
  ): Promise<{ readonly kind: "done"; readonly id: number } | { readonly kind: "taken" | "too-many" | "no-account" }>;
  /** Only where its data are still `before`: a code is used once, whoever else is trying it. */
  changeFactor(
    account: AccountId,
    id: number,
    before: unknown,
    change: { readonly kind?: FactorKind; readonly label?: string; readonly data?: unknown; readonly usedAt?: Instant },
  ): Promise<"done" | "changed">;
  /** By id, or all of these kinds; answers how many. */
  removeFactors(account: AccountId, which: number | readonly FactorKind[]): Promise<number>;
  /** A credential was used; noted for its owner to see. */
  credentialUsed(account: AccountId, id: number, at: Instant): Promise<void>;
  /** Sending limits of an app password in place of those it had; undefined: none of its own. */
  limitCredential(account: AccountId, id: number, limits: Credential["limits"]): Promise<"done" | "missing">;
  /** Another form of the same password, only where `before` still stands. */
  raiseCredential(
    account: AccountId,
    id: number,
    before: string,
    after: Pick<Credential, "argon2id" | "scramSha256">,
  ): Promise<"done" | "changed">;
  /** By the first `shownHashChars` of its hash. */
  webSessionEnd(account: AccountId, id: string): Promise<"done" | "missing">;
  putInvitation(hash: string, invitation: Omit<Invitation, "id">): Promise<void>;
  /** Takes it away and answers it: it is good once. */
  takeInvitation(hash: string): Promise<Invitation | undefined>;
  removeInvitation(id: string): Promise<"done" | "missing">;
}

export const securityReads = [
  "factors",
  "factorByKey",
  "invitation",
  "invitations",
  "sealedCredentials",
  "limitedCredentials",
] as const satisfies readonly (keyof SecurityReader)[];
export const securityWrites = [
  "putFactor",
  "changeFactor",
  "removeFactors",
  "credentialUsed",
  "limitCredential",
  "raiseCredential",
  "webSessionEnd",
  "putInvitation",
  "takeInvitation",
  "removeInvitation",
] as const satisfies readonly (keyof SecurityWriter)[];

/** Characters of a hash that name a session or an invitation: enough to be unique, and nothing to enter with. */
export const shownHashChars = 16;
