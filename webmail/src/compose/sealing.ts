/** Letters that are signed or encrypted: what the server gets is the message as it was made here, whole (RFC 8621 §4.8). */

import { Trouble } from "../jmap/trouble.ts";
import type { EmailAddress, Id } from "../jmap/types.ts";
import { fileOf } from "../secure/held.ts";
import type { Lack, Plain } from "../secure/seal.ts";
import type { Field } from "../secure/write.ts";
import { session } from "../state/session.svelte.ts";
import { t } from "../words.ts";
import type { Draft } from "./draft.ts";

/** What Email/set would be given; the fields that matter here. */
export type Made = { readonly [name: string]: unknown };
type Part = { readonly blobId: Id; readonly name: string; readonly type: string; readonly cid?: string };

async function plainOf(made: Made): Promise<Plain> {
  const people = (name: string) => (made[name] as readonly EmailAddress[] | undefined) ?? [];
  const values = made["bodyValues"] as { readonly text: { value: string }; readonly html?: { value: string } };
  const parts = (made["attachments"] as readonly Part[] | undefined) ?? [];
  const receipt = made["header:Disposition-Notification-To:asAddresses"] as readonly EmailAddress[] | undefined;
  return {
    from: people("from"),
    sender: people("sender"),
    replyTo: made["replyTo"] as readonly EmailAddress[] | undefined,
    to: people("to"),
    cc: people("cc"),
    bcc: people("bcc"),
    subject: String(made["subject"] ?? ""),
    messageId: made["messageId"] as readonly string[],
    inReplyTo: made["inReplyTo"] as readonly string[] | undefined,
    references: made["references"] as readonly string[] | undefined,
    receiptTo: receipt?.[0]?.email,
    text: values.text.value,
    html: values.html?.value,
    files: await Promise.all(
      parts.map(async ({ blobId, name, type, cid }) => ({
        name,
        type,
        cid,
        bytes: new Uint8Array(await (await fileOf(blobId, type)).arrayBuffer()),
      })),
    ),
  };
}

/** Who cannot get it encrypted and why, a sentence each. */
export const lackText = ({ email, why }: Lack): string => {
  switch (why) {
    case "none":
      return t(session.online ? "seal.none" : "seal.noneAway", { who: email });
    case "expired":
      return t("seal.expired", { who: email });
    case "revoked":
      return t("seal.revoked", { who: email });
    case "signs-only":
    case "unreadable":
      return t("seal.unusable", { who: email });
    default:
      return why satisfies never;
  }
};

/**
 * Uploads the sealed message; answers its blob. Throws Locked where the own key is. Where the server is away, what may wait waits on
 * this device, sealed: a letter that is to be sent, a draft that is closed. One that is being written is kept otherwise (sealed-here.ts).
 * @param as a draft is for its writer alone
 */
export async function uploadSealed(
  draft: Draft,
  made: Made,
  as: { readonly draft: boolean; readonly mayWait: boolean },
  more: readonly Field[] = [],
): Promise<Id> {
  const { CannotSeal, sealed } = await import("../secure/seal.ts");
  const plain = await plainOf(made);
  try {
    const bytes = await sealed(
      session.username,
      plain,
      { sign: draft.sign, encrypt: draft.encrypt, by: draft.by },
      as.draft,
      more,
    );
    const message = new Blob([bytes.slice()], { type: "message/rfc822" });
    if (as.mayWait) return await session.client.uploadOrKeep(message);
    if (session.client.aside?.away === true) throw new Trouble("away");
    return (await session.client.upload(message, message.type)).blobId;
  } catch (error) {
    if (!(error instanceof CannotSeal)) throw error;
    const own = error.lacks.some(
      ({ email }) => email === plain.from[0]?.email && !plain.to.some((one) => one.email === email),
    );
    throw new Trouble(
      "said",
      own ? t("seal.noOwn", { address: plain.from[0]?.email ?? "" }) : error.lacks.map(lackText).join(" "),
    );
  }
}
