/** What a new password must be, as sentences for whoever chooses it. No network is asked: the list of leaked ones is here. */
import { maxPasswordChars } from "../../protocol/sasl/prep.ts";

export const minPasswordChars = 10;

let leaked: Promise<ReadonlySet<string>> | undefined;

/** Some 50,000 passwords that are in every list of leaked ones; loaded when first asked for. */
function leakedPasswords(): Promise<ReadonlySet<string>> {
  leaked ??= import("@zxcvbn-ts/language-common").then(({ dictionary }) => new Set(dictionary["passwords-common"]));
  return leaked;
}

/**
 * Why a password cannot be taken; nothing where it can. `about`: the address and the name of whose it will be. Length counts,
 * not kinds of characters (NIST SP 800-63B §3.1.1.2).
 */
export async function passwordFaults(password: string, about: readonly string[]): Promise<readonly string[]> {
  const faults: string[] = [];
  const chars = [...password].length;
  if (chars < minPasswordChars)
    faults.push(`It has ${chars} characters: use at least ${minPasswordChars}. Three or four unrelated words do well.`);
  if (password.length > maxPasswordChars) faults.push(`It is too long: use at most ${maxPasswordChars} characters.`);
  if (/[\0\r\n]/.test(password)) faults.push("It must not hold line ends.");
  const lower = password.normalize("NFKC").toLowerCase();
  const own = about
    .flatMap((text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u))
    .filter((word) => word.length >= 4 && lower.includes(word) && lower.length - word.length < 8);
  if (own.length > 0) faults.push(`It is little more than "${own[0]}", which others know of you: choose another.`);
  if (isPattern(lower))
    faults.push("It is a pattern that is tried first, such as a row of keys or one word twice: choose another.");
  const list = await leakedPasswords();
  if (variants(lower).some((one) => list.has(one)))
    faults.push("It is in lists of passwords that leaked elsewhere, and is tried first: choose another.");
  return faults;
}

/** What is on a list with some digits and signs behind it is tried as well. */
function variants(lower: string): readonly string[] {
  const plain = lower.replace(/[\d\W_]+$/u, "");
  const spelled = lower.replace(/[@4301$5!7]/g, (sign) => leet[sign]!);
  return [lower, spelled, ...(plain.length >= 4 && lower.length - plain.length <= 4 ? [plain] : [])];
}
const leet: { readonly [sign: string]: string } = {
  "@": "a",
  "4": "a",
  "3": "e",
  "0": "o",
  "1": "i",
  $: "s",
  "5": "s",
  "!": "i",
  "7": "t",
};

const rows = [
  "abcdefghijklmnopqrstuvwxyz",
  "qwertyuiopasdfghjklzxcvbnm",
  "qwertzuiopasdfghjklyxcvbnm",
  "01234567890123456789",
];

/** A few characters, or one piece, again and again; or a run of the alphabet or the keyboard. */
function isPattern(lower: string): boolean {
  if (lower.length === 0) return false;
  if (new Set(lower).size <= 3) return true;
  if (/^(.{1,6})\1+$/u.test(lower)) return true;
  return rows.some((row) => row.includes(lower) || [...row].reverse().join("").includes(lower));
}
