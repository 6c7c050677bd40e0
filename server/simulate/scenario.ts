/** What can be simulated, and what each scenario promises. */
import type { Mailing } from "./receiver.ts";

export type ProviderKey = "gmail" | "microsoft-consumer" | "yahoo" | "apple";

export type Scenario = {
  readonly name: string;
  readonly says: string;
  readonly days: number;
  /** Off: everything is sent at once, as by a system without a warm-up. */
  readonly warmup: boolean;
  /** Planned messages a day. */
  readonly targets: { readonly [provider in ProviderKey]: number };
  readonly mailing: Mailing;
  /** Times the expected volume that receivers let in; undefined: as their profiles say. */
  readonly tolerance?: number;
  /** Gmail refuses the address from the start of this day on. */
  readonly incident?: { readonly day: number; readonly days: number };
  /** On the server's own queue and SMTP, against real servers on loopback (`live.ts`). */
  readonly live?: true;
  /** No mail from day to day (exclusive). */
  readonly silence?: { readonly from: number; readonly to: number };
};

const targets = { gmail: 200_000, "microsoft-consumer": 100_000, yahoo: 60_000, apple: 20_000 } as const;
const goodList: Mailing = { invalid: 0.003, complaining: 0.0002, engaged: 0.25 };
const usual = { days: 70, warmup: true, targets, mailing: goodList } as const;

export const scenarios: readonly Scenario[] = [
  { ...usual, name: "good", says: "a good list, warmed up" },
  { ...usual, name: "no-warm-up", says: "the same list, everything at once", warmup: false },
  {
    ...usual,
    name: "mediocre",
    says: "a list with some dead addresses and some complaints",
    mailing: { invalid: 0.015, complaining: 0.0009, engaged: 0.15 },
  },
  {
    ...usual,
    name: "bad",
    says: "a bought list",
    mailing: { invalid: 0.09, complaining: 0.006, engaged: 0.02 },
  },
  { ...usual, name: "strict", says: "a good list, and receivers that let in half of what others do", tolerance: 1.5 },
  { ...usual, name: "block", says: "a good list, and Gmail blocks for four days", incident: { day: 10, days: 4 } },
  {
    ...usual,
    name: "live",
    says: "a good list in small, by the server's own queue and SMTP, with a block and a restart",
    live: true,
    days: 10,
    targets: { gmail: 400, "microsoft-consumer": 300, yahoo: 200, apple: 100 },
    incident: { day: 7, days: 1 },
  },
  { ...usual, name: "silence", says: "a good list, and 45 days without mail", days: 90, silence: { from: 20, to: 65 } },
];
