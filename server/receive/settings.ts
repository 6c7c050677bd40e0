/** What a stranger may make the receiving side spend, and what it offers. */
export type SmtpSettings = {
  readonly maxMessageBytes: number;
  /** Recipients of one message (RFC 5321 §4.5.3.1.8 asks for at least 100). */
  readonly maxRecipients: number;
  /** Messages of one session; 0: no limit. Announced as MAILMAX (RFC 9422). */
  readonly maxMessagesPerSession: number;
  /** Commands and messages of one session refused for good, recipients not counted. */
  readonly maxErrors: number;
  /** Recipients of one session refused for good: more is somebody trying names. */
  readonly maxRefusedRecipients: number;
  /** Commands since the session began or since its last message. */
  readonly maxCommandsPerMessage: number;
  readonly maxAuthFailures: number;
  /** Silence before a session is ended (RFC 5321 §4.5.3.2.7: at least 5 minutes). */
  readonly idleTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  /** From 354 to the end of the data, or from the first to the last BDAT. */
  readonly maxTransferMs: number;
  readonly maxSessionMs: number;
  /** A message that is refused is still read to its end, so that the client hears why: up to this much, then it is cut off. */
  readonly maxDiscardedBytes: number;
  /** How far in the future FUTURERELEASE may lie; submission only. 0: not offered. */
  readonly maxHoldSeconds: number;
  /** Submission: refuse mail before TLS even where AUTH would be possible. */
  readonly tlsRequired: boolean;
  /** Offer AUTH on the port where strangers come too. */
  readonly authOnMx: boolean;
  /** From trusted networks and authenticated senders, turn bare CR and LF into CRLF instead of refusing the message. */
  readonly normaliseLineEnds: boolean;
};

export const defaultSmtpSettings: SmtpSettings = {
  maxMessageBytes: 64 * 1024 * 1024,
  maxRecipients: 1000,
  maxMessagesPerSession: 0,
  maxErrors: 20,
  maxRefusedRecipients: 100,
  maxCommandsPerMessage: 10_000,
  maxAuthFailures: 3,
  idleTimeoutMs: 5 * 60 * 1000,
  handshakeTimeoutMs: 30 * 1000,
  maxTransferMs: 30 * 60 * 1000,
  maxSessionMs: 12 * 60 * 60 * 1000,
  maxDiscardedBytes: 64 * 1024 * 1024,
  maxHoldSeconds: 30 * 24 * 60 * 60,
  tlsRequired: false,
  authOnMx: false,
  normaliseLineEnds: false,
};
