/** Mail that is kept and not shown: its owner, or an administrator, decides. A part of `Store`. */
import type { Within } from "./hosting.ts";
import type { AccountId, ContentId, Instant } from "./ids.ts";

export type NewQuarantined = {
  /** Whose it is; 0: it would have gone on elsewhere, and an administrator decides. */
  readonly account: AccountId;
  readonly envelopeFrom: string;
  /** Of the envelope: all for an account's mail, those elsewhere for account 0. */
  readonly recipients: readonly string[];
  /** The From field, for people. */
  readonly sender: string;
  readonly subject: string;
  /** Sentences: why. */
  readonly reasons: readonly string[];
  /** Address of the peer that brought it. */
  readonly remote: string;
  readonly at: Instant;
  readonly expiresAt: Instant;
};

export type Quarantined = NewQuarantined & {
  readonly id: number;
  readonly content: ContentId;
  readonly sizeBytes: number;
};

export type QuarantineFilter = {
  readonly id?: number;
  readonly account?: AccountId;
  /** Only of accounts there; what would have gone on elsewhere is the platform's. */
  readonly within?: Within;
  /** Came at this time or later. */
  readonly since?: Instant;
  /** Only those with a greater id. */
  readonly after?: number;
  readonly limit?: number;
};

/** Rows that one `quarantined` answers at most. */
export const maxQuarantineRows = 1000;

export interface QuarantineReader {
  /** In the order they came. */
  quarantined(filter: QuarantineFilter): Promise<readonly Quarantined[]>;
}

export interface QuarantineWriter {
  /** Forgets them and says so in their journeys; answers how many there were. */
  removeQuarantined(ids: readonly number[], why: string, at: Instant): Promise<number>;
}
