/** One hostile letter. In its text RUN is a script that tells of itself, EVIL and HOST are addresses of a server that must never be asked. */

export type Attack = {
  readonly name: string;
  readonly html?: string;
  /** Where more than HTML is needed: everything from Content-Type on. */
  readonly mime?: string;
  readonly subject?: string;
  readonly from?: string;
};

/** A table of names and HTML. */
export const attacks = (kind: string, table: { readonly [name: string]: string }): readonly Attack[] =>
  Object.entries(table).map(([name, html]) => ({ name: `${kind}: ${name}`, html }));

/** A word that every letter ends with: it is seen that the rest of it is still shown. */
export const ending = "This is the end of the letter.";

export const fill = (text: string): string =>
  text
    .replaceAll("RUN", "(top.hostile=top.hostile||[]).push(1)")
    .replaceAll("EVIL", "https://evil.test/x")
    .replaceAll("HOST", "evil.test/x");

const lines = (base64: string): string => base64.replace(/.{76}/g, "$&\r\n");

/** One part of a multipart message, in Base64. */
export const part = (type: string, content: string | Uint8Array, more = ""): string =>
  `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n${more}\r\n${lines(Buffer.from(typeof content === "string" ? fill(content) : content).toString("base64"))}\r\n`;

export const multipart = (subtype: string, ...parts: readonly string[]): string =>
  `Content-Type: multipart/${subtype}; boundary=edge\r\n\r\n${parts.map((one) => `--edge\r\n${one}`).join("")}--edge--\r\n`;

/** The whole letter, as it comes over SMTP; in the conversation that is named, if any. */
export function letterOf({ name, html, mime, subject, from }: Attack, number: number, conversation?: string): string {
  const body = mime ?? part("text/html; charset=utf-8", `${html ?? ""}<p>${ending}</p>`);
  return [
    `From: ${from ?? `"${number} ${name.replace(/[^\w :.,-]/g, "?")}" <mallory@evil.test>`}`,
    "To: u1@example.test",
    `Subject: ${subject === undefined ? (conversation ?? `letter ${number}`) : fill(subject)}`,
    `Date: Wed, 25 Nov 2026 10:00:00 +0000`,
    `Message-ID: <hostile-${number}@evil.test>`,
    ...(conversation === undefined ? [] : [`References: <${conversation}@evil.test>`]),
    "MIME-Version: 1.0",
    body,
  ].join("\r\n");
}
