/** The message as we keep it: with our trace fields in front, and with no Return-Path but ours. */
import { ownPieces, resultsField } from "../../protocol/authentication/field.ts";
import { joined, prepend } from "../../protocol/bytes.ts";
import { findField, type Header } from "../../protocol/mime/header.ts";
import { receivedField, returnPathField } from "../../protocol/smtp/trace.ts";
import type { Marking } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";

/** Mail that was made here has not come "from" anywhere. */
const madeHere: ReadonlySet<string> = new Set(["local", "API", "JMAP"]);

/**
 * `header` is that of `mail.bytes`; `marking` is what the judges want done to it (their results stand above our Received field,
 * RFC 8601 §5). `final`: somebody here gets it, so that it bears a Return-Path (RFC 5321 §4.4); the
 * queue leaves that out again where it goes elsewhere too (`withoutReturnPath`).
 */
export function traced(mail: Received, header: Header, final: boolean, marking: Marking = {}): Buffer {
  const only = mail.recipients.length === 1 ? mail.recipients[0] : undefined;
  const received = receivedField({
    helo: madeHere.has(mail.via) ? undefined : mail.helo,
    remoteAddress: mail.remote.address,
    remoteName: mail.remoteName,
    ourHost: mail.ourHost,
    via: mail.via,
    id: mail.id,
    // A header of ASCII stays one: a name in UTF-8 only in a message that declared it (RFC 6531 §3.7.3).
    only: only !== undefined && (mail.smtputf8 || /^[ -~]*$/.test(only.local)) ? only : undefined,
    cipher: mail.tls?.cipher,
    at: mail.at,
  });
  const first = final ? returnPathField(mail.envelopeFrom) + ownResults(mail) : "";
  const fields = first + (marking.fields ?? "") + received;
  const dropped = new Set(marking.dropped);
  const kept =
    final || dropped.size > 0
      ? without(mail.bytes, header, (name, index) => (final && name === "return-path") || dropped.has(index))
      : [mail.bytes];
  return kept.length === 1 ? prepend(fields, kept[0]!) : joined([Buffer.from(fields, "utf8"), ...kept]);
}

/** Who reads it shall know that nobody outside can have written it; what came from outside has results of its own. */
function ownResults({ account, via, envelopeFrom, ourHost }: Received): string {
  if (account !== undefined) return resultsField(ownPieces(ourHost, "signed-in", envelopeFrom));
  // Notices and automatic answers: posts of lists have a return path, and the results of who posted.
  return via === "local" && envelopeFrom === "" ? resultsField(ownPieces(ourHost, "server", envelopeFrom)) : "";
}

/** The message without all fields of this name (lower case), as pieces of itself. */
export function withoutField(bytes: Buffer, header: Header, name: string): readonly Buffer[] {
  return findField(header, name) === undefined ? [bytes] : without(bytes, header, (each) => each === name);
}

function without(
  bytes: Buffer,
  header: Header,
  isDropped: (name: string, index: number) => boolean,
): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const [index, field] of header.fields.entries()) {
    if (!isDropped(field.name, index)) continue;
    const start = header.start + field.start;
    if (start > from) pieces.push(bytes.subarray(from, start));
    from = header.start + field.end;
  }
  pieces.push(from === 0 ? bytes : bytes.subarray(from));
  return pieces;
}
