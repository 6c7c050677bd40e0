/**
 * Pictures and sounds of a card (RFC 9610 §3): a client names a blob, the card keeps its bytes as a data: URI, so that they live as
 * long as the card; clients see the blob again.
 */
import { invalidProperties, isObject, type Json, type JsonObject, type SetError } from "../../protocol/jmap/types.ts";
import { blobIdOf, readBlob } from "./blobs.ts";
import { type Call, createdId } from "./call.ts";

/** Of one picture or sound. */
export const maxMediaBytes = 256 * 1024;

/** The media of a card with the blobs that are named taken into it. */
export async function keptMedia(
  media: JsonObject,
  before: JsonObject,
  call: Call,
): Promise<{ readonly ok: JsonObject } | { readonly error: SetError }> {
  const kept: { [id: string]: Json } = {};
  const known = isObject(before["media"]) ? before["media"] : {};
  for (const [id, one] of Object.entries(media)) {
    kept[id] = one;
    if (!isObject(one) || one["blobId"] === undefined) continue;
    const wrong = (why: string) => ({
      error: invalidProperties([`media/${id}/blobId`], `media/${id}/blobId: ${why}`),
    });
    const blobId = typeof one["blobId"] === "string" ? createdId(call, one["blobId"]) : undefined;
    const same = Object.values(known).find((old) => isObject(old) && old["blobId"] === blobId);
    if (isObject(same) && blobId !== undefined) {
      kept[id] = { ...one, uri: same["uri"] ?? null };
      continue;
    }
    const blob = blobId === undefined ? undefined : await readBlob(call.ports, call.account.id, blobId);
    if (blob === undefined) return wrong("there is no such blob.");
    if (blob.bytes.length > maxMediaBytes) return wrong(`at most ${maxMediaBytes} bytes can be kept.`);
    const mediaType = typeof one["mediaType"] === "string" ? one["mediaType"] : blob.type;
    // RFC 9610 §3.5: a photo is a picture.
    if (one["kind"] === "photo" && !/^image\//i.test(mediaType))
      return wrong(`a photo is a picture, and this is ${mediaType}.`);
    const uri = `data:${mediaType};base64,${Buffer.from(blob.bytes).toString("base64")}`;
    kept[id] = { ...one, mediaType, blobId: await blobIdOf(call.account.id, blob.bytes), uri };
  }
  return { ok: kept };
}

/** The card as clients see it: a blob in place of its bytes. */
export function shownMedia(card: JsonObject): JsonObject {
  const { media } = card;
  if (!isObject(media)) return card;
  const shown: { [id: string]: Json } = {};
  for (const [id, one] of Object.entries(media)) {
    if (!isObject(one) || one["blobId"] === undefined) shown[id] = one;
    else {
      const { uri: _, ...rest } = one;
      shown[id] = rest;
    }
  }
  return { ...card, media: shown };
}
