/** Why a host that a person has named cannot be reached, in words: what the system and OpenSSL say in codes. */
const reasons: { readonly [code: string]: string } = {
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "it hangs up",
  ENOTFOUND: "there is no such name",
  EAI_AGAIN: "DNS does not answer",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no way to it",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is its own and nobody vouches for it",
  SELF_SIGNED_CERT_IN_CHAIN: "nobody that is believed here vouches for its certificate",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "nobody that is believed here vouches for its certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "nobody that is believed here vouches for its certificate",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for other names",
};

/** A part of a sentence; undefined where it is something else. */
export const whyNotReached = (error: unknown): string | undefined =>
  reasons[(error as { readonly code?: string }).code ?? ""];
