/**
 * Letters that are encrypted and that the server does not have: kept on this device encrypted for their writer's own key, files and all, so
 * that they outlive the page. They are read again with the passphrase of the key.
 */
import { type DBSchema, openDB } from "idb";
import { Trouble } from "../jmap/trouble.ts";
import type { Email } from "../jmap/types.ts";
import { sealedName } from "../offline/db.ts";
import { heldFile, hold, isHeld, letGo } from "../secure/held.ts";
import { keysOf } from "../secure/keys.ts";
import { Locked } from "../secure/locked.ts";
import { type Method, methodOf, ownKey } from "../secure/whom.ts";
import { base64Of } from "../secure/write.ts";
import { session } from "../state/session.svelte.ts";
import { t } from "../words.ts";
import type { Draft } from "./draft.ts";
import { resumeSealed } from "./start.ts";
import { addressOfDraft } from "./writer.ts";

export type SealedHere = { readonly key: string; readonly owner: string; readonly at: number } & (
  | {
      readonly by: Method;
      /** Armored; base64 of S/MIME. */
      readonly sealed: string;
    }
  /** A message that waited here and that the server would not take. */
  | { readonly email: Email; readonly message: Blob }
);
/** What is sealed. */
type Inside = { readonly draft: Draft; readonly files: { readonly [held: string]: string } };

const maxLetters = 20;
/** With more in its files a letter is on the server or in its page only. */
const maxFileBytes = 20 * 1024 * 1024;

type Schema = DBSchema & { letters: { key: string; value: SealedHere } };
const open = () =>
  openDB<Schema>(sealedName, 1, {
    upgrade(db) {
      db.createObjectStore("letters", { keyPath: "key" });
    },
    blocking(_from, _to, event) {
      (event.target as IDBDatabase).close();
    },
  });
async function withLetters<T>(work: (db: Awaited<ReturnType<typeof open>>) => Promise<T>): Promise<T> {
  const db = await open();
  try {
    return await work(db);
  } finally {
    db.close();
  }
}

/** Answers whether it is kept: not without a key of the letter's address, nor where there are many, or large files. */
export async function keepSealed(draft: Draft): Promise<boolean> {
  const address = addressOfDraft(draft) ?? session.username;
  const key = ownKey(address, await keysOf(session.username), draft.by);
  const held = draft.attached.filter(({ blobId }) => isHeld(blobId));
  if (key === undefined || held.reduce((sum, { size }) => sum + size, 0) > maxFileBytes) return false;
  const files: { [held: string]: string } = {};
  for (const { blobId } of held) {
    const file = heldFile(blobId);
    if (file !== undefined) files[blobId] = base64Of(new Uint8Array(await file.arrayBuffer()));
  }
  const text = JSON.stringify({ draft, files } satisfies Inside);
  const sealed =
    draft.by === "openpgp"
      ? await (await import("../secure/openpgp-write.ts")).encryptFor(text, [key], undefined, false)
      : (await (await import("../secure/smime-write.ts")).smimeEncrypted(text, [key])).body;
  return withLetters(async (db) => {
    const keys = await db.getAllKeys("letters");
    if (keys.length >= maxLetters && !keys.includes(draft.key)) return false;
    await db.put("letters", { key: draft.key, owner: session.username, by: draft.by, sealed, at: Date.now() });
    return true;
  });
}

/** Keeps a message that was given back, whole: what was uploaded of it is forgotten by the server. */
export async function keepReturned(email: Email): Promise<SealedHere> {
  const { client, username } = session;
  const message = await client.blob(email.blobId, "message/rfc822");
  const kept: SealedHere = { key: email.id, owner: username, at: Date.now(), email, message };
  await withLetters((db) => db.put("letters", kept));
  await client.aside?.dropFile(email.blobId);
  return kept;
}

export const dropSealed = (key: string): Promise<void> => withLetters((db) => db.delete("letters", key));

/** What the server did not have when its page ended. Where there has never been one nothing is made by looking. */
export async function sealedHere(): Promise<readonly SealedHere[]> {
  if (!(await indexedDB.databases()).some((one) => one.name === sealedName)) return [];
  return withLetters(async (db) => (await db.getAll("letters")).filter(({ owner }) => owner === session.username));
}

/** The letter, its files held by this page. Throws Locked where the key has to be unlocked first; undefined: no key here opens it. */
export async function openSealed(one: SealedHere): Promise<Draft | undefined> {
  if ("message" in one) {
    const { openHere } = await import("../secure/open.ts");
    const email = { ...one.email, blobId: hold(one.message) };
    const opened = await openHere(email);
    letGo(email.blobId);
    if (!opened) throw new Trouble("said", t("seal.locked"));
    return { ...resumeSealed(email), key: one.key, emailId: undefined };
  }
  const { by, sealed } = one;
  const ring = (await keysOf(session.username)).filter((key) => methodOf(key) === by);
  const found =
    by === "openpgp"
      ? await (await import("../secure/openpgp.ts")).decrypt(sealed, ring, "")
      : await (await import("../secure/smime-write.ts")).smimeDecrypt(bytesOf(sealed), ring);
  if (found.kind === "locked") throw new Locked(found.fingerprint);
  if (found.kind !== "opened") return undefined;
  const mime = "opened" in found ? found.opened.mime : found.mime;
  const { draft, files } = JSON.parse(new TextDecoder().decode(mime)) as Inside;
  return {
    ...draft,
    attached: draft.attached.flatMap((one) => {
      if (!isHeld(one.blobId)) return [one];
      const file = files[one.blobId];
      return file === undefined ? [] : [{ ...one, blobId: hold(new Blob([bytesOf(file)], { type: one.type })) }];
    }),
  };
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64.replace(/\s+/g, "")), (char) => char.charCodeAt(0));
