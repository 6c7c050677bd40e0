/** xtext, RFC 3461 §4: printable ASCII with "+XX" for the rest. */

const xtext = /^(?:[!-*,-<>-~]|\+[\dA-F]{2})*$/;

/** What was meant, printable ASCII (and spaces) only: a control character behind "+0D" must not reach a header field. Undefined where it is not xtext. */
export function decodeXtext(text: string): string | undefined {
  if (!xtext.test(text)) return undefined;
  if (!text.includes("+")) return text;
  const decoded = text.replace(/\+([\dA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return /^[ -~]*$/.test(decoded) ? decoded : undefined;
}

/** The other way, for a client. Characters beyond ASCII have no xtext form: they are for the caller to keep out. */
export function encodeXtext(text: string): string {
  return text.replace(/[^!-*,-<>-~]/g, (char) => `+${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
