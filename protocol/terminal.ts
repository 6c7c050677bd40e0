/** What is safe to show on a terminal: what strangers wrote must neither steer it (C0, C1) nor turn the line round (bidi controls, line separators). */

/** What a JSON text may hold unescaped (RFC 8259 §7) and a terminal may obey. */
const unsafe = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A JSON text that says the same to whoever parses it. */
export const safeJson = (json: string): string =>
  json.replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Lines of text: a dot stands for each character that is none to read. */
export const safeText = (text: string): string =>
  text.replace(/[\x00-\x08\x0b-\x1f]/g, "\u00b7").replace(unsafe, "\u00b7");
