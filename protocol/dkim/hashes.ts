/** Body hashes for the signatures of a message: each canonical form is made once. */
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

/** One for each that is wanted, in order. */
export function bodyHashes(body: Buffer, wanted: readonly WantedHash[]): readonly BodyHash[] {
  const forms = new Map<Canonicalization, Buffer>();
  const hashes = new Map<string, BodyHash>();
  return wanted.map(({ form, length }) => {
    const key = `${form} ${length}`;
    let found = hashes.get(key);
    if (found === undefined) {
      let bytes = forms.get(form);
      if (bytes === undefined) {
        bytes = form === "relaxed" ? relaxedBody(body) : simpleBody(body);
        forms.set(form, bytes);
      }
      const end = length ?? bytes.length;
      const hash =
        end > bytes.length ? undefined : createHash("sha256").update(bytes.subarray(0, end)).digest("base64");
      found = { hash, more: end < bytes.length };
      hashes.set(key, found);
    }
    return found;
  });
}
