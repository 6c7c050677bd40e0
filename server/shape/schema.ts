/** The form of a shaping file: providers with their limits, rules with their reactions. `shaping.toml` explains it to people. */
import { z } from "zod";
import { replyClasses } from "./reply-class.ts";

const name = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "must be a name of small letters, digits and hyphens");
const suffix = z.string().regex(/^\.[a-z0-9.-]+$/, 'must be an ending like ".example.net", in small letters');
const domain = z.string().regex(/^[a-z0-9.-]+\.[a-z0-9-]+$/, "must be a domain in small letters");
const count = z.int("must be a whole number").min(1, "must be at least 1");

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** "15m", "1h": milliseconds. */
const duration = z
  .string()
  .regex(/^[1-9]\d{0,4}[smhd]$/, 'must be a time like "30s", "15m", "2h" or "1d"')
  .transform((text) => Number.parseInt(text, 10) * units[text.at(-1) as keyof typeof units]);
/** "10/m": messages per second. */
const rate = z
  .string()
  .regex(/^[1-9]\d{0,5}\/[smhd]$/, 'must be a rate like "1/m" or "10/s"')
  .transform((text) => (Number.parseInt(text, 10) * 1000) / units[text.at(-1) as keyof typeof units]);

const limits = z.strictObject({
  connections: count.optional(),
  totalConnections: count.optional(),
  messagesPerConnection: count.optional(),
  perSecond: z.number().positive("must be above 0").optional(),
  perMinute: z.number().positive("must be above 0").optional(),
  perHour: z.number().positive("must be above 0").optional(),
  recipientsPerMessage: count.optional(),
  perDomainPerSecond: z.number().positive("must be above 0").optional(),
  tls: z.enum(["opportunistic", "required"]).optional(),
});

/** What a file that is laid over another does not say of a known provider is as it was. */
const provider = z.strictObject({
  title: z.string().optional(),
  mx: z.array(suffix).optional(),
  domains: z.array(domain).optional(),
  feedback: z.enum(["postmaster-tools", "snds", "complaint-feedback-loop", "none"]).optional(),
  limits: limits.default({}),
});

const reaction = z.strictObject({
  scope: z.enum(["source", "domain", "tenant", "campaign", "recipient"]),
  hits: count.default(1),
  within: duration.default(units.h),
  /** Nothing more for so long. */
  suspend: duration.optional(),
  /** The rate and the connections times this, recovering by themselves. */
  slow: z.number().gt(0).lt(1).optional(),
  rate: rate.optional(),
  connections: count.optional(),
  messagesPerConnection: count.optional(),
  /** How long `slow`, `rate`, `connections` and `messagesPerConnection` hold. */
  for: duration.optional(),
  /** scope recipient: not again before. */
  retry: duration.optional(),
  warmup: z.enum(["hold", "back", "pause"]).optional(),
  stop: z.boolean().default(false),
  alert: z.boolean().default(false),
});

const pattern = z
  .string()
  .min(1, "must not be empty: it would be said of every reply")
  .transform((text, context) => {
    if (text.length > 2000) context.addIssue({ code: "custom", message: "is longer than 2000 characters" });
    try {
      return new RegExp(text, "i");
    } catch (error) {
      context.addIssue({ code: "custom", message: (error as Error).message });
      return z.NEVER;
    }
  });

const rule = z.strictObject({
  id: name,
  provider: z.union([name, z.array(name).min(1, "must name a provider; leave it out for all of them")]).optional(),
  reply: pattern,
  class: z.enum(replyClasses, `must be one of ${replyClasses.join(", ")}`),
  fix: z.string().optional(),
  reaction: z.array(reaction).default([]),
});

export const shapingSchema = z.strictObject({
  provider: z.record(name, provider).default({}),
  rule: z.array(rule).default([]),
});

/** What can be read of a file with mistakes: those of its names are told at once with those of its form. */
export const shapingNames = z.object({
  provider: z
    .record(
      z.string(),
      z.object({ title: z.unknown(), mx: z.unknown(), domains: z.unknown() }).partial().catch({ title: "?", mx: "?" }),
    )
    .catch({})
    .default({}),
  rule: z
    .array(
      z
        .object({
          id: z.string().optional().catch(undefined),
          provider: z
            .union([z.string(), z.array(z.string())])
            .optional()
            .catch(undefined),
        })
        .catch({}),
    )
    .catch([])
    .default([]),
});
export type ShapingNames = z.infer<typeof shapingNames>;

type Said = z.infer<typeof provider>;
export type Provider = { readonly [field in keyof Said]-?: Exclude<Said[field], undefined> } & {
  readonly key: string;
  /** The administrator's own file says whether TLS is asked for, not a shipped one. */
  readonly ownTls: boolean;
};
export type Limits = z.infer<typeof limits>;
export type Rule = z.infer<typeof rule>;
export type Reaction = z.infer<typeof reaction>;
