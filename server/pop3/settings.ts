/** Every bound and switch of the POP3 server. */
export type Pop3Settings = {
  /** RFC 1939 §3: at least ten minutes. */
  readonly idleTimeoutMs: number;
  /** A session that has not logged in by then ends. */
  readonly loginTimeoutMs: number;
  /** Without CRLF. RFC 2449 §4 says 255; SASL responses may be longer. */
  readonly maxLineBytes: number;
  /** Commands refused for their form or their time before the session ends. */
  readonly maxErrors: number;
  /** Refused logins before the session ends. */
  readonly maxLogins: number;
  /** RFC 2449 §6.5: seconds from one login of an account to its next; 0: none. */
  readonly loginDelaySeconds: number;
  /** RFC 2449 §6.7: QUIT removes what was retrieved and is older than so many days; undefined: nothing ever. */
  readonly expireDays: number | undefined;
  /** What was retrieved is \Seen in IMAP after QUIT. */
  readonly marksSeen: boolean;
  /** Messages and bytes that are read from the store before the client asks for them. */
  readonly readAheadMessages: number;
  readonly readAheadBytes: number;
};

export const defaultPop3Settings: Pop3Settings = {
  idleTimeoutMs: 10 * 60_000,
  loginTimeoutMs: 60_000,
  maxLineBytes: 4096,
  maxErrors: 20,
  maxLogins: 5,
  loginDelaySeconds: 0,
  expireDays: undefined,
  marksSeen: true,
  readAheadMessages: 256,
  readAheadBytes: 512 * 1024,
};
