/** Which header fields a signature covers, and their canonical text. */
import { type Header, type HeaderField, splitHeader } from "../mime/header.ts";
import { relaxedField } from "./canonical.ts";

/** Signed once more than they occur, so that nobody can add one (RFC 6376 §8.15). */
const oversigned = [
  "From",
  "To",
  "Cc",
  "Subject",
  "Date",
  "Message-ID",
  "Reply-To",
  "In-Reply-To",
  "References",
  "MIME-Version",
  "Content-Type",
  "Content-Transfer-Encoding",
];
/**
 * Where they occur they are signed once more than that too: whose letter is sent on by somebody else must not be given another link to unsubscribe, or
 * another address for complaints. Where they do not, a list may add its own.
 */
const oversignedIfThere = [
  "List-Unsubscribe",
  "List-Unsubscribe-Post",
  // RFC 9477 §3.1.3 wants them signed, and Gmail's its own.
  "CFBL-Address",
  "CFBL-Feedback-ID",
  "Feedback-ID",
];
/** Signed where they occur: lists and resenders may add their own. */
const signedIfThere = [
  ...oversignedIfThere,
  "Sender",
  "Content-ID",
  "Content-Description",
  "Resent-Date",
  "Resent-From",
  "Resent-Sender",
  "Resent-To",
  "Resent-Cc",
  "Resent-Message-ID",
  "List-Id",
  "List-Help",
  "List-Subscribe",
  "List-Post",
  "List-Owner",
  "List-Archive",
];
const byKey = (names: readonly string[]): ReadonlyMap<string, string> =>
  new Map(names.map((name) => [name.toLowerCase(), name]));
const dkimNames = byKey([...oversigned, ...signedIfThere]);
/** RFC 8617 §4.1.2: signatures that are there are covered too. Nothing is oversigned: the next forwarder may add what it must. */
const arcNames = byKey([...oversigned, ...signedIfThere, "DKIM-Signature"]);

export type SignedFields = {
  /** For the h= tag, in the order in which they are signed. */
  readonly names: readonly string[];
  /** The fields in canonical form, each ended with CRLF: a byte string. */
  readonly text: string;
  readonly header: Header;
  readonly body: Buffer;
};

/** What DKIM signs of `message`; undefined where there is no From (RFC 6376 §5.4 wants it signed). `only` as for `arcFields`. */
export function dkimFields(message: Buffer, only?: readonly string[]): SignedFields | undefined {
  if (only !== undefined) return named(message, only);
  const found = select(message, (field) => dkimNames.get(field.name));
  if (!found.names.includes("From")) return undefined;
  const again = oversignedIfThere.filter((name) => found.names.includes(name));
  return { ...found, names: [...found.names, ...oversigned, ...again] };
}

/** The fields that h= names (lower case), in canonical form, each ended with CRLF: from the last one up, each once; a name too many signs that there is none (RFC 6376 §5.4.2). */
export function fieldsNamed(header: Header, names: readonly string[], form: "simple" | "relaxed"): string {
  const byName = new Map<string, HeaderField[]>();
  for (const name of names) byName.set(name, []);
  for (const field of header.fields) byName.get(field.name)?.push(field);
  let text = "";
  for (const name of names) {
    const field = byName.get(name)!.pop();
    if (field === undefined) continue;
    if (form === "relaxed") text += canonical(header, field);
    else text += header.text.slice(field.start, field.end);
  }
  return text;
}

/** What an ARC-Message-Signature signs of `message`; `only` (lower case, in order) names the fields instead. */
export function arcFields(message: Buffer, only?: readonly string[]): SignedFields {
  return only === undefined ? select(message, (field) => arcNames.get(field.name)) : named(message, only);
}

function named(message: Buffer, names: readonly string[]): SignedFields {
  const header = splitHeader(message, 0, message.length);
  return { names, text: fieldsNamed(header, names, "relaxed"), header, body: message.subarray(header.end) };
}

function select(message: Buffer, nameOf: (field: HeaderField) => string | undefined): SignedFields {
  const header = splitHeader(message, 0, message.length);
  const names: string[] = [];
  let text = "";
  // From the last to the first, as RFC 6376 §5.4.2 counts them.
  for (let i = header.fields.length - 1; i >= 0; i--) {
    const field = header.fields[i]!;
    const name = nameOf(field);
    if (name === undefined) continue;
    names.push(name);
    text += canonical(header, field);
  }
  return { names, text, header, body: message.subarray(header.end) };
}

function canonical(header: Header, field: HeaderField): string {
  return `${relaxedField(header.text.slice(field.start, field.end))}\r\n`;
}
