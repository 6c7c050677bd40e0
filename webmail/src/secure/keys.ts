/** Keys in this browser: the reader's own, locked with their passphrase, and those of others. They are per account, and stay when one signs out. */
import { type DBSchema, openDB } from "idb";

export type KeptKey = {
  /** Account and fingerprint. */
  readonly id: string;
  readonly owner: string;
  readonly fingerprint: string;
  readonly addresses: readonly string[];
  readonly name: string;
  /** Of one's own: locked. */
  readonly private: string | undefined;
  readonly public: string;
  /** The reader has compared the fingerprint. */
  readonly checked: boolean;
  readonly source: "own" | "file" | "mail" | "autocrypt" | "wkd";
  readonly at: number;
  /** Undefined: OpenPGP. */
  readonly by?: "openpgp" | "smime";
  /** Of one's own, by address: what goes with mail. */
  readonly short?: { readonly [address: string]: string };
  /** Of Autocrypt: when the newest message that told it was written, and whether its owner likes to get mail encrypted. */
  readonly told?: { readonly at: number; readonly mutual: boolean };
};

/** Told when a key has come, changed or gone. */
export const ringChanges = new EventTarget();
const changed = (): boolean => ringChanges.dispatchEvent(new Event("change"));

/** Keys of others that are kept of an account. */
export const maxKeys = 2_000;
type Schema = DBSchema & { keys: { key: string; value: KeptKey } };

async function withKeys<T>(work: (db: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> {
  const db = await open();
  try {
    return await work(db);
  } finally {
    db.close();
  }
}
const databaseName = "angarium-keys";
const open = () =>
  openDB<Schema>(databaseName, 1, {
    upgrade(db) {
      db.createObjectStore("keys", { keyPath: "id" });
    },
  });

/** Where there has never been a key nothing is made on the device by looking for one. */
export const keysOf = async (owner: string): Promise<readonly KeptKey[]> => ((await isThere()) ? allOf(owner) : []);
const isThere = async (): Promise<boolean> =>
  indexedDB.databases === undefined || (await indexedDB.databases()).some(({ name }) => name === databaseName);
const allOf = (owner: string): Promise<readonly KeptKey[]> =>
  withKeys(async (db) => (await db.getAll("keys")).filter((key) => key.owner === owner));
export const keepKey = (key: KeptKey): Promise<void> =>
  withKeys(async (db) => {
    const all = (await db.getAll("keys")).filter(({ owner }) => owner === key.owner);
    if (all.length < maxKeys || all.some(({ id }) => id === key.id)) await db.put("keys", key);
  }).then(() => void changed());
export const dropKey = (id: string): Promise<void> =>
  withKeys((db) => db.delete("keys", id)).then(() => void changed());
