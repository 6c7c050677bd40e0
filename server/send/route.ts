/**
 * Which way a message goes, as a pure decision: by MX, to a smart host, to an LMTP host, to where a relay domain's mail
 * belongs, or (in `angarium dev`) all to one host.
 */
import type { Domain } from "../store/store.ts";

/**
 * How much TLS a path wants. "opportunistic" takes what there is, the clear included; "required" is never in the clear;
 * "verified" also wants a certificate that is valid for the host; "implicit" is TLS from the first byte (port 465), verified.
 */
export const tlsModes = ["never", "opportunistic", "required", "verified", "implicit"] as const;
export type TlsMode = (typeof tlsModes)[number];

export type HostTarget = {
  readonly kind: "host";
  readonly protocol: "smtp" | "lmtp";
  /** A name, or an IP address (without brackets). */
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  readonly auth: { readonly user: string; readonly password: string; readonly cleartext: boolean } | undefined;
};
export type MxTarget = {
  readonly kind: "mx";
  readonly domain: string;
  readonly tls: TlsMode;
  /** An administrator names this way for this domain: its hosts may lie in private networks. */
  readonly chosen?: true;
};
export type Target =
  | MxTarget
  | HostTarget
  /** The administrator's route or the domain's own setting cannot be followed: a sentence. */
  | { readonly kind: "broken"; readonly why: string };

/** One entry of the store's setting "routes", checked. What it does not name it matches. */
export type Route = {
  /** "example.org", or ".example.org" for it and everything below it. */
  readonly domain: string | undefined;
  /** Envelope sender: "someone@example.org", "@example.org", or "<>" for the null sender. */
  readonly sender: string | undefined;
  readonly target: Target | "mx";
  /** With target "mx": how much TLS; undefined as everywhere. */
  readonly tls?: TlsMode;
};

export type Routing = {
  readonly routes: readonly Route[];
  /** All outbound mail goes here, whatever the routes say (`angarium dev --deliver-to`). */
  readonly deliverTo: HostTarget | undefined;
  /** How much TLS where no route says otherwise. */
  readonly tls: TlsMode;
};
export const plainRouting: Routing = { routes: [], deliverTo: undefined, tls: "opportunistic" };

/**
 * Where mail from `sender` to `domain` goes. In this order: `deliverTo`; a route that names the recipient domain; the `relayTo`
 * of a domain that is here; a route by sender or for everything; MX.
 */
export function route(domain: string, sender: string, routing: Routing, home: Domain | undefined = undefined): Target {
  if (routing.deliverTo !== undefined) return routing.deliverTo;
  const from = sender === "" ? "<>" : sender.toLowerCase();
  let general: Route | undefined;
  for (const candidate of routing.routes) {
    if (candidate.sender !== undefined && !matchesSender(candidate.sender, from)) continue;
    if (candidate.domain === undefined) general ??= candidate;
    else if (matchesDomain(candidate.domain, domain))
      return chosen(resolve(candidate.target, domain, routing, candidate.tls));
  }
  const relayTo = home?.settings.relayTo;
  if (relayTo !== undefined) {
    const target = parseTarget(relayTo);
    if (target === undefined) return { kind: "broken", why: `the domain's relayTo "${relayTo}" is no route` };
    return chosen(resolve(target, domain, routing));
  }
  return resolve(general?.target ?? "mx", domain, routing, general?.tls);
}

function resolve(target: Target | "mx", domain: string, routing: Routing, tls?: TlsMode): Target {
  return target === "mx" ? { kind: "mx", domain, tls: tls ?? routing.tls } : target;
}

const chosen = (target: Target): Target => (target.kind === "mx" ? { ...target, chosen: true } : target);

function matchesDomain(pattern: string, domain: string): boolean {
  if (pattern[0] !== ".") return pattern === domain;
  return domain.endsWith(pattern) || domain === pattern.slice(1);
}

function matchesSender(pattern: string, sender: string): boolean {
  return pattern[0] === "@" ? sender.endsWith(pattern) : pattern === sender;
}

/** A domain or a host; those of other scripts are left to DNS. */
const hostName = /^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.?$/u;
const hostTarget = /^(smtp|smtps|lmtp):(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]+))(?::(\d{1,5}))?$/;
const defaultPorts: { readonly [protocol: string]: number } = { smtp: 25, smtps: 465, lmtp: 24 };

/** "mx", "mx:other.test", "smtp:host[:port]", "smtps:host[:port]", "lmtp:host[:port]"; IPv6 addresses in brackets. */
export function parseTarget(text: string, tls: TlsMode = "opportunistic"): Target | "mx" | undefined {
  if (text === "mx") return "mx";
  if (text.startsWith("mx:")) {
    const domain = text.slice(3).toLowerCase();
    return hostName.test(domain) ? { kind: "mx", domain, tls } : undefined;
  }
  const found = hostTarget.exec(text);
  if (found === null || (found[3] !== undefined && !hostName.test(found[3]))) return undefined;
  const port = Number(found[4] ?? defaultPorts[found[1]!]);
  if (port < 1 || port > 65_535) return undefined;
  return {
    kind: "host",
    protocol: found[1] === "lmtp" ? "lmtp" : "smtp",
    host: (found[2] ?? found[3]!).toLowerCase(),
    port,
    tls: found[1] === "smtps" ? "implicit" : tls,
    auth: undefined,
  };
}

/** More routes than this are a mistake. */
export const maxRoutes = 10_000;
const knownKeys = ["domain", "sender", "to", "tls", "user", "password", "cleartextAuth"];

/** What is wrong: in which route, counted from 0, and in which of its fields. */
export type RouteMistake = {
  readonly index: number | undefined;
  readonly field: string | undefined;
  readonly why: string;
};

/** "Route 2: "user" and "password" come together." */
export const routeMistakeWords = ({ index, why }: RouteMistake): string =>
  index === undefined ? why : `Route ${index + 1}: ${why}`;

/**
 * Checks the store's setting "routes": a list of `{domain?, sender?, to, tls?, user?, password?, cleartextAuth?}`. All
 * mistakes at once; routes with mistakes are left out.
 */
export function parseRoutes(value: unknown): {
  readonly routes: readonly Route[];
  readonly mistakes: readonly RouteMistake[];
} {
  if (value === undefined) return { routes: [], mistakes: [] };
  const whole = (why: string): RouteMistake => ({ index: undefined, field: undefined, why });
  if (!Array.isArray(value)) return { routes: [], mistakes: [whole('"routes" must be a list.')] };
  const routes: Route[] = [];
  const mistakes: RouteMistake[] = [];
  if (value.length > maxRoutes)
    mistakes.push(whole(`There are ${value.length} routes; at most ${maxRoutes} are used.`));
  for (const [index, entry] of value.slice(0, maxRoutes).entries()) {
    const found: RouteMistake[] = [];
    const made = parseRoute(entry, (field, why) => found.push({ index, field, why }));
    mistakes.push(...found);
    if (made !== undefined && found.length === 0) routes.push(made);
  }
  return { routes, mistakes };
}

function parseRoute(entry: unknown, mistake: (field: string | undefined, why: string) => void): Route | undefined {
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
    mistake(undefined, "must be an object.");
    return undefined;
  }
  const fields = entry as { readonly [key: string]: unknown };
  for (const key of Object.keys(fields)) if (!knownKeys.includes(key)) mistake(key, `"${key}" is unknown.`);
  const text = (key: string): string | undefined => {
    const value = fields[key];
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    mistake(key, `"${key}" must be a text.`);
    return undefined;
  };
  const domain = text("domain")?.toLowerCase();
  const sender = text("sender")?.toLowerCase();
  if (domain !== undefined && !/^\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(domain))
    mistake("domain", `"${domain}" is no domain: write "example.org", or ".example.org" for all below it too.`);
  if (sender !== undefined && sender !== "<>" && !/^[^\s]*@[^\s@]+$/.test(sender))
    mistake("sender", `"${sender}" is no sender: write "someone@example.org", "@example.org" or "<>".`);
  const to = text("to");
  const tls = text("tls") ?? "opportunistic";
  if (!isTlsMode(tls)) mistake("tls", `"tls" must be one of ${tlsModes.join(", ")}.`);
  const target = to === undefined ? undefined : parseTarget(to, isTlsMode(tls) ? tls : "opportunistic");
  if (target === undefined)
    mistake("to", '"to" must be "mx", "mx:DOMAIN", "smtp:HOST:PORT", "smtps:HOST:PORT" or "lmtp:HOST:PORT".');
  const user = text("user");
  const password = text("password");
  const cleartext = fields["cleartextAuth"] ?? false;
  if ((user === undefined) !== (password === undefined))
    mistake(user === undefined ? "user" : "password", '"user" and "password" come together.');
  if (typeof cleartext !== "boolean") mistake("cleartextAuth", '"cleartextAuth" must be true or false.');
  if (target === undefined) return undefined;
  if (target === "mx" || target.kind !== "host") {
    if (user !== undefined) mistake("user", 'only a host takes "user" and "password".');
    if (target !== "mx" || fields["tls"] === undefined || !isTlsMode(tls)) return { domain, sender, target };
    if (tls === "implicit") mistake("tls", '"tls" can be "implicit" for a host only.');
    return { domain, sender, target, tls };
  }
  const auth =
    user === undefined || password === undefined ? undefined : { user, password, cleartext: cleartext === true };
  return { domain, sender, target: { ...target, auth } };
}

function isTlsMode(text: string): text is TlsMode {
  return (tlsModes as readonly string[]).includes(text);
}
