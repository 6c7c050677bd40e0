/** Whether a person or a program loaded a picture or followed a link, by what a request shows and by when it came. A guess, and told as one. Pure. */
import type { Instant } from "../store/store.ts";

/** What a request shows of who makes it. */
export type Visit = {
  readonly method: string;
  readonly userAgent: string;
  /** Sec-Purpose, Purpose or X-Moz. */
  readonly purpose: string;
};

/** Nobody reads a letter, and follows what it says, so soon after it came. */
export const scannedWithinMs = 4_000;
/** So many links of one letter at a time are a program's doing. */
export const scannedLinks = 3;

/** By the names that they give themselves; the first that fits. */
const programs: readonly (readonly [why: string, form: RegExp])[] = [
  // Apple's Mail Privacy Protection loads every picture when the mail comes, and says no more than this.
  ["apple-mail-privacy", /^Mozilla\/5\.0$/],
  ["image-proxy", /GoogleImageProxy|YahooMailProxy|ggpht\.com|ImageProxy|Outlook-?ImageFetcher/i],
  [
    "scanner",
    /barracuda|mimecast|proofpoint|fireeye|symantec|messagelabs|sophos|trend ?micro|forcepoint|cisco|safelinks|urldefense|virus|phish|spam/i,
  ],
  [
    "program",
    /bot\b|bot\/|crawl|spider|scan|preview|prefetch|monitor|headless|phantom|puppeteer|selenium|playwright|curl|wget|python|java\/|okhttp|go-http|libwww|perl|ruby|node|axios|guzzle|httpclient|winhttp|slack|facebookexternalhit|whatsapp|telegram/i,
  ],
];

/** Why it was a program, by the request alone; undefined: it may have been a person. */
export function programOf({ method, userAgent, purpose }: Visit): string | undefined {
  if (method !== "GET") return "head";
  if (/prefetch|preview|prerender/i.test(purpose)) return "prefetch";
  if (userAgent.trim() === "") return "no-name";
  return programs.find(([, form]) => form.test(userAgent))?.[0];
}

/** Why it was a program, by when it came. `deliveredAt`: undefined where nobody knows; "not": its receiver has not taken it yet. */
export function tooSoon(at: Instant, deliveredAt: Instant | "not" | undefined): "too-soon" | undefined {
  if (deliveredAt === undefined) return undefined;
  return deliveredAt === "not" || at - deliveredAt < scannedWithinMs ? "too-soon" : undefined;
}
