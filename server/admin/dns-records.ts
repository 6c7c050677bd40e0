/** DNS records as values, and as lines of a zone file. */

import type { DkimKey } from "../sign/dkim-keys.ts";

export type DnsRecord = {
  readonly name: string; // without a trailing dot
  readonly type: "A" | "AAAA" | "PTR" | "MX" | "TXT" | "SRV" | "TLSA" | "CNAME";
  /** As a zone file has it, except that TXT is one string: see `zoneLine`. "" is what only people know: `why` says what belongs there. */
  readonly value: string;
  readonly why: string;
};

type PublishedKey = Pick<DkimKey, "selector" | "record" | "state">;

/** Those that DNS must show. */
export function dkimRecords(domain: string, keys: readonly PublishedKey[]): readonly DnsRecord[] {
  return keys
    .filter(({ state }) => state !== "removed")
    .map(({ selector, record, state }) => ({
      name: `${selector}._domainkey.${domain}`,
      type: "TXT",
      value: record,
      why: state === "retired" ? "DKIM: a key that has signed lately" : "DKIM: a key its mail is signed with",
    }));
}

/** One line of a zone file. RFC 1035 §3.3.14: a string of TXT holds at most 255 octets. */
export function zoneLine({ name, type, value }: DnsRecord): string {
  const data = type === "TXT" ? (value.match(/.{1,250}/g) ?? [""]).map((part) => `"${part}"`).join(" ") : value;
  return `${name}. IN ${type} ${data}`;
}

export const isInZone = (name: string, zone: string): boolean => name === zone || name.endsWith(`.${zone}`);

/** Records as a part of a zone file, each with its reason as a comment above it. Of a zone: what is of another, or what only people know, is a comment too. */
export const zoneText = (records: readonly DnsRecord[], zone?: string): string =>
  records
    .map((record) => {
      const elsewhere = zone !== undefined && !isInZone(record.name, zone);
      const line = elsewhere || record.value === "" ? `; ${zoneLine(record)}` : zoneLine(record);
      return `; ${record.why}${elsewhere ? " (not in this zone)" : ""}\n${line}`;
    })
    .join("\n");
