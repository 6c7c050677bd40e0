/** What journeys tell of a message that was taken. */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Taken } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import type { JourneyEntry } from "../store/store.ts";
import { ofProgram, programKeys } from "./refusals.ts";

const noKeys: readonly string[] = [];

export function entry(mail: Received, stage: JourneyEntry["stage"], detail: JourneyEntry["detail"]): JourneyEntry {
  return { at: mail.at, stage, trace: undefined, keys: noKeys, detail };
}

/** Of a subject, and of recipients, in what a journey tells. */
const maxSubjectChars = 150;
const maxToldRecipients = 20;

/** The entry by which `angarium trace` finds the message: by our id, its Message-ID, and everybody in the envelope. */
export function acceptedEntry(
  mail: Received,
  { messageId, subject }: Pick<MessageFacts, "messageId" | "subject">,
  verdict: Taken,
): JourneyEntry {
  const keys = [mail.id];
  if (messageId !== undefined) keys.push(messageId);
  if (mail.envelopeFrom !== "") keys.push(mail.envelopeFrom);
  keys.push(...programKeys(mail));
  const to = mail.recipients.map(formatMailbox);
  for (const recipient of to) keys.push(recipient);
  const reasons = [...(verdict.reasons ?? []), ...(verdict.kind === "accept" ? (verdict.defence ?? []) : [])];
  const detail = {
    id: mail.id,
    from: mail.envelopeFrom,
    to: to.length > maxToldRecipients ? to.slice(0, maxToldRecipients) : to,
    subject: subject.length > maxSubjectChars ? subject.slice(0, maxSubjectChars) : subject,
    remote: mail.remote.address,
    remoteName: mail.remoteName,
    helo: mail.helo,
    via: mail.via,
    tls: mail.tls === undefined ? undefined : `${mail.tls.protocol} ${mail.tls.cipher}`,
    account: mail.account?.name,
    bytes: mail.bytes.length,
    notes: verdict.notes.length === 0 ? undefined : verdict.notes,
    reasons: reasons.length === 0 ? undefined : reasons,
    ...ofProgram(mail),
  };
  return { at: mail.at, stage: "accepted", trace: undefined, keys, detail };
}
