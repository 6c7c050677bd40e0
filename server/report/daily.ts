/** Work that is done once for each day that is over (UTC), soon after it, and after a start for what was missed. */
import { setTimeout as wait } from "node:timers/promises";
import type { Log } from "../base/log.ts";

export const dayMs = 24 * 60 * 60 * 1000;
/** Days since 1970. */
export const dayOf = (at: number): number => Math.floor(at / dayMs);

/** Clocks jump and machines sleep: nothing is waited for longer than this at a time. */
const maxWaitMs = 10 * 60 * 1000;

export type DailyAsk = {
  /** Does what is due; it finds out itself what that is, and may be called again. */
  readonly work: () => Promise<unknown>;
  readonly what: string;
  /** How long after midnight: not everybody at once. */
  readonly afterMs: number;
  /** How long after the start the first look is. */
  readonly firstMs: number;
  readonly now: () => number;
  readonly log: Log;
};

/** Answers how to stop; work that is under way is not waited for. */
export function daily({ work, what, afterMs, firstMs, now, log }: DailyAsk): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  const rest = (ms: number): Promise<void> => wait(ms, undefined, { signal, ref: false }).catch(() => {});
  const run = async (): Promise<void> => {
    await rest(firstMs);
    while (!signal.aborted) {
      const today = dayOf(now());
      try {
        await work();
      } catch (error) {
        if (signal.aborted) return;
        log.error({ error }, `${what} failed; it is tried again`);
        await rest(maxWaitMs);
        continue;
      }
      const next = (today + 1) * dayMs + afterMs;
      while (!signal.aborted && now() < next) await rest(Math.min(maxWaitMs, next - now()));
    }
  };
  void run();
  return () => stopping.abort();
}
