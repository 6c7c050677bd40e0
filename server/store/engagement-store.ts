/** When people last showed interest in a tenant's mail: by a link that they followed. A part of `Store`. */
import type { Instant } from "./ids.ts";

/** `hash`: keyed, of the address in lower case. */
export type Engagement = { readonly tenant: string; readonly hash: string; readonly at: Instant };

/** Days that it is remembered: who was silent for longer is asked last. */
export const engagementDays = 180;

export interface EngagementReader {
  /** Those of these that are known. */
  engaged(tenant: string, hashes: readonly string[]): Promise<readonly Omit<Engagement, "tenant">[]>;
}
export interface EngagementWriter {
  /** What is later than what is known. */
  engage(rows: readonly Engagement[]): Promise<void>;
}
export const engagementReads = ["engaged"] as const satisfies readonly (keyof EngagementReader)[];
export const engagementWrites = ["engage"] as const satisfies readonly (keyof EngagementWriter)[];
