/** Keys that travel in mail: the fields of Autocrypt Level 1 (§3.1, §3.2), and what of them is believed. Pure. */

export type Told = {
  /** In small letters. */
  readonly addr: string;
  /** Its owner likes to get mail encrypted. */
  readonly mutual: boolean;
  /** base64. */
  readonly keydata: string;
};

/** §3.1.1: of a field; a longer one is not looked at. */
export const maxFieldChars = 10 * 1024;

/** Undefined where it is not valid: an attribute that is not known and has no "_" before it makes it so. */
export function parseAutocrypt(value: string): Told | undefined {
  if (value.length > maxFieldChars) return undefined;
  const found = new Map<string, string>();
  for (const part of value.split(";")) {
    if (part.trim() === "") continue;
    const at = part.indexOf("=");
    const name = part.slice(0, at).trim().toLowerCase();
    if (at < 1 || found.has(name)) return undefined;
    if (!["addr", "prefer-encrypt", "keydata"].includes(name) && !name.startsWith("_")) return undefined;
    found.set(name, part.slice(at + 1).trim());
  }
  const addr = found.get("addr")?.toLowerCase();
  const keydata = found.get("keydata")?.replace(/\s+/g, "");
  if (!addr?.includes("@") || !keydata || !/^[A-Za-z\d+/]+={0,2}$/.test(keydata)) return undefined;
  return { addr, mutual: found.get("prefer-encrypt") === "mutual", keydata };
}

/** Of all such fields of a message the one that counts (§3.2): valid, of its only sender, and the only such. */
export function toldBy(values: readonly string[], from: readonly string[]): Told | undefined {
  if (from.length !== 1) return undefined;
  const fitting = values.map(parseAutocrypt).filter((one) => one?.addr === from[0]?.toLowerCase());
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** The value of a field, with blanks where it may be folded. */
export const autocryptText = ({ addr, mutual, keydata }: Told): string =>
  `addr=${addr}; ${mutual ? "prefer-encrypt=mutual; " : ""}keydata=${keydata.replace(/.{70}/g, " $&")}`;

/** §2.3: what was told later counts; a date to come is not believed. */
export const effectiveDate = (sentAt: number, now: number): number =>
  Math.min(Number.isNaN(sentAt) ? now : sentAt, now);
