/** A message with more HTML is shown as text. */
export const maxHtmlChars = 2 * 1024 * 1024;
