/** How values are written for people. */

const units = ["B", "KB", "MB", "GB", "TB", "PB"];
/** 1536 is "1.5 KB"; one K is 1024. */
export function bytes(count: number): string {
  let at = 0;
  let rest = count;
  while (rest >= 1024 && at < units.length - 1) {
    rest /= 1024;
    at++;
  }
  return `${rest < 10 && at > 0 ? Math.round(rest * 10) / 10 : Math.round(rest)} ${units[at]}`;
}
/** "2 GB" in bytes; undefined where it is none. */
export function readBytes(text: string): number | undefined {
  const found = /^\s*(\d+(?:[.,]\d+)?)\s*([kmgtp]?)i?b?\s*$/i.exec(text);
  if (found === null) return undefined;
  const power = ["", "k", "m", "g", "t", "p"].indexOf((found[2] ?? "").toLowerCase());
  return Math.round(Number((found[1] ?? "").replace(",", ".")) * 1024 ** power);
}

const durations: readonly (readonly [unit: string, ms: number, form: RegExp])[] = [
  ["days", 86_400_000, /^d(?:ays?)?$/],
  ["hours", 3_600_000, /^h(?:ours?)?$/],
  ["minutes", 60_000, /^m(?:in(?:utes?)?)?$/],
  ["seconds", 1000, /^s(?:ec(?:onds?)?)?$/],
  ["ms", 1, /^ms$/],
];
/** 5400000 is "90 minutes": the largest unit of which it is a whole number. */
export function duration(ms: number): string {
  for (const [unit, length] of durations)
    if (ms >= length && ms % length === 0)
      return ms === length && unit !== "ms" ? `1 ${unit.slice(0, -1)}` : `${ms / length} ${unit}`;
  return `${ms} ms`;
}
/** "15 min" in milliseconds; a number alone but 0 says nothing. undefined where it is none. */
export function readDuration(text: string): number | undefined {
  const [, count = "", unit = ""] = /^\s*(\d+(?:[.,]\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  if (count === "0" && unit === "") return 0;
  const length = durations.find(([, , form]) => form.test(unit.toLowerCase()))?.[1];
  return length === undefined ? undefined : Math.round(Number(count.replace(",", ".")) * length);
}

const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdg/, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bFirefox\//, "Firefox"],
  [/\b(?:Headless)?Chrome\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];
const systems: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, "Android"],
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "Mac"],
  [/\bLinux\b/, "Linux"],
];
/** "Mozilla/5.0 (X11; Linux …) … Firefox/140.0" is "Firefox on Linux"; what is no browser stays what it is. */
export function device(agent: string): string {
  if (!agent.startsWith("Mozilla/")) return agent;
  const found = (known: typeof browsers) => known.find(([form]) => form.test(agent))?.[1];
  const [browser = "A browser", system] = [found(browsers), found(systems)];
  return system === undefined ? browser : `${browser} on ${system}`;
}

/** The console is in English: so are its numbers and times, whatever the browser's language is. "27 Nov 2026, 15:45" is one day everywhere. */
export const locale = "en-GB";
const number = new Intl.NumberFormat(locale);
export const count = (value: number): string => number.format(value);
const percents = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
export const percent = (share: number): string => percents.format(share);

const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const onlyDay = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const dayTime = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
export function time(text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  return at.toDateString() === new Date().toDateString() ? `today, ${dayTime.format(at)}` : dateTime.format(at);
}

export const day = (text: string): string => onlyDay.format(new Date(text));

/** What <input type="datetime-local"> shows of an instant: it has no offset. Empty where it is none. */
export function localTime(text: string | undefined): string {
  const at = new Date(text ?? "");
  return Number.isNaN(at.getTime())
    ? ""
    : new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const ago = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const steps: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
/** "3 hours ago", "in 5 minutes". */
export function fromNow(text: string, now = Date.now()): string {
  const away = new Date(text).getTime() - now;
  for (const [unit, ms] of steps) if (Math.abs(away) >= ms) return ago.format(Math.round(away / ms), unit);
  return Math.abs(away) < 5_000 ? "now" : ago.format(Math.round(away / 1000), "second");
}

/** A time as the API writes it, whatever the field is called. */
export const isInstant = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z$/.test(text);

export type Counts = { readonly [what: string]: unknown };
const counts: { readonly [what: string]: readonly [one: string, more: string] } = {
  domains: ["domain", "domains"],
  accounts: ["account", "accounts"],
  addresses: ["address", "addresses"],
  messages: ["message", "messages"],
};
/** "1 account, 2 addresses, 12 MB": what goes with something that is deleted. */
export const counted = (of: Counts): string =>
  Object.entries(of)
    .flatMap(([what, value]) => {
      if (typeof value !== "number" || value === 0) return [];
      if (/bytes$/i.test(what)) return [bytes(value)];
      return [`${count(value)} ${counts[what]?.[value === 1 ? 0 : 1] ?? label(what).toLowerCase()}`];
    })
    .join(", ");

const maxNamed = 8;
const naming: { readonly [kind: string]: string } = {
  alias: "the alias",
  group: "the group",
  list: "the mailing list",
  "catch-all": "the catch-all of",
  filter: "a filter of",
};
/** " The group team@… and a filter of bob@… name it …": what still names an account that is deleted; "" where nothing does. */
export function namedIn(namedBy: unknown): string {
  if (!Array.isArray(namedBy) || namedBy.length === 0) return "";
  const words = (namedBy as { readonly kind: string; readonly name: string }[]).map(
    ({ kind, name }) => `${naming[kind] ?? kind} ${name || "the server"}`,
  );
  const told = words.slice(0, maxNamed);
  if (words.length > maxNamed) told.push(`${count(words.length - maxNamed)} more`);
  return ` These still name it: ${told.join(", ")}. "Hand over" lets another address stand there; mail that comes by them alone is refused otherwise.`;
}

/** "usedBytes" is "Used"; "createdAt" is "Created"; "mtaStsMx" is "MTA-STS MX". */
export function label(name: string): string {
  const known = words[name];
  if (known !== undefined) return known;
  const spaced = name
    .replace(/(Bytes|At|Ms|_at)$/, "")
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll(/[-_]/g, " ")
    .toLowerCase();
  const proper = spaced.replace(
    /\b(dkim|dmarc|spf|mta sts|tls|dns|imap|pop3|smtp|jmap|api|ip|id|url|mx|ehlo|bimi|csv|totp|uri|dn|ldap|oidc|html|pdf)\b/g,
    (word) => word.toUpperCase(),
  );
  return proper.charAt(0).toUpperCase() + proper.slice(1);
}
const words: { readonly [name: string]: string } = {
  displayName: "Name for people",
  says: "What was seen",
  posting: "Who may write",
  others: "What others write",
  subscribing: "Who may join",
  maxBounces: "Bounces until paused",
  held: "Waiting for a moderator",
  requests: "Wanting to join",
  shares: "Who works in this mailbox",
  sendAs: "Sends as it",
  sendOnBehalf: "Sends on its behalf",
  onBehalf: "Send on its behalf",
  mtaSts: "MTA-STS",
  mtaStsMx: "MTA-STS: other servers",
  catchAll: "Catch-all",
  cleartextAuth: "Sign in without TLS too",
  maxDomains: "Most domains",
  maxAccounts: "Most accounts",
  maxStorageBytes: "Most storage",
  defaultQuotaBytes: "Quota of a new account",
  subaddressSeparator: "Separator of sub-addresses",
  relayTo: "Relayed to",
  relayRecipients: "Recipients when relayed",
  maxMessageBytes: "Largest message",
  signatureDays: "Signatures expire after days",
  quotaBytes: "Quota",
  usedBytes: "Storage used",
  usedMessages: "Messages",
  everyMs: "Keep in step",
  onenote: "OneNote",
  unlimited: "Accounts without a quota",
  inFile: "From the configuration",
  anyCertificate: "Take any certificate",
  bytes: "Size",
  purgeAt: "Gone for ever",
  names: "For",
  at: "When",
  known: "Had come before",
  run: "Run now",
  digest: "Send the digest",
  publicArchive: "Archive for everybody",
  journeyDays: "Days that journeys are kept",
  auditDays: "Days that the audit log is kept",
  outgoingHeld: "Let nothing leave this server",
  routes: "Routes of outbound mail",
};
