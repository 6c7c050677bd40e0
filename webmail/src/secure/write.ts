/** Writes MIME (RFC 2045, RFC 5322) as it has to be to be signed: seven bits, lines of 76, CRLF, nothing at the end of a line that a relay could take away (RFC 3156 §3). Pure. */
import type { EmailAddress } from "../jmap/types.ts";

export type Field = { readonly name: string; readonly value: string };
export type File = {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Of pictures within the text. */
  readonly cid: string | undefined;
};
/** A MIME entity: the value of its Content-Type, its other fields, its body. */
export type Entity = { readonly type: string; readonly fields: readonly Field[]; readonly body: string };

const utf8 = new TextEncoder();
const lineChars = 76;

export function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
const inLines = (text: string): string => text.replace(new RegExp(`.{${lineChars}}(?=.)`, "g"), "$&\r\n");

/** RFC 2045 §6.7; RFC 3156 §5: a line that begins with "From " is written otherwise. */
export function quotedPrintable(text: string): string {
  const hex = (byte: number): string => `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return text
    .replace(/\r\n?/g, "\n")
    .split("\n")
    .map((line) => {
      const units: string[] = [];
      for (const byte of utf8.encode(line))
        units.push(
          (byte >= 33 && byte <= 126 && byte !== 61) || byte === 32 || byte === 9
            ? String.fromCharCode(byte)
            : hex(byte),
        );
      const last = units.at(-1);
      if (last === " " || last === "\t") units[units.length - 1] = hex(last.charCodeAt(0));
      if (line.startsWith("From ")) units[0] = hex(70);
      const lines = [""];
      for (const unit of units) {
        if ((lines.at(-1) ?? "").length + unit.length > lineChars - 1) lines.push("");
        lines[lines.length - 1] += unit;
      }
      // A soft break leaves no blank at the end that counts: "=" stands behind it.
      return lines.join("=\r\n");
    })
    .join("\r\n");
}

/** RFC 2047: words of at most 75 letters, never cut within a letter. */
export function encodedWords(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes("=?")) return text;
  const words: string[] = [];
  let piece = "";
  const close = (): void => {
    if (piece !== "") words.push(`=?utf-8?B?${base64Of(utf8.encode(piece))}?=`);
    piece = "";
  };
  for (const char of text.replace(/[\r\n]+/g, " ")) {
    if (utf8.encode(piece + char).length > 42) close();
    piece += char;
  }
  close();
  return words.join(" ");
}

const mailboxText = ({ name, email }: EmailAddress): string => {
  if (name === null || name.trim() === "") return email;
  if (/^[\w !#$%&'*+/=?^`{|}~-]+$/.test(name)) return `${name} <${email}>`;
  if (/^[\x20-\x7e]*$/.test(name)) return `"${name.replace(/["\\]/g, "\\$&")}" <${email}>`;
  return `${encodedWords(name)} <${email}>`;
};
export const addressesText = (people: readonly EmailAddress[]): string => people.map(mailboxText).join(", ");

/** Folded where there are blanks (RFC 5322 §2.2.3). */
export function fieldText({ name, value }: Field): string {
  const words = value.replace(/[\r\n]+/g, " ").split(" ");
  const lines = [`${name}:`];
  for (const word of words) {
    const line = lines.at(-1) ?? "";
    // A line is never blank: the first word stays beside the name where it fits.
    if (line.length + 1 + word.length > lineChars && line.trim() !== "" && (lines.length > 1 || line !== `${name}:`))
      lines.push(` ${word}`);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join("\r\n");
}

/** The entity as bytes would stand, its fields first. */
export const entityText = ({ type, fields, body }: Entity, before: readonly Field[] = []): string =>
  `${[...before, { name: "Content-Type", value: type }, ...fields].map(fieldText).join("\r\n")}\r\n\r\n${body}`;

const boundary = (random: () => string): string => `=_${random()}`;

export function multipart(subtype: string, parts: readonly Entity[], random: () => string, parameters = ""): Entity {
  const edge = boundary(random);
  return {
    type: `multipart/${subtype}; boundary="${edge}"${parameters}`,
    fields: [],
    body: `${parts.map((part) => `--${edge}\r\n${entityText(part)}\r\n`).join("")}--${edge}--\r\n`,
  };
}

export const textEntity = (subtype: "plain" | "html", text: string): Entity => ({
  type: `text/${subtype}; charset=utf-8`,
  fields: [{ name: "Content-Transfer-Encoding", value: "quoted-printable" }],
  body: quotedPrintable(text),
});

/** RFC 2231 §4 for a name that is not plain. */
const parameter = (name: string, value: string): string =>
  /^[\x20-\x7e]*$/.test(value)
    ? `${name}="${value.replace(/["\\]/g, "\\$&")}"`
    : `${name}*=utf-8''${encodeURIComponent(value).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)}`;

export const fileEntity = ({ name, type, bytes, cid }: File): Entity => ({
  // RFC 2045 §6.4: a message or multipart cannot be written in base64.
  type: /^(?:message|multipart)\//i.test(type) ? "application/octet-stream" : type,
  fields: [
    {
      name: "Content-Disposition",
      value: `${cid === undefined ? "attachment" : "inline"}; ${parameter("filename", name)}`,
    },
    ...(cid === undefined ? [] : [{ name: "Content-ID", value: `<${cid}>` }]),
    { name: "Content-Transfer-Encoding", value: "base64" },
  ],
  body: inLines(base64Of(bytes)),
});

/** What a letter says: text, beside it HTML with its pictures, and files behind. */
export function letterEntity(
  text: string,
  html: string | undefined,
  files: readonly File[],
  random: () => string,
): Entity {
  const pictures = files.filter(({ cid }) => cid !== undefined);
  const others = files.filter(({ cid }) => cid === undefined);
  const page = html === undefined ? undefined : textEntity("html", html);
  const rich =
    page === undefined || pictures.length === 0
      ? page
      : multipart("related", [page, ...pictures.map(fileEntity)], random, '; type="text/html"');
  const words =
    rich === undefined
      ? textEntity("plain", text)
      : multipart("alternative", [textEntity("plain", text), rich], random);
  return others.length === 0 ? words : multipart("mixed", [words, ...others.map(fileEntity)], random);
}
