/** A message with more HTML is shown as text. */
export const maxHtmlChars = 2 * 1024 * 1024;
/** Likewise one with more tags: thousands of cells take seconds to lay out. */
export const maxHtmlTags = 40_000;
