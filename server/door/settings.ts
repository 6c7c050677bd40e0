/** What the door does, and how hard. */
export type DoorSettings = {
  readonly enabled: boolean;
  readonly exempt: readonly string[];
  readonly blocklists: readonly string[];
  readonly allowlists: readonly string[];
  readonly blocklistAction: string;
  readonly greylist: string;
  readonly greylistMs: number;
  readonly greylistWindowMs: number;
  readonly greylistKnownMs: number;
  readonly greetPauseMs: number;
  readonly tarpitMs: number;
  readonly tarpitAfter: number;
  readonly connectionsPerMinute: number;
  readonly connectionsPerMinutePerNetwork: number;
  readonly messagesPerMinute: number;
  readonly messagesPerMinutePerNetwork: number;
  readonly maxPerNetwork: number;
  readonly harvestPerHour: number;
  readonly stuffingPerHour: number;
  readonly banMs: number;
  readonly traps: readonly string[];
  readonly heloChecks: boolean;
  readonly believeLoopback: boolean;
  readonly reputation: boolean;
  readonly maxRemembered: number;
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

export const defaultDoorSettings: DoorSettings = {
  enabled: true,
  exempt: [],
  blocklists: [],
  allowlists: [],
  blocklistAction: "refuse",
  greylist: "doubtful",
  greylistMs: 2 * minuteMs,
  greylistWindowMs: 24 * hourMs,
  greylistKnownMs: 35 * 24 * hourMs,
  greetPauseMs: 500,
  tarpitMs: 1000,
  tarpitAfter: 20,
  connectionsPerMinute: 300,
  connectionsPerMinutePerNetwork: 1000,
  messagesPerMinute: 1000,
  messagesPerMinutePerNetwork: 3000,
  maxPerNetwork: 300,
  harvestPerHour: 200,
  stuffingPerHour: 300,
  banMs: hourMs,
  traps: [],
  heloChecks: true,
  believeLoopback: true,
  reputation: true,
  maxRemembered: 200_000,
};
