/** Chance with a seed: the same seed, the same world. */
export type Chance = {
  /** 0 ≤ x < 1. */
  next(): number;
  /** How many of `of` come true, each with probability `p`. */
  times(of: number, p: number): number;
};

/** mulberry32. */
export function chance(seed: number): Chance {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    times(of, p) {
      if (p <= 0 || of <= 0) return 0;
      if (p >= 1) return of;
      let count = 0;
      for (let at = 0; at < of; at++) if (next() < p) count++;
      return count;
    },
  };
}
