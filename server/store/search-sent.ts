/**
 * SENTON and its kin ask for the day in the Date field "disregarding time and timezone" (RFC 9051 §6.4.4): for what the
 * writer's clock showed. `SearchKey` bounds are midnights of that clock, written as if they were UTC. The store keeps the
 * instant, which decides alone unless it is less than a day from a bound; near one the Date field is read again.
 */
export { maxZoneMs, wallClock } from "../../protocol/mime/fields/date.ts";
