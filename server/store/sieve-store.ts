/** What the store keeps for Sieve: scripts of people, of domains and of the server, the vacation answer, what scripts remember, annotations. */
import type { AccountId, Instant, MailboxId } from "./ids.ts";

/** Octets of one script. */
export const maxScriptBytes = 256 * 1024;
/** Scripts of one account, and of one domain or the server. */
export const maxScripts = 100;
/** Octets of all scripts of one account together: each command on one of them reads them all. */
export const maxScriptsBytes = 2 * 1024 * 1024;
/** Octets of a script's name (RFC 5804 §1.6 and RFC 9661 §1.3.1 ask for at least 512). */
export const maxScriptNameBytes = 1024;
/** Annotations of one mailbox, and characters of one value. */
export const maxAnnotations = 100;
export const maxAnnotationChars = 64 * 1024;

export type SieveScript = {
  /** Unique within the account, never given twice. */
  readonly id: number;
  /** RFC 5804 §1.6. */
  readonly name: string;
  /** UTF-8 text as it was put; checked by who put it. */
  readonly content: string;
  /** At most one of an account is. */
  readonly active: boolean;
  readonly changedAt: Instant;
};

/** Scripts of one account by id, and a number that grows with every change to them or to the vacation answer. */
export type SieveScripts = { readonly revision: number; readonly scripts: readonly SieveScript[] };

/** RFC 8621 §8: runs after the account's own script, whichever is active. */
export type VacationResponse = {
  readonly isEnabled: boolean;
  readonly fromDate: Instant | undefined;
  readonly toDate: Instant | undefined;
  readonly subject: string | undefined;
  readonly textBody: string | undefined;
  readonly htmlBody: string | undefined;
};

/** A script of a domain, or of the server where `owner` is "". "never": only to be included (RFC 6609 :global). */
export type SharedScript = {
  readonly owner: string;
  readonly name: string;
  readonly content: string;
  readonly runs: "before" | "after" | "never";
  readonly changedAt: Instant;
};

/** Something a script must not do again before `until`; the key is of the caller's making, at most some 100 characters. */
export type Remembered = { readonly account: AccountId; readonly key: string; readonly until: Instant };

export type Annotation = { readonly mailbox: MailboxId | 0; readonly entry: string; readonly value: string };

export type ScriptEdit =
  | { readonly kind: "done"; readonly script: SieveScript; readonly created: boolean }
  | { readonly kind: "missing" | "exists" | "too-many" | "too-much" | "too-large" | "bad-name" | "no-account" };

export interface SieveReader {
  sieveScripts(account: AccountId): Promise<SieveScripts>;
  vacationResponse(account: AccountId): Promise<VacationResponse | undefined>;
  /** Accounts with an active script or an enabled vacation answer. */
  sieveAccounts(): Promise<readonly AccountId[]>;
  /** Every domain's and the server's, by owner and name. */
  sharedScripts(): Promise<readonly SharedScript[]>;
  /** Those of the keys that are remembered and not yet due again. */
  sieveRemembers(account: AccountId, keys: readonly string[], now: Instant): Promise<readonly string[]>;
  /** Annotations of a mailbox, of the server (0), or of all. */
  annotations(account: AccountId, mailbox?: MailboxId | 0): Promise<readonly Annotation[]>;
}

export interface SieveWriter {
  /** Makes the script, or replaces the content of the one with this name. */
  putSieveScript(account: AccountId, name: string, content: string, at: Instant): Promise<ScriptEdit>;
  /** "exists": another one has the name. */
  updateSieveScript(
    account: AccountId,
    id: number,
    change: { readonly name?: string; readonly content?: string },
    at: Instant,
  ): Promise<ScriptEdit>;
  /** Undefined: none is active from now on. */
  activateSieveScript(account: AccountId, id: number | undefined): Promise<"done" | "missing">;
  removeSieveScript(account: AccountId, id: number): Promise<"done" | "missing" | "active">;
  putVacationResponse(account: AccountId, vacation: VacationResponse): Promise<"done" | "no-account">;
  putSharedScript(script: SharedScript): Promise<"done" | "too-many" | "too-large" | "bad-name">;
  removeSharedScript(owner: string, name: string): Promise<"done" | "missing">;
  /** All or none; a value of undefined removes. */
  putAnnotations(
    account: AccountId,
    mailbox: MailboxId | 0,
    entries: readonly { readonly entry: string; readonly value: string | undefined }[],
  ): Promise<"done" | "no-mailbox" | "too-many" | "too-large">;
}

/** RFC 5804 §1.6: no controls, no line or paragraph separators; NFC. */
export function isScriptName(name: string): boolean {
  return name !== "" && Buffer.byteLength(name) <= maxScriptNameBytes && !/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(name);
}
