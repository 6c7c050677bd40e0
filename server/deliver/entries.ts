/** What journeys tell of a message that was taken. */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Directory } from "../access/directory.ts";
import type { Taken } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import type { Told } from "../store/sending.ts";
import type { AccountId, JourneyEntry } from "../store/store.ts";
import { ofProgram, programKeys } from "./refusals.ts";

const noKeys: readonly string[] = [];

export function entry(mail: Received, stage: JourneyEntry["stage"], detail: JourneyEntry["detail"]): JourneyEntry {
  return { at: mail.at, stage, trace: undefined, keys: noKeys, detail };
}

/** Of a subject, and of recipients, in what a journey tells. */
const maxSubjectChars = 150;
const maxToldRecipients = 20;

/** Accounts of one message that journeys are found by, where they got it through an alias, a group or a catch-all. */
const maxKeyedAccounts = 50;

/** Names of the accounts that no recipient names: who looks for somebody's mail knows the account. */
export async function namesBeside(
  mail: Pick<Received, "recipients">,
  accounts: ReadonlyMap<AccountId, unknown>,
  directory: Pick<Directory, "account">,
): Promise<readonly string[]> {
  if (accounts.size > maxKeyedAccounts) return noKeys;
  let names: string[] | undefined;
  for (const id of accounts.keys()) {
    const found = directory.account(id);
    const name = (found instanceof Promise ? await found : found)?.name;
    if (name !== undefined && !mail.recipients.some((one) => name === `${one.local}@${one.domain}`))
      (names ??= []).push(name);
  }
  return names ?? noKeys;
}

/** The entry by which `angarium trace` finds the message: by our id, its Message-ID, everybody in the envelope, and those beside. */
export function acceptedEntry(
  mail: Received,
  { messageId, subject }: Pick<MessageFacts, "messageId" | "subject">,
  verdict: Taken,
  { beside = noKeys, told }: { readonly beside?: readonly string[]; readonly told?: Told | undefined } = {},
): JourneyEntry {
  const keys = [mail.id];
  if (messageId !== undefined) keys.push(messageId);
  if (mail.envelopeFrom !== "") keys.push(mail.envelopeFrom);
  keys.push(...programKeys(mail));
  const to = mail.recipients.map(formatMailbox);
  for (const recipient of to) keys.push(recipient);
  keys.push(...beside);
  // Who forwards mail sees what becomes of it.
  if (mail.forwardedFor !== undefined) keys.push(mail.forwardedFor);
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
    appPassword: mail.appPassword?.label,
    forwardedFor: mail.forwardedFor,
    bytes: mail.bytes.length,
    notes: verdict.notes.length === 0 ? undefined : verdict.notes,
    reasons: reasons.length === 0 ? undefined : reasons,
    ...ofProgram(mail),
  };
  const accepted = { at: mail.at, stage: "accepted", trace: undefined, keys, detail } as const;
  return told === undefined ? accepted : { ...accepted, told };
}
