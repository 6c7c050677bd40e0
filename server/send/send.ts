/**
 * Sending, as the queue sees it: which path a message takes (route, DNS, TLS policy), and connections that do the work.
 * The queue hands over jobs (`JobSource`) and gets an outcome for each recipient back.
 */
import { isIP } from "node:net";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Log } from "../log.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Domain } from "../store/store.ts";
import { type CalloutSettings, defaultCalloutSettings, makeCallout } from "./callout.ts";
import type { Outcome } from "./classify.ts";
import { defaultMxSettings, type Lookup, lookUpHosts, lookUpMx, type MxSettings } from "./mx.ts";
import { type JobSource, Pool, type PoolSettings } from "./pool.ts";
import { type HostTarget, type Routing, route, type Target } from "./route.ts";
import { BrokenTls, defaultSessionSettings, type SessionAsk } from "./session.ts";
import { type Path, siteOf } from "./site.ts";
import { requireTlsPolicy } from "./tls-policy.ts";

export type SendSettings = PoolSettings & MxSettings & CalloutSettings;
export const defaultSendSettings: SendSettings = {
  ...defaultSessionSettings,
  ...defaultMxSettings,
  ...defaultCalloutSettings,
  maxConnections: 250,
  maxConnectionsPerSite: 10,
  maxConnectionsPerFixedHost: 20,
  maxMessagesPerConnection: 100,
  maxMessagesPerFixedConnection: 1000,
  fairMessages: 20,
  idleMs: 10_000,
  maxAddressesPerAttempt: 6,
  firstBackOffMs: 60_000,
  maxBackOffMs: 1_800_000,
};

/** A path, or what becomes of mail for which there is none. */
export type PathResult =
  | { readonly kind: "path"; readonly path: Path }
  | { readonly kind: "none"; readonly outcome: Outcome };

export type Send = {
  /** Where the jobs come from; called once, before anything else. */
  begin(source: JobSource): void;
  /** Which way mail from this sender to this domain goes; at once where memory knows. */
  path(domain: string, sender: string, requireTls: boolean): PathResult | Promise<PathResult>;
  /** There are jobs for this path. */
  wake(path: Path): void;
  /** For how long nothing is tried on this path. */
  suspendedMs(key: string): number;
  /** Forgets back-offs and what DNS said: an administrator wants it tried now. */
  retryNow(): void;
  /** Domains have changed. (New routes are seen by their identity.) */
  changed(): void;
  /** Asks the server behind a relay domain whether it takes "local@domain": undefined where it does or cannot be asked, else the reply to give. */
  callout(address: string, domain: string): Promise<Reply | undefined>;
  stop(graceMs: number): Promise<void>;
};

export type SendAsk = {
  readonly settings: SendSettings;
  readonly resolver: Resolver;
  /** The routes now in force (see `parseRoutes`): the same object until they change. */
  readonly routing: () => Routing;
  /** The domain, where it is one of ours (a relay domain may say where its mail goes). */
  readonly domain: (name: string) => Domain | undefined | Promise<Domain | undefined>;
  /** Our name in EHLO. */
  readonly ourHost: string;
  /** Our other names and our addresses: MX hosts that are ourselves are no way to go. */
  readonly ours: readonly string[];
  /** Our address to send from; "" leaves it to the system. */
  readonly source: string;
  readonly tls: SessionAsk["tls"];
  /** Converts a message for a server that only takes 7 bits, or declines. */
  readonly sevenBit: (message: Buffer) => Buffer | undefined;
  readonly random: () => number;
  readonly nonce: () => string;
  readonly monotonic: () => number;
  readonly log: Log;
};

/** Paths and targets remembered. */
const maxRemembered = 20_000;
/** How long at least: an answer with a TTL of 0 serves the messages that are here now. */
const minRememberMs = 5_000;
const failureRememberMs = 30_000;

export function makeSend(ask: SendAsk): Send {
  const ours = new Set([ask.ourHost, ...ask.ours].map((name) => name.toLowerCase()));
  let pool: Pool | undefined;
  const targets = new Map<string, Target>();
  const paths = new Map<string, { readonly result: PathResult; readonly until: number }>();
  const lookups = new Map<string, Promise<PathResult>>();
  let routing: Routing | undefined;
  let bySender = false;

  function forget(): void {
    targets.clear();
    paths.clear();
  }

  function path(domain: string, sender: string, requireTls: boolean): PathResult | Promise<PathResult> {
    const now = ask.routing();
    if (now !== routing) {
      routing = now;
      bySender = now.deliverTo === undefined && now.routes.some((entry) => entry.sender !== undefined);
      forget();
    }
    const key = bySender ? `${domain} ${sender}` : domain;
    const known = targets.get(key);
    if (known !== undefined) return pathTo(known, requireTls);
    const found = ask.domain(domain);
    const decide = (ours: Domain | undefined): PathResult | Promise<PathResult> => {
      const target = route(domain, sender, now, ours);
      bound(targets);
      targets.set(key, target);
      return pathTo(target, requireTls);
    };
    return found instanceof Promise ? found.then(decide) : decide(found);
  }

  function pathTo(target: Target, requireTls: boolean): PathResult | Promise<PathResult> {
    if (target.kind === "broken")
      return none({
        kind: "later",
        why: "system",
        delayMs: undefined,
        reply: reply(451, "4.3.5", `No route: ${target.why}`),
      });
    const key = keyOf(target, requireTls);
    const known = paths.get(key);
    if (known !== undefined && ask.monotonic() < known.until) return known.result;
    let lookup = lookups.get(key);
    if (lookup === undefined) {
      lookup = look(target, requireTls, key).finally(() => lookups.delete(key));
      lookups.set(key, lookup);
    }
    return lookup;
  }

  async function look(
    target: Exclude<Target, { kind: "broken" }>,
    requireTls: boolean,
    key: string,
  ): Promise<PathResult> {
    const lookupAsk = { resolver: ask.resolver, ours, random: ask.random, settings: ask.settings };
    const found =
      target.kind === "mx"
        ? await lookUpMx(target.domain, lookupAsk)
        : await lookUpHosts([target.host], target.host, true, 300, {
            ...lookupAsk,
            ours: new Set(),
            settings: { ...ask.settings, port: target.port },
          });
    const result = resultOf(target, requireTls, found);
    const ttlMs = found.kind === "later" ? failureRememberMs : found.ttlSeconds * 1000;
    bound(paths);
    paths.set(key, { result, until: ask.monotonic() + Math.max(minRememberMs, ttlMs) });
    return result;
  }

  function resultOf(target: Exclude<Target, { kind: "broken" }>, requireTls: boolean, found: Lookup): PathResult {
    // A host that the administrator named and that DNS does not know is his mistake, not the recipient's fault.
    if (found.kind === "failed" && target.kind === "mx")
      return none({ kind: "failed", reply: found.reply, why: found.reply.enhanced === "5.4.6" ? "loop" : "dns" });
    if (found.kind !== "found") {
      const text = found.reply.lines.join(" ");
      return none({ kind: "later", why: "dns", delayMs: undefined, reply: reply(451, "4.4.3", text) });
    }
    const fixed = target.kind === "host";
    const base = { mode: target.tls, because: fixed ? "route" : "default", secureNames: fixed || found.secure };
    // RFC 8689 §4.2.1: the names of the hosts must come from where nobody can forge them.
    if (requireTls && !base.secureNames)
      return none({
        kind: "failed",
        why: "tls",
        reply: reply(
          550,
          "5.7.10",
          "REQUIRETLS, and the recipient's domain does not secure its mail hosts with DNSSEC",
        ),
      });
    const protocol = fixed ? target.protocol : "smtp";
    const tls = requireTls ? requireTlsPolicy(base) : base;
    const site = siteOf(found.hosts, protocol);
    const auth = fixed ? target.auth : undefined;
    const key = `${ask.source}>${site}/${tls.mode}${auth === undefined ? "" : ` as ${auth.user}`}`;
    return { kind: "path", path: { key, source: ask.source, site, protocol, hosts: found.hosts, tls, auth, fixed } };
  }

  const session = {
    ourHost: ask.ourHost,
    tls: ask.tls,
    nonce: ask.nonce,
    brokenTls: new BrokenTls(),
    monotonic: ask.monotonic,
  };
  // A sender waits while we ask on: not as long as a message may.
  const { calloutTimeoutMs } = ask.settings;
  const callout = makeCallout({
    settings: ask.settings,
    session: {
      ...session,
      settings: {
        ...ask.settings,
        connectTimeoutMs: Math.min(ask.settings.connectTimeoutMs, calloutTimeoutMs),
        tlsTimeoutMs: Math.min(ask.settings.tlsTimeoutMs, calloutTimeoutMs),
        greetingTimeoutMs: calloutTimeoutMs,
        ehloTimeoutMs: calloutTimeoutMs,
      },
    },
    path,
    log: ask.log,
  });

  return {
    callout: callout.ask,
    begin(source) {
      pool = new Pool({
        settings: ask.settings,
        session,
        source,
        random: ask.random,
        sevenBit: ask.sevenBit,
        broken: (error) => ask.log.error({ err: error }, "sending broke"),
      });
    },
    path,
    wake: (way) => pool?.wake(way),
    suspendedMs: (key) => pool?.suspendedMs(key) ?? 0,
    retryNow() {
      paths.clear();
      callout.forget();
      pool?.forgive();
    },
    changed() {
      forget();
      callout.forget();
    },
    stop: async (graceMs) => pool?.stop(graceMs),
  };
}

function none(outcome: Outcome): PathResult {
  return { kind: "none", outcome };
}

function keyOf(target: HostTarget | Extract<Target, { kind: "mx" }>, requireTls: boolean): string {
  const way =
    target.kind === "mx"
      ? `mx ${target.domain}`
      : `${target.protocol} ${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port} ${target.auth?.user ?? ""}`;
  return `${way} ${target.tls}${requireTls ? "!" : ""}`;
}

/** Forgets the oldest entry when there are too many. */
function bound(map: Map<string, unknown>): void {
  if (map.size >= maxRemembered) map.delete(map.keys().next().value!);
}
