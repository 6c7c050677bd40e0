/** Every bound and switch of the IMAP server. */
export type ImapSettings = {
  /** Name in the greeting and in ID. */
  readonly host: string;
  /** Where the JMAP session object is (RFC 9698). */
  readonly jmapUrl: string;
  /** A session that has not logged in by then ends. */
  readonly loginTimeoutMs: number;
  /** RFC 9051 §5.4: a client that says nothing for so long is logged out, while idling too; at least 30 minutes. */
  readonly idleTimeoutMs: number;
  /** While idling, "* OK Still here" after so much silence keeps network address translators awake; 0 for none. */
  readonly keepAliveMs: number;
  /** A command that takes longer is said to be in progress, each time after so long (RFC 9585). */
  readonly progressMs: number;
  /** A client that does not take what it asked for is cut off after so long. */
  readonly stallMs: number;
  /** One message of an APPEND (APPENDLIMIT), and all of one MULTIAPPEND. */
  readonly maxMessageBytes: number;
  readonly maxAppendBytes: number;
  /** Commands answered BAD, one after the other, before the session ends; half as many in all before login. */
  readonly maxBadCommands: number;
  /** Refused logins before the session ends. */
  readonly maxLogins: number;
  readonly maxSessionsPerAccount: number;
  /** Messages one THREAD works on: it must hold all of them. */
  readonly maxThreadMessages: number;
  /** Messages from this size on have their facts worked out by `factsOfLarge`. */
  readonly largeMessageBytes: number;
};

export const defaultImapSettings: ImapSettings = {
  host: "localhost",
  jmapUrl: "https://localhost/.well-known/jmap",
  loginTimeoutMs: 60_000,
  idleTimeoutMs: 30 * 60_000,
  keepAliveMs: 4 * 60_000,
  progressMs: 10_000,
  stallMs: 2 * 60_000,
  maxMessageBytes: 50 * 1024 * 1024,
  maxAppendBytes: 64 * 1024 * 1024,
  maxBadCommands: 50,
  maxLogins: 5,
  maxSessionsPerAccount: 200,
  maxThreadMessages: 100_000,
  largeMessageBytes: 256 * 1024,
};
