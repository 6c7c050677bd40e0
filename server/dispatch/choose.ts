/** In which order the sources of a pool are asked for one message: by weight, the same for every attempt of it. Pure. */

/**
 * Weighted rendezvous hashing: over many messages each source comes first in proportion to its weight; for one message the
 * order stays, so that who asked us to come again (greylisting) sees the same address.
 */
export function inOrder(sources: ReadonlyMap<string, number>, seed: string): readonly string[] {
  if (sources.size <= 1) return [...sources.keys()];
  return [...sources]
    .map(([name, weight]) => ({ name, score: -weight / Math.log(unit(`${seed} ${name}`)) }))
    .sort((one, other) => other.score - one.score)
    .map(({ name }) => name);
}

/** 0 < x < 1, by a text (FNV-1a with a final mix). */
function unit(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) + 0.5) / 4_294_967_296;
}
