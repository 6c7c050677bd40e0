/** Trace fields: Received and Return-Path. RFC 5321 §4.4. */
import { formatMailbox, type Mailbox } from "./address.ts";

export type ReceivedClauses = {
  /** What the peer called itself; "" where it did not say. Undefined for mail made here: no "from" clause. */
  readonly helo: string | undefined;
  readonly remoteAddress: string;
  readonly remoteName: string | undefined;
  readonly ourHost: string;
  /** RFC 3848 transmission type. */
  readonly via: string;
  readonly id: string;
  /** The recipient, only where there is one: others must not be told. */
  readonly only: Mailbox | undefined;
  /** IANA name of the cipher, RFC 8314 §4.3. */
  readonly cipher: string | undefined;
  /** ms since 1970. */
  readonly at: number;
};

/** The field, folded, ended by CRLF. */
export function receivedField(clauses: ReceivedClauses): string {
  const { helo, remoteAddress, remoteName, ourHost, via, id, only, cipher, at } = clauses;
  const literal = remoteAddress.includes(":") ? `[IPv6:${remoteAddress}]` : `[${remoteAddress}]`;
  const named = remoteName === undefined ? literal : `${remoteName} ${literal}`;
  const from = helo === undefined ? "" : `from ${helo === "" ? literal : helo} (${named})\r\n\t`;
  const forOne = only === undefined ? "" : `\r\n\tfor <${formatMailbox(only)}>`;
  const tls = cipher === undefined ? "" : ` tls ${cipher}`;
  return `Received: ${from}by ${ourHost} with ${via} id ${id}${forOne}${tls};\r\n\t${dateTime(at)}\r\n`;
}

/** "" is the null reverse-path. */
export function returnPathField(reversePath: string): string {
  return `Return-Path: <${reversePath}>\r\n`;
}

let lastSecond = -1;
let lastDateTime = "";

/** RFC 5322 §3.3 date-time in UTC. */
export function dateTime(at: number): string {
  const second = Math.floor(at / 1000);
  if (second !== lastSecond) {
    lastSecond = second; // Thousands of messages share a second.
    lastDateTime = new Date(at).toUTCString().replace("GMT", "+0000");
  }
  return lastDateTime;
}

/**
 * The message as it goes on to another server: RFC 5321 §4.4 has Return-Path written by who delivers, so the one at the
 * beginning (ours, of a message that was both filed and queued) is left out. A view, not a copy.
 */
export function withoutReturnPath(message: Buffer): Buffer {
  const name = "return-path:";
  if (message.toString("latin1", 0, name.length).toLowerCase() !== name) return message;
  for (let end = message.indexOf(10); end !== -1; end = message.indexOf(10, end + 1)) {
    const next = message[end + 1];
    if (next !== 32 && next !== 9) return message.subarray(end + 1);
  }
  return message;
}
