/**
 * A message of ours, or one that we relay, in seven bits for a server that takes no more (RFC 6152 §3). The conversion breaks every
 * signature: those that we made ourselves, and that held until now, are made anew (RFC 6376 §5.3), and so is our ARC set (RFC 8617)
 * where it is the newest. Runs in a worker thread.
 */
import { Buffer } from "node:buffer";
import { verifyNewestSet } from "../../protocol/arc/verify.ts";
import { type BodyHash, bodyHashes } from "../../protocol/dkim/hashes.ts";
import { parseSignature, type SignatureTags } from "../../protocol/dkim/signature.ts";
import { maxSignatures, type VerifyParts, verifyDkim } from "../../protocol/dkim/verify.ts";
import { bytesOf, type Header, type HeaderField, splitHeader } from "../../protocol/mime/header.ts";
import { toSevenBit } from "../../protocol/mime/seven-bit.ts";
import { arcSeal } from "./arc-seal.ts";
import { type DkimKey, useOf } from "./dkim-keys.ts";
import { dkimSignature } from "./dkim-signature.ts";

export type SevenBitTask = {
  readonly bytes: Uint8Array;
  /** Domains of ours that signatures of the message name, and all keys of theirs: `signs` tells which may sign now. */
  readonly ours: readonly OurKeys[];
  readonly signedAt: number; // milliseconds since 1970
};

export type OurKeys = {
  readonly domain: string;
  readonly keys: readonly (Pick<DkimKey, "selector" | "algorithm" | "use" | "privateKey" | "record"> & {
    readonly signs: boolean;
  })[];
};

export type InSevenBits = {
  readonly bytes: Uint8Array;
  /** Domains whose signatures do not hold any more. */
  readonly unsigned: readonly string[];
};

/** Who is named in a journey, at most. */
const maxUnsigned = 5;
/** What the conversion may add: signed too, and once more than it is there. */
const added = ["mime-version", "content-type", "content-transfer-encoding"];

/** undefined where it cannot be had without harm. */
export async function inSevenBits({ bytes, ours, signedAt }: SevenBitTask): Promise<InSevenBits | undefined> {
  const raw = bytesOf(bytes);
  const header = splitHeader(raw, 0, raw.length);
  const parts = verifiersOf(raw.subarray(header.end), ours, signedAt);
  const { held, others } = await signaturesOf(header, parts);
  const set = await verifyNewestSet(header, parts);
  const without = new Set(held.map(({ field }) => field));
  if (set !== undefined) for (const field of fieldsOfSet(header, set.instance)) without.add(field);
  const made = toSevenBit(withoutFields(raw, header, without));
  if (made === undefined) return undefined;
  let whole = made;
  const put = (fields: string): void => {
    if (fields !== "") whole = Buffer.concat([Buffer.from(fields, "latin1"), whole]);
  };
  const done = new Set<string>();
  for (const { tags } of held) {
    const { domain, expires } = tags;
    const known = ours.find((one) => one.domain === domain)?.keys ?? [];
    const use = useOf(known.find(({ selector }) => selector === tags.selector)!);
    const able = known.filter(({ signs }) => signs);
    const own = able.filter((key) => useOf(key) === use);
    const keys = own.length > 0 ? own : able.filter((key) => useOf(key) === "");
    // All keys of a use sign together: what two of them signed is signed by both again.
    if (done.has(`${domain} ${use}`)) continue;
    done.add(`${domain} ${use}`);
    const expiresAt = expires === undefined ? undefined : expires * 1000;
    put(dkimSignature({ bytes: whole, domain, keys, signedAt, expiresAt, only: [...tags.names, ...added] }));
  }
  const sealing = ours
    .find(({ domain }) => domain === set?.domain)
    ?.keys.find((key) => key.signs && key.algorithm === "rsa-sha256" && useOf(key) === "");
  if (set !== undefined && sealing !== undefined) {
    const { domain, cv, results, names } = set;
    const { selector, privateKey } = sealing;
    const only = [...names, ...added];
    put(arcSeal({ bytes: whole, chain: cv, results, domain, selector, privateKey, sealedAt: signedAt, only }));
  }
  return { bytes: whole, unsigned: [...new Set(others)].slice(0, maxUnsigned) };
}

/** Keys are taken from what we know of ourselves; nobody else's are looked for. */
function verifiersOf(body: Buffer, ours: readonly OurKeys[], now: number): VerifyParts {
  const records = new Map<string, string>(
    ours.flatMap(({ domain, keys }) =>
      keys.map(({ selector, record }) => [`${selector}._domainkey.${domain}`, record] as const),
    ),
  );
  const hashed = new Map<string, readonly BodyHash[]>();
  return {
    txt: async (name) => {
      const record = records.get(name);
      return record === undefined ? { kind: "none", exists: false } : { kind: "found", records: [record] };
    },
    hashes(wanted) {
      const key = JSON.stringify(wanted);
      const found = hashed.get(key) ?? bodyHashes(body, wanted);
      hashed.set(key, found);
      return found;
    },
    now,
    authorDomain: undefined,
  };
}

type Held = { readonly field: HeaderField; readonly tags: SignatureTags };

/**
 * Our signatures that hold, and the domains of the others. Who could have us sign what we have not signed before would only have to write
 * our name: so it counts alone what our key proves.
 */
async function signaturesOf(
  header: Header,
  parts: VerifyParts,
): Promise<{ readonly held: readonly Held[]; readonly others: readonly string[] }> {
  const held: Held[] = [];
  const others: string[] = [];
  for (const field of header.fields.filter(({ name }) => name === "dkim-signature").slice(0, maxSignatures)) {
    const tags = parseSignature(header.text.slice(field.start, field.end));
    if ("wrong" in tags) continue;
    const rest = header.fields.filter((one) => one.name !== "dkim-signature" || one === field);
    const [found] = await verifyDkim({ ...header, fields: rest }, parts);
    if (found?.result === "pass") held.push({ field, tags });
    else others.push(tags.domain);
  }
  return { held, others };
}

function fieldsOfSet(header: Header, instance: number): readonly HeaderField[] {
  const number = new RegExp(`(?:^|;)[ \\t\\r\\n]*i[ \\t\\r\\n]*=[ \\t\\r\\n]*${instance}[ \\t\\r\\n]*(?:;|$)`);
  return header.fields.filter(
    ({ name, valueStart, end }) => name.startsWith("arc-") && number.test(header.text.slice(valueStart, end)),
  );
}

function withoutFields(raw: Buffer, header: Header, without: ReadonlySet<HeaderField>): Buffer {
  if (without.size === 0) return raw;
  const pieces: Buffer[] = [];
  let from = 0;
  for (const field of header.fields) {
    if (!without.has(field)) continue;
    pieces.push(raw.subarray(header.start + from, header.start + field.start));
    from = field.end;
  }
  return Buffer.concat([...pieces, raw.subarray(header.start + from)]);
}
