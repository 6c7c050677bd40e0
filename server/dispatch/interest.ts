/**
 * What people make of tenants' mail at each receiver: of what was delivered on a day, how much was opened or followed by a person within a day of
 * its coming. Where that falls far below what was usual, mail lies in junk though nobody complains (`docs/sending.md`).
 */
import type { SendingRow } from "../store/sending.ts";
import type { Instant } from "../store/store.ts";
import type { Parties } from "../warm/book.ts";
import { minEngaged } from "../warm/gates.ts";
import { type Day, dayMs, dayOf } from "../warm/plan.ts";

export const interestKind = "interest";
/** Sources and domains at receivers that are counted. */
export const maxInterests = 20_000;
/** The latest days whose mail has had its time; and the days before them that say what is usual. */
const lookedAtDays = 3;
const usualDays = 7;
/** The last delivery of a day has had a day when the next one is over. */
const ripeDays = 2;
const keptDays = ripeDays + lookedAtDays + usualDays;

/** `of`: so many were delivered, in the days looked at. */
export type Interest = { readonly rate: number; readonly usual: number; readonly of: number };
type Cohort = { readonly day: Day; of: number; engaged: number };
type Kept = Parties & { readonly days: Cohort[] };

export class InterestBook {
  /** By `nameOf`, the longest unused first. */
  readonly #kept = new Map<string, Kept>();
  readonly #changed = new Set<string>();

  load(rows: readonly SendingRow[]): void {
    for (const { kind, name, value } of rows) if (kind === interestKind) this.#kept.set(name, value as Kept);
  }

  /** Rows that have changed since the last time. */
  keep(): readonly SendingRow[] {
    const rows = [...this.#changed].map((name) => ({ kind: interestKind, name, value: this.#kept.get(name) }));
    this.#changed.clear();
    return rows;
  }

  delivered(parties: Parties, count: number, at: Instant): void {
    const name = nameOf(parties);
    const { source, domain, provider } = parties;
    const { days } = this.#kept.get(name) ?? this.#open(name, { source, domain, provider, days: [] });
    const day = dayOf(at);
    let today = days.at(-1);
    if (today?.day !== day) {
      today = { day, of: 0, engaged: 0 };
      days.push(today);
      while (days[0]!.day <= day - keptDays) days.shift();
    }
    today.of += count;
    this.#changed.add(name);
  }

  /** A person has opened a message, or followed a link of it, for the first time. It counts to the day on which it came. */
  engaged(parties: Parties, deliveredAt: Instant, at: Instant): void {
    if (at - deliveredAt > dayMs) return;
    const name = nameOf(parties);
    const cohort = this.#kept.get(name)?.days.find(({ day }) => day === dayOf(deliveredAt));
    if (cohort === undefined) return;
    cohort.engaged++;
    this.#changed.add(name);
  }

  /**
   * Of these together; undefined while too little is known of what is usual.
   * @param after what was delivered up to this day has been judged already
   */
  of(whose: Partial<Parties>, at: Instant, after: Day = 0): Interest | undefined {
    const end = dayOf(at) - ripeDays;
    const begin = Math.max(end - lookedAtDays, after);
    const now = { of: 0, engaged: 0 };
    const before = { of: 0, engaged: 0 };
    for (const { days, ...parties } of this.#kept.values()) {
      if (!isOf(parties, whose)) continue;
      for (const { day, of, engaged } of days) {
        if (day > end || day <= begin - usualDays) continue;
        const sum = day > begin ? now : before;
        sum.of += of;
        sum.engaged += engaged;
      }
    }
    if (now.of === 0 || before.of < minEngaged) return undefined;
    return { rate: now.engaged / now.of, usual: before.engaged / before.of, of: now.of };
  }

  #open(name: string, kept: Kept): Kept {
    if (this.#kept.size >= maxInterests) {
      const oldest = this.#kept.keys().next().value!;
      this.#kept.delete(oldest);
      this.#changed.add(oldest);
    }
    this.#kept.set(name, kept);
    return kept;
  }
}

const nameOf = ({ source, domain, provider }: Parties): string => `${source} ${domain} ${provider}`;

const isOf = (parties: Parties, { source, domain, provider }: Partial<Parties>): boolean =>
  (source === undefined || parties.source === source) &&
  (domain === undefined || parties.domain === domain) &&
  (provider === undefined || parties.provider === provider);
