/** What a program may say in the header of an email: addresses, and fields of its own. Pure. */
import { mailboxesOf } from "../../protocol/mime/fields/address.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Addressee } from "./inject.ts";

/** Fields of its own that an email may have. */
export const maxFields = 50;
export const maxFieldChars = 2000;

/** One line without control characters. */
export const isLine = (text: string): boolean => !/[\x00-\x08\x0a-\x1f\x7f]/.test(text);

/** All addresses of a text ("Anna <anna@example.org>, ben@example.org"); undefined where one is none. */
export function addresseesIn(text: string): readonly Addressee[] | undefined {
  // Header text is bytes.
  const found = mailboxesOf(Buffer.from(text, "utf8").toString("latin1"), 1000);
  const all = found.map(({ name, local, domain }) => addressee(`${local}@${domain}`, name));
  return all.every((one) => one !== undefined) ? all : undefined;
}

export function addressee(address: string, name = ""): Addressee | undefined {
  const mailbox = parseMailbox(address);
  return mailbox === undefined ? undefined : { mailbox, address, ...(name === "" ? {} : { name }) };
}

/** What we write ourselves, and what would make another message of it. */
const ownFields =
  /^(?:from|sender|to|cc|bcc|reply-to|subject|date|mime-version|content-.*|received|return-path|dkim-signature|arc-.*|authentication-results|x-angarium-.*|resent-.*|feedback-id|cfbl-.*)$/i;

type WrongField = { readonly index: number; readonly part: "name" | "value"; readonly why: string };

/** What is wrong with fields of a program's own, the first thing of each: in its name or its value. */
export function wrongFieldsIn(fields: readonly (readonly [name: string, value: string])[]): readonly WrongField[] {
  const seen = new Set<string>();
  return fields.flatMap(([name, value], index): readonly WrongField[] => {
    const small = name.toLowerCase();
    const again = seen.has(small);
    seen.add(small);
    const inName = wrongName(name) ?? (again && !oftenFields.has(small) ? `There is a ${name} already.` : undefined);
    if (inName !== undefined) return [{ index, part: "name", why: inName }];
    const inValue = wrongValue(small, value);
    return inValue === undefined ? [] : [{ index, part: "value", why: inValue }];
  });
}

/** RFC 5322 §3.6: those which are often there more than once. */
const oftenFields: ReadonlySet<string> = new Set(["comments", "keywords"]);

function wrongName(name: string): string | undefined {
  if (!/^[A-Za-z0-9-]{1,76}$/.test(name)) return "This is no name of a header field.";
  return ownFields.test(name) ? `${name} cannot be set here.` : undefined;
}

function wrongValue(name: string, value: string): string | undefined {
  if (!isLine(value)) return "This must be one line, without control characters.";
  // What is put in for {{name}} is not known here.
  if (name === "message-id" && !value.includes("{{") && !/^<[^\s<>@]+@[^\s<>@]+>$/.test(value))
    return "Write a Message-ID like <order-17@shop.example>.";
  return undefined;
}
