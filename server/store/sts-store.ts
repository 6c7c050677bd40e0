/** The MTA-STS policies that other domains published: a part of `Store`. */
import type { StsPolicy } from "../../protocol/policy/mta-sts.ts";
import type { Instant } from "./ids.ts";

export type KeptStsPolicy = {
  readonly domain: string;
  /** Of the TXT record by which it was found. */
  readonly id: string;
  readonly policy: StsPolicy;
  readonly fetchedAt: Instant;
  readonly expiresAt: Instant;
};

export interface StsReader {
  stsPolicy(domain: string): Promise<KeptStsPolicy | undefined>;
  /** Kept policies fetched before a time, the oldest first. */
  stsPoliciesBefore(fetchedBefore: Instant, limit: number): Promise<readonly KeptStsPolicy[]>;
}

export interface StsWriter {
  putStsPolicy(policy: KeptStsPolicy): Promise<void>;
  /** Drops those whose time is over. */
  dropStsPolicies(now: Instant): Promise<void>;
}

export type StsStore = StsReader & StsWriter;
