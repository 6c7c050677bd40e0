/** The things that sending at volume is made of, as they are written in a file, kept in the store and given to the API. */
import { isIP } from "node:net";
import { z } from "zod";
import { parseDuration } from "../base/units.ts";
import { parseProxy } from "../send/proxy.ts";

/** Names of sources, pools and tenants. */
const namePattern = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
const name = z.string().regex(namePattern, 'must be a name of small letters, digits, ".", "_" and "-" (64 at most)');
/** "news", or "shop/news" for one tenant's own. */
const scopedPattern = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?(?:\/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?)?$/;
const host = z
  .string()
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+$/, "must be a host name in small letters");
const orNone = <T extends z.ZodType>(type: T) => z.union([z.literal(""), type]);
const count = z.int("must be a whole number").min(1, "must be at least 1");
const duration = z
  .string()
  .refine((text) => parseDuration(text) !== undefined, 'must be a time like "30m", "4h" or "3d"');
/** Planned messages a day, by provider; "other" is everybody else. */
const targets = z.record(z.string(), z.int("must be a whole number").min(1, "must be at least 1").max(100_000_000));
const profile = z.enum(["none", "careful", "normal", "fast"]);

export const sourceSchema = z.strictObject({
  /** Our own address to send from; "" leaves it to the system. */
  address: orNone(z.string().refine((text) => isIP(text) !== 0, "must be an IP address of this machine")).default(""),
  /** Our name in EHLO; "" is the host's. It should be the address's name in reverse DNS. */
  ehlo: orNone(host).default(""),
  /** Connections go through it: "socks5://HOST:PORT", "http://HOST:PORT" (CONNECT), by TLS "socks5s://" and "https://", all with USER:PASSWORD@ where it wants a login, or "haproxy://HOST:PORT" (PROXY protocol, version 1). */
  proxy: orNone(
    z
      .string()
      .refine(
        (text) => parseProxy(text) !== undefined,
        'must be like "socks5://HOST:PORT" or "https://USER:PASSWORD@HOST:PORT" (percent-encoded)',
      ),
  ).default(""),
  state: z.enum(["active", "resting", "retired"]).default("active"),
  /** How it is warmed up; "none": it is warm, and nothing is counted. */
  warmup: profile.default("none"),
  targets: targets.default({}),
});

export const poolSchema = z.strictObject({
  /** "mta1", or "mta1:3" for three times its share. */
  sources: z
    .array(z.string().regex(/^[a-z0-9._-]+(?::[1-9]\d{0,3})?$/, 'must be a source, or "source:weight"'))
    .min(1, "must name a source"),
  /** Where mail goes that this pool may not carry now. */
  overflow: orNone(name).default(""),
});

/** What is counted of mail that people open and follow: nothing, pictures loaded, links followed, or both. */
export const trackings = ["none", "opens", "clicks", "both"] as const;
export const streamKinds = ["transactional", "marketing", "mailbox", "bounce"] as const;
export const overflowPolicies = ["warm-pool", "hold", "exceed", "refuse"] as const;
export const streamSchema = z.strictObject({
  kind: z.enum(streamKinds),
  pool: name.default("default"),
  /** What becomes of mail beyond a warm-up's quota; "" is "warm-pool" where the pool has one, else "hold". */
  overflow: orNone(z.enum(overflowPolicies)).default(""),
  /** Its share of a tenant's turns, beside the tenant's other streams. */
  weight: count.max(1000).default(1),
  /** How long it is tried; "" is by kind: 24h transactional, 72h marketing, else as the queue does. */
  lifetime: orNone(duration).default(""),
  retryDelays: z.array(duration).default([]),
  /** Bounces come back to an address that names the message, at the return path of the sending domain. */
  verp: z.boolean().default(true),
  /** Its mail confirms what somebody filled into a form: nobody gets more than a few in an hour. */
  confirms: z.boolean().default(false),
  /** Opens and clicks; "" is as the tenant has it for marketing, and none for all else. */
  tracking: orNone(z.enum(trackings)).default(""),
});

export const tenantStates = ["active", "limited", "paused", "suspended"] as const;
export const tenantSchema = z.strictObject({
  /** Its share of turns, beside other tenants. */
  weight: count.max(1000).default(1),
  /** limited: half its rate. paused: marketing waits. suspended: everything waits. */
  state: z.enum(tenantStates).default("active"),
  reason: z.string().max(500).default(""),
  since: z.number().default(0),
  /** Stream of mail that names none. */
  stream: z.string().default("transactional"),
  /** required: its mail never goes in the clear. */
  tls: z.enum(["opportunistic", "required"]).default("opportunistic"),
  /** Its campaigns are sent to our seed mailboxes too, as their first recipient gets them. */
  seeds: z.boolean().default(false),
  /** Opens and clicks of its marketing, where a stream says nothing else. */
  tracking: z.enum(trackings).default("none"),
});

export const domainSchema = z.strictObject({
  tenant: orNone(name).default(""),
  /** Host below which bounces come back ("rp.example.org", with an MX record that leads here); "" keeps the sender's own. */
  returnPath: orNone(host).default(""),
  /** Address that CFBL-Address names (RFC 9477); "" leaves the field out. */
  feedback: orNone(z.string().regex(/^[^\s@<>;]+@[^\s@<>;]+$/, "must be an address")).default(""),
  /** Host that links and pictures lead to where opens and clicks are counted ("links.example.org", whose address is ours); "" is our own. */
  trackingHost: orNone(host).default(""),
  warmup: profile.default("none"),
  targets: targets.default({}),
});

export const campaignStates = ["sending", "paused", "done", "stopped"] as const;
export const campaignSchema = z.strictObject({
  stream: z.string().default("marketing"),
  state: z.enum(campaignStates).default("sending"),
  reason: z.string().max(500).default(""),
  since: z.number().default(0),
});

export const kinds = ["source", "pool", "stream", "tenant", "domain", "campaign"] as const;
export type Kind = (typeof kinds)[number];
/** What each is, for whoever adds or lists it. */
export const about: { readonly [kind in Kind]: string } = {
  source: "an address to send from",
  pool: "sources that share their mail",
  stream: "a kind of mail with a pool of its own",
  tenant: "whoever sends through us: its share and its state",
  domain: "a domain that mail is sent as",
  campaign: "one mailing of a tenant",
};
export const schemas = {
  source: sourceSchema,
  pool: poolSchema,
  stream: streamSchema,
  tenant: tenantSchema,
  domain: domainSchema,
  campaign: campaignSchema,
} as const satisfies { readonly [kind in Kind]: z.ZodType };

export type Source = z.infer<typeof sourceSchema>;
export type Pool = z.infer<typeof poolSchema>;
export type Stream = z.infer<typeof streamSchema>;
export type Tenant = z.infer<typeof tenantSchema>;
export type SendingDomain = z.infer<typeof domainSchema>;
export type Campaign = z.infer<typeof campaignSchema>;

/** Why this cannot be the name of such a thing, or undefined. */
export function wrongName(kind: Kind, text: string): string | undefined {
  switch (kind) {
    case "domain":
      return host.safeParse(text).success ? undefined : `"${text}" is no domain in small letters`;
    case "stream":
      return scopedPattern.test(text)
        ? undefined
        : `"${text}" is no stream: write "news", or "tenant/news" for one tenant's own`;
    case "campaign":
      return scopedPattern.test(text) && text.includes("/")
        ? undefined
        : `"${text}" is no campaign: write "tenant/campaign"`;
    default:
      return namePattern.test(text) ? undefined : `"${text}" is no name: small letters, digits, ".", "_" and "-"`;
  }
}

const names = <T extends z.ZodType>(schema: T) => z.record(z.string(), schema).default({});
/** The file form: `[source.NAME]`, `[pool.NAME]`, … */
export const modelFileSchema = z.strictObject({
  source: names(sourceSchema),
  pool: names(poolSchema),
  stream: names(streamSchema),
  tenant: names(tenantSchema),
  domain: names(domainSchema),
  campaign: names(campaignSchema),
});
