/** What a conversation needs of the rest of the server. */
import type { TLSSocketOptions } from "node:tls";
import type { Mailbox } from "../../protocol/smtp/address.ts";
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Mode } from "../../protocol/smtp/session.ts";
import type { Directory } from "../access/directory.ts";
import type { Login } from "../access/login.ts";
import type { Log } from "../base/log.ts";
import type { Door } from "../door/door.ts";
import type { Networks } from "../net/networks.ts";
import type { Account, Domain, Instant } from "../store/store.ts";
import type { BytesInFlight } from "./bytes-in-flight.ts";
import type { Received } from "./received.ts";
import type { RefusedMail } from "./refused.ts";
import type { SmtpSettings } from "./settings.ts";

/** Totals since the start, for metrics. */
export type SmtpCounters = {
  sessions: number;
  openSessions: number;
  messages: number;
  bytes: number;
  /** Messages refused at the end of their data. */
  refusedMessages: number;
  refusedRecipients: number;
  refusedCommands: number;
  authenticated: number;
  authFailures: number;
};

export function newSmtpCounters(): SmtpCounters {
  return {
    sessions: 0,
    openSessions: 0,
    messages: 0,
    bytes: 0,
    refusedMessages: 0,
    refusedRecipients: 0,
    refusedCommands: 0,
    authenticated: 0,
    authFailures: 0,
  };
}

export type SmtpPorts = {
  readonly mode: Mode;
  readonly ourHost: string;
  /** A domain of ours: where `<postmaster>` without a domain is. */
  readonly postmasterDomain: string;
  readonly settings: SmtpSettings;
  readonly directory: Pick<Directory, "resolve" | "account">;
  /** Undefined: no AUTH. */
  readonly login: Login | undefined;
  /** Undefined: no STARTTLS. Asked anew for each handshake. */
  readonly tls: (() => TLSSocketOptions) | undefined;
  /** May relay without AUTH (not on the submission port, where everybody logs in). */
  readonly trusted: Networks;
  /** Takes responsibility for the message, durably: one reply for SMTP, one for each recipient for LMTP. Rejects when the store is in trouble. */
  readonly take: (mail: Received) => Promise<readonly Reply[]>;
  /** Whether an account may use this address (undefined: the null reverse-path) in MAIL; the reply where it may not. */
  readonly checkSender: (account: Account, from: Mailbox | undefined) => Reply | undefined | Promise<Reply | undefined>;
  /** Whether this peer is the server that has the rest of a domain's people (split delivery). */
  readonly isOtherHalf?: (domain: Domain, address: string) => boolean | Promise<boolean>;
  /** Asks the server behind a relay domain whether it takes the recipient; undefined where it does. */
  readonly callout: ((recipient: Mailbox) => Promise<Reply | undefined>) | undefined;
  /** Verified reverse name of a peer; the message does not wait for it. */
  readonly remoteName: ((address: string) => Promise<string | undefined>) | undefined;
  /** Looks at strangers; undefined: everybody may come as they like. */
  readonly door: Pick<Door, "visit" | "exempts"> | undefined;
  /** Hears of each refused sender, recipient and transfer that nobody else has written down. */
  readonly refused: ((mail: RefusedMail) => void) | undefined;
  readonly inFlight: BytesInFlight;
  readonly now: () => Instant;
  /** A short unique id for a message: letters and digits. */
  readonly newId: () => string;
  readonly counters: SmtpCounters;
  readonly log: Log;
};
