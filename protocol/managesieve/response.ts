/** What a ManageSieve server says: RFC 5804 §1.2, §1.3. */
import { Buffer } from "node:buffer";

export type Reply = {
  readonly status: "OK" | "NO" | "BYE";
  /** As it stands between the parentheses. */
  readonly code: string | undefined;
  readonly text: string;
};

export const ok = (text: string, code?: string): Reply => ({ status: "OK", code, text });
export const no = (text: string, code?: string): Reply => ({ status: "NO", code, text });
export const bye = (text: string, code?: string): Reply => ({ status: "BYE", code, text });

/** RFC 5804 §4: quoted strings have up to 1024 octets; some clients read less. */
const maxQuotedBytes = 800;

/** A string: quoted where it can be, else a literal. A byte string. */
export function formatString(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  const content = bytes.toString("latin1");
  if (bytes.length <= maxQuotedBytes && !/[\r\n\0]/.test(content)) return `"${content.replace(/["\\]/g, "\\$&")}"`;
  return `{${bytes.length}}\r\n${content}`;
}

/** A byte string, its line end included. */
export function formatReply({ status, code, text }: Reply): string {
  return `${status}${code === undefined ? "" : ` (${code})`} ${formatString(text)}\r\n`;
}

export type Offer = {
  readonly implementation: string;
  readonly sieve: readonly string[];
  readonly mechanisms: readonly string[];
  readonly startTls: boolean;
  readonly maxRedirects: number;
  /** Who has logged in. */
  readonly owner: string | undefined;
};

/** RFC 5804 §1.7. A byte string. */
export function formatCapabilities(offer: Offer): string {
  const lines = [
    `"IMPLEMENTATION" ${formatString(offer.implementation)}`,
    `"SASL" ${formatString(offer.mechanisms.join(" "))}`,
    `"SIEVE" ${formatString(offer.sieve.join(" "))}`,
    ...(offer.startTls ? ['"STARTTLS"'] : []),
    `"NOTIFY" "mailto"`,
    `"MAXREDIRECTS" "${offer.maxRedirects}"`,
    '"LANGUAGE" "en"',
    ...(offer.owner === undefined ? [] : [`"OWNER" ${formatString(offer.owner)}`]),
    '"UNAUTHENTICATE"',
    '"VERSION" "1.0"',
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}
