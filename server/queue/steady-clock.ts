/** The time of day without its jumps: what schedules are reckoned by. */
import type { Instant } from "../store/store.ts";

/** A wall clock that is off by no more than this is simply right. */
const toleratedMs = 2_000;
/** A clock that jumped further is followed this fast: an hour in ten. */
const followRate = 0.1;

/**
 * Follows `wall` (milliseconds since 1970), but moves by `monotonic`: when the wall clock jumps by an hour or ten years,
 * this one approaches it slowly, so that nothing expires or falls asleep at once. Never runs backwards.
 */
export function steadyClock(wall: () => Instant, monotonic: () => number): () => Instant {
  let last = wall();
  let lastMonotonic = monotonic();
  return () => {
    const nowMonotonic = monotonic();
    const elapsed = Math.max(0, nowMonotonic - lastMonotonic);
    lastMonotonic = nowMonotonic;
    const expected = last + elapsed;
    const off = wall() - expected;
    const step = Math.abs(off) <= toleratedMs ? off : Math.sign(off) * elapsed * followRate;
    last = Math.max(last, expected + step);
    return Math.round(last);
  };
}
