/** Message identifiers (RFC 5322 §3.6.4), read as liberally as real mail needs. */
import { decodeByteString } from "../charset.ts";

/** A longer id is no id. */
export const maxMessageIdChars = 998;

/** Ids of an unfolded value in order, without brackets, at most `max`; where nothing is bracketed, the words that look like one. */
export function parseMessageIds(value: string, max: number): string[] {
  const ids: string[] = [];
  let at = value.indexOf("<");
  while (at >= 0 && ids.length < max) {
    const end = value.indexOf(">", at + 1);
    if (end < 0) break;
    const start = value.lastIndexOf("<", end); // "<<a@b>": the innermost.
    addId(ids, value.slice(start + 1, end));
    at = value.indexOf("<", end);
  }
  if (ids.length > 0 || value.includes("<")) return ids;
  for (const word of value.slice(0, maxMessageIdChars * 4).split(/[ \t,]+/)) {
    if (ids.length >= max) break;
    if (word.includes("@")) addId(ids, word);
  }
  return ids;
}

/** The id of a Message-ID or Content-ID value without brackets, or undefined. */
export function parseMessageId(value: string): string | undefined {
  const [id] = parseMessageIds(value, 1);
  if (id !== undefined) return id;
  const ids: string[] = [];
  addId(ids, value.replace(/[<>]/g, ""));
  return ids[0];
}

function addId(ids: string[], text: string): void {
  const id = text.trim();
  if (id !== "" && id.length <= maxMessageIdChars) ids.push(decodeByteString(id));
}
