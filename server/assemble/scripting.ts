/** The assembly of Sieve: who has scripts, what they do at delivery, and who changes them over ManageSieve. */
import type { TLSSocketOptions } from "node:tls";
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Directory } from "../access/directory.ts";
import type { Login } from "../access/login.ts";
import type { Log } from "../base/log.ts";
import { type ForwardPorts, forwarded, forwardersOf } from "../deliver/forward.ts";
import { ForwardVolume } from "../deliver/forward-volume.ts";
import type { HourBook } from "../deliver/hour-counts.ts";
import { ScriptBook } from "../deliver/sieve/book.ts";
import { makeClientSend } from "../deliver/sieve/client-sends.ts";
import { type ImapSieve, makeImapSieve } from "../deliver/sieve/imap-sieve.ts";
import { type DeliverSieve, makeDeliverSieve } from "../deliver/sieve/sieve.ts";
import { serveManageSieve } from "../managesieve/conversation.ts";
import type { ManageSieveSettings } from "../managesieve/settings.ts";
import type { Received } from "../receive/received.ts";
import type { Store } from "../store/store.ts";
import type { Serve } from "./listeners.ts";

export type Scripting = {
  readonly deliver: DeliverSieve;
  /** For what IMAP clients do. */
  readonly imap: ImapSieve;
  readonly serve: Serve;
} & Disposable;

export function startScripting(parts: {
  readonly store: Store;
  readonly directory: Directory;
  readonly login: Login;
  readonly tls: () => TLSSocketOptions;
  readonly forward: ForwardPorts;
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  /** Delivery of mail that was made here. */
  readonly give: (mail: Received) => Promise<boolean>;
  readonly settings: ManageSieveSettings;
  readonly factsOf: (bytes: Uint8Array) => Promise<MessageFacts>;
  /** Redirections of one account elsewhere and to others; 0: no bound. */
  readonly maxForwardsPerHour: number;
  readonly hours: HourBook;
  readonly newId: () => string;
  readonly ourHost: string;
  readonly version: string;
  readonly now: () => number;
  readonly log: Log;
}): Scripting {
  const { store, directory, login, forward, settings, factsOf, version, now, log } = parts;
  const book = new ScriptBook(store, log);
  const send = makeClientSend(parts);
  const imap = makeImapSieve({ store, book, send, factsOf, ourHost: parts.ourHost, version, now, log });
  const volume = new ForwardVolume(parts.maxForwardsPerHour, now, parts.hours);
  return {
    imap,
    deliver: makeDeliverSieve({
      store,
      book,
      directory,
      sign: parts.sign,
      newId: parts.newId,
      version,
      log,
      async onward(mail, header, account, verdict, bytes, to) {
        if (forwardersOf(header).has(account.name)) return "goes round";
        const own = parseMailbox(account.name);
        if (mail.account === undefined && own !== undefined && !volume.take([own])) return "is too much in an hour";
        const domain = account.name.slice(account.name.lastIndexOf("@") + 1);
        return forwarded(mail, bytes, { domain, address: account.name, findings: verdict.findings, to }, forward);
      },
    }),
    serve: (connection, stopping) =>
      serveManageSieve(connection, { store, login, tlsOptions: parts.tls, stopping, settings, version, now, log }),
    [Symbol.dispose]: () => {
      imap[Symbol.dispose]();
      book[Symbol.dispose]();
    },
  };
}
