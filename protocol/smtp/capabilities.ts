/** What a server said it can do: its answer to EHLO or LHLO as a value (RFC 5321 §4.1.1.1). */
import type { Reply } from "./reply.ts";

export type Capabilities = {
  /** RFC 1870: bytes it takes at most; undefined where it does not say or says 0. */
  readonly maxSizeBytes: number | undefined;
  readonly size: boolean;
  readonly pipelining: boolean;
  readonly eightBitMime: boolean;
  readonly chunking: boolean;
  readonly binaryMime: boolean;
  readonly smtputf8: boolean;
  readonly dsn: boolean;
  readonly requireTls: boolean;
  readonly startTls: boolean;
  /** SASL mechanisms, upper case. */
  readonly auth: readonly string[];
  /** RFC 9422. */
  readonly maxRecipients: number | undefined;
  readonly maxTransactions: number | undefined;
};

/** A server that only knows HELO. */
export const noCapabilities: Capabilities = {
  maxSizeBytes: undefined,
  size: false,
  pipelining: false,
  eightBitMime: false,
  chunking: false,
  binaryMime: false,
  smtputf8: false,
  dsn: false,
  requireTls: false,
  startTls: false,
  auth: [],
  maxRecipients: undefined,
  maxTransactions: undefined,
};

/** Reads an EHLO reply (its first line is the server's name). What is unknown or malformed is as if it were not said. */
export function capabilitiesOf(reply: Reply): Capabilities {
  const said = new Map<string, readonly string[]>();
  for (const line of reply.lines.slice(1)) {
    const [keyword = "", ...parameters] = line.toUpperCase().trim().split(/ +/, 64);
    // Old servers write "AUTH=LOGIN PLAIN" beside or instead of "AUTH LOGIN PLAIN".
    if (keyword.startsWith("AUTH=")) said.set("AUTH", [...(said.get("AUTH") ?? []), keyword.slice(5), ...parameters]);
    else said.set(keyword, [...(said.get(keyword) ?? []), ...parameters]);
  }
  const limits = said.get("LIMITS");
  return {
    maxSizeBytes: whole(said.get("SIZE")?.[0]),
    size: said.has("SIZE"),
    pipelining: said.has("PIPELINING"),
    eightBitMime: said.has("8BITMIME"),
    chunking: said.has("CHUNKING"),
    binaryMime: said.has("BINARYMIME"),
    smtputf8: said.has("SMTPUTF8"),
    dsn: said.has("DSN"),
    requireTls: said.has("REQUIRETLS"),
    startTls: said.has("STARTTLS"),
    auth: [...new Set(said.get("AUTH") ?? [])],
    maxRecipients: limit(limits, "RCPTMAX="),
    maxTransactions: limit(limits, "MAILMAX="),
  };
}

function whole(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
}

function limit(limits: readonly string[] | undefined, name: string): number | undefined {
  return whole(limits?.find((entry) => entry.startsWith(name))?.slice(name.length));
}
