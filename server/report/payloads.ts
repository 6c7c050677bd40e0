/**
 * What a report mail carries: the parts of it that are reports (XML, JSON), unpacked. Runs in a worker thread, within bounds: whatever a
 * stranger packs, no more than so much of it comes out.
 */
import type { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { decodeBody, fileNameOf } from "../../protocol/mime/decode.ts";
import { bytesOf } from "../../protocol/mime/header.ts";
import { type Part, parseMessage } from "../../protocol/mime/parse.ts";
import { partsOf } from "../../protocol/mime/searchable.ts";
import { unzip } from "../extract/unzip.ts";

/** All payloads of one message together, unpacked. */
export const maxPayloadBytes = 10 * 1024 * 1024;
/** One part of the mail, packed. */
export const maxPackedBytes = 12 * 1024 * 1024;
/** Parts that are looked at. */
export const maxPayloads = 10;

export type Payload = {
  /** Content type of the part, lower case. */
  readonly type: string;
  readonly name: string;
  readonly bytes: Buffer;
};

/** `wanted` tells by content type and lower-case file name what may be a report; `faults` are sentences about what could not be unpacked. */
export async function payloadsOf(
  message: Uint8Array,
  wanted: (type: string, name: string) => boolean,
  maxBytes = maxPayloadBytes,
): Promise<{ readonly payloads: readonly Payload[]; readonly faults: readonly string[]; readonly root: Part }> {
  const raw = bytesOf(message);
  const root = parseMessage(raw);
  const payloads: Payload[] = [];
  const faults: string[] = [];
  let left = maxBytes;
  for (const part of partsOf(root)) {
    if (part.kind !== "leaf") continue;
    const type = `${part.contentType.type}/${part.contentType.subtype}`;
    const name = (fileNameOf(part) ?? "").toLowerCase();
    if (!wanted(type, name)) continue;
    if (payloads.length >= maxPayloads) {
      faults.push(`more than ${maxPayloads} parts`);
      break;
    }
    const body = decodeBody(raw, part, maxPackedBytes + 1);
    if (body.length > maxPackedBytes) {
      faults.push(`${name || type} is too large`);
      continue;
    }
    const bytes = await unpack(body, left);
    if (typeof bytes === "string") {
      faults.push(`${name || type} ${bytes}`);
      continue;
    }
    left -= bytes.length;
    payloads.push({ type, name, bytes });
  }
  return { payloads, faults, root };
}

/** By what the bytes are, not by what they are called; a sentence's end where they cannot be had. */
export async function unpack(bytes: Buffer, maxBytes: number): Promise<Buffer | string> {
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes, { maxOutputLength: Math.max(1, maxBytes) });
    if (bytes[0] === 0x50 && bytes[1] === 0x4b) return await unzipFirst(bytes, maxBytes);
    return bytes.length > maxBytes ? "is too large" : bytes;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE"
      ? "unpacks to too much"
      : "cannot be unpacked";
  }
}

/** The first file of an archive: a report is alone in it. */
async function unzipFirst(bytes: Buffer, maxBytes: number): Promise<Buffer | string> {
  let named = false;
  const isFile = (name: string): boolean => {
    const first = !named && !name.endsWith("/");
    named ||= first;
    return first;
  };
  const [file] = await unzip(bytes, isFile, { maxFiles: 1, maxUnpackedBytes: maxBytes, maxRatio: Infinity });
  return file?.content ?? (named ? "unpacks to too much" : "is an empty archive");
}
