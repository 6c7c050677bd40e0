/** Names of Email and EmailBodyPart properties, header properties (RFC 8621 §4.1.3) among them. */

export type HeaderForm = "Raw" | "Text" | "Addresses" | "GroupedAddresses" | "MessageIds" | "Date" | "URLs";
/** A property that was asked for: one with a name of its own, or a header in a form. */
export type Property =
  | { readonly kind: "named"; readonly name: string }
  | { readonly kind: "header"; readonly name: string; readonly header: HeaderProperty };
export type HeaderProperty = {
  /** As the client wrote it; fields compare without case. */
  readonly field: string;
  readonly form: HeaderForm;
  readonly all: boolean;
};

/** RFC 8621 §4.1.1 and §4.1.2.3: convenience properties and the header properties they stand for. */
export const convenience: { readonly [name: string]: HeaderProperty } = {
  messageId: { field: "Message-ID", form: "MessageIds", all: false },
  inReplyTo: { field: "In-Reply-To", form: "MessageIds", all: false },
  references: { field: "References", form: "MessageIds", all: false },
  sender: { field: "Sender", form: "Addresses", all: false },
  from: { field: "From", form: "Addresses", all: false },
  to: { field: "To", form: "Addresses", all: false },
  cc: { field: "Cc", form: "Addresses", all: false },
  bcc: { field: "Bcc", form: "Addresses", all: false },
  replyTo: { field: "Reply-To", form: "Addresses", all: false },
  subject: { field: "Subject", form: "Text", all: false },
  sentAt: { field: "Date", form: "Date", all: false },
};
const metadata = ["id", "blobId", "threadId", "mailboxIds", "keywords", "size", "receivedAt"] as const;
const bodies = [
  "bodyStructure",
  "bodyValues",
  "textBody",
  "htmlBody",
  "attachments",
  "hasAttachment",
  "preview",
] as const;
/** Of our own: what the server itself found of who sent it. */
export const resultsProperty = "authenticationResults";
const emailNames: ReadonlySet<string> = new Set([
  ...metadata,
  ...Object.keys(convenience),
  "headers",
  resultsProperty,
  ...bodies,
]);
const partNames: ReadonlySet<string> = new Set([
  "partId",
  "blobId",
  "size",
  "headers",
  "name",
  "type",
  "charset",
  "disposition",
  "cid",
  "language",
  "location",
  "subParts",
]);

/** RFC 8621 §4.9: what Email/parse answers where no properties are named. */
export const defaultParseProperties: readonly string[] = [
  "messageId",
  "inReplyTo",
  "references",
  "sender",
  "from",
  "to",
  "cc",
  "bcc",
  "replyTo",
  "subject",
  "sentAt",
  "hasAttachment",
  "preview",
  "bodyValues",
  "textBody",
  "htmlBody",
  "attachments",
];
/** RFC 8621 §4.2: the same of Email/get. */
export const defaultProperties: readonly string[] = [
  "id",
  "blobId",
  "threadId",
  "mailboxIds",
  "keywords",
  "size",
  "receivedAt",
  ...defaultParseProperties,
];
export const defaultBodyProperties: readonly string[] = [
  "partId",
  "blobId",
  "size",
  "name",
  "type",
  "charset",
  "disposition",
  "cid",
  "language",
  "location",
];

const addressFields = new Set(
  "from sender reply-to to cc bcc resent-from resent-sender resent-reply-to resent-to resent-cc resent-bcc".split(" "),
);
const idFields = new Set(["message-id", "in-reply-to", "references", "resent-message-id"]);
const dateFields = new Set(["date", "resent-date"]);
const textFields = new Set(["subject", "comments", "keywords", "list-id"]);
const urlFields = new Set("list-help list-unsubscribe list-subscribe list-post list-owner list-archive".split(" "));
const rawFields = new Set(["return-path", "received"]);

/** RFC 8621 §4.1.2: which forms a field has. Fields that RFC 5322 and RFC 2369 do not define have all of them. */
function allowsForm(field: string, form: HeaderForm): boolean {
  const name = field.toLowerCase();
  if (form === "Raw") return true;
  if (addressFields.has(name)) return form === "Addresses" || form === "GroupedAddresses";
  if (idFields.has(name)) return form === "MessageIds";
  if (dateFields.has(name)) return form === "Date";
  if (textFields.has(name)) return form === "Text";
  if (urlFields.has(name)) return form === "URLs";
  return !rawFields.has(name);
}

const headerPattern = /^header:([!-9;-~]+)(?::as(Raw|Text|Addresses|GroupedAddresses|MessageIds|Date|URLs))?(:all)?$/;

/** The header property in "header:…", or undefined where the form is none or not one of this field. */
export function parseHeaderProperty(name: string): HeaderProperty | undefined {
  const match = headerPattern.exec(name);
  if (match === null) return undefined;
  const form = (match[2] ?? "Raw") as HeaderForm;
  const field = match[1] as string;
  return allowsForm(field, form) ? { field, form, all: match[3] !== undefined } : undefined;
}

/** What the client asks for, or the name that is none. */
export function parseProperties(
  names: readonly string[],
  of: "email" | "part",
): readonly Property[] | { readonly unknown: string } {
  const known = of === "email" ? emailNames : partNames;
  const properties: Property[] = [];
  for (const name of new Set(names)) {
    if (known.has(name)) {
      properties.push({ kind: "named", name });
      continue;
    }
    const header = parseHeaderProperty(name);
    if (header === undefined) return { unknown: name };
    properties.push({ kind: "header", name, header });
  }
  return properties;
}

/** How much of a message these properties need. */
export function bytesNeeded(properties: readonly Property[], bodyValues: boolean): "none" | "header" | "start" | "all" {
  let need: "none" | "header" | "start" = "none";
  for (const property of properties) {
    const { name } = property;
    if (["bodyStructure", "textBody", "htmlBody", "attachments"].includes(name)) return "all";
    if (name === "bodyValues") {
      if (bodyValues) return "all";
    } else if (name === "preview") need = "start";
    else if (
      property.kind === "header" ||
      name === "headers" ||
      name === resultsProperty ||
      Object.hasOwn(convenience, name)
    )
      need = need === "start" ? need : "header";
  }
  return need;
}
