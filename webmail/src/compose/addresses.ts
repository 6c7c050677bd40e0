/** Addresses as people type and paste them: "Ann <ann@x.test>, bob@y.test; c@z.test". */
import type { EmailAddress } from "../jmap/types.ts";

/** RFC 5322 §3.4.1 as far as people use it, RFC 6531 letters included. */
const addressLike =
  /^[^\s@<>(),;:"[\]\\]+@[^\s@<>(),;:"[\]\\]+\.[^\s@<>(),;:"[\]\\.]{2,}$|^[^\s@<>(),;:"[\]\\]+@(?:localhost|\[[\d.:a-f]+\])$/iu;

export const isAddress = (text: string): boolean =>
  text.length <= 254 && addressLike.test(text) && !text.includes("..");

/** Cuts at commas, semicolons and line ends that are neither in quotes nor in <>. */
export function splitAddresses(text: string): readonly string[] {
  const parts: string[] = [];
  let quoted = false;
  let angle = false;
  let part = "";
  for (const char of text) {
    if (char === '"') quoted = !quoted;
    else if (char === "<") angle = true;
    else if (char === ">") angle = false;
    if (!quoted && !angle && /[,;\n\r\t]/.test(char)) {
      parts.push(part);
      part = "";
    } else part += char;
  }
  parts.push(part);
  return parts.map((one) => one.trim()).filter((one) => one !== "");
}

/** What cannot be an address comes back as it was typed: `isAddress(email)` tells. */
export function parseAddress(text: string): EmailAddress {
  const [, name, address] = /^(.*?)\s*<([^<>]+)>$/.exec(text.trim()) ?? [];
  if (address === undefined) return { name: null, email: text.trim().replace(/^mailto:/i, "") };
  const plain = (name ?? "")
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .replace(/\\(.)/g, "$1")
    .trim();
  return { name: plain === "" ? null : plain, email: address.trim() };
}

export const formatAddress = ({ name, email }: EmailAddress): string =>
  name === null ? email : `${/[,;<>"@()]/.test(name) ? `"${name.replace(/["\\]/g, "\\$&")}"` : name} <${email}>`;
