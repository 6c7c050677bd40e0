/** The bounds of a rate that few observations allow (Wilson score interval, 95 %). */
const z = 1.959964;

/** `hits` of `of`; `of` 0 allows everything: [0, 1]. */
export function wilson(hits: number, of: number): readonly [low: number, high: number] {
  if (of <= 0) return [0, 1];
  const rate = Math.min(1, hits / of);
  const spread = (z * z) / of;
  const middle = rate + spread / 2;
  const reach = z * Math.sqrt((rate * (1 - rate) + spread / 4) / of);
  const low = hits <= 0 ? 0 : (middle - reach) / (1 + spread);
  const high = hits >= of ? 1 : (middle + reach) / (1 + spread);
  return [Math.max(0, low), Math.min(1, high)];
}
