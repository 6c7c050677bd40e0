/** Mail by the hour, as the dashboard shows it: counted where every stage passes anyway, and kept over a restart. */
import type { JourneyEntry, Store } from "../store/store.ts";

export type Hour = {
  readonly at: string;
  readonly in: number;
  readonly out: number;
  readonly refused: number;
  readonly junk: number;
  readonly quarantined: number;
  readonly delivered: number;
  readonly deferred: number;
  readonly bounced: number;
};
type Counts = { -readonly [K in Exclude<keyof Hour, "at">]: number };

const hourMs = 3_600_000;
const hoursKept = 24;

const none = (): Counts => ({
  in: 0,
  out: 0,
  refused: 0,
  junk: 0,
  quarantined: 0,
  delivered: 0,
  deferred: 0,
  bounced: 0,
});

/** Under "traffic/NODE": hours since 1970 with what was counted in them. */
type Kept = readonly (readonly [hour: number, counts: Counts])[];
const keyOf = (node: string): string => `traffic/${node}`;

export class Traffic {
  readonly #hours = new Map<number, Counts>();
  readonly #now: () => number;
  #hour = -1;
  #current = none();
  #keptAs = "";

  constructor(now: () => number) {
    this.#now = now;
  }

  /** What this node had counted before it stopped. */
  async restore(store: Pick<Store, "setting">, node: string): Promise<void> {
    const kept = ((await store.setting(keyOf(node))) ?? []) as Kept;
    for (const [hour, counts] of kept) this.#hours.set(hour, { ...none(), ...counts });
  }

  /** Writes it down, where there is something new. */
  async keep(store: Pick<Store, "putSetting">, node: string): Promise<void> {
    const kept: Kept = [...this.#hours];
    const text = JSON.stringify(kept);
    if (text === this.#keptAs || kept.length === 0) return;
    await store.putSetting(keyOf(node), kept);
    this.#keptAs = text;
  }

  note({ at, stage, detail }: JourneyEntry): void {
    const hour = Math.floor(at / hourMs);
    if (hour !== this.#hour) this.#turn(hour);
    const counts = this.#current;
    switch (stage) {
      case "accepted":
        if (detail["account"] === undefined) counts.in++;
        else counts.out++;
        break;
      case "filed":
        if (Array.isArray(detail["junkFor"]) && detail["junkFor"].length > 0) counts.junk++;
        break;
      case "refused":
      case "quarantined":
      case "delivered":
      case "deferred":
      case "bounced":
        counts[stage]++;
        break;
      default:
    }
  }

  #turn(hour: number): void {
    let counts = this.#hours.get(hour);
    if (counts === undefined) this.#hours.set(hour, (counts = none()));
    for (const old of this.#hours.keys()) if (old <= hour - hoursKept) this.#hours.delete(old);
    this.#hour = hour;
    this.#current = counts;
  }

  /** The last 24 hours, the oldest first. */
  shown(): readonly Hour[] {
    const last = Math.floor(this.#now() / hourMs);
    return Array.from({ length: hoursKept }, (_, i) => {
      const hour = last - hoursKept + 1 + i;
      return { at: new Date(hour * hourMs).toISOString(), ...(this.#hours.get(hour) ?? none()) };
    });
  }
}
