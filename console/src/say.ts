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

const number = new Intl.NumberFormat();
export const count = (value: number): string => number.format(value);
const percents = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 1 });
export const percent = (share: number): string => percents.format(share);

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const dayTime = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
export function time(text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return text;
  return at.toDateString() === new Date().toDateString() ? `today, ${dayTime.format(at)}` : dateTime.format(at);
}

/** What <input type="datetime-local"> shows of an instant: it has no offset. Empty where it is none. */
export function localTime(text: string | undefined): string {
  const at = new Date(text ?? "");
  return Number.isNaN(at.getTime())
    ? ""
    : new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

const ago = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
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

/** "usedBytes" is "Used"; "createdAt" is "Created"; "mtaStsMx" is "MTA-STS MX". */
export function label(name: string): string {
  const known = words[name];
  if (known !== undefined) return known;
  const spaced = name
    .replace(/(Bytes|At)$/, "")
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replaceAll(/[-_]/g, " ")
    .toLowerCase();
  const proper = spaced.replace(
    /\b(dkim|dmarc|spf|mta sts|tls|dns|imap|pop3|smtp|jmap|api|ip|id|url|mx|ehlo|bimi|csv|totp)\b/g,
    (word) => word.toUpperCase(),
  );
  return proper.charAt(0).toUpperCase() + proper.slice(1);
}
const words: { readonly [name: string]: string } = {
  displayName: "Name for people",
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
  subaddressSeparator: "Separator of sub-addresses",
  relayTo: "Relayed to",
  relayRecipients: "Recipients when relayed",
  maxMessageBytes: "Largest message",
  signatureDays: "Signatures expire after days",
  quotaBytes: "Quota",
  usedBytes: "Storage used",
  usedMessages: "Messages",
};
