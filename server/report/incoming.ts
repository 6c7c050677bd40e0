/** Mail that is a report for us: recognised, counted, and answered for. */

import { parseContentType } from "../../protocol/mime/fields/parameters.ts";
import { fieldValue, findField, type Header, headerValue } from "../../protocol/mime/header.ts";
import type { Received } from "../receive/received.ts";

/** Reads one kind of report. False where the message is none. Rejects only when the store is in trouble. */
export type ReportReader = (
  message: Pick<Received, "id" | "bytes" | "recipients" | "account"> & { readonly authentic?: boolean | undefined },
) => Promise<boolean>;

export type IncomingReports = {
  /** Whether the message may be a report, by its header alone. */
  looksLike(header: Header): boolean;
  take: ReportReader;
};

export function incomingReports(readers: readonly ReportReader[]): IncomingReports {
  return {
    looksLike,
    async take(message) {
      let found = false;
      for (const read of readers) found = (await read(message)) || found;
      return found;
    },
  };
}

const packed = new Set(["gzip", "x-gzip", "zip", "x-zip", "x-zip-compressed", "xml", "tlsrpt+gzip", "tlsrpt+json"]);

function looksLike(header: Header): boolean {
  const subject = findField(header, "subject");
  // RFC 9990 §3.4; Outlook.com's complaints have no form of their own.
  if (
    subject !== undefined &&
    /^(?:report[ \t]+domain:|complaint about message from )/i.test(fieldValue(header, subject))
  )
    return true;
  const value = headerValue(header, "content-type");
  if (value === undefined || !/^(?:application|multipart\/report|text\/xml)/i.test(value)) return false;
  const type = parseContentType(value);
  if (type === undefined) return false;
  if (type.type !== "multipart") return packed.has(type.subtype);
  return type.parameters.some(
    ({ name, value: kind }) => name === "report-type" && /^(?:feedback-report|tlsrpt)$/i.test(kind),
  );
}
