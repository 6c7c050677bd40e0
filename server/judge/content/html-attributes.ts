/** Attributes of a tag, read where they are asked for. */

const attributePattern = (name: string): RegExp =>
  new RegExp(`(?:^|[\\s"'/])${name}\\s*=\\s*(?:"([^"]*)"?|'([^']*)'?|([^\\s>]+))`, "i");
export const styleAttribute = attributePattern("style");
export const classAttribute = attributePattern("class");
export const idAttribute = attributePattern("id");
export const sizeAttribute = attributePattern("size");
export const colorAttribute = attributePattern("color");
export const bgcolorAttribute = attributePattern("bgcolor");
export const hrefAttribute = attributePattern("href");
export const srcAttribute = attributePattern("(?:src|data)");
export const actionAttribute = attributePattern("action");
export const typeAttribute = attributePattern("type");
export const hiddenAttribute = /\shidden(?:[\s=/>]|$)/i;
export const eventAttribute = /\son(?:click|load|mouse\w+|error|submit|focus)\s*=/i;
export const sizes = /(?:^|\s)(?:width|height)\s*=\s*["']?(\d{1,5})/i;

export function attribute(attributes: string, pattern: RegExp): string | undefined {
  const found = pattern.exec(attributes);
  return found === null ? undefined : (found[1] ?? found[2] ?? found[3]);
}
