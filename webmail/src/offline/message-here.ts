/** A message that was made here whole, signed or encrypted, as the email it will be (RFC 8621 §4.8): what of it stands in the open, no more. */
import type { Address } from "postal-mime";
import type { Email, EmailAddress } from "../jmap/types.ts";

const people = (list: readonly Address[] | undefined): readonly EmailAddress[] | null => {
  const found = (list ?? [])
    .flatMap((one) => one.group ?? [one])
    .map(({ name, address }) => ({ name: name || null, email: address ?? "" }));
  return found.length === 0 ? null : found;
};
const ids = (field: string | undefined): readonly string[] | null => field?.match(/[^<>\s]+(?=>)/g) ?? null;

export type MessageHere = {
  /** As Email/set would be given it. */
  readonly made: { readonly [name: string]: unknown };
  readonly headers: Email["headers"];
};

export async function messageHere(message: Blob): Promise<MessageHere> {
  const { default: PostalMime } = await import("postal-mime");
  const parsed = await PostalMime.parse(await message.arrayBuffer());
  const headers = parsed.headers.map(({ originalKey, value }) => ({ name: originalKey, value }));
  const open = headers.some(({ name, value }) => /^content-type$/i.test(name) && /^multipart\/signed/i.test(value));
  const html = open ? parsed.html : undefined;
  return {
    headers,
    made: {
      from: people(parsed.from && [parsed.from]),
      sender: people(parsed.sender && [parsed.sender]),
      to: people(parsed.to),
      cc: people(parsed.cc),
      bcc: people(parsed.bcc),
      subject: parsed.subject ?? null,
      messageId: ids(parsed.messageId),
      inReplyTo: ids(parsed.inReplyTo),
      references: ids(parsed.references),
      bodyValues: {
        text: { value: (open && parsed.text) || "" },
        ...(html === undefined ? {} : { html: { value: html } }),
      },
      textBody: [{ partId: "text", type: "text/plain" }],
      ...(html === undefined ? {} : { htmlBody: [{ partId: "html", type: "text/html" }] }),
    },
  };
}
