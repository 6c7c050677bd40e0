/** Who sends a message that is written already. */
import { mailboxesOf } from "../../protocol/mime/fields/address.ts";
import { fieldValue, findField, type Header } from "../../protocol/mime/header.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Addressee } from "../inject/inject.ts";

/** The first author; whether all of them may be used is submission's to check. */
export function fromOf(header: Header): Addressee | undefined {
  const field = findField(header, "from");
  const first = field === undefined ? undefined : mailboxesOf(fieldValue(header, field), 1)[0];
  const mailbox = first === undefined ? undefined : parseMailbox(`${first.local}@${first.domain}`);
  return mailbox === undefined ? undefined : { mailbox, address: `${mailbox.local}@${mailbox.domain}` };
}
