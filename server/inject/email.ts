/** An email as a program describes it: a value that is checked already, and the message that is written from it. */
import { createHash } from "node:crypto";
import { type ComposedField, type ComposedPart, composeMessage } from "../../protocol/mime/compose.ts";
import type { NamedAddress } from "../../protocol/mime/fields/write.ts";
import { personalise, type Variables } from "./personalise.ts";

export type Attachment = {
  readonly filename: string;
  readonly bytes: Uint8Array;
  /** "image/png" */
  readonly type: string;
  /** Without brackets; where there is one the HTML shows it. */
  readonly contentId: string | undefined;
};

/** What all messages that are made from it have in common. */
export type Email = {
  readonly from: NamedAddress;
  readonly replyTo: readonly NamedAddress[];
  readonly subject: string;
  readonly text: string | undefined;
  readonly html: string | undefined;
  /** Further fields; none of those that are written here. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly attachments: readonly Attachment[];
};

/** Whom one message names, and what is put into its texts; undefined: they are as they are. */
export type Copy = {
  readonly to: readonly NamedAddress[];
  readonly cc: readonly NamedAddress[];
  readonly variables: Variables | undefined;
};

/** The bytes of one message. Message-ID and the rest of what it lacks are submission's to add. */
export function writeEmail(email: Email, copy: Copy, at: number, boundary: () => string): Buffer {
  const { to, cc, variables } = copy;
  const put = (text: string, kind: "text" | "html"): string =>
    variables === undefined ? text : personalise(text, variables, kind);
  const fields: ComposedField[] = [
    { name: "Date", date: at },
    { name: "From", addresses: [email.from] },
    ...(email.replyTo.length === 0 ? [] : [{ name: "Reply-To", addresses: email.replyTo }]),
    ...(to.length === 0 ? [] : [{ name: "To", addresses: to }]),
    ...(cc.length === 0 ? [] : [{ name: "Cc", addresses: cc }]),
    // What is put in ends no line either: the writer makes blanks of line ends.
    { name: "Subject", text: put(email.subject, "text") },
    ...email.headers.map(([name, value]) => ({ name, text: put(value, "text") })),
  ];
  const { text, html } = email;
  return composeMessage(
    fields,
    bodyOf(
      text === undefined ? undefined : put(text, "text"),
      html === undefined ? undefined : put(html, "html"),
      email.attachments,
      boundary,
    ),
  );
}

/** The boundaries of one message: the same each time it is made, and nobody who knows its texts knows them before. */
export function boundariesOf(id: string): () => string {
  let count = 0;
  return () => `=_${createHash("sha256").update(`${id} ${++count}`).digest("hex").slice(0, 24)}`;
}

function bodyOf(
  text: string | undefined,
  html: string | undefined,
  attachments: readonly Attachment[],
  boundary: () => string,
): ComposedPart {
  const multipart = (subtype: string, parts: readonly ComposedPart[]): ComposedPart =>
    parts.length === 1 ? parts[0]! : { kind: "multipart", subtype, boundary: boundary(), parts };
  const shown = attachments.filter(({ contentId }) => contentId !== undefined && html !== undefined);
  const others = attachments.filter((one) => !shown.includes(one));
  const page =
    html === undefined
      ? undefined
      : multipart("related", [
          { kind: "text", subtype: "html", text: html },
          ...shown.map((one) => part(one, "inline")),
        ]);
  const plain: ComposedPart | undefined =
    text === undefined && html !== undefined ? undefined : { kind: "text", subtype: "plain", text: text ?? "" };
  const body = multipart(
    "alternative",
    [plain, page].filter((one) => one !== undefined),
  );
  return multipart("mixed", [body, ...others.map((one) => part(one, "attachment"))]);
}

function part({ type, bytes, filename, contentId }: Attachment, disposition: "attachment" | "inline"): ComposedPart {
  return {
    kind: "file",
    type,
    bytes,
    disposition,
    fileName: filename,
    ...(contentId === undefined ? {} : { contentId }),
  };
}
