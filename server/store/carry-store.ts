/** What the store keeps of mail that comes from elsewhere: which messages have come already, and the imports that are under way. */
import type { NewMessage } from "./acceptance.ts";
import type { AccountId, Instant, MailboxId } from "./ids.ts";
import type { Marks } from "./marks.ts";

export type ImportedMessage = NewMessage & {
  /** What the source calls it, within its folder. */
  readonly key: string;
  readonly hash: string;
  readonly marks: Marks;
  readonly receivedAt: Instant;
};

export type ImportTo = {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly source: string;
  readonly folder: string;
  /**
   * The source has numbered its folder anew: a message that came under a key that does not begin so is known by its bytes, and gets the
   * new key. Undefined: keys stand for ever.
   */
  readonly keyPrefix: string | undefined;
  /** A folder that shows what other folders have: what came from any of them does not come again. */
  readonly onlyUnseen: boolean;
};

export type ImportedPut =
  | { readonly kind: "done"; readonly added: number; readonly known: number }
  | { readonly kind: "no-mailbox" | "over-quota" };

/** A message that has come: its key, the marks that it had there when they were last looked at, and where it is here. */
export type ImportedKey = {
  readonly key: string;
  readonly marks: string;
  readonly mailbox: MailboxId;
  readonly uid: number;
};

export type ImportState = "waiting" | "running" | "done" | "failed" | "stopped";
export type ImportSettings = {
  readonly host: string;
  readonly port: number;
  readonly tls: "implicit" | "starttls" | "none";
  readonly user: string;
  /** Milliseconds between two runs; 0: once. */
  readonly everyMs: number;
  /** Folders to take; undefined: all. */
  readonly folders?: readonly string[];
  /** The certificate is not checked: a server of one's own. */
  readonly anyCertificate: boolean;
  /** Its host may be one of this machine or of a private network: whoever works on the machine has said so. */
  readonly privateHost?: true;
};
export type ImportProgress = {
  readonly folders: number;
  readonly foldersDone: number;
  readonly messages: number;
  readonly added: number;
  readonly known: number;
  /** Too large, or not to be read: one sentence for each of the first hundred. */
  readonly left: readonly string[];
  readonly trouble?: string;
  readonly endedAt?: Instant;
};
export type Import = {
  readonly id: number;
  readonly account: AccountId;
  readonly settings: ImportSettings;
  readonly secret: string;
  readonly state: ImportState;
  readonly progress: ImportProgress;
  readonly nextAt: Instant | undefined;
  readonly createdAt: Instant;
};

/** Imports of one account. */
export const maxImports = 50;

export interface CarryReader {
  /** Keys of a folder that have come, in their order, after `after`; at most `limit`. */
  importedKeys(
    account: AccountId,
    source: string,
    folder: string,
    after: string,
    limit: number,
  ): Promise<readonly ImportedKey[]>;
  imports(filter: {
    readonly account?: AccountId;
    readonly id?: number;
    readonly dueAt?: Instant;
  }): Promise<readonly Import[]>;
}
export interface CarryWriter {
  /** Puts what has not come yet into the mailbox and notes it, in one transaction. Over quota: none of them. */
  putImported(to: ImportTo, messages: readonly ImportedMessage[]): Promise<ImportedPut>;
  importedMarks(
    account: AccountId,
    source: string,
    folder: string,
    marks: readonly { readonly key: string; readonly marks: string }[],
  ): Promise<void>;
  putImport(given: Omit<Import, "id">): Promise<number | "too-many" | "no-account">;
  changeImport(
    id: number,
    change: Partial<Pick<Import, "state" | "progress" | "nextAt" | "secret">>,
  ): Promise<"done" | "missing">;
  removeImport(id: number): Promise<"done" | "missing">;
}

export const carryReads = ["importedKeys", "imports"] as const satisfies readonly (keyof CarryReader)[];
/** `putImported` carries bytes and is made by hand in the drivers. */
export const carryWrites = [
  "importedMarks",
  "putImport",
  "changeImport",
  "removeImport",
] as const satisfies readonly (keyof CarryWriter)[];
