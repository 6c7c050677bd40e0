/** Verifies the DKIM signatures of a message (RFC 6376 §6, RFC 8301, RFC 8463). DNS and hashing are passed in. */
import type { DkimResult } from "../authentication/results.ts";
import type { AskTxt } from "../dns.ts";
import type { Header } from "../mime/header.ts";
import { relaxedField } from "./canonical.ts";
import type { BodyHash, WantedHash } from "./hashes.ts";
import { type DkimKey, isSignedBy, maxRsaBits, minRsaBits, parseKey, type Service, servesFor } from "./key.ts";
import { parseSignature, type SignatureTags, startOfSignature, type Unreadable } from "./signature.ts";
import { fieldsNamed } from "./signed-fields.ts";

/** Signatures of one message that are verified: those of the author's domain first, then from the top. */
export const maxSignatures = 8;
/** Signature fields that are read to choose them. */
const maxRead = 2000;

export type VerifyParts = {
  readonly txt: AskTxt;
  /** Hashes of the body, as `bodyHashes` makes them; large ones elsewhere. */
  readonly hashes: (wanted: readonly WantedHash[]) => readonly BodyHash[] | Promise<readonly BodyHash[]>;
  readonly now: number; // milliseconds since 1970
  /** The author's, where there is one. */
  readonly authorDomain: string | undefined;
  /** What the keys must be for; "email" where nothing is said. */
  readonly service?: Service;
};

/** One result for each signature that was looked at. */
export async function verifyDkim(header: Header, parts: VerifyParts): Promise<readonly DkimResult[]> {
  const signatures: (SignatureTags | Unreadable)[] = [];
  for (const field of header.fields) {
    if (field.name !== "dkim-signature") continue;
    signatures.push(parseSignature(header.text.slice(field.start, field.end)));
    if (signatures.length >= maxRead) break;
  }
  if (signatures.length === 0) return [];
  const chosen = choose(signatures, parts.authorDomain);
  const wanted = chosen.map((one) => ("wrong" in one ? undefined : { form: one.bodyForm, length: one.length }));
  const [hashes, keys] = await Promise.all([
    parts.hashes(wanted.filter((one) => one !== undefined)),
    Promise.all(chosen.map((one) => ("wrong" in one ? undefined : findKey(one, parts.txt, parts.service)))),
  ]);
  let next = 0;
  return chosen.map((one, index) => {
    if ("wrong" in one) return unreadable(one);
    return verifyOne(header, one, keys[index]!, hashes[next++]!, parts.now);
  });
}

function choose(
  signatures: readonly (SignatureTags | Unreadable)[],
  author: string | undefined,
): readonly (SignatureTags | Unreadable)[] {
  if (signatures.length <= maxSignatures) return signatures;
  const near = (one: SignatureTags | Unreadable): boolean =>
    author !== undefined &&
    !("wrong" in one) &&
    (one.domain === author || one.domain.endsWith(`.${author}`) || author.endsWith(`.${one.domain}`));
  return [...signatures.filter(near), ...signatures.filter((one) => !near(one))].slice(0, maxSignatures);
}

export type FoundKey = DkimKey | { readonly result: "temperror" | "permerror"; readonly reason: string };

/** The key that a signature names. RFC 6376 §6.1.2: of several records one that can be read. */
export async function findKey(
  { domain, selector }: { readonly domain: string; readonly selector: string },
  txt: AskTxt,
  service: Service = "email",
): Promise<FoundKey> {
  const answer = await txt(`${selector}._domainkey.${domain}`);
  if (answer.kind === "trouble") return { result: "temperror", reason: "DNS does not answer for the key" };
  if (answer.kind === "none") return { result: "permerror", reason: "there is no key" };
  const keys = answer.records.slice(0, 3).map(parseKey);
  const key = keys.find((one) => typeof one !== "string") ?? keys[0]!;
  if (typeof key === "string") return { result: "permerror", reason: key };
  return servesFor(key, service) ? key : { result: "permerror", reason: "the key is not for email" };
}

function unreadable({ wrong, tags }: Unreadable): DkimResult {
  const domain = (tags?.get("d") ?? "")
    .toLowerCase()
    .replace(/[^\w.-]/g, "")
    .slice(0, 253);
  return {
    result: "permerror",
    domain,
    selector: (tags?.get("s") ?? "").replace(/[^\w.-]/g, "").slice(0, 100),
    identity: `@${domain}`,
    algorithm: (tags?.get("a") ?? "").replace(/[^\w-]/g, "").slice(0, 30),
    reason: wrong,
    testing: false,
    signature: (tags?.get("b") ?? "").replace(/[^A-Za-z\d+/]/g, "").slice(0, 8),
  };
}

function verifyOne(header: Header, tags: SignatureTags, key: FoundKey, body: BodyHash, now: number): DkimResult {
  const base = {
    domain: tags.domain,
    selector: tags.selector,
    identity: tags.identity,
    algorithm: tags.algorithm,
    testing: "key" in key && key.testing,
    signature: startOfSignature(tags.signature),
  };
  const not = (result: DkimResult["result"], reason: string): DkimResult => ({ ...base, result, reason });
  if (!("key" in key)) return not(key.result, key.reason);
  if (`${key.type}-sha256` !== tags.algorithm) return not("permerror", "the key is for another algorithm");
  if (key.strict && tags.identityDomain !== tags.domain)
    return not("permerror", "the key is for the domain itself, not for names below it");
  if (tags.expires !== undefined && now / 1000 > tags.expires) return not("permerror", "the signature has expired");
  if (body.hash === undefined) return not("permerror", "l= is longer than the body");
  if (body.hash !== tags.bodyHash) return not("fail", "the body has been changed");
  if (key.type === "rsa" && (key.bits < minRsaBits || key.bits > maxRsaBits))
    return not("policy", `a key of ${key.bits} bits is no proof`);
  if (!isSignedBy(key, signedText(header, tags), tags.signature))
    return not("fail", "the signature does not fit the header");
  const open = leftOpen(header, tags, body);
  if (open !== undefined) return not("policy", open);
  return { ...base, result: "pass" };
}

/** Fields that can be there once (RFC 5322 §3.6, RFC 2045 §3) and say what people see: readers take the first one, signatures the last. */
const shownOnce = [
  ["from", "From"],
  ["subject", "Subject"],
  ["reply-to", "Reply-To"],
  ["content-type", "Content-Type"],
  ["content-transfer-encoding", "Content-Transfer-Encoding"],
] as const;

/**
 * Why a signature that fits does not stand for the message that people see: anybody may have put something to it (RFC 6376 §8.2, §8.15); undefined
 * where it does.
 */
export function leftOpen(header: Header, { names }: SignatureTags, { more }: BodyHash): string | undefined {
  if (more) return "only a part of the body is signed";
  for (const [name, shown] of shownOnce) {
    const covered = names.filter((one) => one === name).length;
    if (covered > 0 && header.fields.filter((field) => field.name === name).length > covered)
      return `there is another ${shown} than the one that is signed`;
  }
  return undefined;
}

/** What a signature covers of the header, itself at the end. RFC 6376 §3.7. */
export function signedText(header: Header, tags: SignatureTags): string {
  const own = tags.headerForm === "relaxed" ? relaxedField(tags.unsigned) : tags.unsigned;
  return fieldsNamed(header, tags.names, tags.headerForm) + own;
}
