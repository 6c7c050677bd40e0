/** Seed mailboxes and probes, as a person or a program describes them. */
import { z } from "zod";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import { parseDuration } from "../base/units.ts";

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
  provider: z.string().min(1).max(64).describe("Whose mailbox it is: gmail, microsoft-consumer, yahoo, …, or other."),
  address,
  host: z.string().min(1).max(253).describe("The provider's IMAP server: imap.gmail.com."),
  port: z.int().min(1).max(65_535).default(993),
  tls: z.enum(["implicit", "starttls", "none"]).default("implicit"),
  user: z.string().max(320).default("").describe("The name there; the address where it is left out."),
  password: z.string().max(1000).default("").describe("An app password, at most providers. None where there is oauth."),
  /** An access token is asked for with this (RFC 6749 §6), and shown by XOAUTH2 or OAUTHBEARER. */
  oauth: z
    .strictObject(
      {
        tokenUrl: z
          .string()
          .max(500)
          .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""), "must be a URL"),
        clientId: z.string().min(1).max(500),
        clientSecret: z.string().max(4000).default(""),
        refreshToken: z.string().min(1).max(4000),
      },
      {
        error: ({ code }) =>
          code === "invalid_type" ? "must be JSON with tokenUrl, clientId, clientSecret and refreshToken" : undefined,
      },
    )
    .optional()
    .describe("Where no passwords are taken: tokenUrl, clientId, clientSecret, refreshToken."),
  anyCertificate: z.boolean().default(false).describe("The certificate is not checked: a server of one's own."),
  state: z.enum(["active", "paused"]).default("active").describe("paused: it gets no letters."),
});
export type Seed = z.infer<typeof seedSchema>;

const duration = z.string().refine((text) => {
  const ms = parseDuration(text);
  return ms !== undefined && ms >= 3_600_000;
}, 'must be an hour at least, like "6h" or "1d"');

/** A letter that is sent to the seeds by itself, again and again. */
export const probeSchema = z.strictObject({
  from: address.describe("An address of a sending domain."),
  stream: z.string().min(1).max(130).default("transactional"),
  subject: z
    .string()
    .min(1)
    .max(500)
    .regex(/^[^\x00-\x1f\x7f]*$/, "must be one line"),
  text: z
    .string()
    .min(1)
    .max(100_000)
    .describe("As your own letters are written: a letter that nobody would send is filed as nobody's would be."),
  html: z.string().max(500_000).default(""),
  every: z
    .union([z.literal(""), duration])
    .default("1d")
    .describe("6h, 1d; empty is never by itself. A seed gets one letter a day of each tenant."),
  providers: z.array(z.string().min(1).max(64)).max(100).default([]).describe("Only these; all where none is named."),
});
export type Probe = z.infer<typeof probeSchema>;

export const maxSeeds = 500;
export const maxProbes = 50;
