/** When an event is, in the reader's language and zone. */

const dayMs = 86_400_000;

/** @param end as calendars have it: of whole days, the day after the last (RFC 5545 §3.6.1) */
export function whenText(start: number, end: number | undefined, allDay: boolean, language: string): string {
  if (allDay) {
    const days = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
    const last = end === undefined ? start : end - dayMs / 2;
    return last - start < dayMs ? days.format(start) : days.formatRange(start, last);
  }
  const times = new Intl.DateTimeFormat(language, {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "numeric",
    minute: "2-digit",
  });
  return end === undefined || end <= start ? times.format(start) : times.formatRange(start, end);
}

/** The time where it was made; undefined where that is the reader's time. */
export function zoneText(start: number, zone: string, language: string): string | undefined {
  const time = (timeZone?: string) =>
    new Intl.DateTimeFormat(language, {
      weekday: "short",
      hour: "numeric",
      minute: "2-digit",
      ...(timeZone === undefined ? {} : { timeZone }),
    }).format(start);
  const there = time(zone);
  return there === time() ? undefined : `${there} (${zone.replaceAll("_", " ")})`;
}
