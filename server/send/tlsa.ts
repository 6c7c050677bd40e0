/** The TLSA records of hosts and the names they stand for: RFC 7672 §2.1, §2.2. */
import { maxTlsaRecords } from "../../protocol/policy/dane.ts";
import type { Resolver, Tlsa } from "../net/resolver.ts";

/** What DNS says of a host. */
export type TlsaFound =
  | { readonly kind: "none" }
  /** Vouched for by DNSSEC; some or all may be unusable. */
  | {
      readonly kind: "found";
      readonly records: readonly Tlsa[];
      readonly base: string;
      readonly names: readonly string[];
      readonly ttlSeconds: number;
    }
  | { readonly kind: "trouble"; readonly reason: string };

export const noTlsa: TlsaFound = { kind: "none" };

/** A host as its addresses were found. */
export type HostNames = {
  readonly name: string;
  /** Where aliases lead to; the same as `name` without any. */
  readonly owner: string;
  /** DNSSEC vouches for the addresses and all aliases on the way. */
  readonly secure: boolean;
};

/**
 * The records of a host. `namesFrom`: the names that led here over secure answers (the recipient's domain): a certificate
 * of an authority (usage 2) may be for them too (RFC 7672 §3.2.2). `ports`: the first at which there are records counts.
 */
export async function lookUpTlsa(
  host: HostNames,
  ports: readonly number[],
  namesFrom: readonly string[],
  resolver: Pick<Resolver, "tlsa">,
): Promise<TlsaFound> {
  const isAlias = host.owner !== host.name;
  // RFC 7672 §2.1.2: where the addresses are not signed, neither are TLSA records, and servers that break over them are not asked.
  if (!host.secure && !isAlias) return noTlsa;
  // RFC 7672 §2.1.3: the end of a secure chain of aliases first, then the name at its begin; of another chain only the begin.
  const bases = host.secure ? [...new Set([host.owner, host.name])] : [host.name];
  for (const base of bases)
    for (const port of ports) {
      const answer = await resolver.tlsa(`_${port}._tcp.${base}`);
      if (answer.kind === "trouble") {
        // An alias that is not signed itself may lie with a server that knows no TLSA: that is no attack.
        if (!host.secure) continue;
        return { kind: "trouble", reason: answer.reason };
      }
      if (answer.kind === "found" && answer.secure)
        return {
          kind: "found",
          records: answer.records.slice(0, maxTlsaRecords),
          base,
          names: [...new Set([base, host.name, ...namesFrom])],
          ttlSeconds: answer.ttlSeconds,
        };
    }
  return noTlsa;
}
