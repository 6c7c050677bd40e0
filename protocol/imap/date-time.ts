/** RFC 9051 §9 `date` and `date-time`. */

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const day = /^( \d|\d\d?)-([A-Za-z]{3})-(\d{4})$/;
const dateTime = /^( \d|\d\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/;

/** "1-Feb-1994" as the UTC midnight it begins with, in milliseconds; undefined where there is no such day. */
export function parseDay(text: string): number | undefined {
  const found = day.exec(text);
  return found === null ? undefined : dayOf(found);
}

/** "17-Jul-1996 02:44:25 -0700" in milliseconds since 1970. */
export function parseDateTime(text: string): number | undefined {
  const found = dateTime.exec(text);
  if (found === null) return undefined;
  const midnight = dayOf(found);
  const [hour, minute, second, zoneHour, zoneMinute] = [4, 5, 6, 8, 9].map((index) => Number(found[index])) as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (midnight === undefined || hour > 23 || minute > 59 || second > 60 || zoneMinute > 59) return undefined;
  const offset = (zoneHour * 60 + zoneMinute) * (found[7] === "-" ? -1 : 1);
  return midnight + ((hour * 60 + minute - offset) * 60 + second) * 1000;
}

function dayOf(found: RegExpExecArray): number | undefined {
  const name = found[2]!;
  const month = months.indexOf(name[0]!.toUpperCase() + name.slice(1).toLowerCase());
  const number = Number(found[1]);
  const year = Number(found[3]);
  // Date.UTC takes 0 to 99 for 1900 to 1999.
  if (month < 0 || year < 100) return undefined;
  const at = Date.UTC(year, month, number);
  return new Date(at).getUTCDate() === number ? at : undefined;
}

/** A time as INTERNALDATE sends it, quotes included: in UTC, because the store keeps no zone. */
export function formatDateTime(at: number): string {
  const date = new Date(at);
  const number = date.getUTCDate();
  return `"${number < 10 ? " " : ""}${number}-${months[date.getUTCMonth()]}-${String(date.getUTCFullYear()).padStart(4, "0")} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000"`;
}

function two(number: number): string {
  return number < 10 ? `0${number}` : `${number}`;
}
