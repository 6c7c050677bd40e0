/** Names and domains as the eye reads them: what looks alike is the same, so that nobody passes for another by letters that merely look so. */
import { domainToUnicode } from "node:url";
import { isZeroWidth, lookAlikes } from "./words.ts";

/** Lower case, without accents and invisible signs; fancy letters and those of other alphabets as the Latin ones that they look like. */
export function plainLetters(text: string): string {
  let plain = "";
  for (const char of text.normalize("NFKD").replace(/\p{M}/gu, "")) {
    const code = char.charCodeAt(0);
    if (isZeroWidth(code)) continue;
    const alike = code < 128 ? undefined : lookAlikes.get(code);
    plain += alike === undefined ? char.toLowerCase() : String.fromCharCode(alike | 0x20);
  }
  return plain;
}

const role = "ceo|cfo|coo|cto|director|manager|president|chairman|owner|founder|boss|chef|geschäftsführ(?:er|erin|ung)";
const roles = new RegExp(`\\s*(?:\\((?:${role})\\)|[-,|/–]\\s*(?:${role}))\\s*$`, "iu");
const titles = /^(?:(?:dr|prof|mr|mrs|ms|herr|frau|dipl|ing|mag)\b\.?\s*)+(?=\S)/i;

/** A person's name, whichever way it is written: `Dr. Ann  Boss (CEO)`, `Boss, Ann` and "Ann Boss" are one. */
export function personName(name: string): string {
  const bare = name
    .replace(/["'“”„«»]/g, "")
    .trim()
    .replace(roles, "")
    .replace(titles, "");
  const [last = "", first = "", ...more] = bare.split(",");
  const inOrder = first.trim() === "" || more.length > 0 ? bare : `${first} ${last}`;
  return plainLetters(inOrder).replace(/\s+/g, " ").trim();
}

/** A domain as the eye reads it: "paypa1", "rnicrosoft" and "xn--pypal-4ve" are what they imitate. */
export function seenDomain(domain: string): string {
  const letters =
    /^[\x00-\x7f]*$/.test(domain) && !domain.includes("xn--") ? domain : plainLetters(domainToUnicode(domain));
  return letters
    .replace(/rn/g, "m")
    .replace(/vv/g, "w")
    .replace(/[01358]/g, (digit) => ({ 0: "o", 1: "l", 3: "e", 5: "s", 8: "b" })[digit] ?? digit);
}

const shortest = 6;

/** Whether a domain is another one that can be mistaken for `own`: both registrable ones, in lower case. */
export function looksLike(domain: string, own: string): boolean {
  if (domain === own || domain.length < shortest || own.length < shortest) return false;
  const [a, b] = [seenDomain(domain), seenDomain(own)];
  return a === b || nearly(a, b) || a.includes(b.replace(".", "-"));
}

/** Two domains of which one letter was changed, added, left out or swapped. */
export function nearly(a: string, b: string): boolean {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const leftA = a.slice(start, endA);
  const leftB = b.slice(start, endB);
  if (leftA.length <= 1 && leftB.length <= 1) return true;
  return leftA.length === 2 && leftB.length === 2 && leftA[0] === leftB[1] && leftA[1] === leftB[0];
}
