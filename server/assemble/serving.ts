/** What is spoken behind each mail service: the conversations, and what they need of the rest of the server. */
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Directory } from "../access/directory.ts";
import type { SignedIn } from "../access/signed-in.ts";
import type { Log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import { ContentCache } from "../imap/content-cache.ts";
import { type ImapNeeds, serveImap } from "../imap/conversation.ts";
import { networks } from "../net/networks.ts";
import type { Resolver } from "../net/resolver.ts";
import { LocalMaildropLocks } from "../pop3/locks.ts";
import { servePop3 } from "../pop3/pop3.ts";
import { BytesInFlight } from "../receive/bytes-in-flight.ts";
import { serveSmtp } from "../receive/conversation.ts";
import type { SmtpCounters, SmtpPorts } from "../receive/ports.ts";
import type { RefusedMail } from "../receive/refused.ts";
import { remoteNameOf } from "../receive/remote-name.ts";
import { isOtherHalf } from "../send/other-half.ts";
import type { Send } from "../send/send.ts";
import type { Instant, Store } from "../store/store.ts";
import type { Submit } from "../submit/submit.ts";
import type { Dooring } from "./dooring.ts";
import { type MailService, mailServices, type Serve } from "./listeners.ts";
import { publicBase } from "./public-base.ts";
import type { Scripting } from "./scripting.ts";

export type ServingParts = Pick<ImapNeeds, "notify" | "factsOf" | "factsOfLarge" | "shared"> & {
  readonly config: Config;
  readonly store: Store;
  readonly directory: Directory;
  readonly login: SignedIn;
  readonly tls: NonNullable<SmtpPorts["tls"]>;
  readonly take: SmtpPorts["take"];
  readonly submit: Pick<Submit, "checkSender">;
  readonly send: Pick<Send, "callout">;
  readonly resolver: Resolver;
  readonly scripting: Pick<Scripting, "imap" | "serve">;
  readonly dooring: Pick<Dooring, "door" | "guard">;
  readonly refused: (mail: RefusedMail) => void;
  readonly counters: SmtpCounters;
  /** A domain of ours: where `<postmaster>` without a domain is. */
  readonly postmasterDomain: string;
  /** Off: bounds that would disturb a load test. */
  readonly edgePolicies: boolean;
  readonly ourHost: string;
  readonly now: () => Instant;
  readonly newId: () => string;
  readonly log: Log;
};

export function makeServing(parts: ServingParts): { readonly [service in MailService]: Serve } {
  const { dooring, scripting, login } = parts;
  const { mx, submission, lmtp } = smtpPorts(parts);
  const imap = imapServe(parts);
  const pop3 = pop3Serve(parts);
  const unguarded: { readonly [service in MailService]: Serve } = {
    smtp: smtpServe(mx),
    submission: smtpServe(submission),
    submissions: smtpServe(submission),
    lmtp: smtpServe(lmtp),
    imap,
    imaps: imap,
    pop3,
    pop3s: pop3,
    sieve: scripting.serve,
  };
  return Object.fromEntries(
    mailServices.map((service) => {
      const serve: Serve = (connection, stopping) =>
        login.serving(connection, () => unguarded[service](connection, stopping));
      return [service, dooring.guard(service, serve)];
    }),
  ) as typeof unguarded;
}

function smtpPorts({ config, login, resolver, dooring, submit, send, refused, ...parts }: ServingParts): {
  readonly [mode in SmtpPorts["mode"]]: SmtpPorts;
} {
  const { ourHost, postmasterDomain, directory, tls, take, now, newId, counters, log } = parts;
  const common: Omit<SmtpPorts, "mode" | "settings"> = {
    ourHost,
    postmasterDomain,
    directory,
    login,
    tls,
    trusted: networks(config.relay.trust),
    take,
    checkSender: (account, from) => submit.checkSender(account, from),
    isOtherHalf: (domain, address) => isOtherHalf(domain, address, resolver),
    callout: (recipient) => send.callout(formatMailbox(recipient), recipient.domain),
    remoteName: (address) => remoteNameOf(address, resolver, !config.door.believeLoopback),
    door: dooring.door,
    refused,
    inFlight: new BytesInFlight(),
    now,
    newId,
    counters,
    log,
  };
  return {
    mx: { ...common, mode: "mx", settings: config.receive, login: config.receive.authOnMx ? login : undefined },
    submission: { ...common, mode: "submission", settings: config.submission },
    lmtp: { ...common, mode: "lmtp", settings: config.receive, login: undefined },
  };
}

function smtpServe(ports: SmtpPorts): Serve {
  return (connection, stopping) => serveSmtp(connection, ports, stopping);
}

function imapServe({ config, scripting, edgePolicies, ourHost, ...parts }: ServingParts): Serve {
  const { store, login, notify, tls, factsOf, factsOfLarge, shared, now, log } = parts;
  const needs: ImapNeeds = {
    store,
    login,
    notify,
    settings: {
      ...config.imap,
      host: ourHost,
      jmapUrl: `${publicBase(config.sending.publicUrl, ourHost)}/.well-known/jmap`,
      maxSessionsPerAccount: edgePolicies ? config.imap.maxSessionsPerAccount : Number.MAX_SAFE_INTEGER,
    },
    tls,
    factsOf,
    factsOfLarge,
    scripts: scripting.imap,
    shared,
    cache: new ContentCache(),
    log,
    now,
  };
  return (connection, stopping) => serveImap(connection, needs, stopping);
}

function pop3Serve({ config, store, login, tls, now, log }: ServingParts): Serve {
  const needs = { store, login, locks: new LocalMaildropLocks(), tlsOptions: tls, settings: config.pop3, now, log };
  return (connection, stopping) => servePop3(connection, { ...needs, stopping });
}
