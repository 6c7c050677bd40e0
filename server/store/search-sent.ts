/**
 * SENTON and its kin ask for the day in the Date field "disregarding time and timezone" (RFC 9051 §6.4.4): for what the
 * writer's clock showed. `SearchKey` bounds are midnights of that clock, written as if they were UTC. The store keeps the
 * instant, which decides alone unless it is less than a day from a bound; near one the Date field is read again.
 */
import { parseDate } from "../../protocol/mime/fields/date.ts";
import type { Instant } from "./store.ts";

/** No zone is further from UTC. */
export const maxZoneMs = 24 * 3_600_000;

/** What the clock showed where the message was written, as if it were UTC. */
export function wallClock(dateField: string, sentAt: Instant): Instant {
  const plain = dateField.replace(/\([^()]*\)/g, " ").trimEnd();
  const zone = /(?:^|[\s\d])([+-])(\d\d):?(\d\d)$/.exec(plain);
  if (zone !== null) {
    const minutes = Number(zone[2]) * 60 + Number(zone[3]);
    if (minutes * 60_000 >= maxZoneMs) return sentAt;
    return sentAt + (zone[1] === "-" ? -minutes : minutes) * 60_000;
  }
  // A zone with a name ("EST"): without it the value reads as UTC, which is the writer's clock.
  const named = /^(.*\d)\s+(?![AaPp][Mm]$)[A-Za-z]{1,5}$/.exec(plain);
  return (named === null ? undefined : parseDate(named[1] as string)) ?? sentAt;
}
