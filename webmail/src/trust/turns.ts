/** Names as they are written, not as characters that turn the direction of reading make them look ("invoice[U+202E]fdp.exe"). */

/** Unicode's embeddings, overrides, isolates and marks of direction; characters without width; controls; lines of names. */
const turning = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export const withoutTurns = (name: string): string => name.replace(turning, "");

/** Blanks, controls, marks with nothing to stand on, and letters that are drawn as nothing (fillers of Hangul, the empty Braille cell). */
const unseen = /^[\p{Z}\p{C}\p{M}\u115f\u1160\u2800\u3164\uffa0]*$/u;

/** A text of which something can be seen, without the blanks around it; undefined where it would be shown as nothing. */
export function seen(text: string | null | undefined): string | undefined {
  return text == null || unseen.test(text) ? undefined : text.trim();
}

/** A name as it is shown. */
export const shown = (name: string | null | undefined): string | undefined => seen(withoutTurns(name ?? ""));

/** Characters of a person's name that are shown: strangers choose theirs, and it must not push away who they are. */
const maxNameChars = 100;

export function shortened(name: string): string {
  if (name.length <= maxNameChars) return name;
  const chars = [...name.slice(0, 2 * maxNameChars)].slice(0, maxNameChars);
  return `${chars.join("")}…`;
}
