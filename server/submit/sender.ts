/** A user sends only as somebody that is theirs: in MAIL, and in every From and Sender of the header. RFC 6409 §6.1. */

import { type AddressEntry, parseAddresses } from "../../protocol/mime/fields/address.ts";
import { fieldValue, findField, type Header } from "../../protocol/mime/header.ts";
import { formatMailbox, type Mailbox, parseDomain, parseMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Directory } from "../access/directory.ts";
import type { Account } from "../store/store.ts";

/** Authors of one message that are looked at; more is refused. */
const maxAuthors = 100;
const tooManyAuthors = reply(550, "5.7.1", `The header names more than ${maxAuthors} senders`);

const severalFrom = reply(
  550,
  "5.7.1",
  "The message has several From fields; write all its authors into one (RFC 5322 section 3.6)",
);
const nobodysFrom = reply(550, "5.7.1", "The From field names no address: write it like Anna <anna@example.org>");

type Senders = Pick<Directory, "maySendAs">;

/** For MAIL: undefined where the account may use the address, on behalf too (see `ownReturnPath`). The null reverse-path is everybody's (RFC 6409 §6.1: notices of a mail program). */
export function checkEnvelopeSender(
  account: Account,
  from: Mailbox | undefined,
  directory: Senders,
): Reply | undefined | Promise<Reply | undefined> {
  if (from === undefined) return undefined;
  const allowed = directory.maySendAs(account.id, from.local, from.domain, "named");
  if (allowed instanceof Promise)
    return allowed.then((yes) => (yes ? undefined : notYours(account, formatMailbox(from))));
  return allowed ? undefined : notYours(account, formatMailbox(from));
}

/** Where notices about mail of the account go: to itself where the address that it gave is one that it only writes on behalf of. */
export async function ownReturnPath(account: Account, from: string, directory: Senders): Promise<string> {
  const mailbox = from === "" || from === account.name ? undefined : parseMailbox(from);
  if (mailbox === undefined || (await directory.maySendAs(account.id, mailbox.local, mailbox.domain))) return from;
  return (await directory.maySendAs(account.id, mailbox.local, mailbox.domain, "named")) ? account.name : from;
}

/**
 * For the message: undefined where every author in From, and Sender, is the account's; "unnamed" where it writes on behalf of an author and
 * no Sender says so yet (RFC 5322 §3.6.2). A message without From passes: it is given one (`prepare`); a From that cannot be read does not,
 * for others may read more in it than we.
 */
export async function checkHeaderSenders(
  account: Account,
  header: Header,
  directory: Senders,
): Promise<Reply | "unnamed" | undefined> {
  const from = header.fields.filter(({ name }) => name === "from");
  if (from.length > 1) return severalFrom;
  if (from[0] !== undefined && !hasMailbox(fieldValue(header, from[0]))) return nobodysFrom;
  const authors = authorsOf(header);
  if (authors.length > maxAuthors) return tooManyAuthors;
  let [onBehalf, named] = [false, false];
  for (const { field, author } of authors) {
    const mailbox = author.domain === "" ? undefined : mailboxOf(author);
    const shown = printable(author.domain === "" ? author.local || author.name : `${author.local}@${author.domain}`);
    if (mailbox === undefined) return notYours(account, shown);
    const allowed = directory.maySendAs(account.id, mailbox.local, mailbox.domain);
    if (allowed instanceof Promise ? await allowed : allowed) named ||= field === "sender";
    else if (field === "from" && (await directory.maySendAs(account.id, mailbox.local, mailbox.domain, "named")))
      onBehalf = true;
    else return notYours(account, shown);
  }
  return onBehalf && !named ? "unnamed" : undefined;
}

/** The domain that answers for the message: of the first From, lower-case A-labels. */
export function authorDomain(header: Header): string | undefined {
  const field = findField(header, "from");
  if (field === undefined) return undefined;
  const first = parseAddresses(fieldValue(header, field), maxAuthors).find((entry) => entry.kind === "mailbox");
  return first === undefined ? undefined : mailboxOf(first)?.domain;
}

type Author = AddressEntry & { readonly kind: "mailbox" };

function hasMailbox(value: string): boolean {
  return parseAddresses(value, 1 + maxAuthors).some(({ kind }) => kind === "mailbox");
}

function authorsOf(header: Header): readonly { readonly field: "from" | "sender"; readonly author: Author }[] {
  const found: { field: "from" | "sender"; author: Author }[] = [];
  for (const field of header.fields) {
    const { name } = field;
    if (name !== "from" && name !== "sender") continue;
    for (const author of parseAddresses(fieldValue(header, field), maxAuthors + 1))
      if (author.kind === "mailbox") found.push({ field: name, author });
    if (found.length > maxAuthors) break;
  }
  return found;
}

/** Header text is bytes; an internationalised one is UTF-8 (RFC 6532). */
function mailboxOf({ local, domain }: Author): Mailbox | undefined {
  const parsed = parseDomain(unicode(domain));
  return parsed === undefined ? undefined : { local: unicode(local), domain: parsed };
}

function unicode(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, "?").slice(0, 100);
}

function notYours(account: Account, address: string): Reply {
  return reply(
    550,
    "5.7.1",
    `You may not send as <${address}>: use <${account.name}> or an alias of it,`,
    "or ask your administrator to grant you that address",
  );
}
