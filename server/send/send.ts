/**
 * Sending, as the queue sees it: which path a message takes (route, DNS, TLS policy), and connections that do the work.
 * The queue hands over jobs (`JobSource`) and gets an outcome for each recipient back.
 */
import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { tlsaText } from "../../protocol/policy/dane.ts";
import type { ReportedPolicy } from "../../protocol/policy/tls-report.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Log } from "../base/log.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Domain } from "../store/store.ts";
import { type CalloutSettings, defaultCalloutSettings, makeCallout } from "./callout.ts";
import type { Outcome } from "./classify.ts";
import type { SevenBit } from "./converse.ts";
import { defaultMxSettings, type Lookup, lookUpHosts, lookUpMx, type MxSettings } from "./mx.ts";
import { type HeldUp, type JobSource, Pool, type PoolSettings } from "./pool.ts";
import type { Shaper } from "./rate.ts";
import { type HostTarget, type Routing, route, type Target } from "./route.ts";
import { BrokenTls, defaultSessionSettings, type SessionAsk } from "./session.ts";
import { type Host, type Path, siteOf } from "./site.ts";
import { providerWants, reportedSts, strongest, type TlsWish } from "./strongest.ts";
import type { StsFound, StsPolicies, StsTrouble } from "./sts-policies.ts";
import type { TlsPolicy } from "./tls-policy.ts";
import { lookUpTlsa, noTlsa } from "./tlsa.ts";

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
  path(domain: string, sender: string, wish: TlsWish): PathResult | Promise<PathResult>;
  /** There are jobs for this path. */
  wake(path: Path): void;
  /** For how long nothing is tried on this path. */
  suspendedMs(key: string): number;
  /** What holds up the next message on this path; undefined: nothing that is known. */
  heldUp(key: string): HeldUp | undefined;
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
  /** The provider that a domain with these MX hosts belongs to; undefined: its limits are the pool's alone. */
  readonly provider?: (domain: string, hosts: readonly Pick<Host, "name" | "addresses">[]) => ProviderWay | undefined;
  /** Limits of providers, as they are now. */
  readonly shaper?: Shaper;
  readonly tls: SessionAsk["tls"];
  /** The MTA-STS policies of others. */
  readonly sts: Pick<StsPolicies, "find" | "forgetFailures">;
  /** Takes what is to be told in TLS reports. */
  readonly tlsResults: TlsResults;
  /** Milliseconds since 1970, for certificates. */
  readonly now: () => number;
  /** Converts a message for a server that only takes 7 bits, or declines. */
  readonly sevenBit: SevenBit;
  readonly random: () => number;
  readonly nonce: () => string;
  readonly monotonic: () => number;
  readonly log: Log;
};

/** What is to be known of a provider before there is a way to it. */
export type ProviderWay = {
  readonly key: string;
  /** Nothing goes there in the clear. */
  readonly tlsRequired: boolean;
  /** Each of its domains has a rate of its own. */
  readonly byDomain: boolean;
};

/** What connections came to, for reports to the domains they were for (RFC 8460). */
export type TlsResults = SessionAsk["tlsResults"] & {
  /** The MTA-STS policy of a domain could not be fetched. */
  stsTrouble(domain: string, trouble: StsTrouble): void;
  /** An enforced policy does not name one of the domain's MX hosts. */
  notNamed(domain: string, host: string, policy: ReportedPolicy): void;
};

/** Paths and targets remembered. */
const maxRemembered = 20_000;
/** How long at least: an answer with a TTL of 0 serves the messages that are here now. */
const minRememberMs = 5_000;
const failureRememberSeconds = 30;

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

  function path(domain: string, sender: string, wish: TlsWish): PathResult | Promise<PathResult> {
    const now = ask.routing();
    if (now !== routing) {
      routing = now;
      bySender = now.deliverTo === undefined && now.routes.some((entry) => entry.sender !== undefined);
      forget();
    }
    const key = bySender ? `${domain} ${sender}` : domain;
    const known = targets.get(key);
    if (known !== undefined) return pathTo(known, wish);
    const found = ask.domain(domain);
    const decide = (ours: Domain | undefined): PathResult | Promise<PathResult> => {
      const target = route(domain, sender, now, ours);
      bound(targets);
      targets.set(key, target);
      return pathTo(target, wish);
    };
    return found instanceof Promise ? found.then(decide) : decide(found);
  }

  function pathTo(target: Target, wish: TlsWish): PathResult | Promise<PathResult> {
    if (target.kind === "broken")
      return none({
        kind: "later",
        why: "system",
        delayMs: undefined,
        reply: reply(451, "4.3.5", `No route: ${target.why}`),
      });
    const key = keyOf(target, wish);
    const known = paths.get(key);
    if (known !== undefined && ask.monotonic() < known.until) return known.result;
    let lookup = lookups.get(key);
    if (lookup === undefined) {
      lookup = look(target, wish, key).finally(() => lookups.delete(key));
      lookups.set(key, lookup);
    }
    return lookup;
  }

  async function look(target: Exclude<Target, { kind: "broken" }>, wish: TlsWish, key: string): Promise<PathResult> {
    // Hosts that an administrator names may lie where DNS of strangers must not lead.
    const privateAddresses = ask.settings.privateAddresses || target.kind === "host" || target.chosen === true;
    const settings = { ...ask.settings, privateAddresses };
    const lookupAsk = { resolver: ask.resolver, ours, random: ask.random, settings };
    const byMx = target.kind === "mx" && target.domain[0] !== "[";
    const [found, sts] = await Promise.all([
      target.kind === "mx"
        ? lookUpMx(target.domain, lookupAsk)
        : lookUpHosts([target.host], target.host, true, 300, {
            ...lookupAsk,
            ours: new Set(),
            settings: { ...settings, port: target.port },
          }),
      byMx && target.tls !== "never" ? ask.sts.find(target.domain) : undefined,
    ]);
    const { result, ttlSeconds } = await resultOf(target, wish, found, sts);
    bound(paths);
    paths.set(key, { result, until: ask.monotonic() + Math.max(minRememberMs, ttlSeconds * 1000) });
    return result;
  }

  async function resultOf(
    target: Exclude<Target, { kind: "broken" }>,
    wish: TlsWish,
    found: Lookup,
    sts: StsFound | undefined,
  ): Promise<{ readonly result: PathResult; readonly ttlSeconds: number }> {
    // A host that the administrator named and that DNS does not know is his mistake, not the recipient's fault.
    if (found.kind === "failed" && target.kind === "mx") {
      const why = found.reply.enhanced === "5.4.6" ? "loop" : "dns";
      return { result: none({ kind: "failed", reply: found.reply, why }), ttlSeconds: found.ttlSeconds };
    }
    if (found.kind !== "found") {
      const text = found.reply.lines.join(" ");
      const result = none({ kind: "later", why: "dns", delayMs: undefined, reply: reply(451, "4.4.3", text) });
      return { result, ttlSeconds: failureRememberSeconds };
    }
    const fixed = target.kind === "host";
    const domain = fixed ? undefined : target.domain;
    if (sts?.trouble !== undefined && domain !== undefined) ask.tlsResults.stsTrouble(domain, sts.trouble);
    const provider = domain === undefined ? undefined : ask.provider?.(domain, found.hosts);
    // A route may ask for TLS of its own by MX too; without one the provider's limits count, then the default.
    const routed = fixed || target.tls !== ask.routing().tls;
    const insists = !routed && provider?.tlsRequired === true && target.tls === "opportunistic";
    const base: TlsPolicy = {
      mode: insists ? "required" : target.tls,
      because: insists ? providerWants : routed ? "route" : "default",
      secureNames: fixed || found.secure,
    };
    // RFC 7672 §2.2.1: hosts that DNSSEC does not vouch for could be anybody's.
    const mayHaveTlsa = (fixed || found.secure) && target.tls !== "never" && (!fixed || target.protocol === "smtp");
    const hosts = await Promise.all(
      found.hosts.map(async ({ owner, secure, ...host }) => {
        // With a port for tests in place of 25 the records may stand under either.
        const ports = fixed ? [target.port] : [...new Set([25, host.port])];
        const names = { name: host.name, owner, secure };
        const from = domain === undefined ? [] : [domain];
        return { host, tlsa: mayHaveTlsa ? await lookUpTlsa(names, ports, from, ask.resolver) : noTlsa };
      }),
    );
    const best = strongest({ base, wish, domain, hosts, sts: sts?.policy });
    if (domain !== undefined && best.kind !== "failed" && sts?.policy !== undefined)
      for (const host of best.left) ask.tlsResults.notNamed(domain, host, reportedSts(domain, sts.policy));
    if (best.kind === "failed")
      return { result: none({ kind: "failed", why: "tls", reply: best.reply }), ttlSeconds: found.ttlSeconds };
    if (best.kind === "later") {
      const result = none({ kind: "later", why: "tls", delayMs: undefined, reply: best.reply });
      return { result, ttlSeconds: failureRememberSeconds };
    }
    const protocol = fixed ? target.protocol : "smtp";
    const site = siteOf(best.hosts, protocol);
    const auth = fixed ? target.auth : undefined;
    const tls = best.hosts[0]?.tls ?? base;
    const siteKey = `${ask.source}>${site}/${keyOfTls(best.hosts, tls)}${auth === undefined ? "" : ` as ${auth.user}`}`;
    const path: Path = {
      key: provider?.byDomain === true ? `${siteKey} @${domain}` : siteKey,
      ...(provider?.byDomain === true ? { siteKey } : {}),
      source: ask.source,
      site,
      domain,
      protocol,
      hosts: best.hosts,
      tls,
      auth,
      fixed,
      ...(provider === undefined ? {} : { provider: provider.key }),
    };
    const ttls = hosts.map(({ tlsa }) => (tlsa.kind === "found" ? tlsa.ttlSeconds : Infinity));
    return { result: { kind: "path", path }, ttlSeconds: Math.min(found.ttlSeconds, ...ttls) };
  }

  const session = {
    ourHost: ask.ourHost,
    tls: ask.tls,
    nonce: ask.nonce,
    brokenTls: new BrokenTls(),
    tlsResults: ask.tlsResults,
    now: ask.now,
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
        shaper: ask.shaper,
        random: ask.random,
        sevenBit: ask.sevenBit,
        broken: (error) => ask.log.error({ err: error }, "sending broke"),
      });
    },
    path,
    wake: (way) => pool?.wake(way),
    suspendedMs: (key) => pool?.suspendedMs(key) ?? 0,
    heldUp: (key) => pool?.heldUp(key),
    retryNow() {
      paths.clear();
      ask.sts.forgetFailures();
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

function keyOf(target: HostTarget | Extract<Target, { kind: "mx" }>, wish: TlsWish): string {
  const way =
    target.kind === "mx"
      ? `mx ${target.domain}${target.chosen === true ? " chosen" : ""}`
      : `${target.protocol} ${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port} ${target.auth?.user ?? ""}`;
  return `${way} ${target.tls} ${wish}`;
}

/** Connections are shared where the same is asked of every host: a connection that fitted other records proves nothing. */
function keyOfTls(hosts: readonly Host[], first: TlsPolicy): string {
  const plain = hosts.every(({ tls }) => tls === undefined || (tls.mode === first.mode && tls.dane === undefined));
  // What was said of one reason to insist is not said of another.
  if (plain) return first.mode === "opportunistic" ? first.mode : `${first.mode} ${first.because}`;
  const asked = hosts.map(({ name, tls }) => [name, tls?.mode, tls?.dane?.base, tls?.dane?.records.map(tlsaText)]);
  return `${first.mode} ${createHash("sha256").update(JSON.stringify(asked)).digest("base64url").slice(0, 16)}`;
}

/** Forgets the oldest entry when there are too many. */
function bound(map: Map<string, unknown>): void {
  if (map.size >= maxRemembered) map.delete(map.keys().next().value!);
}
