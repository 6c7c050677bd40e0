/** ARC sets for what we forward (RFC 8617 §5.1). Runs in a worker thread. */
import type { KeyObject } from "node:crypto";
import { chainOf, maxInstances } from "../../protocol/arc/chain.ts";
import { relaxedField } from "../../protocol/dkim/canonical.ts";
import { relaxedBodyHash } from "../../protocol/dkim/hashes.ts";
import { arcFields } from "../../protocol/dkim/signed-fields.ts";
import type { Tags } from "../../protocol/dkim/tag-list.ts";
import { rawField } from "../../protocol/mime/fields/write.ts";
import { bytesOf } from "../../protocol/mime/header.ts";
import { parsedKey, seconds, signField } from "./dkim-signature.ts";

export type ArcSealTask = {
  /** The message as it came to us: with what was verified, and nothing of ours before it. */
  readonly bytes: Uint8Array;
  /** Our verdict on the chain it came with. */
  readonly chain: "none" | "pass" | "fail";
  /** Our name and the results, as Authentication-Results has them (RFC 8601): "mx.example.org; spf=pass smtp.mailfrom=…". */
  readonly results: string;
  readonly domain: string;
  readonly selector: string;
  /** PEM of an RSA key. */
  readonly privateKey: string;
  readonly sealedAt: number; // milliseconds since 1970
  /** Signs these fields (lower case) and no others. */
  readonly only?: readonly string[];
};

/** The three fields to put before the message, each ended with CRLF; "" where no set may be added (50 are there, or the chain has ended). */
export function arcSeal({ bytes, chain, results, domain, selector, privateKey, sealedAt, only }: ArcSealTask): string {
  const signed = arcFields(bytesOf(bytes), only);
  const { next, fields, ended } = chainOf(signed.header);
  if (next > maxInstances || ended) return "";
  const key = parsedKey(privateKey);
  const i = String(next);
  // RFC 8617 §4.1.3: the first has nothing to say of a chain; a later one cannot say that there was none.
  const cv = next === 1 ? "none" : chain === "pass" ? "pass" : "fail";
  const clean = results.replace(/[\r\n]+[ \t]*/g, " ").trim();
  const authentication = rawField("ARC-Authentication-Results", `i=${i}; ${clean}`).replace(/\r\n$/, "");
  const common: CommonTags = [
    ["d", domain],
    ["i", i],
    ["s", selector],
    ["t", seconds(sealedAt)],
  ];
  const [d, instance, s, t] = common;
  // Tags in the order of the alphabet: as good as any, and that of the test vectors.
  const messageTags: Tags = [
    ["a", "rsa-sha256"],
    ["b", ""],
    ["bh", relaxedBodyHash(signed.body)],
    ["c", "relaxed/relaxed"],
    d,
    ["h", signed.names.join(":")],
    instance,
    s,
    t,
  ];
  const message = signField("ARC-Message-Signature", messageTags, signed.text, key);
  // RFC 8617 §5.1.2: a seal on a broken chain covers its own set alone.
  const covered = [...(cv === "fail" ? [] : fields), authentication, message];
  return `${sealOf(covered, cv, common, key)}\r\n${message}\r\n${authentication}\r\n`;
}

/** The ARC-Seal over these fields, without a line end. */
export function sealOf(covered: readonly string[], cv: string, [d, i, s, t]: CommonTags, key: KeyObject): string {
  const text = covered.map((field) => `${relaxedField(field)}\r\n`).join("");
  return signField("ARC-Seal", [["a", "rsa-sha256"], ["b", ""], ["cv", cv], d, i, s, t], text, key);
}

type Tag = Tags[number];
/** d=, i=, s= and t=. */
export type CommonTags = readonly [d: Tag, i: Tag, s: Tag, t: Tag];
