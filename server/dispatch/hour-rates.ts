/** How far the hours of paths with a rate by the hour are used up: kept, so that a restart does not begin them anew. */
import { createHash } from "node:crypto";
import type { Path } from "../send/site.ts";
import type { SendingRow } from "../store/sending.ts";
import type { Instant } from "../store/store.ts";

export const hourRateKind = "hour-rate";
/** Paths that are remembered; the one unused for longest goes first. */
const maxPaths = 20_000;

export class HourRates {
  readonly #now: () => Instant;
  /** When the next message would be due if all went evenly. */
  readonly #due = new Map<string, Instant>();
  readonly #changed = new Set<string>();

  constructor(now: () => Instant) {
    this.#now = now;
  }

  load(rows: readonly SendingRow[]): void {
    for (const { kind, name, value } of rows)
      if (kind === hourRateKind) this.#due.set(name, (value as { readonly due: Instant }).due);
  }

  /** In ms from now; 0: the whole hour is free. */
  left(path: Path): number {
    return Math.max(0, (this.#due.get(nameOf(path)) ?? 0) - this.#now());
  }

  note(path: Path, leftMs: number): void {
    const name = nameOf(path);
    this.#due.delete(name);
    if (this.#due.size >= maxPaths) this.#forget(this.#due.keys().next().value!);
    this.#due.set(name, this.#now() + leftMs);
    this.#changed.add(name);
  }

  /** What has changed since, to be kept. */
  keep(): readonly SendingRow[] {
    const now = this.#now();
    for (const [name, due] of this.#due) if (due <= now) this.#forget(name);
    const rows = [...this.#changed].map((name) => {
      const due = this.#due.get(name);
      return { kind: hourRateKind, name, value: due === undefined ? undefined : { due } };
    });
    this.#changed.clear();
    return rows;
  }

  #forget(name: string): void {
    this.#due.delete(name);
    this.#changed.add(name);
  }
}

/** Names of many hosts are long. */
const nameOf = ({ key, siteKey = key }: Path): string =>
  createHash("sha256").update(siteKey).digest("base64url").slice(0, 16);
