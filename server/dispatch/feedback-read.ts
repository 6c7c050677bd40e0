/** What Gmail's Postmaster Tools and Microsoft's SNDS say of us, out of the files they give. Pure. */
import { isIP } from "node:net";
import { parseCsv } from "../../protocol/csv.ts";

/** The share of delivered mail that people at Gmail reported as spam, on one day. */
export type SpamDay = { readonly day: string; readonly rate: number };
/** What Outlook.com made of the mail of one address in one period. */
export type SndsDay = {
  readonly address: string;
  readonly day: string;
  readonly colour: "green" | "yellow" | "red";
  readonly traps: number;
  /** "< 0.1%" */
  readonly complaints: string;
};

/** Lines or entries of one file. */
export const maxFeedbackRows = 100_000;

const noRate = "There is no day with a spam rate in it: give the CSV or the JSON of Postmaster Tools.";

/**
 * CSV with a column of dates and one of spam rates (0.05 %, or 0.0005), or JSON of the API: `trafficStats` with `userReportedSpamRatio`, or
 * `domainStats` with a date, a metric of spam and its value. The days found, the latest last; or what is wrong with it, in a sentence.
 */
export function readPostmaster(text: string): readonly SpamDay[] | string {
  const trimmed = text.trim();
  let days: readonly (SpamDay | undefined)[];
  if (/^[[{]/.test(trimmed)) {
    try {
      days = fromJson(JSON.parse(trimmed));
    } catch {
      return "This is no JSON.";
    }
  } else days = fromCsv(trimmed);
  const found = days.filter((one) => one !== undefined);
  return found.length === 0 ? noRate : found.sort((one, other) => (one.day < other.day ? -1 : 1));
}

function fromCsv(text: string): readonly (SpamDay | undefined)[] {
  const rows = rowsOf(text);
  const [head = [], ...lines] = rows;
  const date = head.findIndex((name) => /^\W*(?:date|day)/i.test(name));
  const rate = head.findIndex((name) => /spam/i.test(name) && /rate|ratio/i.test(name));
  if (date < 0 || rate < 0) return [];
  const isShare = /%|percent/i.test(head[rate] ?? "");
  return lines.map((line) => {
    const day = dayOf(line[date] ?? "");
    const value = numberOf(line[rate] ?? "", isShare);
    return day === undefined || value === undefined ? undefined : { day, rate: value };
  });
}

type Any = { readonly [name: string]: unknown };

function fromJson(given: unknown): readonly (SpamDay | undefined)[] {
  const { trafficStats, domainStats } = (Array.isArray(given) ? { trafficStats: given } : given) as Any;
  const entries = [trafficStats, domainStats].flatMap((list) => (Array.isArray(list) ? (list as Any[]) : []));
  return entries.slice(0, maxFeedbackRows).map((entry) => {
    const day = dayOf(entry["date"]) ?? dayOf(/(\d{8})$/.exec(String(entry["name"] ?? ""))?.[1] ?? "");
    const metric = JSON.stringify(entry["metric"] ?? entry["metricDefinition"] ?? "");
    const value =
      entry["userReportedSpamRatio"] ?? (/spam/i.test(metric) ? valueIn(entry["value"] ?? entry) : undefined);
    const rate = typeof value === "number" || typeof value === "string" ? numberOf(String(value), false) : undefined;
    return day === undefined || rate === undefined ? undefined : { day, rate };
  });
}

const valueIn = (value: unknown): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([name]) => /^(?:double|float|int)Value$|^value$/.test(name))?.[1]
    : value;

/**
 * The lines that SNDS gives for a key, without a head: address, activity from and to, RCPT, DATA, recipients, filter result, complaint rate, traps from
 * and to, trap hits, a HELO, a MAIL FROM, comments. What stands where is known by the filter result, GREEN, YELLOW or RED.
 */
export function readSnds(text: string): readonly SndsDay[] | string {
  const days = rowsOf(text).flatMap((fields): SndsDay[] => {
    const address = fields[0]?.trim() ?? "";
    const at = fields.findIndex((field) => /^(?:green|yellow|red)$/i.test(field.trim()));
    const day = dayOf((fields[2] ?? "").trim());
    if (isIP(address) === 0 || at < 0 || day === undefined) return [];
    const traps = Number.parseInt(fields[at + 4] ?? "", 10);
    return [
      {
        address,
        day,
        colour: fields[at]!.trim().toLowerCase() as SndsDay["colour"],
        traps: Number.isSafeInteger(traps) && traps > 0 ? traps : 0,
        complaints: (fields[at + 1] ?? "").trim().slice(0, 20),
      },
    ];
  });
  return days.length === 0
    ? "There is no line of SNDS in it: address, times, counts, GREEN, YELLOW or RED, …"
    : days.sort((one, other) => (one.day < other.day ? -1 : 1));
}

const rowsOf = (text: string): readonly (readonly string[])[] => parseCsv(text).slice(0, maxFeedbackRows);

/** "2026-11-20", "20261120", "11/20/2026 12:00 AM" (SNDS), or {year, month, day}. */
function dayOf(value: unknown): string | undefined {
  if (typeof value === "object" && value !== null) {
    const { year, month, day } = value as { readonly [name: string]: unknown };
    return valid(Number(year), Number(month), Number(day));
  }
  const text = String(value ?? "");
  const iso = /^(\d{4})-?(\d{2})-?(\d{2})/.exec(text);
  if (iso !== null) return valid(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const american = /^(\d{1,2})\/(\d{1,2})\/(\d{4})/.exec(text);
  return american === null ? undefined : valid(Number(american[3]), Number(american[1]), Number(american[2]));
}

function valid(year: number, month: number, day: number): string | undefined {
  const at = new Date(Date.UTC(year, month - 1, day));
  if (!(year > 2000 && year < 3000) || at.getUTCMonth() !== month - 1 || at.getUTCDate() !== day) return undefined;
  return at.toISOString().slice(0, 10);
}

/** A share between 0 and 1. */
function numberOf(text: string, isPercent: boolean): number | undefined {
  const [, digits, sign] = /^\s*([0-9]*\.?[0-9]+(?:e-?\d+)?)\s*(%?)\s*$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits) / (sign === "%" || isPercent ? 100 : 1);
  return value >= 0 && value <= 1 ? value : undefined;
}
