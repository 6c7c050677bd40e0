/**
 * How much TLS a connection must have. A pure decision from values; DANE and MTA-STS will make further `TlsPolicy`
 * values, what follows from one is decided here.
 */
import type { TlsInfo } from "../net/connection.ts";
import type { TlsMode } from "./route.ts";

export type TlsPolicy = {
  readonly mode: TlsMode;
  /** Why, for the journey: "route", "REQUIRETLS", "default". */
  readonly because: string;
  /** The host names came from DNSSEC or from our own configuration (RFC 8689 §4.2.1 asks for it). */
  readonly secureNames: boolean;
};

/** RFC 8689 §4.2.1: the same path for a message that asks for REQUIRETLS. */
export function requireTlsPolicy(policy: TlsPolicy): TlsPolicy {
  return { ...policy, mode: policy.mode === "implicit" ? "implicit" : "verified", because: "REQUIRETLS" };
}

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

/** Whether the session that was made is good enough; otherwise why not. */
export function acceptable(policy: TlsPolicy, tls: TlsInfo): string | undefined {
  if (policy.mode !== "verified" && policy.mode !== "implicit") return undefined;
  return tls.authorized ? undefined : `the certificate is not valid: ${tls.authorizationError ?? "unknown reason"}`;
}

/** For the journey: "TLSv1.3, certificate not verified". */
export function describeTls(tls: TlsInfo | undefined): string {
  return tls === undefined ? "none" : `${tls.protocol}, certificate ${tls.authorized ? "verified" : "not verified"}`;
}
