/** Seed mailboxes and probes, as a person or a program describes them. */
import { z } from "zod";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import { parseDuration } from "../units.ts";

/** Names of seeds and probes. */
export const seedName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/,
    'must be a name of small letters, digits, ".", "_" and "-" (64 at most)',
  );
const address = z
  .string()
  .max(320)
  .refine((text) => parseMailbox(text) !== undefined, "must be an address");

/** A mailbox of ours at a provider, which nobody reads but the engine. */
export const seedSchema = z.strictObject({
  /** A provider of the shaping file ("gmail"), or "other". */
  provider: z.string().min(1).max(64),
  address,
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535).default(993),
  tls: z.enum(["implicit", "starttls", "none"]).default("implicit"),
  /** "" is the address. */
  user: z.string().max(320).default(""),
  /** "" where there is `oauth`. */
  password: z.string().max(1000).default(""),
  /** Providers that take no passwords: an access token is asked for with this (RFC 6749 §6), and shown by XOAUTH2 or OAUTHBEARER. */
  oauth: z
    .strictObject({
      tokenUrl: z
        .string()
        .max(500)
        .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "must be a URL"),
      clientId: z.string().min(1).max(500),
      clientSecret: z.string().max(4000).default(""),
      refreshToken: z.string().min(1).max(4000),
    })
    .optional(),
  /** The certificate is not checked: a server of one's own. */
  anyCertificate: z.boolean().default(false),
  /** paused: it gets no letters. */
  state: z.enum(["active", "paused"]).default("active"),
});
export type Seed = z.infer<typeof seedSchema>;

const duration = z.string().refine((text) => {
  const ms = parseDuration(text);
  return ms !== undefined && ms >= 3_600_000;
}, 'must be an hour at least, like "6h" or "1d"');

/** A letter that is sent to the seeds by itself, again and again. */
export const probeSchema = z.strictObject({
  /** An address of a sending domain. */
  from: address,
  stream: z.string().min(1).max(130).default("transactional"),
  subject: z
    .string()
    .min(1)
    .max(500)
    .regex(/^[^\x00-\x1f\x7f]*$/, "must be one line"),
  text: z.string().min(1).max(100_000),
  html: z.string().max(500_000).default(""),
  /** "" is never by itself. */
  every: z.union([z.literal(""), duration]).default("1d"),
  /** Only these providers; all where none is named. */
  providers: z.array(z.string().min(1).max(64)).max(100).default([]),
});
export type Probe = z.infer<typeof probeSchema>;

export const maxSeeds = 500;
export const maxProbes = 50;
