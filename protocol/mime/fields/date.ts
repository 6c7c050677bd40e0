/** RFC 5322 §3.3 date-time with the obsolete forms of §4.3, and what real mailers write instead. */

const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** RFC 5322 §4.3; military zones and unknown names count as UTC. */
const zones: { readonly [name: string]: number } = {
  ut: 0,
  utc: 0,
  gmt: 0,
  z: 0,
  wet: 0,
  bst: 60,
  west: 60,
  cet: 60,
  met: 60,
  mez: 60,
  cest: 120,
  mest: 120,
  mesz: 120,
  eet: 120,
  eest: 180,
  msk: 180,
  msd: 240,
  jst: 540,
  kst: 540,
  hst: -600,
  akst: -540,
  akdt: -480,
  pst: -480,
  pdt: -420,
  mst: -420,
  mdt: -360,
  cst: -360,
  cdt: -300,
  est: -300,
  edt: -240,
  ast: -240,
  adt: -180,
};
const maxDateChars = 200;

/** Milliseconds since 1970, or undefined where the value is no date. */
export function parseDate(value: string): number | undefined {
  const usual = /^(?:[A-Za-z]{3}, )?(\d\d?) ([A-Za-z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)/.exec(value);
  if (usual !== null) {
    const offset = Number(usual[8]) * 60 + Number(usual[9]);
    return instant(
      Number(usual[3]),
      months.indexOf(usual[2]!.toLowerCase()),
      Number(usual[1]),
      Number(usual[4]),
      Number(usual[5]),
      Number(usual[6]),
      usual[7] === "-" ? -offset : offset,
    );
  }
  return parseLoosely(withoutComments(value.slice(0, maxDateChars)));
}

function instant(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  offsetMinutes: number,
): number | undefined {
  if (month < 0 || day < 1 || day > 31 || hour > 24 || minute > 59 || second > 60 || year < 100) return undefined;
  if (Math.abs(offsetMinutes) >= 24 * 60) offsetMinutes = 0; // "-9999" says nothing.
  const time = Date.UTC(year, month, day, hour, minute, second);
  return time - offsetMinutes * 60_000;
}

function withoutComments(value: string): string {
  if (!value.includes("(")) return value;
  let out = "";
  let depth = 0;
  for (let i = 0; i < value.length; i++) {
    const char = value[i]!;
    if (char === "\\" && depth > 0) i++;
    else if (char === "(") depth++;
    else if (char === ")" && depth > 0) {
      depth--;
      out += " ";
    } else if (depth === 0) out += char;
  }
  return out;
}

/** Any order of day, month name, year, time and zone; ISO 8601; "1-Jan-99"; AM and PM. */
function parseLoosely(value: string): number | undefined {
  // RFC 5322 §4.3: blanks may stand around the colons of a time.
  const text = value
    .replace(/[\s,]+/g, " ")
    .replace(/(\d) ?: ?(?=\d)/g, "$1:")
    .trim();
  const iso = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)? ?(.*)$/.exec(text);
  if (iso !== null)
    return instant(
      Number(iso[1]),
      Number(iso[2]) - 1,
      Number(iso[3]),
      Number(iso[4] ?? 0),
      Number(iso[5] ?? 0),
      Number(iso[6] ?? 0),
      zoneMinutes(iso[7]!.split(" ")[0]!) ?? 0,
    );
  let day: number | undefined;
  let month: number | undefined;
  let year: number | undefined;
  let time: RegExpExecArray | null = null;
  let offset: number | undefined;
  let half = "";
  for (const token of text.replace(/(\d)-(?=[A-Za-z])|([A-Za-z])-(?=\d)/g, "$1$2 ").split(" ")) {
    const clock = /^(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2}))?(?:[.,]\d+)?(.*)$/.exec(token);
    if (clock !== null && time === null) {
      time = clock;
      if (clock[4] !== "") {
        if (/^[ap]m$/i.test(clock[4]!)) half = clock[4]!.toLowerCase();
        else offset ??= zoneMinutes(clock[4]!);
      }
      continue;
    }
    if (time !== null && offset === undefined && /^[+-]\d/.test(token)) {
      offset = zoneMinutes(token);
      continue;
    }
    if (/^\d+$/.test(token)) {
      // The first number is the day, the second the year; four digits are a year wherever they stand.
      if (token.length <= 2 && day === undefined) day = Number(token);
      else if (year === undefined && token.length <= 4) year = fullYear(Number(token), token.length);
      continue;
    }
    const word = token.toLowerCase().replace(/\.$/, "");
    const named = word.length >= 3 ? months.indexOf(word.slice(0, 3)) : -1;
    if (named >= 0 && month === undefined && /^[a-z]+$/.test(word)) month = named;
    else if ((word === "am" || word === "pm") && half === "") half = word;
    else if (time !== null) offset ??= zoneMinutes(token);
  }
  if (day === undefined || month === undefined || year === undefined) return undefined;
  let hour = Number(time?.[1] ?? 0);
  if (half === "pm" && hour < 12) hour += 12;
  else if (half === "am" && hour === 12) hour = 0;
  return instant(year, month, day, hour, Number(time?.[2] ?? 0), Number(time?.[3] ?? 0), offset ?? 0);
}

/** RFC 5322 §4.3: two-digit years up to 49 are 20xx, three digits count from 1900. */
function fullYear(year: number, digits: number): number {
  if (digits <= 2) return year < 50 ? 2000 + year : 1900 + year;
  return digits === 3 ? 1900 + year : year;
}

function zoneMinutes(zone: string): number | undefined {
  const numeric = /^(?:GMT|UTC?)?([+-])(\d{1,2}):?(\d\d)?$/i.exec(zone);
  if (numeric !== null) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3] ?? 0);
    return numeric[1] === "-" ? -minutes : minutes;
  }
  const name = zone.toLowerCase().replace(/\d.*$/, ""); // "EST5EDT"
  return Object.hasOwn(zones, name) ? zones[name] : undefined;
}

/** No zone is further from UTC. */
export const maxZoneMs = 24 * 3_600_000;

/** What the clock showed where the message was written, as if it were UTC. */
export function wallClock(dateField: string, sentAt: number): number {
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

const dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** An instant as RFC 5322 §3.3 wants it, in UTC: "Mon, 02 Mar 2026 10:00:00 +0000". */
export function formatDate(at: number): string {
  const date = new Date(at);
  const two = (value: number): string => (value < 10 ? `0${value}` : String(value));
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  return `${dayNames[date.getUTCDay()]}, ${two(date.getUTCDate())} ${monthNames[date.getUTCMonth()]} ${year} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}
