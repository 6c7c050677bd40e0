/** Who answers for a report that came by mail: the domain of its author, where its DKIM signature holds (RFC 8460 §3). */
import { type BodyHash, bodyHashes, type WantedHash } from "../../protocol/dkim/hashes.ts";
import { verifyDkim } from "../../protocol/dkim/verify.ts";
import { authorsOf } from "../../protocol/dmarc/author.ts";
import type { AskTxt } from "../../protocol/dns.ts";
import { splitHeader } from "../../protocol/mime/header.ts";

export type AnswersForAsk = {
  readonly txt: AskTxt;
  /** The part of a domain that somebody has registered ("example.co.uk"); undefined where the suffix is unknown. */
  readonly registrable: (domain: string) => string | undefined;
  readonly hashes: (bytes: Buffer, bodyStart: number, wanted: readonly WantedHash[]) => Promise<readonly BodyHash[]>;
  readonly now: () => number;
};

/** Bodies up to this size are hashed here; reports are small. */
const inlineBytes = 64 * 1024;

/** The domain that signed, which is the author's or of the same organisation; undefined: none, several authors, or DNS does not answer. */
export async function answersFor(bytes: Buffer, ask: AnswersForAsk): Promise<string | undefined> {
  const header = splitHeader(bytes, 0, bytes.length);
  const authors = authorsOf(header);
  if (authors.kind !== "one") return undefined;
  const author = authors.domain;
  const results = await verifyDkim(header, {
    txt: ask.txt,
    hashes: (wanted) =>
      bytes.length <= inlineBytes
        ? bodyHashes(bytes.subarray(header.end), wanted)
        : ask.hashes(bytes, header.end, wanted),
    now: ask.now(),
    authorDomain: author,
    service: "tlsrpt",
  });
  const same = (domain: string): boolean => {
    if (domain === author) return true;
    const organisation = ask.registrable(author);
    return organisation !== undefined && organisation === ask.registrable(domain);
  };
  return results.find(({ result, domain }) => result === "pass" && same(domain))?.domain;
}
