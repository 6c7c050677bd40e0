/**
 * An internationalised message (RFC 6532) for a client that knows only ASCII header fields, simplified as RFC 6858 has it: names, subject and
 * file names are encoded, an address that such a client could not write to is shown as a name, other fields in UTF-8 are left out.
 */
import { Buffer, isAscii, isUtf8 } from "node:buffer";
import { domainToASCII } from "node:url";
import { formatLocal, formatMailbox } from "../smtp/address.ts";
import { type Mailbox, parseAddresses } from "./fields/address.ts";
import { decodeWords } from "./fields/encoded-word.ts";
import { parameterText, parseParameterized } from "./fields/parameters.ts";
import { groupField, type NamedAddress, parameter, rawField, textField } from "./fields/write.ts";
import { bytesOf, fieldValue, type Header, type HeaderField, splitHeader } from "./header.ts";
import { type Part, parseMessage } from "./parse.ts";

const addressFields: ReadonlySet<string> = new Set([
  ...["from", "sender", "reply-to", "to", "cc", "bcc"].flatMap((name) => [name, `resent-${name}`]),
  "disposition-notification-to",
]);
const textFields: ReadonlySet<string> = new Set(["subject", "comments", "keywords", "content-description"]);
const mimeFields: ReadonlySet<string> = new Set(["content-type", "content-disposition"]);

/** Stands for an address that cannot be written in ASCII (RFC 6858 §2.1). */
const unwritable = "invalid@internationalized-address.invalid";

/** The message itself where its header fields, and those of its parts, are ASCII already, or 8-bit and not UTF-8. */
export function downgraded(message: Uint8Array): Buffer {
  const raw = bytesOf(message);
  if (isAscii(raw)) return raw;
  const pieces: Buffer[] = [];
  let from = 0;
  for (const header of headersOf(raw)) {
    for (const field of header.fields) {
      const start = header.start + field.start;
      const end = header.start + field.end;
      const bytes = raw.subarray(start, end);
      if (isAscii(bytes) || !isUtf8(bytes)) continue;
      pieces.push(raw.subarray(from, start), Buffer.from(inAscii(header, field, bytes), "latin1"));
      from = end;
    }
  }
  return pieces.length === 0 ? raw : Buffer.concat([...pieces, raw.subarray(from)]);
}

/** Of the message and its parts, in their order; parts are looked for only where there can be some. */
function headersOf(raw: Buffer): readonly Header[] {
  const top = splitHeader(raw, 0, raw.length);
  const type = top.fields.find(({ name }) => name === "content-type");
  const composite = type !== undefined && /^\s*(?:multipart|message)\//i.test(fieldValue(top, type));
  if (!composite) return [top];
  const found: Header[] = [];
  const walk = (part: Part): void => {
    found.push(part.header);
    if (part.kind !== "leaf") part.parts.forEach(walk);
  };
  walk(parseMessage(raw));
  return found;
}

function inAscii(header: Header, field: HeaderField, bytes: Buffer): string {
  if (field.name === "") return "";
  const name = bytes.toString("latin1", 0, field.name.length);
  const value = fieldValue(header, field);
  if (addressFields.has(field.name)) return addresses(name, value);
  if (textFields.has(field.name)) return textField(name, decodeWords(value));
  if (mimeFields.has(field.name)) return parameterized(name, value);
  return "";
}

type Group = { readonly name: string | undefined; readonly addresses: NamedAddress[] };

function addresses(name: string, value: string): string {
  const groups: Group[] = [];
  let open: Group | undefined;
  for (const entry of parseAddresses(value)) {
    if (entry.kind === "mailbox") {
      if (open === undefined) groups.push((open = { name: undefined, addresses: [] }));
      open.addresses.push(addressInAscii(entry));
    } else if (entry.kind === "group") groups.push((open = { name: decodeWords(entry.name), addresses: [] }));
    else open = undefined;
  }
  return groupField(name, groups);
}

/** Of byte strings. */
function addressInAscii(entry: Mailbox): NamedAddress {
  const name = decodeWords(entry.name);
  const local = decodeWords(entry.local);
  const domain = decodeWords(entry.domain);
  const ascii = /[^\x00-\x7f]/.test(domain) ? domainToASCII(domain) : domain;
  if (/[^\x00-\x7f]/.test(local) || (ascii === "" && domain !== ""))
    return { name: name === "" ? `${local}@${domain}` : name, address: unwritable };
  return { name, address: ascii === "" ? formatLocal(local) : formatMailbox({ local, domain: ascii }) };
}

function parameterized(name: string, whole: string): string {
  const { value, parameters } = parseParameterized(whole);
  const names = new Set(parameters.map((one) => one.name.replace(/\*.*$/, "")));
  const written = [...names].map((one) => parameter(one, parameterText(parameters, one) ?? ""));
  return /[^\x00-\x7f]/.test(value) ? "" : rawField(name, value.trim() + written.join(""));
}
