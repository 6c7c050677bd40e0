/** Writes a message from plain values: fields folded and encoded, bodies in an encoding that survives any transport. Pure: ids, dates and boundaries are given. */
import { Buffer, isAscii } from "node:buffer";
import { encodeBase64, encodeQuotedPrintable, encodingFor, textBytes } from "./encode.ts";
import { formatDate } from "./fields/date.ts";
import { addressField, groupField, type NamedAddress, parameter, rawField, textField } from "./fields/write.ts";

export type ComposedField =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly addresses: readonly NamedAddress[] }
  /** Addresses in groups; those without a name stand by themselves. */
  | {
      readonly name: string;
      readonly groups: readonly { readonly name: string | undefined; readonly addresses: readonly NamedAddress[] }[];
    }
  /** Milliseconds since 1970. */
  | { readonly name: string; readonly date: number }
  /** Message ids without brackets. */
  | { readonly name: string; readonly ids: readonly string[] }
  /** A value that has its syntax already: printable, ASCII unless `utf8`. */
  | { readonly name: string; readonly raw: string };

export type ComposedPart =
  | { readonly kind: "text"; readonly subtype: "plain" | "html"; readonly text: string; readonly language?: string }
  | {
      readonly kind: "file";
      /** "image/png" */
      readonly type: string;
      readonly bytes: Uint8Array;
      readonly disposition: "attachment" | "inline";
      readonly fileName?: string;
      /** Without brackets. */
      readonly contentId?: string;
    }
  /** A part whose bytes go out as they are: `type` with its parameters, `encoding` true of the bytes. */
  | {
      readonly kind: "raw";
      readonly type: string;
      readonly encoding: "7bit" | "8bit" | "binary";
      readonly bytes: Uint8Array;
      readonly description?: string;
    }
  /** A leaf with all its fields given: text and messages go out in an encoding that fits them, everything else in base64. */
  | {
      readonly kind: "leaf";
      /** "text/plain; charset=utf-8", with its parameters. */
      readonly type: string;
      /** Fields beside Content-Type and Content-Transfer-Encoding. */
      readonly fields: readonly ComposedField[];
      /** Text with CRLF lines, where `type` is text. */
      readonly bytes: Uint8Array;
    }
  | {
      readonly kind: "multipart";
      /** Further fields of the multipart itself. */
      readonly fields?: readonly ComposedField[];
      /** "mixed", "alternative", "report; report-type=delivery-status" */
      readonly subtype: string;
      /** Must not occur in the parts: make it of enough randomness. */
      readonly boundary: string;
      readonly parts: readonly ComposedPart[];
    };

/** The bytes of a message. MIME-Version and the Content fields are added; `utf8` writes header text unencoded (RFC 6532). */
export function composeMessage(fields: readonly ComposedField[], body: ComposedPart, utf8 = false): Buffer {
  let header = "";
  for (const field of fields) header += writeField(field, utf8);
  return Buffer.concat([Buffer.from(`${header}MIME-Version: 1.0\r\n`, "utf8"), ...writePart(body)]);
}

function writeField(field: ComposedField, utf8: boolean): string {
  if ("text" in field) return textField(field.name, field.text, utf8);
  if ("addresses" in field) return addressField(field.name, field.addresses, utf8);
  if ("groups" in field) return groupField(field.name, field.groups, utf8);
  if ("date" in field) return rawField(field.name, formatDate(field.date));
  if ("ids" in field) return rawField(field.name, field.ids.map((id) => `<${id.replace(/[\s<>]/g, "")}>`).join(" "));
  return rawField(field.name, field.raw);
}

/** Content fields, empty line and body. */
function writePart(part: ComposedPart): Buffer[] {
  switch (part.kind) {
    case "text": {
      const bytes = textBytes(part.text);
      const encoding = encodingFor(bytes);
      const language = part.language === undefined ? "" : rawField("Content-Language", part.language);
      return [
        Buffer.from(
          `${rawField("Content-Type", `text/${part.subtype}; charset=utf-8`)}${language}Content-Transfer-Encoding: ${encoding}\r\n\r\n`,
        ),
        encoding === "7bit"
          ? bytes
          : Buffer.from(encoding === "base64" ? encodeBase64(bytes) : encodeQuotedPrintable(bytes), "latin1"),
      ];
    }
    case "file": {
      const name = part.fileName === undefined ? "" : parameter("filename", part.fileName);
      const id = part.contentId === undefined ? "" : `Content-ID: <${part.contentId.replace(/[\s<>]/g, "")}>\r\n`;
      return [
        Buffer.from(
          `${rawField("Content-Type", part.type)}Content-Transfer-Encoding: base64\r\n${rawField("Content-Disposition", part.disposition + name)}${id}\r\n`,
        ),
        Buffer.from(encodeBase64(part.bytes), "latin1"),
      ];
    }
    case "raw": {
      const description = part.description === undefined ? "" : textField("Content-Description", part.description);
      return [
        Buffer.from(
          `${rawField("Content-Type", part.type)}${description}Content-Transfer-Encoding: ${part.encoding}\r\n\r\n`,
        ),
        Buffer.from(part.bytes.buffer, part.bytes.byteOffset, part.bytes.byteLength),
      ];
    }
    case "leaf": {
      const encoding = leafEncoding(part.type, part.bytes);
      const fields = part.fields.map((field) => writeField(field, false)).join("");
      const bytes = Buffer.from(part.bytes.buffer, part.bytes.byteOffset, part.bytes.byteLength);
      return [
        Buffer.from(`${rawField("Content-Type", part.type)}${fields}Content-Transfer-Encoding: ${encoding}\r\n\r\n`),
        encoding === "base64"
          ? Buffer.from(encodeBase64(bytes), "latin1")
          : encoding === "quoted-printable"
            ? Buffer.from(encodeQuotedPrintable(bytes), "latin1")
            : bytes,
      ];
    }
    case "multipart": {
      const fields = (part.fields ?? []).map((field) => writeField(field, false)).join("");
      const pieces: Buffer[] = [
        Buffer.from(
          `${rawField("Content-Type", `multipart/${part.subtype}; boundary="${part.boundary}"`)}${fields}${needs8bit(part)}\r\n`,
        ),
      ];
      const delimiter = Buffer.from(`\r\n--${part.boundary}\r\n`);
      for (const [i, child] of part.parts.entries())
        pieces.push(i === 0 ? delimiter.subarray(2) : delimiter, ...writePart(child));
      pieces.push(Buffer.from(`\r\n--${part.boundary}--\r\n`));
      return pieces;
    }
    default:
      return part satisfies never;
  }
}

/** RFC 2046 §5.2.1: a message within a message is never encoded. */
function leafEncoding(type: string, bytes: Uint8Array): "7bit" | "8bit" | "quoted-printable" | "base64" {
  if (/^message\/(?:rfc822|global|partial)/i.test(type)) return isAscii(bytes) ? "7bit" : "8bit";
  return /^text\//i.test(type) || /^message\//i.test(type) ? encodingFor(bytes) : "base64";
}

/** RFC 2045 §6.4: a multipart says when something in it is not 7bit. */
function needs8bit(part: ComposedPart): string {
  const wide = widest(part);
  return wide === "7bit" ? "" : `Content-Transfer-Encoding: ${wide}\r\n`;
}

function widest(part: ComposedPart): "7bit" | "8bit" | "binary" {
  if (part.kind === "raw") return part.encoding;
  if (part.kind === "leaf") return leafEncoding(part.type, part.bytes) === "8bit" ? "8bit" : "7bit";
  if (part.kind !== "multipart") return "7bit";
  const inner = part.parts.map(widest);
  return inner.includes("binary") ? "binary" : inner.includes("8bit") ? "8bit" : "7bit";
}
