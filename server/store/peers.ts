/** What is remembered of peers between restarts: counters, bans, grey lists. Small JSON values under a kind and a key, each with an end. A part of `Store`. */
import type { Instant } from "./ids.ts";

export type PeerRow = {
  readonly kind: string;
  readonly key: string;
  /** JSON text, at most `maxPeerValueChars`. */
  readonly value: string;
  readonly expiresAt: Instant;
};

export const maxPeerValueChars = 1200;
/** Rows that one call writes or reads. */
export const maxPeerRows = 5000;

export interface PeerReader {
  /** Rows that have not expired, in the order of their keys, after `after`. */
  peers(
    kind: string,
    filter: { readonly after?: string; readonly limit: number; readonly now: Instant },
  ): Promise<readonly PeerRow[]>;
}

export interface PeerWriter {
  /** Writes rows over those of the same kind and key; an `expiresAt` of 0 removes. */
  putPeers(rows: readonly PeerRow[]): Promise<void>;
}
