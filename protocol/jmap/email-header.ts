/** Header fields in the forms of RFC 8621 §4.1.2. */
import { decodeByteString } from "../mime/charset.ts";
import { parseAddresses } from "../mime/fields/address.ts";
import { parseDate, wallClock } from "../mime/fields/date.ts";
import { decodeWords } from "../mime/fields/encoded-word.ts";
import { parseMessageIds } from "../mime/fields/message-id.ts";
import { fieldValue, type Header, type HeaderField, rawValue } from "../mime/header.ts";
import type { HeaderForm, HeaderProperty } from "./email-properties.ts";
import type { Json } from "./types.ts";

/** Addresses and ids of one field that are told. */
export const maxFieldItems = 10_000;

/** The value of a header property: of the last such field, or of all of them in their order. */
export function headerProperty(header: Header, { field, form, all }: HeaderProperty): Json {
  const name = field.toLowerCase();
  const fields = header.fields.filter((one) => one.name === name);
  if (all) return fields.map((one) => inForm(header, one, form));
  const last = fields.at(-1);
  return last === undefined ? null : inForm(header, last, form);
}

/** All fields, each with its name as it stands there and its raw value. */
export function allHeaders(header: Header): Json {
  return header.fields
    .filter(({ name }) => name !== "")
    .map((field) => ({
      name: header.text.slice(field.start, field.valueStart - 1).trimEnd(),
      value: raw(header, field),
    }));
}

function inForm(header: Header, field: HeaderField, form: HeaderForm): Json {
  switch (form) {
    case "Raw":
      return raw(header, field);
    case "Text":
      return unicode(decodeWords(fieldValue(header, field)));
    case "Addresses":
      return groups(fieldValue(header, field)).flatMap(({ addresses }) => addresses);
    case "GroupedAddresses":
      return groups(fieldValue(header, field));
    case "MessageIds": {
      const ids = parseMessageIds(withoutComments(fieldValue(header, field)), maxFieldItems);
      return ids.length === 0 ? null : ids.map(unicode);
    }
    case "Date":
      return dateForm(fieldValue(header, field));
    case "URLs": {
      const urls = [...fieldValue(header, field).matchAll(/<([^<>]*)>/g)].map((match) =>
        (match[1] as string).replace(/\s+/g, ""),
      );
      return urls.length === 0 ? null : urls.slice(0, maxFieldItems);
    }
    default:
      return form satisfies never;
  }
}

/** As it stands, folds included, without the last line end; NUL is left out (RFC 8621 §4.1.2.1). */
function raw(header: Header, field: HeaderField): string {
  return decodeByteString(rawValue(header, field).replace(/\r?\n$/, ""))
    .replaceAll("\0", "")
    .toWellFormed();
}

/** RFC 8621 §4.1.2.2: NFC, and nothing that is no character. */
function unicode(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? text.normalize("NFC").toWellFormed() : text;
}

function withoutComments(value: string): string {
  // Ids hold no parentheses: what stands in them is said to people. Inside <…> they are kept.
  return value.includes("(") ? value.replace(/\([^()<>]*\)/g, " ") : value;
}

type Address = { readonly name: string | null; readonly email: string };
type Group = { readonly name: string | null; readonly addresses: readonly Address[] };

function groups(value: string): readonly Group[] {
  const all: { name: string | null; addresses: Address[] }[] = [];
  let open: { name: string | null; addresses: Address[] } | undefined;
  for (const entry of parseAddresses(value, maxFieldItems))
    switch (entry.kind) {
      case "group":
        all.push((open = { name: unicode(decodeWords(entry.name)), addresses: [] }));
        break;
      case "end":
        open = undefined;
        break;
      case "mailbox": {
        // RFC 8621 §4.1.2.4: addresses outside of groups are in one without a name.
        if (open === undefined) all.push((open = { name: null, addresses: [] }));
        const name = unicode(decodeWords(entry.name).trim());
        const local = quoteLocal(unicode(decodeByteString(entry.local)));
        const email = entry.domain === "" ? local : `${local}@${unicode(decodeByteString(entry.domain))}`;
        open.addresses.push({ name: name === "" ? null : name, email });
        break;
      }
    }
  return all;
}

function quoteLocal(local: string): string {
  return /^[^\s"(),:;<>@[\\\]]*$/.test(local) ? local : `"${local.replace(/["\\]/g, "\\$&")}"`;
}

/** RFC 8620 §1.4 Date: the writer's clock with its zone. */
function dateForm(value: string): string | null {
  const at = parseDate(value);
  if (at === undefined) return null;
  return dateText(at, wallClock(value, at) - at);
}

/** An instant on a clock that is `offsetMs` ahead of UTC. Null outside of the years 0 to 9999. */
export function dateText(at: number, offsetMs: number): string | null {
  const shown = new Date(at + offsetMs);
  const year = shown.getUTCFullYear();
  if (Number.isNaN(year) || year < 0 || year > 9999) return null;
  const clock = shown.toISOString().slice(0, 19);
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  if (minutes === 0) return `${clock}Z`;
  const two = (number: number) => String(number).padStart(2, "0");
  return `${clock}${offsetMs < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** RFC 8620 §1.4 UTCDate of an instant; fractions are left out. */
export const utcDateText = (at: number): string =>
  new Date(Math.floor(at / 1000) * 1000).toISOString().replace(".000Z", "Z");
