/** `account.json` of an export: everything of an account that is not mail. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CannotCarry } from "./put.ts";

export const formatName = "angarium account";
export const mailFormats = ["maildir", "mbox", "json"] as const;
export type MailFormat = (typeof mailFormats)[number];

/** JMAP objects that go with an account. */
export const exportedObjects = ["Identity", "AddressBook", "ContactCard"] as const;

const file = z.object({
  format: z.literal(formatName),
  version: z.literal(1),
  mail: z.enum(mailFormats),
  account: z.object({
    name: z.string().max(330),
    displayName: z.string().max(1000),
    role: z.enum(["user", "admin"]),
    quotaBytes: z.number().int().nonnegative(),
    createdAt: z.number(),
    disabled: z.boolean().optional(),
  }),
  mailboxes: z
    .array(
      z.object({
        path: z.string().min(1).max(1000),
        role: z.enum(["inbox", "archive", "drafts", "junk", "sent", "trash", "all", "flagged", "important"]).optional(),
        subscribed: z.boolean(),
        messages: z.number().int(),
      }),
    )
    .max(10_000),
  addresses: z.array(z.string().max(330)),
  scripts: z.array(z.object({ name: z.string(), content: z.string(), active: z.boolean() })),
  vacation: z
    .object({
      isEnabled: z.boolean(),
      fromDate: z.number().optional(),
      toDate: z.number().optional(),
      subject: z.string().optional(),
      textBody: z.string().optional(),
      htmlBody: z.string().optional(),
    })
    .optional(),
  objects: z.record(z.enum(exportedObjects), z.array(z.object({ id: z.string(), data: z.unknown() }))).or(z.object({})),
  /** What the account wants of the filter (`Preferences`). */
  filter: z.record(z.string(), z.unknown()).optional(),
  /** Notes on mailboxes (RFC 5464); without a mailbox, on the account. */
  annotations: z
    .array(z.object({ mailbox: z.string().optional(), entry: z.string().max(1000), value: z.string() }))
    .optional(),
  /** Who may do what in which mailbox: letters of RFC 4314. */
  shares: z
    .array(z.object({ mailbox: z.string(), person: z.string().max(330), rights: z.string().regex(/^[a-z]{1,20}$/) }))
    .optional(),
  /** Who sees, and who may change, which address book. */
  sharedBooks: z.array(z.object({ book: z.string(), person: z.string().max(330), mayWrite: z.boolean() })).optional(),
  /** With the passwords: what else proves who somebody is. */
  factors: z
    .array(
      z.object({
        kind: z.enum(["totp", "passkey", "recovery", "identity"]),
        key: z.string(),
        label: z.string(),
        data: z.unknown(),
      }),
    )
    .optional(),
  credentials: z
    .array(
      z.object({
        kind: z.enum(["password", "app-password"]),
        label: z.string(),
        argon2id: z.string(),
        scramSha256: z.string(),
        createdAt: z.number(),
        expiresAt: z.number().optional(),
        scopes: z.array(z.enum(["imap", "pop3", "smtp", "sieve", "jmap", "api"])).optional(),
        /** How much may be sent by it. */
        limits: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .optional(),
});

export type Read = z.output<typeof file>;
export type AccountFile = Omit<
  z.input<typeof file>,
  "objects" | "mailboxes" | "vacation" | "credentials" | "filter"
> & {
  readonly filter?: object | undefined;
  readonly mailboxes: readonly object[];
  readonly objects: { readonly [type: string]: readonly { readonly id: string; readonly data: unknown }[] };
  readonly vacation: object | undefined;
  readonly credentials?: readonly object[];
};

/** Rejects with `CannotCarry`. */
export async function readAccountFile(folder: string): Promise<Read> {
  const path = join(folder, "account.json");
  const text = await readFile(path, "utf8").catch(() => {
    throw new CannotCarry(`There is no account.json in ${folder}: name the folder of one account of an export.`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CannotCarry(`${path} is no JSON: it was cut off or changed.`);
  }
  const read = file.safeParse(value);
  if (read.success) return read.data;
  throw new CannotCarry(`${path} is no export of an account: ${z.prettifyError(read.error).split("\n")[0]}.`);
}
