/** Times as people say them, in the reader's language and zone. */

const made = new Map<string, Intl.DateTimeFormat>();

function format(language: string, kind: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${kind}`;
  let found = made.get(key);
  if (found === undefined) {
    found = new Intl.DateTimeFormat(language, options);
    made.set(key, found);
  }
  return found;
}

/** Where a day begins, so many days from that of `at`: twice a year one has an hour more or less. */
const startOfDay = (at: Date, days = 0): number =>
  new Date(at.getFullYear(), at.getMonth(), at.getDate() + days).getTime();

/** For a list: the hour today, the day this year, the year before. */
export function shortDate(iso: string, language: string, now: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const today = new Date(now);
  const isNoLater = at.getTime() < startOfDay(today, 1);
  if (isNoLater && at.getTime() >= startOfDay(today))
    return format(language, "time", { hour: "numeric", minute: "2-digit" }).format(at);
  if (isNoLater && at.getTime() >= startOfDay(today, -6))
    return format(language, "weekday", { weekday: "short" }).format(at);
  if (at.getFullYear() === today.getFullYear())
    return format(language, "day", { day: "numeric", month: "short" }).format(at);
  return format(language, "year", { year: "numeric", month: "numeric", day: "numeric" }).format(at);
}

/** Above a message: the hour always, the day unless it is today. */
export function dayAndTime(iso: string, language: string, now: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  const today = new Date(now);
  const time = { hour: "numeric", minute: "2-digit" } as const;
  if (startOfDay(at) === startOfDay(today)) return format(language, "time", time).format(at);
  const sameYear = at.getFullYear() === today.getFullYear();
  return format(language, sameYear ? "day and time" : "year and time", {
    ...(sameYear ? { weekday: "short" } : { year: "numeric" }),
    month: "short",
    day: "numeric",
    ...time,
  }).format(at);
}

export function longDate(iso: string | number, language: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "";
  return format(language, "long", {
    weekday: "short",
    year: "numeric",
    month: "long",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
  }).format(at);
}

const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;

export function sizeText(bytes: number, language: string): string {
  let at = 0;
  let size = bytes;
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000;
    at++;
  }
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: units[at] ?? "byte",
    // "349 byte" is what the short form makes of bytes.
    unitDisplay: at === 0 ? "long" : "short",
    maximumFractionDigits: size < 10 && at > 0 ? 1 : 0,
  }).format(size);
}
