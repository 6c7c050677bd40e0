/** What the service worker has to know to tell of new mail while no page is open: kept apart from mail, gone when the reader signs out. */
import { type DBSchema, deleteDB, openDB } from "idb";
import type { Id } from "../jmap/types.ts";

export type Notices = {
  /** Of this browser (RFC 8620 §7.2). */
  readonly device: string;
  readonly subscriptionId: Id;
  readonly expires: string;
  readonly accountId: Id;
  readonly apiUrl: string;
  /** New mail in these is told; undefined: in the inbox. */
  readonly mailboxes: readonly Id[];
  /** Whether sender and subject may stand on a locked screen. */
  readonly details: boolean;
  /** Of the emails that have been told. */
  readonly emailState: string;
  readonly words: {
    readonly one: string;
    readonly several: string;
    readonly read: string;
    readonly archive: string;
    readonly noSubject: string;
  };
  readonly archive: Id | undefined;
};

type Schema = DBSchema & { notices: { key: string; value: Notices } };
const name = "angarium-notices";

async function withNotices<T>(work: (db: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> {
  const db = await open();
  try {
    return await work(db);
  } finally {
    db.close();
  }
}
const open = () =>
  openDB<Schema>(name, 1, {
    upgrade(db) {
      db.createObjectStore("notices");
    },
  });

export const readNotices = (): Promise<Notices | undefined> => withNotices((db) => db.get("notices", "now"));
export async function writeNotices(notices: Notices): Promise<void> {
  await withNotices((db) => db.put("notices", notices, "now"));
}
/**
 * Changes a part of what is kept, in one transaction: the page and the service worker change other parts at the same time. What has
 * been forgotten meanwhile stays forgotten.
 */
export async function changeNotices(change: Partial<Notices>): Promise<void> {
  await withNotices(async (db) => {
    const transaction = db.transaction("notices", "readwrite");
    const now = await transaction.store.get("now");
    if (now !== undefined) await transaction.store.put({ ...now, ...change }, "now");
    await transaction.done;
  });
}
export const forgetNotices = (): Promise<void> => deleteDB(name).catch(() => {});
