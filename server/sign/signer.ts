/** Signs outgoing messages with the keys of their domain; the work is done in the pool. */
import { parseTags } from "../../protocol/dkim/tags.ts";
import { maxSignatures } from "../../protocol/dkim/verify.ts";
import { bytesOf, splitHeader } from "../../protocol/mime/header.ts";
import type { Domain, Instant, StoreReader } from "../store/store.ts";
import type { WorkPool } from "../work/pool.ts";
import { type DkimKey, type KeyUse, readDkimKeys, useOf } from "./dkim-keys.ts";
import type { InSevenBits, SevenBitTask } from "./in-seven-bits.ts";

export type SignedAs = {
  /** How long the signature counts where the domain says nothing; undefined: for good. */
  readonly lastsMs?: number | undefined;
  /** With the keys for this, where there are some that sign. */
  readonly use?: KeyUse | undefined;
};

export interface Signer {
  /**
   * DKIM-Signature lines, each ended with CRLF, to put before `bytes`; "" where no key can be used. `domain` (a lower-case A-label) is
   * the author's; where it has no keys, the nearest domain above it that has some signs (a host of ours: "mail.example.org"). `by` says
   * more of the message.
   */
  sign(bytes: Uint8Array, domain: string, by?: SignedAs): Promise<string>;
  /** The message in seven bits, with our signatures (and our ARC set) made anew; undefined where that cannot be had without harm. */
  inSevenBits(message: Uint8Array): Promise<InSevenBits | undefined>;
  /** Keys have changed: they are read again. */
  forget(): void;
  /** The key for an ARC seal by `domain` or the nearest above it. RFC 8617 §4.1.2 knows rsa-sha256 alone. */
  sealingKey(domain: string): Promise<{ readonly domain: string; readonly key: DkimKey } | undefined>;
}

/** Keys are read again after this long: another process may have made new ones. */
const keysTtlMs = 5_000;
const maxDomains = 10_000;
/** Domains above the author's that are asked for. */
const maxParents = 3;
/** Domains that are looked for among ours; more signatures of one message are not believed either. */
const maxSigners = 2 * maxSignatures;
const signatures: ReadonlySet<string> = new Set(["dkim-signature", "arc-seal", "arc-message-signature"]);
const dayMs = 24 * 60 * 60 * 1000;

type Signing = {
  readonly domain: string;
  /** Those that may sign. */
  readonly keys: readonly DkimKey[];
  /** Those too that have signed, or will. */
  readonly all: readonly DkimKey[];
  readonly signatureDays: number | undefined;
};

export function makeSigner(parts: {
  readonly store: Pick<StoreReader, "setting">;
  readonly domain: (name: string) => Domain | undefined | Promise<Domain | undefined>;
  readonly pool: Pick<WorkPool, "run">;
  readonly now: () => Instant;
  /** Tests without a zone of their own: what waits to be published signs already. */
  readonly assumePublished?: boolean;
}): Signer {
  const known = new Map<string, { readonly at: number; readonly signing: Promise<Signing | undefined> }>();

  const signs = ({ state }: DkimKey): boolean =>
    state === "used" || (parts.assumePublished === true && (state === "publish" || state === "seen"));

  const find = async (name: string): Promise<Signing | undefined> => {
    let domain = name;
    for (let up = 0; up <= maxParents && domain.includes("."); up++) {
      const row = await parts.domain(domain);
      if (row?.kind === "local") {
        const found = await readDkimKeys(parts.store, domain);
        const all = found?.keys ?? [];
        return { domain, keys: all.filter(signs), all, signatureDays: row.settings.signatureDays };
      }
      domain = domain.slice(domain.indexOf(".") + 1);
    }
    return undefined;
  };

  const signingOf = (domain: string): Promise<Signing | undefined> => {
    const at = performance.now();
    const found = known.get(domain);
    if (found !== undefined && at - found.at < keysTtlMs) return found.signing;
    if (known.size >= maxDomains) known.clear();
    const entry = { at, signing: find(domain) };
    entry.signing.catch(() => {
      if (known.get(domain) === entry) known.delete(domain);
    });
    known.set(domain, entry);
    return entry.signing;
  };

  return {
    async sign(bytes, author, { lastsMs, use = "" } = {}) {
      const signing = await signingOf(author);
      if (signing === undefined || signing.keys.length === 0) return "";
      const { domain, signatureDays } = signing;
      const own = signing.keys.filter((key) => useOf(key) === use);
      const keys = (own.length > 0 ? own : signing.keys.filter((key) => useOf(key) === "")).map(
        ({ selector, privateKey }) => ({ selector, privateKey }),
      );
      if (keys.length === 0) return "";
      const signedAt = parts.now();
      const lasting = signatureDays === undefined ? lastsMs : signatureDays * dayMs;
      const expiresAt = lasting === undefined ? undefined : signedAt + lasting;
      return parts.pool.run("dkim-sign", { bytes, domain, keys, signedAt, expiresAt });
    },
    async inSevenBits(message) {
      const ours: SevenBitTask["ours"][number][] = [];
      for (const domain of signersOf(bytesOf(message))) {
        const signing = await signingOf(domain);
        if (signing?.domain !== domain) continue;
        const keys = signing.all.map((key) => ({ ...key, signs: signing.keys.includes(key) }));
        ours.push({ domain, keys });
      }
      return parts.pool.run("seven-bit", { bytes: message, ours, signedAt: parts.now() });
    },
    forget: () => known.clear(),
    async sealingKey(name) {
      const signing = await signingOf(name);
      const key = signing?.keys.find((one) => one.algorithm === "rsa-sha256" && useOf(one) === "");
      return signing === undefined || key === undefined ? undefined : { domain: signing.domain, key };
    },
  };
}

/** Domains that signatures and seals of the message name. */
function signersOf(message: Buffer): ReadonlySet<string> {
  const header = splitHeader(message, 0, message.length);
  const names = new Set<string>();
  for (const field of header.fields) {
    if (!signatures.has(field.name)) continue;
    const domain = parseTags(header.text.slice(field.valueStart, field.end))?.get("d");
    if (domain !== undefined) names.add(domain.toLowerCase());
    if (names.size === maxSigners) break;
  }
  return names;
}
