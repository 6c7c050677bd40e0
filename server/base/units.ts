/** Sizes and times as people write them in the configuration: "50MB", "5m", or a plain number of bytes or milliseconds. */

const sizes: { readonly [unit: string]: number } = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };
const times: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "50MB" → 52428800 (1 KB is 1024 bytes); undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  return parseUnit(text, sizes, /^(\d+(?:\.\d+)?)\s*([KMGT]?B)$/i, (unit) => unit.toUpperCase());
}

/** "5m" → 300000 milliseconds; units ms, s, m, h, d; undefined for what is no time. */
export function parseDuration(text: string): number | undefined {
  return parseUnit(text, times, /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/, (unit) => unit);
}

function parseUnit(
  text: string,
  units: { readonly [unit: string]: number },
  shape: RegExp,
  fold: (unit: string) => string,
): number | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const found = shape.exec(text.trim());
  const factor = found === null ? undefined : units[fold(found[2] ?? "")];
  return found === null || factor === undefined ? undefined : Math.round(Number(found[1]) * factor);
}
