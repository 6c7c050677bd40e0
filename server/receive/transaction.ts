/** A finished transaction as the plain value that the later stages work on. */
import { isAscii } from "node:buffer";
import { splitHeader } from "../../protocol/mime/header.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Session } from "../../protocol/smtp/session.ts";
import type { Endpoint, TlsInfo } from "../net/connection.ts";
import type { Instant } from "../store/store.ts";
import { holdUntil, type Peer } from "./policy.ts";
import type { Received, ReceivedRecipient } from "./received.ts";

/** `session` has its transaction still open. */
export function received(from: {
  readonly at: Instant;
  readonly id: string;
  readonly remote: Endpoint;
  readonly remoteName: string | undefined;
  readonly ourHost: string;
  readonly tls: TlsInfo | undefined;
  readonly peer: Peer;
  readonly session: Session;
  readonly recipients: readonly ReceivedRecipient[];
  readonly bytes: Buffer;
}): Received {
  const { at, id, remote, remoteName, ourHost, tls, peer, session, recipients, bytes } = from;
  const { mail } = session.transaction!;
  return {
    at,
    id,
    remote,
    remoteName,
    ourHost,
    helo: session.helo,
    via: transmissionType(session),
    tls,
    account: peer.account,
    appPassword: peer.appPassword,
    trusted: peer.trusted,
    envelopeFrom: mail.from === undefined ? "" : formatMailbox(mail.from),
    recipients,
    // What was declared is not always what came; the next server must not be told so.
    body: mail.body === "binarymime" ? "binarymime" : isAscii(bytes) ? "7bit" : "8bitmime",
    smtputf8: mail.smtputf8,
    requireTls: mail.requireTls,
    ret: mail.ret,
    envid: mail.envid,
    notBefore: holdUntil(mail, at),
    bytes: withEmptyLine(bytes),
  };
}

const fieldOrEmptyLine = /^(?:[!-9;-~]+[ \t]*:|\r?\n)/;
const crlf = Buffer.from("\r\n");

/** A message that has no header field at all is text: an empty line keeps it apart from the fields that go before it. */
function withEmptyLine(bytes: Buffer): Buffer {
  if (bytes.length === 0 || fieldOrEmptyLine.test(bytes.toString("latin1", 0, 80))) return bytes;
  const { fields } = splitHeader(bytes, 0, bytes.length);
  return fields.some(({ name }) => name !== "") ? bytes : Buffer.concat([crlf, bytes]);
}

/** The "with" clause of the Received field. RFC 3848, RFC 6531 §4.3. */
function transmissionType(session: Session): string {
  const secured = `${session.tls ? "S" : ""}${session.authenticated ? "A" : ""}`;
  const lmtp = session.greeting === "lhlo";
  if (session.transaction?.mail.smtputf8 === true) return `${lmtp ? "UTF8LMTP" : "UTF8SMTP"}${secured}`;
  if (session.greeting === "helo") return "SMTP";
  return `${lmtp ? "LMTP" : "ESMTP"}${secured}`;
}
