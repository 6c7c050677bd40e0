/** When a certificate is to be renewed, tried again, and worried about. Pure. */

export type Certificate = {
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
};

/** Why a new certificate is due now; undefined: it is not. Renewal is at a third of its life left. */
export function whyDue(
  certificate: Certificate | undefined,
  wanted: readonly string[],
  now: number,
): "missing" | "names" | "old" | undefined {
  if (certificate === undefined) return "missing";
  if (wanted.some((name) => !certificate.names.includes(name))) return "names";
  const life = certificate.validTo - certificate.validFrom;
  return certificate.validTo - now <= life / 3 ? "old" : undefined;
}

const minute = 60_000;
const hour = 60 * minute;
/** Authorities allow few failures an hour. */
const delaysMs = [5 * minute, 30 * minute, 2 * hour, 6 * hour, 12 * hour];

/** The earliest time of the next try after so many failures in a row; `random` is 0 ≤ r < 1. */
export function retryAt(failures: number, lastAt: number, random: number): number {
  if (failures === 0) return lastAt;
  const delay = delaysMs[Math.min(failures, delaysMs.length) - 1]!;
  return Math.round(lastAt + delay * (0.8 + 0.4 * random));
}

const dayMs = 24 * hour;
/** A certificate of a year is renewed long before. */
const worryDays = 14;

/** What to say about a certificate whose end is near: renewal should have happened long ago; undefined: nothing. */
export function alarm(certificate: Certificate, now: number): string | undefined {
  const left = certificate.validTo - now;
  if (left <= 0) return "has expired: mail programs and other servers refuse it";
  const worry = Math.min((certificate.validTo - certificate.validFrom) / 6, worryDays * dayMs);
  if (left > worry) return undefined;
  return left < 2 * dayMs
    ? `expires in ${Math.ceil(left / hour)} hours`
    : `expires in ${Math.floor(left / dayMs)} days`;
}
