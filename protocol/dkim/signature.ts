/** DKIM-Signature and ARC-Message-Signature fields as values (RFC 6376 §3.5, RFC 8617 §4.1.2). */
import type { Buffer } from "node:buffer";
import { isDnsName } from "../dns.ts";
import type { Algorithm } from "./key.ts";
import { base64Of, colonList, parseTags, type TagMap, withoutSignature } from "./tags.ts";

export type Canonicalization = "simple" | "relaxed";

export type SignatureTags = {
  readonly algorithm: Algorithm;
  readonly domain: string;
  readonly selector: string;
  /** i= of DKIM: domain part in lower case. */
  readonly identity: string;
  readonly identityDomain: string;
  readonly headerForm: Canonicalization;
  readonly bodyForm: Canonicalization;
  /** Lower case, in order. */
  readonly names: readonly string[];
  readonly bodyHash: string;
  readonly signature: Buffer;
  /** l= */
  readonly length: number | undefined;
  /** x=, in seconds since 1970. */
  readonly expires: number | undefined;
  /** The field as it is signed: b= empty, no line end at its end. */
  readonly unsigned: string;
};

/** Names in h= that are followed. */
export const maxSignedNames = 1000;

export type Unreadable = { readonly wrong: string; readonly tags: TagMap | undefined };

/** Reads a whole field. `arc`: an ARC-Message-Signature, where i= is a number and v= does not stand. */
export function parseSignature(field: string, arc = false): SignatureTags | Unreadable {
  const tags = parseTags(field.slice(field.indexOf(":") + 1));
  if (tags === undefined) return { wrong: "the signature cannot be read", tags };
  const bad = (wrong: string): Unreadable => ({ wrong, tags });
  if (!arc && tags.get("v") !== "1") return bad("the signature is of another version");
  const algorithm = tags.get("a")?.toLowerCase();
  // RFC 8301 §3.1.
  if (algorithm === "rsa-sha1") return bad("rsa-sha1 is no proof any more");
  if (algorithm !== "rsa-sha256" && (arc || algorithm !== "ed25519-sha256")) return bad("unknown algorithm");
  const domain = tags.get("d")?.toLowerCase() ?? "";
  const selector = tags.get("s")?.toLowerCase() ?? "";
  if (!isDnsName(domain, 2) || /[^\w.-]/.test(domain)) return bad("d= is no domain");
  if (!isDnsName(selector) || /[^\w.-]/.test(selector)) return bad("s= is no selector");
  // RFC 6376 §3.5 has simple as default; those who leave it out of ARC mean the other, and their vectors say so.
  const [headerForm = "", bodyForm = "simple", ...more] = (tags.get("c") ?? (arc ? "relaxed/relaxed" : "simple"))
    .toLowerCase()
    .split("/");
  if (!isForm(headerForm) || !isForm(bodyForm) || more.length > 0) return bad("unknown canonicalization");
  const bodyHash = base64Of(tags.get("bh") ?? "");
  const signature = base64Of(tags.get("b") ?? "");
  if (bodyHash === undefined || signature === undefined) return bad("b= or bh= is not base64");
  const listed = tags.get("h") === undefined ? undefined : colonList(tags.get("h")!.toLowerCase());
  // The vectors of RFC 8617's authors take empty names.
  const names = arc ? listed?.filter((name) => name !== "") : listed;
  if (names === undefined || names.includes("") || names.length > maxSignedNames) return bad("h= names no fields");
  const identity = arc ? "" : identityOf(tags.get("i"), domain);
  if (identity === undefined) return bad("i= is not within d=");
  if (!arc && !names.includes("from")) return bad("From is not signed");
  const q = tags.get("q");
  if (!arc && q !== undefined && !colonList(q.toLowerCase()).some((one) => one.startsWith("dns/txt")))
    return bad("unknown way to the key");
  const length = numberOf(tags.get("l"), 76);
  const signedAt = numberOf(tags.get("t"), 12);
  const expires = numberOf(tags.get("x"), 12);
  if (length === "bad" || signedAt === "bad" || expires === "bad") return bad("l=, t= or x= is no number");
  if (signedAt !== undefined && expires !== undefined && expires <= signedAt)
    return bad("it expires before it was made");
  return {
    algorithm,
    domain,
    selector,
    identity,
    identityDomain: identity.slice(identity.lastIndexOf("@") + 1),
    headerForm,
    bodyForm,
    names,
    bodyHash: bodyHash.toString("base64"),
    signature,
    length,
    expires,
    unsigned: withoutSignature(field).replace(/\r?\n$/, ""),
  };
}

function isForm(text: string): text is Canonicalization {
  return text === "simple" || text === "relaxed";
}

/** RFC 6376 §3.5: i= lies within d=; undefined where it does not. */
function identityOf(given: string | undefined, domain: string): string | undefined {
  if (given === undefined) return `@${domain}`;
  const identity = given.replace(/[ \t\r\n]+/g, "");
  const at = identity.lastIndexOf("@");
  const within = identity.slice(at + 1).toLowerCase();
  if (at < 0 || (within !== domain && !within.endsWith(`.${domain}`))) return undefined;
  return `${identity.slice(0, at)}@${within}`;
}

function numberOf(text: string | undefined, maxDigits: number): number | undefined | "bad" {
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) && text.length <= maxDigits ? Number(text) : "bad";
}

/** RFC 6008: enough of b= to tell signatures apart. */
export function startOfSignature(signature: Buffer): string {
  return signature.toString("base64").slice(0, 8);
}
