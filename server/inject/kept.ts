/** An email as it is kept for the copies that will be made of it. Pure. */
import { createHash } from "node:crypto";
import type { Sender } from "../dispatch/sender.ts";
import type { Email } from "./email.ts";

/** Whose mail it is, as far as its fields say so. */
export type Whose = Pick<Sender, "tenant" | "stream" | "marketing" | "campaign" | "list" | "author" | "tracking">;

/** JSON. Optional parts that are undefined are left out, so that the same email makes the same bytes. */
type KeptTemplate = {
  readonly email: Omit<Email, "attachments"> & { readonly attachments: readonly KeptAttachment[] };
} & {
  readonly whose: Whose;
};
type KeptAttachment = Omit<Email["attachments"][number], "bytes"> & { readonly base64: string };

export type OwnTexts = Pick<Email, "subject" | "text" | "html" | "replyTo" | "headers">;

/** What is kept, and its SHA-256 in hex. */
export type Kept = { readonly bytes: Uint8Array; readonly digest: string };

/** Of more that is known of a sender. */
export const whoseOf = ({ tenant, stream, marketing, campaign, list, author, tracking }: Whose): Whose => ({
  tenant,
  stream,
  marketing,
  campaign,
  list,
  author,
  tracking,
});

export function keptEmail(email: Email, whose: Whose): Kept {
  const attachments = email.attachments.map(
    ({ bytes, ...rest }): KeptAttachment => ({ ...rest, base64: Buffer.from(bytes).toString("base64") }),
  );
  const kept: KeptTemplate = { email: { ...email, attachments }, whose: whoseOf(whose) };
  const bytes = Buffer.from(JSON.stringify(kept));
  return { bytes, digest: createHash("sha256").update(bytes).digest("hex") };
}

/** Says which template a recipe is for: numbers of contents may come again. */
export const markOf = (digest: string): string => Buffer.from(digest.slice(0, 24), "hex").toString("base64url");

/** Undefined where it is not the one with this mark. */
export function readKept(
  bytes: Uint8Array,
  mark: string,
): { readonly email: Email; readonly whose: Whose } | undefined {
  if (markOf(createHash("sha256").update(bytes).digest("hex")) !== mark) return undefined;
  const { email, whose } = JSON.parse(Buffer.from(bytes).toString("utf8")) as KeptTemplate;
  const attachments = email.attachments.map(({ base64, ...rest }) => ({
    ...rest,
    bytes: Buffer.from(base64, "base64"),
  }));
  return { email: { ...email, attachments }, whose };
}
