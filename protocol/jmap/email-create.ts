/** Email/set create (RFC 8621 §4.6): an Email object as the message it describes, or what is wrong with it. */

import { Buffer } from "node:buffer";
import { type ComposedField, type ComposedPart, composeMessage } from "../mime/compose.ts";
import { withCrlf } from "../mime/encode.ts";
import { parameter } from "../mime/fields/write.ts";
import { escapePointer, isRealTime } from "./check.ts";
import { convenience, defaultBodyProperties, type HeaderProperty, parseHeaderProperty } from "./email-properties.ts";
import { invalidProperties, isObject, type JsonObject, type SetError, setError } from "./types.ts";

/** Parts of a message that is made, and multiparts within each other. */
export const maxCreatedParts = 500;
export const maxCreatedDepth = 20;

export type Draft = {
  readonly fields: readonly ComposedField[];
  readonly body: DraftPart;
  /** Blobs that the parts name, once each. */
  readonly blobIds: readonly string[];
};
export type DraftPart =
  | {
      readonly kind: "multipart";
      readonly subtype: string;
      readonly fields: readonly ComposedField[];
      readonly parts: readonly DraftPart[];
    }
  | {
      readonly kind: "leaf";
      readonly type: string;
      readonly name: string | undefined;
      readonly charset: string | undefined;
      readonly disposition: string | undefined;
      readonly fields: readonly ComposedField[];
      readonly content: { readonly text: string } | { readonly blobId: string };
    };

class Refusal {
  readonly error: SetError;

  constructor(error: SetError) {
    this.error = error;
  }
}
const refuse = (property: string, why: string): Refusal =>
  new Refusal(invalidProperties([property], `${property}: ${why}`));

/** The draft in a create object. Metadata (mailboxIds, keywords, receivedAt) is not looked at here. */
export function readDraft(create: JsonObject): Draft | SetError {
  const draft = read(create);
  return draft instanceof Refusal ? draft.error : draft;
}

const metadata = new Set(["mailboxIds", "keywords", "receivedAt"]);
const bodyNames = new Set(["bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"]);
const serverSet = new Set(["id", "blobId", "threadId", "size", "hasAttachment", "preview", "headers"]);

function read(create: JsonObject): Draft | Refusal {
  const fields: ComposedField[] = [];
  const seen = new Map<string, string>();
  for (const [name, value] of Object.entries(create)) {
    if (metadata.has(name) || bodyNames.has(name)) continue;
    if (serverSet.has(name)) return refuse(name, "only the server sets it.");
    const header = Object.hasOwn(convenience, name) ? convenience[name] : parseHeaderProperty(name);
    if (header === undefined) return refuse(name, "there is no such property.");
    if (/^content-/i.test(header.field)) return refuse(name, "Content fields are given on the parts.");
    const added = addField(fields, seen, name, header, value);
    if (added !== undefined) return added;
  }
  const values = readValues(create["bodyValues"]);
  if (values instanceof Refusal) return values;
  const body = readBody(create, values);
  if (body instanceof Refusal) return body;
  // RFC 8621 §4.6: fields on the root part are the message's own, and a field may stand in one place only.
  for (const field of body.fields) {
    const other = seen.get(field.name.toLowerCase());
    if (other !== undefined) return refuse(other, `the header ${field.name} is given on the root part too.`);
  }
  return { fields, body, blobIds: [...new Set(blobsOf(body))] };
}

function addField(
  fields: ComposedField[],
  seen: Map<string, string>,
  property: string,
  header: HeaderProperty,
  value: unknown,
): Refusal | undefined {
  const key = header.field.toLowerCase();
  const other = seen.get(key);
  if (other !== undefined)
    return new Refusal(
      invalidProperties([other, property], `${other} and ${property} are the same header field: give one of them.`),
    );
  seen.set(key, property);
  if (value === null) return undefined;
  const list = header.all ? value : [value];
  if (!Array.isArray(list)) return refuse(property, "expected an array, for it ends in :all.");
  for (const each of list) {
    const field = fieldOf(header, each);
    if (typeof field === "string") return refuse(property, field);
    fields.push(field);
  }
  return undefined;
}

/** The field, or a sentence about what is wrong with its value. */
function fieldOf({ field: name, form }: HeaderProperty, value: unknown): ComposedField | string {
  switch (form) {
    case "Raw":
      if (typeof value !== "string") return "expected a string.";
      if (/[\r\n](?![ \t])|[\0]/.test(value.replace(/\r\n(?=[ \t])/g, "")))
        return "a raw value holds no line ends but folds.";
      return { name, raw: value.replace(/\r?\n[ \t]/g, " ").trim() };
    case "Text":
      return typeof value === "string" ? { name, text: value } : "expected a string.";
    case "Addresses":
    case "GroupedAddresses": {
      const raw = form === "Addresses" ? addressText(value) : groupText(value);
      return typeof raw === "string" ? raw : raw.field(name);
    }
    case "MessageIds":
      if (!Array.isArray(value) || !value.every((id) => typeof id === "string" && /^[^\s<>]+$/.test(id)))
        return "expected an array of message ids without angle brackets.";
      return { name, ids: value as string[] };
    case "Date": {
      const at = typeof value === "string" ? dateValue(value) : undefined;
      return at === undefined ? 'expected a Date such as "2014-10-30T14:12:00+08:00".' : { name, raw: at };
    }
    case "URLs":
      if (!Array.isArray(value) || !value.every((url) => typeof url === "string" && /^[!-;=?-~]+$/.test(url)))
        return "expected an array of URLs.";
      return { name, raw: (value as string[]).map((url) => `<${url}>`).join(", ") };
    default:
      return form satisfies never;
  }
}

type Field = { readonly field: (name: string) => ComposedField };
type Named = { readonly name?: string; readonly address: string };

function addressText(value: unknown): Field | string {
  const addresses = readAddresses(value);
  return typeof addresses === "string" ? addresses : { field: (name) => ({ name, addresses }) };
}

function readAddresses(value: unknown): readonly Named[] | string {
  if (!Array.isArray(value)) return "expected an array of addresses.";
  const addresses: Named[] = [];
  for (const [i, each] of value.entries()) {
    if (!isObject(each) || typeof each["email"] !== "string") return `/${i}: expected an object with an email.`;
    const name = each["name"] ?? undefined;
    if (name !== undefined && typeof name !== "string") return `/${i}/name: expected a string or null.`;
    const address = each["email"].trim();
    if (address === "" || /[\r\n\0<>]/.test(address)) return `/${i}/email: this is no address.`;
    addresses.push(name === undefined ? { address } : { name, address });
  }
  return addresses;
}

function groupText(value: unknown): Field | string {
  if (!Array.isArray(value)) return "expected an array of groups.";
  const parts: { readonly name: string | undefined; readonly addresses: readonly Named[] }[] = [];
  for (const [i, group] of value.entries()) {
    if (!isObject(group)) return `/${i}: expected a group.`;
    const name = group["name"] ?? undefined;
    if (name !== undefined && typeof name !== "string") return `/${i}/name: expected a string or null.`;
    const addresses = readAddresses(group["addresses"]);
    if (typeof addresses === "string")
      return `/${i}/addresses${addresses.startsWith("/") ? addresses : `: ${addresses}`}`;
    parts.push({ name, addresses });
  }
  return { field: (name) => ({ name, groups: parts }) };
}

const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** RFC 8620 Date as RFC 5322 writes it, the zone kept. */
function dateValue(value: string): string | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)$/.exec(value);
  if (match === null || !isRealTime(value)) return undefined;
  const [, year, month, day, clock, zone] = match as unknown as readonly string[];
  const weekday = days[new Date(`${year}-${month}-${day}T00:00:00Z`).getUTCDay()];
  return `${weekday}, ${day} ${months[Number(month) - 1]} ${year} ${clock} ${zone === "Z" ? "+0000" : zone?.replace(":", "")}`;
}

// ---------------------------------------------------------------- bodies

function readValues(value: unknown): ReadonlyMap<string, string> | Refusal {
  const values = new Map<string, string>();
  if (value === undefined || value === null) return values;
  if (!isObject(value)) return refuse("bodyValues", "expected an object.");
  for (const [partId, one] of Object.entries(value)) {
    const at = `bodyValues/${escapePointer(partId)}`;
    if (!isObject(one) || typeof one["value"] !== "string") return refuse(at, "expected an object with a value.");
    for (const flag of ["isEncodingProblem", "isTruncated"])
      if (one[flag] !== undefined && one[flag] !== false) return refuse(`${at}/${flag}`, "expected false.");
    for (const name of Object.keys(one))
      if (!["value", "isEncodingProblem", "isTruncated"].includes(name))
        return refuse(`${at}/${escapePointer(name)}`, "there is no such property.");
    values.set(partId, one["value"]);
  }
  return values;
}

type Counter = { left: number };

function readBody(create: JsonObject, values: ReadonlyMap<string, string>): DraftPart | Refusal {
  const counter: Counter = { left: maxCreatedParts };
  const { bodyStructure, textBody, htmlBody, attachments } = create;
  const lists = { textBody, htmlBody, attachments };
  if (bodyStructure !== undefined && bodyStructure !== null) {
    for (const [name, list] of Object.entries(lists))
      if (list !== undefined && list !== null) return refuse(name, "bodyStructure is given too.");
    return readPart(bodyStructure, "bodyStructure", values, 0, counter);
  }
  const only = (name: "textBody" | "htmlBody", type: string): DraftPart | undefined | Refusal => {
    const list = lists[name];
    if (list === undefined || list === null) return undefined;
    if (!Array.isArray(list) || list.length !== 1) return refuse(name, "expected exactly one part.");
    const part = readPart(list[0], `${name}/0`, values, 1, counter, type);
    if (part instanceof Refusal) return part;
    return part.kind === "leaf" && part.type === type ? part : refuse(`${name}/0/type`, `expected ${type}.`);
  };
  const text = only("textBody", "text/plain");
  if (text instanceof Refusal) return text;
  const html = only("htmlBody", "text/html");
  if (html instanceof Refusal) return html;
  const files: DraftPart[] = [];
  if (attachments !== undefined && attachments !== null) {
    if (!Array.isArray(attachments)) return refuse("attachments", "expected an array.");
    for (const [i, each] of attachments.entries()) {
      const part = readPart(each, `attachments/${i}`, values, 1, counter);
      if (part instanceof Refusal) return part;
      files.push(
        part.kind === "leaf" && part.disposition === undefined ? { ...part, disposition: "attachment" } : part,
      );
    }
  }
  return arrange(text, html, files);
}

const multipart = (subtype: string, parts: readonly DraftPart[]): DraftPart => ({
  kind: "multipart",
  subtype,
  fields: [],
  parts,
});
const emptyText: DraftPart = {
  kind: "leaf",
  type: "text/plain",
  name: undefined,
  charset: undefined,
  disposition: undefined,
  fields: [],
  content: { text: "" },
};

/** Alternatives together, inline pictures of the HTML with it, files beside them. */
function arrange(text: DraftPart | undefined, html: DraftPart | undefined, files: readonly DraftPart[]): DraftPart {
  const isInline = (part: DraftPart) =>
    html !== undefined &&
    part.kind === "leaf" &&
    part.disposition === "inline" &&
    part.fields.some(({ name }) => name === "Content-ID");
  const inline = files.filter(isInline);
  const rest = files.filter((part) => !isInline(part));
  const rich = html !== undefined && inline.length > 0 ? multipart("related", [html, ...inline]) : html;
  const body = text !== undefined && rich !== undefined ? multipart("alternative", [text, rich]) : (text ?? rich);
  if (rest.length === 0) return body ?? emptyText;
  return multipart("mixed", body === undefined ? rest : [body, ...rest]);
}

const typePattern = /^[A-Za-z0-9!#$&.+^_-]+\/[A-Za-z0-9!#$&.+^_-]+$/;

function readPart(
  value: unknown,
  at: string,
  values: ReadonlyMap<string, string>,
  depth: number,
  counter: Counter,
  defaultType?: string,
): DraftPart | Refusal {
  if (!isObject(value)) return refuse(at, "expected an EmailBodyPart.");
  if (--counter.left < 0 || depth > maxCreatedDepth)
    return refuse(at, `a message may have ${maxCreatedParts} parts, ${maxCreatedDepth} deep.`);
  const strings: { [name: string]: string } = {};
  for (const name of ["partId", "blobId", "name", "type", "charset", "disposition", "cid", "location"]) {
    const one = value[name];
    if (one === undefined || one === null) continue;
    if (typeof one !== "string") return refuse(`${at}/${name}`, "expected a string or null.");
    strings[name] = one;
  }
  const { partId, blobId, name, charset, disposition, cid, location } = strings;
  const subParts = value["subParts"];
  const isMultipart = Array.isArray(subParts) || /^multipart\//i.test(strings["type"] ?? "");
  const type = (
    strings["type"] ??
    defaultType ??
    (isMultipart ? "multipart/mixed" : partId === undefined ? "application/octet-stream" : "text/plain")
  ).toLowerCase();
  if (!typePattern.test(type)) return refuse(`${at}/type`, "expected a media type such as text/plain.");
  const fields: ComposedField[] = [];
  const seen = new Map<string, string>();
  const own: readonly [string, string | undefined][] = [
    ["content-type", strings["type"] === undefined ? undefined : "type"],
    ["content-id", cid === undefined ? undefined : "cid"],
    ["content-disposition", disposition === undefined ? undefined : "disposition"],
    ["content-location", location === undefined ? undefined : "location"],
    ["content-language", value["language"] == null ? undefined : "language"],
  ];
  for (const [field, property] of own) if (property !== undefined) seen.set(field, property);
  if (cid !== undefined) {
    if (!/^[^\s<>]+$/.test(cid)) return refuse(`${at}/cid`, "expected an id without angle brackets.");
    fields.push({ name: "Content-ID", ids: [cid] });
  }
  if (location !== undefined) fields.push({ name: "Content-Location", raw: location });
  if (value["language"] !== undefined && value["language"] !== null) {
    const { language } = value;
    if (!Array.isArray(language) || !language.every((tag) => typeof tag === "string" && /^[A-Za-z0-9-]+$/.test(tag)))
      return refuse(`${at}/language`, "expected an array of language tags.");
    fields.push({ name: "Content-Language", raw: language.join(", ") });
  }
  const known = [...defaultBodyProperties, "subParts"];
  for (const [property, one] of Object.entries(value)) {
    if (known.includes(property)) continue;
    const header = parseHeaderProperty(property);
    if (header === undefined) return refuse(`${at}/${escapePointer(property)}`, "there is no such property.");
    if (/^content-transfer-encoding$/i.test(header.field))
      return refuse(`${at}/${escapePointer(property)}`, "the server chooses the encoding.");
    const added = addField(fields, seen, `${at}/${property}`, header, one);
    if (added !== undefined) return added;
  }
  if (isMultipart) {
    if (!/^multipart\//.test(type)) return refuse(`${at}/type`, "a part with subParts is a multipart.");
    if (partId !== undefined || blobId !== undefined)
      return refuse(`${at}/${partId === undefined ? "blobId" : "partId"}`, "a multipart has parts and no content.");
    if (!Array.isArray(subParts) || subParts.length === 0)
      return refuse(`${at}/subParts`, "expected an array of parts.");
    const parts: DraftPart[] = [];
    for (const [i, each] of subParts.entries()) {
      const part = readPart(each, `${at}/subParts/${i}`, values, depth + 1, counter);
      if (part instanceof Refusal) return part;
      parts.push(part);
    }
    return { kind: "multipart", subtype: type.slice("multipart/".length), fields, parts };
  }
  if ((partId === undefined) === (blobId === undefined)) return refuse(at, "expected either a partId or a blobId.");
  // A type with parameters beyond those that properties have (text/calendar; method=REPLY) comes as the field itself.
  const field = contentType(fields);
  if (field !== undefined) {
    const given = field.split(";")[0]?.trim().toLowerCase() ?? "";
    if (!typePattern.test(given) || (partId !== undefined && !given.startsWith("text/")))
      return refuse(
        `${at}/header:Content-Type`,
        `expected ${partId === undefined ? "a media type" : "a type of text"}.`,
      );
  }
  if (partId !== undefined) {
    if (charset !== undefined) return refuse(`${at}/charset`, "the server chooses the charset of a partId.");
    const text = values.get(partId);
    if (text === undefined) return refuse(`${at}/partId`, "bodyValues has no such part.");
    if (!type.startsWith("text/")) return refuse(`${at}/type`, "a partId is text.");
    return { kind: "leaf", type, name, charset: undefined, disposition, fields, content: { text } };
  }
  return { kind: "leaf", type, name, charset, disposition, fields, content: { blobId: blobId as string } };
}

const isContentType = ({ name }: ComposedField): boolean => name.toLowerCase() === "content-type";

/** The Content-Type that was given as a field, with its parameters. */
function contentType(fields: readonly ComposedField[]): string | undefined {
  const found = fields.find(isContentType);
  return found === undefined ? undefined : "raw" in found ? found.raw : "text" in found ? found.text : "";
}

function blobsOf(part: DraftPart): string[] {
  if (part.kind === "multipart") return part.parts.flatMap(blobsOf);
  return "blobId" in part.content ? [part.content.blobId] : [];
}

// ---------------------------------------------------------------- writing

export type DraftDefaults = {
  /** Milliseconds since 1970, for a message without a Date. */
  readonly at: number;
  /** Without brackets, for a message without a Message-ID. */
  readonly messageId: string;
  /** Boundaries are this and a number: random enough to be in no part. */
  readonly boundary: string;
  /** Bytes of the blobs, by id. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
};

/** The bytes of the message. */
export function writeDraft(draft: Draft, defaults: DraftDefaults): Buffer {
  const fields = [...draft.fields];
  const has = (name: string) => fields.some((field) => field.name.toLowerCase() === name);
  if (!has("date")) fields.push({ name: "Date", date: defaults.at });
  if (!has("message-id")) fields.push({ name: "Message-ID", ids: [defaults.messageId] });
  const withoutVersion = fields.filter(({ name }) => name.toLowerCase() !== "mime-version");
  return composeMessage(withoutVersion, compose(draft.body, defaults, { multiparts: 0 }));
}

function compose(part: DraftPart, defaults: DraftDefaults, count: { multiparts: number }): ComposedPart {
  if (part.kind === "multipart")
    return {
      kind: "multipart",
      subtype: part.subtype,
      boundary: `${defaults.boundary}${count.multiparts++}`,
      fields: part.fields,
      parts: part.parts.map((child) => compose(child, defaults, count)),
    };
  const { content, name, disposition } = part;
  const bytes =
    "text" in content ? Buffer.from(withCrlf(content.text.toWellFormed()), "utf8") : defaults.blobs.get(content.blobId);
  if (bytes === undefined) throw new Error("A blob of the draft was not given.");
  const charset = "text" in content ? "utf-8" : part.charset;
  const named = name === undefined ? "" : parameter("name", name);
  const given = contentType(part.fields);
  const type =
    given === undefined
      ? `${part.type}${charset === undefined ? "" : parameter("charset", charset)}${named}`
      : `${given}${charset === undefined || /;\s*charset\s*=/i.test(given) ? "" : parameter("charset", charset)}`;
  const fields = part.fields.filter((field) => !isContentType(field));
  if (disposition !== undefined || name !== undefined)
    fields.unshift({
      name: "Content-Disposition",
      raw: `${disposition ?? "attachment"}${name === undefined ? "" : parameter("filename", name)}`,
    });
  return { kind: "leaf", type, fields, bytes };
}

export const blobsMissing = (ids: readonly string[]): SetError =>
  setError("blobNotFound", "Some of the blobs are not there.", { notFound: ids });
