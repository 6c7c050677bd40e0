/** What people, groups, lists, devices and other things of theirs are called, as others read it. */

/**
 * Controls, ends of lines, what is drawn as nothing, and embeddings, overrides and isolates (UAX #9), which turn round what stands beside them. Names that
 * are written from right to left need none of these: their letters say it, and the marks (U+200E, U+200F, U+061C) and joiners stay.
 */
const strange = /[\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u206f\ufeff]/g;

export const isDisplayName = (text: string): boolean => text.search(strange) < 0;

/** A name that others have written, without what no name has; `most`: characters. */
export const displayNameOf = (text: string, most: number): string =>
  text
    .replace(strange, (one) => (one < " " ? " " : ""))
    .trim()
    .slice(0, most);

export const noDisplayName = "A name is one line, without control characters and others that are not seen.";
