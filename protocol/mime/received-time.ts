/** When a message was received, as its newest trace field says (RFC 5322 §3.6.7). */
import { parseDate } from "./fields/date.ts";
import { bytesOf, headerValue, splitHeader } from "./header.ts";

/** Milliseconds since 1970; undefined where there is no Received, or it has no date that can be read. */
export function receivedTime(raw: Uint8Array): number | undefined {
  const bytes = bytesOf(raw);
  // Each server puts its own before the others.
  const value = headerValue(splitHeader(bytes, 0, bytes.length), "received");
  const at = value === undefined ? undefined : parseDate(value.slice(value.lastIndexOf(";") + 1).trim());
  return at === undefined || at < 0 ? undefined : at;
}
