/** Numbers that look random and are the same on every run, for fuzz tests. */

export type Random = (below: number) => number;

export function seeded(seed: number): Random {
  let state = seed % 2147483647 || 1;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

/** Rounds of a fuzz test; the environment's FUZZ=n multiplies them. */
export function fuzzRounds(rounds: number): number {
  return rounds * Number(process.env["FUZZ"] ?? 1);
}

/** A text of up to `length` of these pieces. */
export function anyOf(random: Random, pieces: readonly string[], length: number): string {
  let text = "";
  for (let left = random(length + 1); left > 0; left--) text += pieces[random(pieces.length)];
  return text;
}
