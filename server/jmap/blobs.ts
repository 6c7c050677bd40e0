/** Blobs of an account: messages, their parts, and what has been uploaded. */

import { createHash } from "node:crypto";
import { partAt } from "../../protocol/jmap/email-body.ts";
import { parseBlobId } from "../../protocol/jmap/ids.ts";
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { Upload } from "../store/jmap.ts";
import type { SieveScript } from "../store/sieve-store.ts";
import type { AccountId } from "../store/store.ts";
import { mediaBlob } from "./card-blob.ts";
import type { JmapPorts } from "./ports.ts";

export type Blob = { readonly bytes: Uint8Array; readonly type: string; readonly name: string | undefined };

/** The content of a script is a blob until it changes. */
export const scriptBlobId = ({ id, content }: Pick<SieveScript, "id" | "content">): string =>
  `S${id}x${createHash("sha1").update(content).digest("hex").slice(0, 16)}`;

/** Messages larger than this are taken apart in a worker thread. */
const maxQuickBytes = 256 * 1024;

/** The bytes behind an id, or undefined where it is nobody's or not this account's. */
export async function readBlob(
  ports: Pick<JmapPorts, "store" | "pool">,
  account: AccountId,
  blobId: string,
): Promise<Blob | undefined> {
  const id = parseBlobId(blobId);
  if (id === undefined) return undefined;
  let whole: Blob | undefined;
  if (id.kind === "email") {
    const { rows } = await ports.store.emailRows(account, [id.email], "all");
    const bytes = rows[0]?.bytes;
    if (bytes !== undefined) whole = { bytes, type: "message/rfc822", name: undefined };
  } else if (id.kind === "script") {
    const { scripts } = await ports.store.sieveScripts(account);
    const script = scripts.find((one) => scriptBlobId(one) === id.id);
    if (script !== undefined)
      whole = { bytes: Buffer.from(script.content, "utf8"), type: "application/sieve", name: script.name };
  } else {
    const [upload] = await ports.store.uploads(account, [id.id]);
    const bytes = upload && (await ports.store.content(upload.content));
    if (upload !== undefined && bytes !== undefined) whole = { bytes, type: upload.type, name: undefined };
    else whole = await mediaBlob(ports, account, id.id);
  }
  if (whole === undefined || id.path.length === 0) return whole;
  return whole.bytes.length <= maxQuickBytes
    ? partAt(whole.bytes, id.path)
    : ports.pool.run("jmap-part", { bytes: whole.bytes, path: id.path });
}

const noFacts: MessageFacts = {
  headerBytes: 0,
  envelope: "",
  structure: "",
  subject: "",
  sentAt: undefined,
  messageId: undefined,
  references: [],
  hasAttachment: false,
  signature: new Uint8Array(0),
};

/** Of the account and the bytes; large ones on a thread of Node's own. */
async function digest(account: AccountId, bytes: Uint8Array): Promise<string> {
  const own =
    bytes.length <= maxQuickBytes
      ? createHash("sha1").update(bytes).digest()
      : Buffer.from(await crypto.subtle.digest("SHA-1", bytes as Uint8Array<ArrayBuffer>));
  return createHash("sha1").update(`${account}\0`).update(own).digest("hex");
}

/** The id under which an account's upload of these bytes is found. */
export const blobIdOf = async (account: AccountId, bytes: Uint8Array): Promise<string> =>
  `U${await digest(account, bytes)}`;

/**
 * Keeps uploaded bytes until they expire; the same bytes of an account are one blob. For new ones the oldest go where there is no room
 * (RFC 8620 §6), but not what something else needs: that is kept for so much longer (`neededMs`).
 */
export async function upload(
  ports: Pick<JmapPorts, "store" | "settings" | "now">,
  account: AccountId,
  bytes: Uint8Array,
  type: string,
  neededMs = 0,
): Promise<Upload | "over-quota"> {
  const { settings } = ports;
  const id = await blobIdOf(account, bytes);
  const expiresAt = ports.now() + settings.uploadLifetimeMs;
  return ports.store.uploadPut(account, id, { bytes, facts: noFacts }, type, expiresAt + neededMs, {
    bytes: settings.maxAllUploadsBytes,
    count: settings.maxUploads,
    mayGoUntil: expiresAt,
  });
}
