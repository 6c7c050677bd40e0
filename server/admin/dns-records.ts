/** The DNS records a domain should have, as values. */

import { policyId } from "../../protocol/policy/mta-sts.ts";
import { hostedPolicy } from "../send/hosted-policy.ts";
import type { DkimKey } from "../sign/dkim-keys.ts";
import type { Domain, DomainSettings } from "../store/store.ts";

export type DnsRecord = {
  readonly name: string; // without a trailing dot
  readonly type: "MX" | "TXT" | "SRV" | "TLSA" | "CNAME";
  /** As a zone file has it, except that TXT is one string: see `zoneLine`. */
  readonly value: string;
  readonly why: string;
};

export function dnsRecords(about: {
  readonly domain: string;
  readonly kind: Domain["kind"];
  readonly hostname: string;
  readonly keys: readonly PublishedKey[];
  readonly settings: DomainSettings;
  /** TLSA records of the host, as a zone file has them. */
  readonly tlsa: readonly string[];
}): readonly DnsRecord[] {
  const { domain, kind, hostname, keys, settings } = about;
  const mx: DnsRecord = { name: domain, type: "MX", value: `10 ${hostname}.`, why: "where mail for the domain goes" };
  const tlsa = about.tlsa.map(
    (value, at): DnsRecord => ({
      name: `_25._tcp.${hostname}`,
      type: "TLSA",
      value,
      why:
        at === 0
          ? "DANE, for zones with DNSSEC: the key of the server's certificate"
          : "DANE: the key that its next certificate will have",
    }),
  );
  if (kind === "relay") return [mx, ...tlsa];
  const service = (name: string, port: number, why: string): DnsRecord => ({
    name: `_${name}._tcp.${domain}`,
    type: "SRV",
    value: `0 1 ${port} ${hostname}.`,
    why,
  });
  return [
    mx,
    { name: domain, type: "TXT", value: "v=spf1 mx ~all", why: "SPF: who may send for the domain" },
    ...dkimRecords(domain, keys),
    {
      name: `_dmarc.${domain}`,
      type: "TXT",
      value: `v=DMARC1; p=none; rua=mailto:dmarc-reports@${domain}`,
      why: "DMARC: what others do with mail that is neither; tighten to quarantine or reject later",
    },
    {
      name: `_mta-sts.${domain}`,
      type: "TXT",
      value: `v=STSv1; id=${policyId(hostedPolicy(settings, hostname))}`,
      why: "MTA-STS: there is a policy about TLS (a new id when it changes)",
    },
    { name: `mta-sts.${domain}`, type: "CNAME", value: `${hostname}.`, why: "where that policy is fetched" },
    {
      name: `_smtp._tls.${domain}`,
      type: "TXT",
      value: `v=TLSRPTv1; rua=mailto:tls-reports@${domain}`,
      why: "others report how encryption went",
    },
    ...tlsa,
    // RFC 8314 §5.1, RFC 6186
    service("submissions", 465, "how mail programs find the server that sends"),
    service("imaps", 993, "how mail programs find the server with their mail"),
    service("pop3s", 995, "the same for POP3"),
    // RFC 8620 §2.2
    service("jmap", 443, "the same for JMAP"),
  ];
}

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

/** All records as a part of a zone file, each with its reason as a comment above it. */
export const zoneText = (records: readonly DnsRecord[]): string =>
  records.map((record) => `; ${record.why}\n${zoneLine(record)}`).join("\n");
