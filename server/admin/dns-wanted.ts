/** Every DNS record that a domain should have, each with a name of its own, why it is there, and what breaks without it. */
import { isIPv6 } from "node:net";
import { policyId } from "../../protocol/policy/mta-sts.ts";
import { reverseName } from "../net/dns-wire.ts";
import { isPublicAddress } from "../net/guard.ts";
import { hostedPolicy } from "../send/hosted-policy.ts";
import type { DkimKey } from "../sign/dkim-keys.ts";
import type { Domain } from "../store/store.ts";
import { type DnsRecord, dkimRecords } from "./dns-records.ts";

export type Need = "must" | "should" | "may";
export type WantedRecord = DnsRecord & {
  /** Which one of the records it is, the same from check to check: "spf", "dkim:r20260102". */
  readonly id: string;
  readonly label: string;
  readonly need: Need;
  /** What breaks without it, or with another one. */
  readonly breaks: string;
  /** Of SPF: the addresses that it must let send; undefined: this host's. */
  readonly senders?: readonly string[];
};

/** What sending at volume adds to a domain. */
export type SendingDns = {
  /** Host that bounces come back to; "": the domain itself. */
  readonly returnPath: string;
  /** Host that counted links lead to; "": our own. */
  readonly trackingHost: string;
  /** Addresses that its people's mail leaves from, and mail in bulk; empty: this host's. */
  readonly own: readonly string[];
  readonly bulk: readonly string[];
};

export function wantedRecords(about: {
  readonly domain: Pick<Domain, "name" | "kind" | "settings">;
  readonly hostname: string;
  readonly keys: readonly Pick<DkimKey, "selector" | "record" | "state">[];
  /** TLSA records of the host, as a zone file has them. */
  readonly tlsa: readonly string[];
  /** Of the host: those that DNS shows, or else those that this machine knows of itself. */
  readonly addresses: readonly string[];
  /** Undefined: nothing is sent as the domain in bulk. */
  readonly sending?: SendingDns | undefined;
}): readonly WantedRecord[] {
  const { domain, hostname, keys, tlsa, addresses, sending } = about;
  const { name, settings } = domain;
  const records: WantedRecord[] = [];
  const add = (
    id: string,
    label: string,
    need: Need,
    record: Pick<WantedRecord, "name" | "type" | "value">,
    why: string,
    breaks: string,
    senders: readonly string[] = [],
  ): void =>
    void records.push({ id, label, need, ...record, why, breaks, ...(senders.length === 0 ? {} : { senders }) });

  const v4 = addresses.find((address) => !isIPv6(address));
  const v6 = addresses.find((address) => isIPv6(address));
  const hostAddress = (id: "a" | "aaaa", type: "A" | "AAAA", need: Need, value: string): void =>
    add(
      id,
      `Address of the server${type === "AAAA" ? " (IPv6)" : ""}`,
      need,
      { name: hostname, type, value },
      value === "" ? "where the server is: the public address of this machine" : "where the server is",
      "Nobody finds the server: no mail comes, and no mail program connects.",
    );
  if (v4 !== undefined || v6 === undefined) hostAddress("a", "A", "must", v4 ?? "");
  if (v6 !== undefined) hostAddress("aaaa", "AAAA", v4 === undefined ? "must" : "may", v6);
  for (const address of addresses.filter(isPublicAddress))
    add(
      `ptr:${address}`,
      "Reverse name of the server",
      "should",
      { name: reverseName(address) ?? address, type: "PTR", value: `${hostname}.` },
      `who ${address} is; it is set where the address comes from: at the company that the machine is rented from, or the provider of its line`,
      "Large providers refuse mail from this address, or take it for junk.",
    );
  add(
    "mx",
    "MX",
    "must",
    { name, type: "MX", value: `10 ${hostname}.` },
    "where mail for the domain goes",
    "Nobody can send mail to this domain.",
  );
  const daneRecords = (): void => {
    for (const [at, value] of tlsa.entries())
      add(
        at === 0 ? "tlsa" : `tlsa:${at + 1}`,
        at === 0 ? "TLSA" : "TLSA (next key)",
        "may",
        { name: `_25._tcp.${hostname}`, type: "TLSA", value },
        at === 0
          ? "DANE, for zones with DNSSEC: the key of the server's certificate"
          : "DANE: the key that its next certificate will have",
        at === 0
          ? "Without it there is no DANE; with a wrong one, servers that honour DANE deliver nothing here."
          : "The key cannot change with the next certificate.",
      );
  };
  if (domain.kind === "relay") {
    daneRecords();
    return records;
  }
  const senders = sending === undefined ? [] : sending.returnPath === "" ? sending.bulk : sending.own;
  add(
    "spf",
    "SPF",
    "must",
    { name, type: "TXT", value: ["v=spf1 mx", ...senders.map(mechanism), "~all"].join(" ") },
    "who may send for the domain",
    "Mail of this domain is taken for forged, and goes into junk folders.",
    senders,
  );
  for (const { name: at, type, value, why } of dkimRecords(name, keys)) {
    const selector = at.split(".", 1)[0] ?? "";
    const algorithm = /k=ed25519/.test(value) ? "Ed25519" : "RSA";
    add(
      `dkim:${selector}`,
      `DKIM (${algorithm})`,
      algorithm === "RSA" ? "must" : "should",
      { name: at, type, value },
      why.replace(/^DKIM: /, ""),
      algorithm === "RSA"
        ? "Signatures cannot be checked: large providers refuse mail, or take it for junk."
        : "The second signature cannot be checked; the RSA one still can.",
    );
  }
  add(
    "dmarc",
    "DMARC",
    "must",
    { name: `_dmarc.${name}`, type: "TXT", value: `v=DMARC1; p=none; rua=mailto:dmarc-reports@${name}` },
    "what others do with mail that is neither; tighten to quarantine or reject later",
    "Large providers refuse mail in bulk, anybody can forge the domain, and no reports come.",
  );
  add(
    "mta-sts",
    "MTA-STS",
    "should",
    { name: `_mta-sts.${name}`, type: "TXT", value: `v=STSv1; id=${policyId(hostedPolicy(settings, hostname))}` },
    "there is a policy about TLS (a new id when it changes)",
    "Whoever sits in between can have mail sent here without encryption.",
  );
  add(
    "mta-sts-host",
    "MTA-STS policy host",
    "should",
    { name: `mta-sts.${name}`, type: "CNAME", value: `${hostname}.` },
    "where that policy is fetched",
    "The policy cannot be fetched: MTA-STS is without effect, or stops delivery where a policy is remembered.",
  );
  add(
    "tls-rpt",
    "TLS-RPT",
    "should",
    { name: `_smtp._tls.${name}`, type: "TXT", value: `v=TLSRPTv1; rua=mailto:tls-reports@${name}` },
    "others report how encryption went",
    "Nobody tells when mail cannot be sent here encrypted.",
  );
  daneRecords();
  add(
    "autoconfig",
    "Autoconfig",
    "may",
    { name: `autoconfig.${name}`, type: "CNAME", value: `${hostname}.` },
    "how Thunderbird and others find their settings",
    "People type host names and ports by hand.",
  );
  add(
    "autodiscover",
    "Autodiscover",
    "may",
    { name: `autodiscover.${name}`, type: "CNAME", value: `${hostname}.` },
    "the same for Outlook",
    "People with Outlook type host names and ports by hand.",
  );
  add(
    "openpgpkey",
    "OpenPGP key directory",
    "may",
    { name: `openpgpkey.${name}`, type: "CNAME", value: `${hostname}.` },
    "where others find the keys that people here publish",
    "Who writes to people here has to ask them for their OpenPGP keys.",
  );
  const service = (id: string, port: number, why: string): void =>
    add(
      `srv:${id}`,
      `SRV ${id}`,
      "may",
      { name: `_${id}._tcp.${name}`, type: "SRV", value: `0 1 ${port} ${hostname}.` },
      why,
      "Mail programs that look for it find it not by themselves.",
    );
  // RFC 8314 §5.1, RFC 6186, RFC 8620 §2.2, RFC 6764 is not served.
  service("submissions", 465, "how mail programs find the server that sends");
  service("imaps", 993, "how mail programs find the server with their mail");
  service("pop3s", 995, "the same for POP3");
  service("jmap", 443, "the same for JMAP");
  if (sending !== undefined && sending.returnPath !== "" && sending.returnPath !== name) {
    const { returnPath, bulk } = sending;
    add(
      "return-path",
      "Return path",
      "must",
      { name: returnPath, type: "MX", value: `10 ${hostname}.` },
      "where bounces of mail in bulk come back to",
      "Bounces never come back, and some receivers refuse mail whose sender takes none.",
    );
    add(
      "return-path-spf",
      "SPF of the return path",
      "must",
      {
        name: returnPath,
        type: "TXT",
        value: ["v=spf1", ...(bulk.length === 0 ? ["mx"] : bulk.map(mechanism)), "~all"].join(" "),
      },
      "who may send mail in bulk for the domain: receivers ask for the SPF record of the return path",
      "SPF fails for mail in bulk: large providers refuse it, or take it for junk.",
      bulk,
    );
  } else if (sending === undefined || sending.returnPath === "")
    add(
      "return-path",
      "Return path",
      "may",
      { name: `bounces.${name}`, type: "CNAME", value: `${hostname}.` },
      "a return path of its own for mail in bulk: bounces come back here, and SPF is aligned",
      "Mail in bulk has our host as its return path: SPF passes for it, not for this domain.",
    );
  if (sending !== undefined && sending.trackingHost !== "" && sending.trackingHost !== name)
    add(
      "tracking",
      "Host of counted links",
      "must",
      { name: sending.trackingHost, type: "CNAME", value: `${hostname}.` },
      "where links lead that are counted",
      "Whoever follows a link in counted mail comes nowhere.",
    );
  const { bimiLogo = "", bimiEvidence = "" } = settings;
  add(
    "bimi",
    "BIMI",
    "may",
    {
      name: `default._bimi.${name}`,
      type: "TXT",
      value: bimiLogo === "" ? "" : `v=BIMI1; l=${bimiLogo}; a=${bimiEvidence}`,
    },
    bimiLogo === ""
      ? "the picture that is shown beside its mail: say in the settings of the domain where it is (an SVG file at an https address)"
      : "the picture that is shown beside its mail, where DMARC says quarantine or reject",
    "No picture is shown.",
  );
  return records;
}

/** Of an SPF record. */
export const mechanism = (address: string): string => `${address.includes(":") ? "ip6" : "ip4"}:${address}`;
