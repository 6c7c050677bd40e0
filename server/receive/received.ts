/** A message as a conversation took it: a plain value that the later stages work on. They never see the connection. */

import type { Sender } from "../dispatch/sender.ts";
import type { Endpoint, TlsInfo } from "../net/connection.ts";
import type { RequestTurn } from "../store/hosting.ts";
import type { AppPassword } from "../store/security-store.ts";
import type { Account, Instant, Notify } from "../store/store.ts";

export type ReceivedRecipient = {
  /** As given in RCPT TO, without angle brackets, domain as a lower-case A-label. */
  readonly local: string;
  readonly domain: string;
  readonly orcpt: string | undefined;
  readonly notify: Notify | undefined;
};

export type Received = {
  readonly at: Instant;
  /** Unique, short, shown to the peer in the final reply and in the Received field. */
  readonly id: string;
  readonly remote: Endpoint;
  /** Verified reverse name of the peer, where looked up. */
  readonly remoteName: string | undefined;
  /** Host that answers: our name in the Received field. */
  readonly ourHost: string;
  readonly helo: string;
  /** RFC 3848 transmission type: SMTP, ESMTP, ESMTPS, ESMTPA, ESMTPSA, LMTP, LMTPS, UTF8SMTPS…; "API", "JMAP" and "local" too. */
  readonly via: string;
  readonly tls: TlsInfo | undefined;
  /** Who authenticated; undefined for strangers and trusted networks. */
  readonly account: Account | undefined;
  /** The app password that the account signed in with; undefined: it was another way. */
  readonly appPassword?: AppPassword | undefined;
  /** Peer is in a trusted network: may relay without AUTH. */
  readonly trusted: boolean;
  /** "" is the null reverse-path. */
  readonly envelopeFrom: string;
  readonly recipients: readonly ReceivedRecipient[];
  readonly body: "7bit" | "8bitmime" | "binarymime";
  readonly smtputf8: boolean;
  readonly requireTls: boolean;
  readonly ret: "full" | "hdrs" | undefined;
  readonly envid: string | undefined;
  /** The account whose script sends it on; undefined: nobody's. */
  readonly forwardedFor?: string;
  /** FUTURERELEASE, RFC 4865. */
  readonly notBefore: Instant | undefined;
  /** Of a tenant whose sending is looked after; set by submission alone. */
  readonly sending?: Sender;
  /** What this message is a copy of, with nothing in it that could matter to the filter: one copy is judged for all. */
  readonly sameAs?: object;
  /** The request with a key that hands it in. `resumed`: some of it may have been taken before. */
  readonly under?: RequestTurn & { readonly resumed: boolean };
  /** What its writer wrote, where links of it lead by us now: the filter reads this. */
  readonly written?: Buffer;
  /** The message as it came, without our trace fields. */
  readonly bytes: Buffer;
};
