/** Names as they are written, not as characters that turn the direction of reading make them look ("invoice[U+202E]fdp.exe"). */

/** Unicode's embeddings, overrides, isolates and marks of direction; characters without width; controls; lines of names. */
const turning = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

export const withoutTurns = (name: string): string => name.replace(turning, "");
