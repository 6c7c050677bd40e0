/** DMARC policy records as values (RFC 9989 §4.7, §4.8). */
import type { DmarcPolicy, DmarcWord } from "../authentication/results.ts";
import { parseTags } from "../dkim/tags.ts";

/** Longest record that is read, in characters. */
export const maxRecordChars = 4096;

/** Whether a TXT record is a DMARC record: its first tag is v=DMARC1. */
function isDmarc(text: string): boolean {
  return /^[ \t]*v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)/.test(text);
}

/** The policy of `domain` in the records found at its _dmarc name; undefined where there is none that counts. */
export function policyIn(records: readonly string[], domain: string): DmarcPolicy | undefined {
  const [text, ...more] = records.filter(isDmarc);
  // RFC 9989 §4.10: of several none counts.
  if (text === undefined || more.length > 0 || text.length > maxRecordChars) return undefined;
  return parseDmarc(text, domain);
}

function parseDmarc(text: string, domain: string): DmarcPolicy | undefined {
  const tags = parseTags(text);
  if (tags === undefined) return undefined;
  const rua = tags.get("rua") ?? "";
  const words = { p: wordOf(tags.get("p")), sp: wordOf(tags.get("sp")), np: wordOf(tags.get("np")) };
  const wrong = words.p === undefined || words.p === "bad" || words.sp === "bad" || words.np === "bad";
  const psd = tags.get("psd")?.toLowerCase();
  // RFC 9989 §4.7: without a policy that can be read, it asks for reports at most. A public suffix need not have one of its own.
  if (wrong && !/^mailto:|,[ \t]*mailto:/i.test(rua) && psd !== "y") return undefined;
  const { p, sp, np } = wrong ? { p: "none" as const, sp: undefined, np: undefined } : words;
  return {
    domain,
    p: p as DmarcWord,
    sp: sp as DmarcWord | undefined,
    np: np as DmarcWord | undefined,
    adkim: tags.get("adkim")?.toLowerCase() === "s" ? "s" : "r",
    aspf: tags.get("aspf")?.toLowerCase() === "s" ? "s" : "r",
    testing: tags.get("t")?.toLowerCase() === "y",
    psd: psd === "y" || psd === "n" ? psd : "u",
    fo: tags.get("fo"),
    rua,
    ruf: tags.get("ruf") ?? "",
  };
}

function wordOf(text: string | undefined): DmarcWord | undefined | "bad" {
  const word = text?.toLowerCase();
  return word === undefined || word === "none" || word === "quarantine" || word === "reject" ? word : "bad";
}

const milder: { readonly [word in DmarcWord]: DmarcWord } = { reject: "quarantine", quarantine: "none", none: "none" };

/** What a policy asks for mail of `domain`, which may lie below it and may not exist. */
export function askedOf(policy: DmarcPolicy, domain: string, exists: boolean): DmarcWord {
  const own = domain === policy.domain;
  const word = own ? policy.p : exists ? (policy.sp ?? policy.p) : (policy.np ?? policy.sp ?? policy.p);
  return policy.testing ? milder[word] : word;
}
