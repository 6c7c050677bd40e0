/** What is kept of the account on this device, in IndexedDB: of one account at a time, bounded, gone when it signs out. */
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from "idb";
import type { Call } from "../jmap/client.ts";
import { forgetStart } from "../jmap/early.ts";
import type { Email, EmailHead, Id } from "../jmap/types.ts";
import { partsCache } from "./parts.ts";

/** Emails kept; the oldest go first. */
export const maxEmails = 1_500;
/** Characters of all of them together. */
export const maxChars = 60_000_000;
/** A longer one is not kept. */
export const maxEmailChars = 600_000;
/** What waits to be carried out; more is refused with a sentence. */
export const maxWaiting = 500;
/** Files attached while away, together. */
export const maxFileBytes = 50 * 1024 * 1024;

const name = "angarium-mail";
/** Letters that are kept encrypted (compose/sealed-here.ts). */
export const sealedName = "angarium-letters";
const version = 1;

/** What a list needs, and what a search looks at. */
export type KeptHead = EmailHead & Pick<Email, "cc" | "messageId"> & { readonly chars: number };

/** One request with changes in it, as it would have been sent. */
export type Waiting = {
  readonly key?: number;
  readonly calls: readonly Call[];
  /** Mailboxes an email was in when it was moved: somebody else may have moved it meanwhile. */
  readonly base: { readonly [id: Id]: readonly Id[] };
  /** Names for the sentences about it. */
  readonly about: { readonly [id: Id]: string };
  /** It has been sent once and no answer came: it may have been carried out. */
  readonly tried: boolean;
  readonly at: number;
};

type Schema = DBSchema & {
  heads: { key: Id; value: KeptHead };
  bodies: { key: Id; value: Email };
  /** The session, the mailboxes, answers that are asked for again and again. */
  facts: { key: string; value: unknown };
  waiting: { key: number; value: Waiting };
  files: { key: Id; value: { readonly blob: Blob; readonly type: string } };
};
export type Database = IDBPDatabase<Schema>;

export function openDatabase(): Promise<Database> {
  return openDB<Schema>(name, version, {
    upgrade(db) {
      db.createObjectStore("heads", { keyPath: "id" });
      db.createObjectStore("bodies", { keyPath: "id" });
      db.createObjectStore("facts");
      db.createObjectStore("waiting", { keyPath: "key", autoIncrement: true });
      db.createObjectStore("files");
    },
    blocking(_from, _to, event) {
      // Another tab wipes it.
      (event.target as IDBDatabase).close();
    },
  });
}

const wipeMs = 3_000;

/** Nothing of the account stays on this device: mail, letters, parts of messages. */
export async function wipe(): Promise<void> {
  // Another tab that does not let go is not waited for: it is deleted when that one ends.
  await Promise.race([deleteDB(name).catch(() => {}), new Promise((later) => setTimeout(later, wipeMs))]);
  if ("caches" in globalThis) await caches.delete(partsCache).catch(() => {});
  forgetStart();
  await Promise.race([deleteDB(sealedName).catch(() => {}), new Promise((later) => setTimeout(later, wipeMs))]);
  for (const key of Object.keys(localStorage)) if (key.startsWith("angarium.draft.")) localStorage.removeItem(key);
}
