/** What is kept instead of delivered: for each account a row of its own, for those elsewhere one that an administrator decides about. */
import { decodeWords } from "../../protocol/mime/fields/encoded-word.ts";
import { type Header, headerValue } from "../../protocol/mime/header.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Taken } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import type { NewQuarantined } from "../store/quarantine.ts";
import type { Destinations } from "./destinations.ts";

/** Of the fields that people see in lists. */
const maxShownChars = 300;
const maxReasons = 10;
const maxListedRecipients = 1000;

export function quarantineRows(
  mail: Received,
  header: Header,
  to: Destinations,
  verdict: Taken,
  keepMs: number,
): readonly NewQuarantined[] {
  const common = {
    envelopeFrom: mail.envelopeFrom,
    sender: shown(headerValue(header, "from")),
    subject: shown(headerValue(header, "subject")),
    reasons: (verdict.reasons?.length ? verdict.reasons : verdict.notes).slice(0, maxReasons),
    remote: mail.remote.address,
    at: mail.at,
    expiresAt: mail.at + keepMs,
  };
  const recipients = mail.recipients.map(formatMailbox).slice(0, maxListedRecipients);
  const rows: NewQuarantined[] = [...to.accounts.keys()].map((account) => ({ ...common, account, recipients }));
  const elsewhere = [...to.queued, ...to.forwarded].map(({ address }) => address).slice(0, maxListedRecipients);
  if (elsewhere.length > 0) rows.push({ ...common, account: 0, recipients: elsewhere });
  return rows;
}

function shown(value: string | undefined): string {
  return value === undefined ? "" : decodeWords(value).slice(0, maxShownChars);
}
