/** Validates the ARC chain of a message (RFC 8617 §5.2). DNS and hashing are passed in. */
import type { ArcResult } from "../authentication/results.ts";
import { relaxedField } from "../dkim/canonical.ts";
import type { BodyHash } from "../dkim/hashes.ts";
import { isSignedBy, maxRsaBits, type parseKey } from "../dkim/key.ts";
import { parseSignature, type SignatureTags } from "../dkim/signature.ts";
import { base64Of, parseTags, withoutSignature } from "../dkim/tags.ts";
import { type FoundKey, findKey, leftOpen, signedText, type VerifyParts } from "../dkim/verify.ts";
import { isDnsName } from "../dns.ts";
import type { Header } from "../mime/header.ts";
import { maxInstances } from "./chain.ts";

/** Seals of one message that are verified; a longer chain is not believed. */
export const maxSeals = 20;
/** The vectors of RFC 8617's authors seal with 1024 bits; less is no proof (RFC 8301 §3.2). */
const minSealBits = 1024;

type Seal = {
  readonly domain: string;
  readonly selector: string;
  readonly cv: string;
  readonly signature: Buffer;
  readonly field: string;
};
type ArcSet = { readonly results: string; readonly message: string; readonly seal: Seal };

class Broken extends Error {}

/** DNS does not answer. */
class Silent extends Error {}

/** Never rejects for what a stranger wrote. */
export async function verifyArc(header: Header, parts: Pick<VerifyParts, "txt" | "hashes">): Promise<ArcResult> {
  let sets: readonly ArcSet[] = [];
  const sealers = (): readonly string[] => sets.map(({ seal }) => seal.domain);
  try {
    sets = setsOf(header);
    if (sets.length === 0) return { result: "none", sealers: [], said: [] };
    const { message } = await validate(header, sets, parts);
    // Where From is not covered, anybody may be the author now of whom it was said.
    const said = message.names.includes("from") ? sets.map(({ results }) => unnamed(results)) : [];
    return { result: "pass", sealers: sealers(), said };
  } catch (error) {
    if (error instanceof Silent) return { result: "temperror", sealers: sealers(), reason: error.message, said: [] };
    if (error instanceof Broken) return { result: "fail", sealers: sealers(), reason: error.message, said: [] };
    throw error;
  }
}

/** The last set of a chain, where it holds by itself: what its sealer said, and of what it said it. */
export type NewestSet = {
  readonly instance: number;
  readonly domain: string;
  readonly cv: "none" | "pass";
  /** The ARC-Authentication-Results without their instance. */
  readonly results: string;
  /** Fields that the message signature covers, in lower case. */
  readonly names: readonly string[];
};

/** The newest set alone is verified, whatever the ones before it are worth; undefined where there is none that holds. Never rejects. */
export async function verifyNewestSet(
  header: Header,
  parts: Pick<VerifyParts, "txt" | "hashes">,
): Promise<NewestSet | undefined> {
  try {
    const sets = setsOf(header);
    const newest = sets.at(-1);
    if (newest === undefined) return undefined;
    const { message } = await validate(header, sets, parts, sets.length - 1);
    const results = unnamed(newest.results).replace(/^i[ \t\r\n]*=[ \t\r\n]*\d+[ \t\r\n]*;[ \t\r\n]*/, "");
    const { domain, cv } = newest.seal;
    return { instance: sets.length, domain, cv: cv === "none" ? "none" : "pass", results, names: message.names };
  } catch (error) {
    if (error instanceof Broken || error instanceof Silent) return undefined;
    throw error;
  }
}

/** The newest signature of the message, and the seals from that of set `first` (from 0) on. */
async function validate(
  header: Header,
  sets: readonly ArcSet[],
  { txt, hashes }: Pick<VerifyParts, "txt" | "hashes">,
  first = 0,
): Promise<{ readonly message: SignatureTags }> {
  const newest = sets.at(-1)!;
  const message = parseSignature(newest.message, true);
  if ("wrong" in message) throw new Broken(`ARC-Message-Signature: ${message.wrong}`);
  // RFC 8617 §4.1.2.
  if (message.names.includes("arc-seal")) throw new Broken("ARC-Message-Signature covers a seal");
  const [[body], messageKey, ...sealKeys] = await Promise.all([
    hashes([{ form: message.bodyForm, length: message.length }]),
    findKey(message, txt),
    ...sets.slice(first).map(({ seal }) => findKey(seal, txt)),
  ]);
  const silent = [messageKey, ...sealKeys].find((key) => "result" in key && key.result === "temperror");
  if (silent !== undefined && "reason" in silent) throw new Silent(silent.reason);
  verifyMessage(header, message, messageKey, body!);
  let covered = "";
  for (const [index, { results, message: ams, seal }] of sets.entries()) {
    covered += `${relaxedField(results)}\r\n${relaxedField(ams)}\r\n`;
    if (index >= first) {
      const own = relaxedField(withoutSignature(seal.field).replace(/\r?\n$/, ""));
      const key = usable(sealKeys[index - first]!);
      if (!isSignedBy(key, covered + own, seal.signature)) throw new Broken(`seal ${index + 1} does not fit`);
    }
    covered += `${relaxedField(seal.field)}\r\n`;
  }
  return { message };
}

const unnamed = (field: string): string => field.slice(field.indexOf(":") + 1).trim();

function verifyMessage(header: Header, message: SignatureTags, found: FoundKey, body: BodyHash): void {
  const key = usable(found);
  if (body.hash !== message.bodyHash) throw new Broken("the body has been changed since the last seal");
  if (!isSignedBy(key, signedText(header, message), message.signature))
    throw new Broken("the header has been changed since the last seal");
  const open = leftOpen(header, message, body);
  if (open !== undefined) throw new Broken(open);
}

function usable(key: FoundKey): Exclude<ReturnType<typeof parseKey>, string> {
  if ("result" in key) throw new Broken(key.reason);
  if (key.type !== "rsa" || key.bits < minSealBits || key.bits > maxRsaBits)
    throw new Broken(`a key of ${key.bits} bits is no proof`);
  return key;
}

/** All sets, the oldest first; throws `Broken` where there is not exactly one field of each kind for every instance. */
function setsOf(header: Header): readonly ArcSet[] {
  const results = new Map<number, string>();
  const messages = new Map<number, string>();
  const seals = new Map<number, Seal>();
  for (const field of header.fields) {
    if (!field.name.startsWith("arc-")) continue;
    const text = header.text.slice(field.start, field.end);
    const value = header.text.slice(field.valueStart, field.end);
    if (field.name === "arc-authentication-results") {
      const found = /^[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*(\d+)[ \t\r\n]*;/.exec(value);
      put(results, found?.[1], text);
    } else if (field.name === "arc-message-signature") put(messages, parseTags(value)?.get("i"), text);
    else if (field.name === "arc-seal") {
      const { instance, ...seal } = readSeal(text, value);
      put(seals, instance, seal);
    }
  }
  const count = Math.max(results.size, messages.size, seals.size);
  if (count > maxInstances) throw new Broken("there are too many sets");
  if (count > maxSeals) throw new Broken("the chain is too long to be believed");
  const sets: ArcSet[] = [];
  for (let instance = 1; instance <= count; instance++) {
    const [result, message, seal] = [results.get(instance), messages.get(instance), seals.get(instance)];
    if (result === undefined || message === undefined || seal === undefined) throw new Broken("a set is not complete");
    // RFC 8617 §5.2: the first has none before it, all others found a chain that held.
    if (seal.cv !== (instance === 1 ? "none" : "pass")) throw new Broken(`cv=${seal.cv} in seal ${instance}`);
    sets.push({ results: result, message, seal });
  }
  return sets;
}

function put<T>(fields: Map<number, T>, instance: string | undefined, value: T): void {
  const number = instance !== undefined && /^\d{1,2}$/.test(instance) ? Number(instance) : 0;
  if (number < 1 || number > maxInstances) throw new Broken("a set has no number");
  if (fields.has(number)) throw new Broken("two fields of one set");
  fields.set(number, value);
}

function readSeal(field: string, value: string): Seal & { readonly instance: string | undefined } {
  const tags = parseTags(value);
  if (tags === undefined) throw new Broken("a seal cannot be read");
  const domain = tags.get("d")?.toLowerCase() ?? "";
  const selector = tags.get("s")?.toLowerCase() ?? "";
  const signature = base64Of(tags.get("b") ?? "");
  const cv = tags.get("cv")?.toLowerCase() ?? "";
  const signedAt = tags.get("t");
  if (tags.get("a")?.toLowerCase() !== "rsa-sha256") throw new Broken("a seal of an unknown algorithm");
  if (!isDnsName(domain, 2) || !isDnsName(selector) || signature === undefined || tags.has("h"))
    throw new Broken("a seal cannot be read");
  if (signedAt !== undefined && !/^\d{1,12}$/.test(signedAt)) throw new Broken("a seal cannot be read");
  return { instance: tags.get("i"), domain, selector, cv: /^\w{0,10}$/.test(cv) ? cv : "", signature, field };
}
