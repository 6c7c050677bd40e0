/** The one hash of the filter: 32 bits, the same on every machine and in every version, because models are kept. */

export const seed = 0x9747b28c | 0;

/** Adds one unit (a UTF-16 code or any 32-bit number) to a running hash. */
export function step(hash: number, unit: number): number {
  const mixed = Math.imul(hash ^ unit, 0x5bd1e995);
  return mixed ^ (mixed >>> 15);
}

/** Ends a running hash: every bit depends on every other (the finisher of MurmurHash3). */
export function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

export function hashText(text: string, from: number = seed): number {
  let hash = from;
  for (let i = 0; i < text.length; i++) hash = step(hash, text.charCodeAt(i));
  return finish(hash);
}

/** Two things in this order, `distance` apart. */
export function hashPair(first: number, second: number, distance: number): number {
  return finish(step(step(seed ^ Math.imul(distance + 1, 0x9e3779b1), first), second));
}
