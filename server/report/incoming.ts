/** Mail that is a report for us: recognised, counted, and answered for. */

import { parseContentType } from "../../protocol/mime/fields/parameters.ts";
import { fieldValue, findField, type Header, headerValue, splitHeader } from "../../protocol/mime/header.ts";
import type { Received } from "../receive/received.ts";

/** Reads one kind of report. False where the message is none. Rejects only when the store is in trouble. */
export type ReportReader = (
  message: Pick<Received, "id" | "bytes" | "envelopeFrom" | "recipients" | "account"> & {
    readonly authentic?: boolean | undefined;
    readonly junk?: boolean;
  },
) => Promise<boolean>;

export type IncomingReports = {
  /** Whether the message may be a report, by its header and whom it is for alone. */
  looksLike(header: Header, recipients: Received["recipients"]): boolean;
  take: ReportReader;
};

/** `desk` reads what people write to abuse@ and postmaster@, in whatever form; the others only what looks like a report. */
export function incomingReports(readers: readonly ReportReader[], desk?: ReportReader): IncomingReports {
  return {
    looksLike: (header, recipients) => (desk !== undefined && recipients.some(isDesk)) || looksLike(header),
    async take(message) {
      const { bytes, recipients } = message;
      const toDesk = desk !== undefined && recipients.some(isDesk);
      const isLetter = recipients.every(isDesk) && !looksLike(splitHeader(bytes, 0, bytes.length));
      let found = toDesk && (await desk(message));
      if (!isLetter) for (const read of readers) found = (await read(message)) || found;
      return found;
    },
  };
}

/** Where people complain (RFC 2142 §4, §5): what is written there may be of any form. */
const isDesk = ({ local }: { readonly local: string }): boolean => /^(?:abuse|postmaster)$/i.test(local);

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
