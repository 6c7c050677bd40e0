/** How an email is signed or encrypted, by its own fields alone (RFC 3156, RFC 8551): pure. What is not exactly of that shape is ordinary mail. */
import type { Email } from "../jmap/types.ts";

export type Shape =
  | { readonly kind: "pgp-encrypted" }
  | { readonly kind: "pgp-signed" }
  /** A text that is an armored message, whole. */
  | { readonly kind: "pgp-inline"; readonly armored: string }
  | { readonly kind: "pgp-clearsigned"; readonly text: string }
  | { readonly kind: "smime-signed" }
  /** Signed, the content within the signature (RFC 8551 §3.5.2). */
  | { readonly kind: "smime-opaque" }
  | { readonly kind: "smime-encrypted" };

const fieldOf = (email: Pick<Email, "headers">, name: string): string =>
  email.headers
    .find((one) => one.name.toLowerCase() === name)
    ?.value.replace(/\r?\n[ \t]+/g, " ")
    .trim() ?? "";

const parameter = (field: string, name: string): string =>
  (new RegExp(`;\\s*${name}\\s*=\\s*(?:"([^"]*)"|([^;\\s]+))`, "i").exec(field) ?? []).slice(1).join("").toLowerCase();

export function shapeOf(email: Email): Shape | undefined {
  const field = fieldOf(email, "content-type");
  const type = field.split(";")[0]?.trim().toLowerCase() ?? "";
  const protocol = parameter(field, "protocol");
  if (type === "multipart/encrypted" && protocol === "application/pgp-encrypted") return { kind: "pgp-encrypted" };
  if (type === "multipart/signed") {
    if (protocol === "application/pgp-signature") return { kind: "pgp-signed" };
    if (/^application\/(?:x-)?pkcs7-signature$/.test(protocol)) return { kind: "smime-signed" };
    return undefined;
  }
  if (/^application\/(?:x-)?pkcs7-mime$/.test(type))
    return { kind: parameter(field, "smime-type") === "signed-data" ? "smime-opaque" : "smime-encrypted" };
  const [only, ...more] = email.textBody;
  if (only === undefined || more.length > 0 || only.type !== "text/plain" || only.partId === null) return undefined;
  const text = email.bodyValues[only.partId]?.value.trim() ?? "";
  // Nothing before and nothing behind: what is not within is not mixed with what is.
  if (/^-----BEGIN PGP MESSAGE-----\r?\n[\s\S]*-----END PGP MESSAGE-----$/.test(text))
    return { kind: "pgp-inline", armored: text };
  if (/^-----BEGIN PGP SIGNED MESSAGE-----\r?\n[\s\S]*-----END PGP SIGNATURE-----$/.test(text))
    return { kind: "pgp-clearsigned", text };
  return undefined;
}
