/** A field in front of a message in an mbox file of ours: marks and time as exact as they are kept here. It is taken off again. */
import { fieldValue, splitHeader } from "../../protocol/mime/header.ts";
import type { Instant, Marks } from "../store/store.ts";

const name = "X-Angarium-Marks";

/** The fields to put in front, each with its CRLF: ours, and those that other programs read. */
export function marksHead({ flags, keywords }: Marks, receivedAt: Instant): string {
  const status = `Status: ${(flags & 1) !== 0 ? "RO" : "O"}\r\n`;
  const more = `${(flags & 2) !== 0 ? "A" : ""}${(flags & 4) !== 0 ? "F" : ""}${(flags & 16) !== 0 ? "T" : ""}`;
  const xStatus = more === "" ? "" : `X-Status: ${more}\r\n`;
  const xKeywords = keywords.length === 0 ? "" : `X-Keywords: ${keywords.join(" ")}\r\n`;
  const behind = `${status}${xStatus}${xKeywords}`;
  return `${name}: fields=${behind.split("\r\n").length - 1}; flags=${flags}; at=${receivedAt}\r\n${behind}`;
}

/** The message without what `marksHead` put in front; undefined where it was not we who wrote it. */
export function ourMarks(
  bytes: Buffer,
): { readonly bytes: Buffer; readonly marks: Marks; readonly receivedAt: Instant } | undefined {
  if (
    !bytes
      .subarray(0, name.length + 1)
      .toString("latin1")
      .startsWith(`${name}:`)
  )
    return undefined;
  const header = splitHeader(bytes, 0, bytes.length);
  const first = header.fields[0];
  const found =
    first === undefined ? null : /^fields=(\d); flags=(\d{1,3}); at=(\d{1,15})$/.exec(fieldValue(header, first).trim());
  if (found === null) return undefined;
  let at = 0;
  for (let line = 0; line <= Number(found[1]); line++) at = bytes.indexOf("\r\n", at) + 2;
  const keywords = header.fields.slice(1, Number(found[1]) + 1).find((field) => field.name === "x-keywords");
  const words = keywords === undefined ? [] : fieldValue(header, keywords).trim().split(" ");
  return {
    bytes: bytes.subarray(at),
    marks: { flags: Number(found[2]) & 31, keywords: words },
    receivedAt: Number(found[3]),
  };
}
