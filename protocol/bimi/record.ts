/** BIMI assertion records (draft-brand-indicators-for-message-identification §4.2). */
import { parseTags } from "../dkim/tags.ts";

export type BimiRecord = {
  /** https; "" with `authority` "" declines. */
  readonly location: string;
  /** Where the mark certificate is; "" for none. */
  readonly authority: string;
};

/** The one record among those of a name; undefined for none or several; "bad" for one that cannot be used. */
export function bimiIn(records: readonly string[]): BimiRecord | "bad" | undefined {
  const [text, ...more] = records.filter((record) => /^[ \t]*v[ \t]*=[ \t]*BIMI1[ \t]*(?:;|$)/.test(record));
  if (text === undefined) return undefined;
  const tags = more.length > 0 || text.length > 4096 ? undefined : parseTags(text);
  const location = tags?.get("l");
  const authority = tags?.get("a") ?? "";
  if (location === undefined || !isUse(location) || !isUse(authority)) return "bad";
  return { location, authority };
}

function isUse(uri: string): boolean {
  return uri === "" || /^https:\/\/[\x21-\x7e]{1,2000}$/i.test(uri);
}
