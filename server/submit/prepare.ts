/** What a submission still lacks (RFC 6409 §8): Date, From, Message-ID, a signature; and what must not go out: Bcc. Nothing else is touched. */
import { joined, prepend } from "../../protocol/bytes.ts";
import { hasLongLine } from "../../protocol/mime/encode.ts";
import { bytesOf, findField, type Header, splitHeader } from "../../protocol/mime/header.ts";
import { dateTime } from "../../protocol/smtp/trace.ts";
import { withoutField } from "../deliver/traced.ts";

/** undefined where it cannot be had without harm. */
export type ShortLines = (bytes: Uint8Array) => Promise<Uint8Array | undefined>;

export type PrepareParts = {
  /** ms since 1970. */
  readonly at: number;
  /** A new Message-ID without its angle brackets: unique, printable ASCII. */
  readonly newMessageId: () => string;
  /** Address for a message that names no author. */
  readonly author: string;
  /** Domain of the author: who signs. */
  readonly domain: string;
  /** Fields to be taken out, by their names in lower case. */
  readonly without: readonly string[];
  /** Further fields, each ended with CRLF. */
  readonly fields: string;
  /** The message without lines that are too long; undefined where that cannot be had without harm. */
  readonly shortLines: ShortLines;
  /** DKIM-Signature lines, each ended with CRLF; "" where the domain has no keys. */
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
};

/** The message as it goes out. `header` is that of `bytes`. */
export async function prepare(bytes: Buffer, header: Header, parts: PrepareParts): Promise<Buffer> {
  let pieces = withoutField(bytes, header, "bcc");
  if (findField(header, "resent-bcc") !== undefined) {
    const rest = joined(pieces);
    pieces = withoutField(rest, splitHeader(rest, 0, rest.length), "resent-bcc");
  }
  for (const name of parts.without) {
    const rest = pieces.length === 1 ? pieces[0]! : joined(pieces);
    pieces = withoutField(rest, splitHeader(rest, 0, rest.length), name);
  }
  let added = parts.fields;
  if (findField(header, "date") === undefined) added += `Date: ${dateTime(parts.at)}\r\n`;
  if (findField(header, "from") === undefined) added += `From: <${parts.author}>\r\n`;
  if (findField(header, "message-id") === undefined) added += `Message-ID: <${parts.newMessageId()}>\r\n`;
  const kept = pieces.length === 1 ? pieces[0]! : joined(pieces);
  const whole = added === "" ? kept : prepend(added, kept);
  const short = withShortLines(whole, header, parts.shortLines);
  const carried = short instanceof Promise ? await short : short;
  const signature = await parts.sign(carried, parts.domain);
  return signature === "" ? carried : prepend(signature, carried);
}

/**
 * Lines of more than 998 octets are for nobody to relay (RFC 5321 §4.5.3.1.6, RFC 5322 §2.1.1), and a server on the way that breaks them
 * breaks our signature: what is handed in with some is encoded before it is signed (RFC 6376 §5.3). What somebody has signed stays.
 */
export function withShortLines(bytes: Buffer, header: Header, shortLines: ShortLines): Buffer | Promise<Buffer> {
  if (!hasLongLine(bytes) || findField(header, "dkim-signature") !== undefined) return bytes;
  return shortLines(bytes).then((made) => (made === undefined ? bytes : bytesOf(made)));
}
