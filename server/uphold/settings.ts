/** How complaints about our own people's mail are looked after. */
export type AbuseSettings = {
  /** Who writes to abuse@ should have an answer within this time. */
  readonly answerWithinMs: number;
  /** Strikes count so long. */
  readonly strikeMs: number;
};

export const defaultAbuseSettings: AbuseSettings = {
  answerWithinMs: 24 * 3_600_000,
  strikeMs: 90 * 86_400_000,
};
