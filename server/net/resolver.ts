/** DNS questions as values. Implemented over the network or a file by `server/net/dns.ts`; faked as a table in tests. */
export type Answer<T> =
  /** `secure`: DNSSEC-validated by a resolver we believe (AD), or said so by the file. */
  | {
      readonly kind: "found";
      readonly records: readonly T[];
      readonly secure: boolean;
      readonly ttlSeconds: number;
      /** The name that aliases (CNAME) led to, where it is not the one asked. */
      readonly owner?: string;
    }
  | {
      readonly kind: "none";
      readonly exists: boolean /* NODATA: the name exists */;
      readonly secure: boolean;
      readonly ttlSeconds: number;
    }
  | { readonly kind: "trouble"; readonly reason: "timeout" | "servfail" | "refused" | "malformed" };

export type Mx = { readonly preference: number; readonly exchange: string }; // "" is a null MX (RFC 7505)
export type Tlsa = {
  readonly usage: number;
  readonly selector: number;
  readonly matchingType: number;
  readonly data: Buffer;
};

export type Srv = {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
};

/** Names are lower-case A-labels without a trailing dot. CNAMEs are followed. */
export interface Resolver {
  mx(name: string): Promise<Answer<Mx>>;
  a(name: string): Promise<Answer<string>>;
  aaaa(name: string): Promise<Answer<string>>;
  /** Each record's strings joined. */
  txt(name: string): Promise<Answer<string>>;
  tlsa(name: string): Promise<Answer<Tlsa>>;
  /** Not asked in the course of mail: a resolver of a test may lack it. */
  srv?(name: string): Promise<Answer<Srv>>;
  /** `address` is an IP address. */
  ptr(address: string): Promise<Answer<string>>;
  /** The same questions, asked again though an answer is still remembered: for people who have just changed something. */
  readonly fresh?: Resolver;
}
