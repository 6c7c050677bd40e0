/** Limits as they are at this moment: the file's, with what replies have done to them. Kept across a restart. */
import {
  calm,
  cancel,
  type Effect,
  hit,
  type LimitsNow,
  limitsNow,
  type Override,
  type Parties,
  type ShapingState,
} from "../shape/overrides.ts";
import type { Rule } from "../shape/schema.ts";
import { limitsOf, type Shaping } from "../shape/shaping.ts";
import type { SendingRow } from "../store/sending.ts";
import type { Instant } from "../store/store.ts";

type Kept = {
  readonly overrides: readonly Override[];
  readonly hits: readonly (readonly [string, readonly Instant[]])[];
};
export const overrideKind = "override";
const overrideName = "state";
/** Slowed parties get a little back every quarter of an hour: to look once a second is enough. */
const freshMs = 1000;
/** Parties whose limits are remembered. */
const maxRemembered = 20_000;

export class ShapingBook {
  readonly #shaping: Shaping;
  readonly #now: () => Instant;
  readonly #suspended: (one: Override) => void;
  #state: ShapingState = calm;
  readonly #known = new Map<string, { readonly at: Instant; readonly limits: LimitsNow }>();
  /** Something has changed since it was kept. */
  dirty = false;

  /** `suspended` hears of each source that may send a provider nothing from now on. */
  constructor(shaping: Shaping, now: () => Instant, suspended: (one: Override) => void = () => {}) {
    this.#shaping = shaping;
    this.#now = now;
    this.#suspended = suspended;
  }

  load(row: SendingRow | undefined): void {
    if (row === undefined) return;
    const { overrides, hits } = row.value as Kept;
    this.#state = { overrides, hits: new Map(hits) };
  }

  keep(): SendingRow {
    this.dirty = false;
    const { overrides, hits } = this.#state;
    const now = this.#now();
    const value: Kept = { overrides: overrides.filter(({ until }) => until > now), hits: [...hits] };
    return { kind: overrideKind, name: overrideName, value };
  }

  /** Nothing is slowed or suspended. */
  get calm(): boolean {
    return this.#state.overrides.length === 0;
  }

  /** Those at work now. */
  overrides(): readonly Override[] {
    const now = this.#now();
    return this.#state.overrides.filter(({ until }) => until > now);
  }

  /** Limits of a source towards a provider, whoever sends. */
  ofSource(source: string, provider: string): LimitsNow {
    return this.#of(`${source} ${provider}`, { source, provider, domain: "", tenant: "", campaign: "" });
  }

  /** Until when these parties may send nothing, and why; undefined: they may. */
  suspended(parties: Parties): LimitsNow["suspended"] {
    if (this.#state.overrides.length === 0) return undefined;
    return limitsNow({}, this.#state, parties, this.#now()).suspended;
  }

  hit(rule: Rule, parties: Parties, sample: string): readonly Effect[] {
    if (rule.reaction.length === 0) return [];
    const { state, effects } = hit(this.#state, rule, parties, sample, this.#now());
    const now = this.#now();
    const before = this.#state.overrides;
    this.#state = state;
    this.#changed();
    for (const one of state.overrides)
      if (one.suspend && one.scope === "source" && !before.some((known) => isSameBlock(known, one, now)))
        this.#suspended(one);
    return effects;
  }

  /** A person takes overrides back; answers which. */
  cancel(matches: (one: Override) => boolean): readonly Override[] {
    const gone = this.overrides().filter(matches);
    for (const one of gone) this.#state = cancel(this.#state, one);
    if (gone.length > 0) this.#changed();
    return gone;
  }

  #changed(): void {
    this.#known.clear();
    this.dirty = true;
  }

  #of(key: string, parties: Parties): LimitsNow {
    const now = this.#now();
    const known = this.#known.get(key);
    if (known !== undefined && now - known.at < freshMs) return known.limits;
    if (this.#known.size >= maxRemembered) this.#known.clear();
    const limits = limitsNow(limitsOf(this.#shaping, parties.provider), this.#state, parties, now);
    this.#known.set(key, { at: now, limits });
    return limits;
  }
}

function isSameBlock(known: Override, one: Override, now: Instant): boolean {
  return (
    known.suspend &&
    known.scope === one.scope &&
    known.subject === one.subject &&
    known.provider === one.provider &&
    known.until > now
  );
}
