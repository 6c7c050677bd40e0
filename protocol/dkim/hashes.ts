/** Body hashes for the signatures of a message: canonical form and hash are made in one go, without a copy of the body. */
import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { relaxedBody, simpleBody } from "./canonical.ts";
import type { Canonicalization } from "./signature.ts";

export type WantedHash = { readonly form: Canonicalization; readonly length: number | undefined };
export type BodyHash = {
  /** Base64 of SHA-256; undefined where l= is more than there is. */
  readonly hash: string | undefined;
  /** There is more of the body than is hashed. */
  readonly more: boolean;
};

/** One for each that is wanted, in order; those alike are made once. */
export function bodyHashes(body: Buffer, wanted: readonly WantedHash[]): readonly BodyHash[] {
  const hashes = new Map<string, BodyHash>();
  return wanted.map(({ form, length }) => {
    const key = `${form} ${length}`;
    let found = hashes.get(key);
    if (found === undefined) {
      found = bodyHash(body, form, length);
      hashes.set(key, found);
    }
    return found;
  });
}

/** Base64 of SHA-256 of the whole body in relaxed form: the bh= of what we sign. */
export function relaxedBodyHash(body: Buffer): string {
  const sum = createHash("sha256");
  relaxedBody(body, (piece) => void sum.update(piece));
  return sum.digest("base64");
}

function bodyHash(body: Buffer, form: Canonicalization, length = Number.POSITIVE_INFINITY): BodyHash {
  const sum = createHash("sha256");
  let left = length;
  let more = false;
  const take = (piece: Uint8Array): void => {
    more ||= piece.length > left;
    const part = piece.length > left ? piece.subarray(0, left) : piece;
    if (part.length > 0) sum.update(part);
    left -= part.length;
  };
  if (form === "relaxed") relaxedBody(body, take);
  else simpleBody(body, take);
  const tooLong = Number.isFinite(length) && left > 0;
  return { hash: tooLong ? undefined : sum.digest("base64"), more };
}
