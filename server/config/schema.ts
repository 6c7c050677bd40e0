/** The configuration file: every key with its type, its default and its documentation. Unknown keys are mistakes. */
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { parseDuration, parseSize } from "../base/units.ts";
import type { Check } from "./checks.ts";
import * as checks from "./checks.ts";

/** The services that can listen, as they are called in the configuration, in `angarium dev --ports` and in its ready line. */
export const services = [
  "smtp",
  "submission",
  "submissions",
  "lmtp",
  "imap",
  "imaps",
  "pop3",
  "pop3s",
  "sieve",
  "http",
  "https",
] as const;
export type Service = (typeof services)[number];

/** Where each service belongs, and where it goes when the program may not bind ports below 1024. */
export const standardPorts: { readonly [service in Service]: { readonly port: number; readonly high: number } } = {
  smtp: { port: 25, high: 2525 },
  submission: { port: 587, high: 2587 },
  submissions: { port: 465, high: 2465 },
  lmtp: { port: 24, high: 2424 },
  imap: { port: 143, high: 2143 },
  imaps: { port: 993, high: 2993 },
  pop3: { port: 110, high: 2110 },
  pop3s: { port: 995, high: 2995 },
  sieve: { port: 4190, high: 4190 },
  http: { port: 80, high: 2080 },
  https: { port: 443, high: 2443 },
};

export type ListenAddress = { readonly address: string; readonly port: number };

/** "0.0.0.0:25", "[::]:25" (which takes IPv4 too), "127.0.0.1:0". */
function parseListenAddress(text: string): ListenAddress | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text);
  const address = found?.[1] ?? found?.[2] ?? "";
  const port = Number(found?.[3]);
  return found !== null && ipaddr.isValid(address) && port <= 65_535 ? { address, port } : undefined;
}

const listenAddress = z.string().transform((text, context) => {
  const parsed = parseListenAddress(text);
  if (parsed === undefined) {
    context.addIssue(`"${text}" is no address to listen on: write "0.0.0.0:25" or "[::]:25"`);
    return z.NEVER;
  }
  return parsed;
});

/** The type with what else its values must be. */
function checked<Type extends z.ZodType>(
  type: Type,
  check: Check<z.output<Type> & (string | number)> | undefined,
): Type {
  if (check === undefined) return type;
  return type.superRefine((value, context) => {
    const wrong = check(value as z.output<Type> & (string | number));
    if (wrong !== undefined) context.addIssue(wrong);
  });
}

const network = checked(z.string(), checks.network);

/** A number whose name tells its unit: bytes may be written "50MB", milliseconds "5m". */
function amount(name: string, byDefault: number): z.ZodType<number> {
  const parse = name.endsWith("Bytes") ? parseSize : name.endsWith("Ms") ? parseDuration : undefined;
  const shape = name.endsWith("Bytes")
    ? 'a size such as 52428800 or "50MB"'
    : name.endsWith("Ms")
      ? 'a time such as 300000 or "5m"'
      : "a number that is not negative";
  return z
    .union([z.number(), z.string()], { error: `must be ${shape}` })
    .transform((value, context) => {
      const parsed = typeof value === "number" ? value : parse?.(value);
      if (parsed === undefined || !Number.isFinite(parsed) || parsed < 0) {
        context.addIssue(`must be ${shape}`);
        return z.NEVER;
      }
      return parsed;
    })
    .prefault(byDefault) as unknown as z.ZodType<number>;
}

const wait: Check = (text) =>
  parseDuration(text) === undefined ? `"${text}" is no time: write "5m" (ms, s, m, h, d)` : undefined;

/** A list of texts: of waits ("…Delays") at least one, of networks, or what the check says. */
function list(key: string, byDefault: readonly string[], check: Check | undefined): z.ZodType<string[]> {
  const items = z.array(
    checked(
      z.string({ error: "must be a text in quotes" }),
      key.endsWith("Delays") ? wait : key === "uncounted" || key.endsWith("Networks") ? checks.network : check,
    ),
    { error: "must be a list of texts" },
  );
  const some = key.endsWith("Delays") ? items.min(1, { error: "must hold at least one wait" }) : items;
  return some.default([...byDefault]) as unknown as z.ZodType<string[]>;
}

type Plain = number | boolean | string | readonly string[] | undefined;
type Checks<T> = {
  readonly [K in keyof T]?: T[K] extends number ? Check<number> : T[K] extends boolean ? never : Check;
};

/**
 * A section made from a part's own settings: types and defaults are those of `defaults`, and the compiler sees to it
 * that no setting is without its sentence.
 */
export function section<T extends { readonly [K in keyof T]: Plain }>(
  defaults: T,
  docs: { readonly [K in keyof T]: string },
  more: Checks<T> = {},
): z.ZodType<T> {
  const shape: { [key: string]: z.ZodType } = {};
  for (const [key, value] of Object.entries(defaults as { readonly [key: string]: Plain })) {
    const text = (docs as { readonly [key: string]: string })[key] ?? "";
    const check = (more as { readonly [key: string]: Check & Check<number> })[key];
    const type =
      typeof value === "number"
        ? checked(amount(key, value), check)
        : typeof value === "boolean"
          ? z.boolean({ error: "must be true or false" }).default(value)
          : typeof value === "string"
            ? checked(z.string({ error: "must be a text in quotes" }).default(value), check)
            : value === undefined
              ? z.number({ error: "must be a number" }).min(0).optional()
              : list(key, value, check);
    shape[key] = type.meta({ description: text });
  }
  return z.strictObject(shape).prefault({}) as unknown as z.ZodType<T>;
}

const listen = z
  .strictObject(
    Object.fromEntries(
      services.map((service) => [
        service,
        z
          .array(listenAddress, { error: 'must be a list of addresses such as ["0.0.0.0:25"]' })
          .prefault([])
          .meta({
            description: `Addresses for ${service} (port ${standardPorts[service].port}); none switches it off.`,
          }),
      ]),
    ) as { [service in Service]: z.ZodPrefault<z.ZodArray<typeof listenAddress>> },
  )
  .prefault({});

export const baseShape = {
  hostname: z
    .string({ error: 'must be the full name of this machine, such as "mail.example.org"' })
    .regex(/^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, {
      error: "is no host name",
    })
    .meta({
      description: "Full name of this machine, as its reverse DNS says it: used in greetings, HELO and trace fields.",
    }),
  logLevel: z
    .enum(["debug", "info", "warn", "error"], { error: "must be one of debug, info, warn, error" })
    .default("info")
    .meta({ description: "How much is logged (to stderr, one line of JSON each)." }),
  listen: listen.meta({ description: "What listens where." }),
  proxyNetworks: z.array(network).default([]).meta({
    description:
      "Load balancers that send a PROXY protocol header (v1 or v2); where any are named, the mail ports take connections from them alone.",
  }),
  tls: z
    .strictObject({
      certificate: z
        .string()
        .default("")
        .meta({ description: 'PEM file with the certificate chain; "" uses the self-signed one in the data folder.' }),
      key: z.string().default("").meta({ description: "PEM file with its private key." }),
      more: z.array(z.string()).default([]).meta({
        description:
          "Further certificates, chosen by the name a client asks for: PEM files with the chain and the private key together.",
      }),
    })
    .prefault({})
    .meta({ description: "The certificate shown to clients and other servers." }),
  relay: z
    .strictObject({
      trust: z
        .array(network)
        .default([])
        .meta({ description: "Networks that may relay without AUTH. Not even loopback may unless it is listed." }),
    })
    .prefault({})
    .meta({ description: "Who may send through this server without logging in." }),
  dns: z
    .strictObject({
      servers: z.array(checked(z.string(), checks.dnsServer)).default([]).meta({
        description:
          'Resolvers ("127.0.0.1:53"); none uses the system\'s. The DNSSEC verdict of one on this machine is believed, of no other.',
      }),
    })
    .prefault({})
    .meta({ description: "Where DNS questions go." }),
  store: z
    .strictObject({
      postgres: checked(z.string().default(""), checks.url("postgres", "postgresql")).meta({
        description: 'PostgreSQL connection URL; "" keeps everything in the data folder (SQLite).',
      }),
      readers: z
        .number()
        .int()
        .min(1)
        .max(64)
        .default(2)
        .meta({ description: "Threads that read the embedded store." }),
    })
    .prefault({})
    .meta({ description: "Where mail is kept." }),
};
