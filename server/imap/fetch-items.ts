/** How the items of a FETCH are read from the store and written for the client. RFC 9051 §7.5.2, RFC 3516, RFC 7162, RFC 8474, RFC 8514, RFC 8970. */
import type { FetchItem, Partial } from "../../protocol/imap/command.ts";
import { formatDateTime } from "../../protocol/imap/date-time.ts";
import { basicStructure, formatFlags, string } from "../../protocol/imap/response.ts";
import { preview } from "../../protocol/jmap/email.ts";
import { openEmail } from "../../protocol/jmap/email-body.ts";
import { type Part, parseMessage } from "../../protocol/mime/parse.ts";
import { binaryOf, sectionOf } from "../../protocol/mime/section.ts";
import type { Field, MessageRow } from "../store/store.ts";
import type { Output } from "./output.ts";

/** What to ask the store for, so that these items can be written. Bytes are read only where some item needs them. */
export function fieldsOf(items: readonly FetchItem[]): Field[] {
  const fields = new Set<Field>();
  for (const item of items) {
    switch (item.kind) {
      case "uid":
        break;
      case "flags":
      case "modseq":
        fields.add("marks");
        break;
      case "internaldate":
      case "savedate":
        fields.add("receivedAt");
        break;
      case "size":
        fields.add("size");
        break;
      case "envelope":
        fields.add("envelope");
        break;
      case "body":
      case "bodystructure":
        fields.add("structure");
        break;
      case "emailid":
        fields.add("email");
        break;
      case "threadid":
        fields.add("thread");
        break;
      case "preview":
        fields.add("bytes");
        break;
      case "section":
        fields.add(onlyHeader(item) ? "header" : "bytes");
        break;
      case "binary":
      case "binary-size":
        fields.add("bytes");
        break;
      default:
        item satisfies never;
    }
    if (marksSeen(item)) fields.add("marks");
  }
  if (fields.has("bytes")) fields.delete("header");
  return [...fields];
}

function onlyHeader(item: Extract<FetchItem, { kind: "section" }>): boolean {
  return item.section.part.length === 0 && item.section.text.startsWith("HEADER");
}

/** RFC 9051 §6.4.5: reading a body without PEEK sets \Seen. */
export function marksSeen(item: FetchItem): boolean {
  return (item.kind === "section" || item.kind === "binary") && !item.peek;
}

/** Are these asked for in pieces? */
export function inPieces(items: readonly FetchItem[]): boolean {
  return items.some((item) => (item.kind === "section" || item.kind === "binary") && item.partial !== undefined);
}

/** No text in UTF-8 holds it alone, and sizes stay. */
const standsForNul = 0x80;

function withoutNul(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(0); at >= 0; at = copy.indexOf(0, at + 1)) copy[at] = standsForNul;
  return copy;
}

/** A literal longer than this is written in pieces, so that a slow client is waited for in between. */
const pieceBytes = 256 * 1024;

/**
 * Writes one FETCH response, whose first words are `start`; each time it yields is a good moment to wait for the client. `bytes` is the message, or its header section where nothing else was asked of it. Answers false where a
 * part could not be decoded (RFC 3516 §4.3: the command then fails with UNKNOWN-CTE).
 */
export function* writeMessage(
  out: Output,
  start: string,
  items: readonly FetchItem[],
  row: MessageRow,
  bytes: Buffer | undefined,
  recent: boolean,
): Generator<void, boolean> {
  let text = start;
  let separator = "";
  let decoded = true;
  // However many parts are asked for, the message is parsed once.
  let root: Part | undefined;
  const treeFor = (part: readonly number[]): Part | undefined =>
    part.length === 0 || bytes === undefined ? undefined : (root ??= parseMessage(bytes));
  for (const item of items) {
    text += separator;
    separator = " ";
    switch (item.kind) {
      case "uid":
        text += `UID ${row.uid}`;
        break;
      case "flags":
        text += `FLAGS (${formatFlags(row.flags, row.keywords, recent)})`;
        break;
      case "modseq":
        text += `MODSEQ (${row.modseq})`;
        break;
      case "internaldate":
        text += `INTERNALDATE ${formatDateTime(row.receivedAt)}`;
        break;
      case "savedate":
        text += `SAVEDATE ${formatDateTime(row.savedAt)}`;
        break;
      case "size":
        text += `RFC822.SIZE ${row.sizeBytes}`;
        break;
      case "envelope":
        text += `ENVELOPE ${row.envelope}`;
        break;
      case "body":
        text += `BODY ${basicStructure(row.structure ?? "")}`;
        break;
      case "bodystructure":
        text += `BODYSTRUCTURE ${row.structure}`;
        break;
      case "preview":
        text += `PREVIEW ${bytes === undefined ? "NIL" : previewText(bytes)}`;
        break;
      case "emailid":
        text += `EMAILID (M${row.email})`;
        break;
      case "threadid":
        text += `THREADID (T${row.thread})`;
        break;
      case "section": {
        text += `${item.label} `;
        const section = bytes === undefined ? undefined : sectionOf(bytes, item.section, treeFor(item.section.part));
        text = yield* writeBytes(out, text, section, item.partial, false);
        break;
      }
      case "binary": {
        text += `${item.label} `;
        let part = bytes === undefined ? undefined : binaryOf(bytes, item.part, treeFor(item.part));
        if (part === "unknown-cte") {
          decoded = false;
          part = undefined;
        }
        text = yield* writeBytes(out, text, part, item.partial, true);
        break;
      }
      case "binary-size": {
        const part = bytes === undefined ? undefined : binaryOf(bytes, item.part, treeFor(item.part));
        if (part === "unknown-cte") decoded = false;
        text += `${item.label} ${part === undefined || part === "unknown-cte" ? 0 : part.length}`;
        break;
      }
      default:
        item satisfies never;
    }
  }
  out.text(`${text})\r\n`);
  return decoded;
}

/** A literal of these bytes, or of the piece that was asked for; NIL where there is no such section. Answers the text that is still to be written. */
function* writeBytes(
  out: Output,
  text: string,
  bytes: Buffer | undefined,
  partial: Partial | undefined,
  binary: boolean,
): Generator<void, string> {
  if (bytes === undefined) return `${text}NIL`;
  let piece = partial === undefined ? bytes : bytes.subarray(partial.offset, partial.offset + partial.count);
  if (piece.length === 0) return `${text}""`;
  // RFC 9051 §4.3.1: what holds NUL goes as a literal8, which only BINARY may be; elsewhere another octet stands for it.
  const holdsNul = piece.includes(0);
  const mark = binary && holdsNul ? "~" : "";
  if (holdsNul && !binary) piece = withoutNul(piece);
  out.text(`${text}${mark}{${piece.length}}\r\n`);
  for (let at = 0; at < piece.length; at += pieceBytes) {
    if (at > 0) yield;
    out.bytes(piece.subarray(at, at + pieceBytes));
  }
  return "";
}

/** RFC 8970 §3.1: the words that JMAP shows, as UTF-8. */
function previewText(bytes: Buffer): string {
  return string(Buffer.from(preview(openEmail(bytes, undefined)), "utf8").toString("latin1"));
}
