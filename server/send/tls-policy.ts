/**
 * How much TLS a connection to a host must have, and whether what came about is enough. Pure decisions from values; which
 * policy a host gets is decided in `strongest.ts`.
 */
import { type TlsaRecord, tlsaText, verifyDane } from "../../protocol/policy/dane.ts";
import type { FailureType, ReportedPolicy } from "../../protocol/policy/tls-report.ts";
import type { TlsInfo } from "../net/connection.ts";
import type { TlsMode } from "./route.ts";

/** RFC 7672 §2.2.3: the usable records of a host, the name they stand under, and the names a certificate of usage 2 may be for. */
export type Dane = {
  readonly records: readonly TlsaRecord[];
  readonly base: string;
  readonly names: readonly string[];
};

export type TlsPolicy = {
  readonly mode: TlsMode;
  /** Why, for the journey: "default", "route", "DANE", "MTA-STS enforce", "REQUIRETLS" … */
  readonly because: string;
  /** The host names came from DNSSEC, MTA-STS or from our own configuration (RFC 8689 §4.2.1 asks for it). */
  readonly secureNames: boolean;
  /** With mode "verified": the certificate is judged by these records instead of by authorities and names. */
  readonly dane?: Dane;
  /** An MTA-STS policy that applies, enforced or not: `allowed` tells whether it names the host. */
  readonly sts?: { readonly allowed: boolean };
  /** What results count for in TLS reports (RFC 8460); none for hosts that the administrator named. */
  readonly reported?: readonly ReportedPolicy[];
};

/** What to do after EHLO: `broken` tells that STARTTLS failed with this address lately. */
export function afterEhlo(
  policy: TlsPolicy,
  offered: boolean,
  broken: boolean,
): "go-on" | "starttls" | { readonly refuse: string } {
  switch (policy.mode) {
    case "never":
    case "implicit":
      return "go-on";
    case "opportunistic":
      return offered && !broken ? "starttls" : "go-on";
    case "required":
    case "verified":
      return offered ? "starttls" : { refuse: `TLS is required (${policy.because}) and the server does not offer it` };
    default:
      return policy.mode satisfies never;
  }
}

/** RFC 7435: with "opportunistic" a failed handshake is tried again in the clear. */
export function mayGoInTheClear(policy: TlsPolicy): boolean {
  return policy.mode === "opportunistic";
}

export type TlsFailure = { readonly result: FailureType; readonly why: string };
/** What became of one connection under one policy; `failure` is undefined where it fits the policy. */
export type TlsResult = { readonly policy: ReportedPolicy; readonly failure: TlsFailure | undefined };

export type TlsJudgement = {
  /** Why the session is not good enough. */
  readonly refuse: string | undefined;
  /** For the journey: "TLSv1.3, certificate verified by DANE (3 1 1)". */
  readonly described: string;
  readonly results: readonly TlsResult[];
};

/** Judges the session that was made. `chain`: the server's certificates (DER), asked for only where DANE needs them. */
export function judgeTls(policy: TlsPolicy, tls: TlsInfo, chain: () => readonly Buffer[], now: number): TlsJudgement {
  const { dane, sts, mode } = policy;
  const byAuthority = authorityFailure(tls);
  const byDane = dane === undefined ? undefined : verifyDane(dane.records, chain(), dane.names, now);
  const verdict = byDane ?? byAuthority;
  const failure = verdict === undefined || !("result" in verdict) ? undefined : verdict;
  const mustBeGood = mode === "verified" || mode === "implicit";
  const described =
    byDane?.kind === "verified"
      ? `${tls.protocol}, certificate verified by DANE (${tlsaText(byDane.by).slice(0, 5)})`
      : describeTls(tls);
  return {
    refuse: mustBeGood && failure !== undefined ? `${failure.why} (${policy.because})` : undefined,
    described,
    results: (policy.reported ?? []).map((reported): TlsResult => {
      switch (reported.type) {
        case "tlsa":
          return { policy: reported, failure: byDane?.kind === "failed" ? byDane : undefined };
        case "sts":
          return { policy: reported, failure: sts?.allowed === false ? notAllowed : byAuthority };
        case "no-policy-found":
          return { policy: reported, failure: undefined };
        default:
          return reported.type satisfies never;
      }
    }),
  };
}

/** RFC 8460 has no type of its own for an MX host that the policy does not name. */
const notAllowed: TlsFailure = { result: "validation-failure", why: "the MTA-STS policy does not name this MX host" };

/** The results where no TLS came about at all. */
export function withoutTls(policy: TlsPolicy, failure: TlsFailure): readonly TlsResult[] {
  return (policy.reported ?? []).map((reported) => ({ policy: reported, failure }));
}

export const startTlsNotOffered: TlsFailure = { result: "starttls-not-supported", why: "STARTTLS is not offered" };

/** In the words of RFC 8460 §4.3.1. */
function authorityFailure({ authorized, authorizationError }: TlsInfo): TlsFailure | undefined {
  if (authorized) return undefined;
  const why = `the certificate is not valid: ${authorizationError ?? "unknown reason"}`;
  switch (authorizationError) {
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return { result: "certificate-host-mismatch", why };
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return { result: "certificate-expired", why };
    case "SELF_SIGNED_CERT_IN_CHAIN":
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "CERT_UNTRUSTED":
    case "INVALID_CA":
      return { result: "certificate-not-trusted", why };
    default:
      return { result: "validation-failure", why };
  }
}

/** For the journey: "TLSv1.3, certificate not verified". */
function describeTls(tls: TlsInfo | undefined): string {
  return tls === undefined ? "none" : `${tls.protocol}, certificate ${tls.authorized ? "verified" : "not verified"}`;
}
