/** Every bound and time of the queue. */
import { parseDuration } from "../base/units.ts";
import { mailboxSchedule, type Schedule } from "./schedule.ts";

export type QueueSettings = {
  /** Recipients in memory at most, being sent or ready to be; more stay in the store until there is room. */
  readonly maxReady: number;
  /** Message bytes kept in memory for them; beyond this they are read again when their turn comes. */
  readonly maxReadyBytes: number;
  /** Message bytes read for transactions under way. */
  readonly maxInFlightBytes: number;
  /** Due mail is claimed from the store in portions of this size … */
  readonly claimBatch: number;
  /** … and looked for this often. */
  readonly claimEveryMs: number;
  /** How long claimed mail is ours without a renewal. */
  readonly leaseMs: number;
  readonly maxRecipientsPerTransaction: number;
  /** Results made durable together at most. */
  readonly settleBatch: number;
  /** Results that are not yet durable, from which on nothing more is sent: what a receiver has taken and the store does not know is sent again after a kill. */
  readonly maxUnsettled: number;
  /** Waits between attempts ("1m", "4h"); the last one repeats. */
  readonly retryDelays: readonly string[];
  /** Each wait is longer or shorter by up to this. */
  readonly retryJitterPercent: number;
  /** Age at which the sender is warned. */
  readonly warnAfterMs: number;
  /** How long running transactions may go on when the server stops. */
  readonly stopGraceMs: number;
};

export const defaultQueueSettings: QueueSettings = {
  maxReady: 50_000,
  maxReadyBytes: 64 * 1024 * 1024,
  maxInFlightBytes: 256 * 1024 * 1024,
  claimBatch: 500,
  claimEveryMs: 1000,
  leaseMs: 600_000,
  maxRecipientsPerTransaction: 100,
  settleBatch: 1000,
  maxUnsettled: 250,
  retryDelays: ["1m", "5m", "15m", "30m", "1h", "2h", "4h"],
  retryJitterPercent: 20,
  warnAfterMs: mailboxSchedule.warnAfterMs,
  stopGraceMs: 3000,
};

/** The schedule of these settings; delays that are no times are left out (the configuration has refused them). */
export function scheduleOf(settings: QueueSettings): Schedule {
  const delaysMs = settings.retryDelays.map(parseDuration).filter((delay) => delay !== undefined);
  return {
    delaysMs: delaysMs.length === 0 ? mailboxSchedule.delaysMs : delaysMs,
    jitter: settings.retryJitterPercent / 100,
    warnAfterMs: settings.warnAfterMs,
  };
}
