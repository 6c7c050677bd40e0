/** `DOMAIN.json` and `TENANT.tenant.json` of an export: what belongs to a domain or to a tenant, and to nobody alone. */
import { readFile, stat } from "node:fs/promises";
import { z } from "zod";
import { parseTarget } from "../send/route.ts";
import { CannotCarry } from "./put.ts";

export const directoryFormat = "angarium directory";
export const tenantFormat = "angarium tenant";
export const tenantFileEnd = ".tenant.json";

/** 200,000 addresses. It is read at once. */
export const maxDirectoryFileBytes = 32 * 1024 * 1024;

const mailbox = z.string().min(3).max(330);
const time = z.number().int().nonnegative();

const settings = z.object({
  catchAll: mailbox.optional(),
  subaddressSeparator: z
    .string()
    .regex(/^[!#$%&'*+\-/=?^_`{|}~.]{0,4}$/)
    .optional(),
  relayTo: z
    .string()
    .max(300)
    .refine((text) => parseTarget(text) !== undefined, "is no route")
    .optional(),
  relayRecipients: z.enum(["any", "listed", "callout"]).optional(),
  maxMessageBytes: z.number().int().nonnegative().optional(),
  mtaSts: z.enum(["enforce", "testing", "none"]).optional(),
  mtaStsMx: z.array(z.string().max(255)).max(100).optional(),
  signatureDays: z.number().int().min(8).optional(),
});

const listSettings = {
  displayName: z.string().max(1000),
  description: z.string().max(10_000),
  posting: z.enum(["members", "anyone", "moderators"]),
  others: z.enum(["hold", "refuse", "discard"]),
  moderated: z.boolean(),
  subscribing: z.enum(["open", "approved", "closed"]),
  subjectTag: z.string().max(200),
  replyTo: z.enum(["author", "list"]),
  archive: z.boolean(),
  // Exports of before have none of these.
  publicArchive: z.boolean().default(false),
  footer: z.string().max(2000).default(""),
  maxBounces: z.number().int().nonnegative(),
  maxMessageBytes: z.number().int().nonnegative(),
};

const about = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("group"),
    displayName: z.string().max(1000),
    description: z.string().max(10_000),
    posting: z.enum(["anyone", "people", "members"]).optional(),
  }),
  z.object({
    kind: z.literal("masked"),
    label: z.string().max(1000),
    createdAt: time,
    off: z.boolean(),
    /** The account's name; exports of before have none, and the target is the owner. */
    owner: mailbox.optional(),
  }),
  z.object({ kind: z.literal("list"), ...listSettings }),
]);

const member = z.object({
  address: mailbox,
  displayName: z.string().max(1000),
  role: z.enum(["member", "moderator", "owner"]),
  delivery: z.enum(["each", "daily", "weekly", "none"]),
  paused: z.boolean(),
  bounces: z.number().int().nonnegative(),
  bouncedAt: time.optional(),
  since: time,
});

const directory = z.object({
  format: z.literal(directoryFormat),
  version: z.literal(1),
  domain: z.string().min(1).max(255),
  kind: z.enum(["local", "relay"]).default("local"),
  /** Whose it is. */
  tenant: z.string().max(100).optional(),
  settings: settings.default({}),
  filter: z.record(z.string(), z.unknown()).optional(),
  attachments: z.record(z.string(), z.unknown()).optional(),
  sendingLimits: z.record(z.string(), z.unknown()).optional(),
  scripts: z
    .array(
      z.object({
        name: z.string().max(1000),
        content: z.string(),
        runs: z.enum(["before", "after", "never"]),
        changedAt: time,
      }),
    )
    .optional(),
  administrators: z.array(mailbox).optional(),
  /** With the passwords: the private keys that sign for it. */
  dkim: z.object({ keys: z.array(z.object({ selector: z.string(), privateKey: z.string() }).loose()) }).optional(),
  addresses: z.array(
    z.object({
      address: mailbox,
      kind: z.enum(["account", "alias", "relay"]),
      account: mailbox.optional(),
      targets: z.array(mailbox),
      senders: z.array(mailbox),
      onBehalf: z.array(mailbox).optional(),
      about: about.optional(),
      members: z.array(member).optional(),
    }),
  ),
});
export type DirectoryFile = z.output<typeof directory>;
export type DirectoryWritten = z.input<typeof directory>;

const tenant = z.object({
  format: z.literal(tenantFormat),
  version: z.literal(1),
  name: z.string().min(1).max(50),
  displayName: z.string().max(1000),
  settings: z.object({
    limits: z.object({
      maxDomains: z.number().int().nonnegative().optional(),
      maxAccounts: z.number().int().nonnegative().optional(),
      maxStorageBytes: z.number().int().nonnegative().optional(),
      defaultQuotaBytes: z.number().int().nonnegative().optional(),
    }),
    branding: z.object({
      productName: z.string().max(200).optional(),
      logoUrl: z
        .url({ protocol: /^https$/ })
        .max(1000)
        .optional(),
      color: z
        .string()
        .regex(/^#[0-9a-fA-F]{6}$/)
        .optional(),
      supportEmail: mailbox.optional(),
      supportUrl: z
        .url({ protocol: /^https?$/ })
        .max(1000)
        .optional(),
    }),
  }),
  filter: z.record(z.string(), z.unknown()).optional(),
  attachments: z.record(z.string(), z.unknown()).optional(),
  sendingLimits: z.record(z.string(), z.unknown()).optional(),
  administrators: z.array(mailbox).optional(),
});
export type TenantFile = z.output<typeof tenant>;
export type TenantWritten = z.input<typeof tenant>;

/** Rejects with `CannotCarry`. */
async function read<T>(path: string, schema: z.ZodType<T>, what: string): Promise<T> {
  const about = await stat(path).catch(() => undefined);
  if (about === undefined) throw new CannotCarry(`There is no ${path}.`);
  if (about.size > maxDirectoryFileBytes)
    throw new CannotCarry(`${path} is larger than ${maxDirectoryFileBytes} bytes: it is taken in parts only.`);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch {
    throw new CannotCarry(`${path} is no JSON: it was cut off or changed.`);
  }
  const found = schema.safeParse(value);
  if (found.success) return found.data;
  throw new CannotCarry(
    `${path} is no export of ${what}: ${z.prettifyError(found.error).replace(/\n\s*/g, " ").slice(0, 300)}.`,
  );
}

export const readDirectoryFile = (path: string): Promise<DirectoryFile> => read(path, directory, "a domain");
export const readTenantFile = (path: string): Promise<TenantFile> => read(path, tenant, "a tenant");
