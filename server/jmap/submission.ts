/** An EmailSubmission (RFC 8621 §7): its envelope is worked out, the mail handed over or kept until it is time, and what becomes of it noted. */

import * as is from "../../protocol/jmap/check.ts";
import { utcDateText } from "../../protocol/jmap/email-header.ts";
import { invalidProperties, type Json, type JsonObject, type SetError, setError } from "../../protocol/jmap/types.ts";
import { mailboxesOf } from "../../protocol/mime/fields/address.ts";
import { fieldValue, type Header, splitHeader } from "../../protocol/mime/header.ts";
import { formatMailbox, type Mailbox, parseMailbox } from "../../protocol/smtp/address.ts";
import { replyText } from "../../protocol/smtp/reply.ts";
import type { Received, ReceivedRecipient } from "../receive/received.ts";
import type { Submission } from "../scheduled/scheduled.ts";
import type { AppPassword } from "../store/security-store.ts";
import type { Account } from "../store/store.ts";
import type { JmapPorts } from "./ports.ts";

export const maxRecipients = 1000;

export const shownSubmission = (data: JsonObject): JsonObject => {
  const { blobId, queueId, by, appPassword, messageId, since, leaving, ...shown } = data;
  return { dsnBlobIds: [], mdnBlobIds: [], ...shown };
};

export type Envelope = {
  readonly from: string; // "" for the null reverse-path
  readonly parameters: { readonly [name: string]: string | null };
  readonly to: readonly (ReceivedRecipient & { readonly text: string })[];
  readonly shown: JsonObject;
};

const address = is.object({ email: is.string, parameters: is.maybe(is.map(is.string, is.nullable(is.string))) });
const envelopeShape = is.object({ mailFrom: address, rcptTo: is.array(address) });

/** Does an identity stand for this address: its own, or any of the domain for "*@domain" (RFC 8621 §6). */
export function standsFor(identityEmail: string, address: string): boolean {
  const [identity, asked] = [identityEmail.toLowerCase(), address.toLowerCase()];
  return identity === asked || (identity.startsWith("*@") && asked.slice(asked.lastIndexOf("@")) === identity.slice(1));
}

/** Sender, or the first author, where the identity stands for them; else the identity's own address (RFC 8621 §7.5). */
function writtenAs(header: Header, identityEmail: string): string {
  const field =
    header.fields.findLast(({ name }) => name === "sender") ?? header.fields.findLast(({ name }) => name === "from");
  const first = field && mailboxesOf(fieldValue(header, field), 1)[0];
  const address = first && formatMailbox(first);
  return address !== undefined && standsFor(identityEmail, address) ? address : identityEmail;
}

/** The envelope that is given, or that the header says (RFC 8621 §7.5): from whom it is written as, to everybody in To, Cc and Bcc. */
export function readEnvelope(given: Json | undefined, header: Header, identityEmail: string): Envelope | SetError {
  if (given !== undefined && given !== null) {
    const checked = envelopeShape(given, "envelope");
    if (checked instanceof is.Mismatch)
      return invalidProperties(["envelope"], `${checked.pointer}: expected ${checked.expected}.`);
    return envelopeOf(checked.mailFrom.email, checked.mailFrom.parameters ?? {}, checked.rcptTo, given as JsonObject);
  }
  const to: { email: string; parameters: undefined }[] = [];
  for (const field of header.fields)
    if (field.name === "to" || field.name === "cc" || field.name === "bcc")
      for (const one of mailboxesOf(fieldValue(header, field), maxRecipients + 1))
        to.push({ email: one.domain === "" ? one.local : formatMailbox(one), parameters: undefined });
  const unique = [...new Map(to.map((one) => [one.email.toLowerCase(), one])).values()];
  const from = writtenAs(header, identityEmail);
  const shown = {
    mailFrom: { email: from, parameters: null },
    rcptTo: unique.map(({ email }) => ({ email, parameters: null })),
  };
  return envelopeOf(from, {}, unique, shown);
}

/** Of RFC 1870, 6152, 6531, 4954, 3461, 4865 and 8689; the first four are worked out from the message, whatever is said. */
const senderParameters = ["SIZE", "BODY", "SMTPUTF8", "AUTH", "RET", "ENVID", "HOLDFOR", "HOLDUNTIL", "REQUIRETLS"];
const recipientParameters = ["NOTIFY", "ORCPT"];

function envelopeOf(
  from: string,
  parameters: { readonly [name: string]: string | null },
  rcptTo: readonly {
    readonly email: string;
    readonly parameters: { readonly [name: string]: string | null } | undefined;
  }[],
  shown: JsonObject,
): Envelope | SetError {
  if (from !== "" && parseMailbox(from) === undefined)
    return setError("invalidProperties", "envelope/mailFrom/email: this is no address.", { properties: ["envelope"] });
  if (rcptTo.length === 0) return setError("noRecipients", "There is nobody to send it to.");
  if (rcptTo.length > maxRecipients)
    return setError("tooManyRecipients", `At most ${maxRecipients} recipients.`, { maxRecipients });
  const unknown =
    Object.keys(parameters).find((name) => !senderParameters.includes(name.toUpperCase())) ??
    rcptTo
      .flatMap((one) => Object.keys(one.parameters ?? {}))
      .find((name) => !recipientParameters.includes(name.toUpperCase()));
  if (unknown !== undefined)
    return invalidProperties(["envelope"], `envelope: there is no parameter "${unknown.slice(0, 100)}" here.`);
  const to: (ReceivedRecipient & { readonly text: string })[] = [];
  const invalid: string[] = [];
  for (const one of rcptTo) {
    const mailbox = parseMailbox(one.email);
    if (mailbox === undefined) {
      invalid.push(one.email);
      continue;
    }
    const notify = notifyOf(parameter(one.parameters ?? {}, "NOTIFY"));
    to.push({ ...mailbox, text: one.email, orcpt: parameter(one.parameters ?? {}, "ORCPT"), notify });
  }
  if (invalid.length > 0)
    return setError("invalidRecipients", "Some of the addresses are none.", { invalidRecipients: invalid });
  return { from, parameters, to, shown };
}

function parameter(parameters: { readonly [name: string]: string | null }, name: string): string | undefined {
  for (const [key, value] of Object.entries(parameters)) if (key.toUpperCase() === name) return value ?? "";
  return undefined;
}

function notifyOf(value: string | undefined): ReceivedRecipient["notify"] {
  if (value === undefined) return undefined;
  const words = new Set(value.toUpperCase().split(","));
  return {
    never: words.has("NEVER"),
    success: words.has("SUCCESS"),
    failure: words.has("FAILURE"),
    delay: words.has("DELAY"),
  };
}

/** When it is to be sent (RFC 4865 HOLDFOR, HOLDUNTIL), or what is wrong with that. */
export function sendTime(envelope: Envelope, now: number, maxDelaySeconds: number): number | SetError {
  const holdFor = parameter(envelope.parameters, "HOLDFOR");
  const holdUntil = parameter(envelope.parameters, "HOLDUNTIL");
  const wrong = (why: string) => invalidProperties(["envelope"], `envelope/mailFrom/parameters: ${why}`);
  if (holdFor === undefined && holdUntil === undefined) return now;
  if (holdFor !== undefined && holdUntil !== undefined) return wrong("HOLDFOR and HOLDUNTIL cannot both be given.");
  const at =
    holdFor !== undefined
      ? /^\d{1,9}$/.test(holdFor)
        ? now + Number(holdFor) * 1000
        : Number.NaN
      : Date.parse(holdUntil as string);
  if (Number.isNaN(at)) return wrong("HOLDFOR is a number of seconds, HOLDUNTIL a time.");
  if (at > now + maxDelaySeconds * 1000) return wrong(`mail can be held for ${maxDelaySeconds} seconds at most.`);
  return Math.max(now, at);
}

export type Handed = {
  readonly reply: string;
  readonly accepted: boolean;
  readonly queueId: string | undefined;
  readonly queued: ReadonlySet<string>;
};

/** Hands the message over; answers the reply for all of it. */
export async function handOver(
  ports: Pick<JmapPorts, "submit" | "ourHost" | "now" | "newId" | "store">,
  { account, appPassword }: { readonly account: Account; readonly appPassword?: AppPassword | undefined },
  bytes: Uint8Array,
  envelope: Envelope,
  remote: Received["remote"],
  id = ports.newId(),
): Promise<Handed> {
  const isAscii = envelope.to.every(({ local }) => /^[\x00-\x7f]*$/.test(local));
  const ret = parameter(envelope.parameters, "RET")?.toLowerCase();
  const [reply] = await ports.submit({
    at: ports.now(),
    id,
    remote,
    remoteName: undefined,
    ourHost: ports.ourHost,
    helo: "",
    via: "JMAP",
    tls: undefined,
    account,
    appPassword,
    trusted: false,
    envelopeFrom: envelope.from,
    recipients: envelope.to.map(({ text: _, ...one }) => one),
    body: "8bitmime",
    smtputf8: !isAscii,
    requireTls: parameter(envelope.parameters, "REQUIRETLS") !== undefined,
    ret: ret === "full" || ret === "hdrs" ? ret : undefined,
    envid: parameter(envelope.parameters, "ENVID"),
    notBefore: undefined,
    bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  });
  const text = reply === undefined ? "451 4.3.0 Local trouble, try again later" : replyText(reply);
  if (reply === undefined || reply.code >= 400)
    return { reply: text, accepted: false, queueId: undefined, queued: new Set() };
  return (
    (await handedOver(ports.store, id, text)) ?? { reply: text, accepted: true, queueId: undefined, queued: new Set() }
  );
}

/** What became of a message that was handed over under this id; undefined: it was not taken. */
export async function handedOver(
  store: Pick<JmapPorts["store"], "trace">,
  id: string,
  reply = "250 2.0.0 Taken",
): Promise<Handed | undefined> {
  const entries = await store.trace(id, 10);
  if (!entries.some(({ stage }) => stage !== "refused")) return undefined;
  const queued = entries.find(({ stage }) => stage === "queued");
  const recipients = queued?.detail["recipients"];
  return {
    reply,
    accepted: true,
    queueId: queued?.trace,
    queued: new Set(Array.isArray(recipients) ? recipients.map(String) : []),
  };
}

/** What is known of each recipient just after the hand-over. */
export function firstStatus(envelope: Envelope, handed: Handed): Submission["deliveryStatus"] {
  return Object.fromEntries(
    envelope.to.map((one) => [
      one.text,
      {
        smtpReply: handed.reply,
        delivered: handed.queued.has(formatMailbox(one as Mailbox)) ? "queued" : "yes",
        displayed: "unknown",
      },
    ]),
  );
}

export const waitingStatus = (envelope: Envelope): Submission["deliveryStatus"] =>
  Object.fromEntries(
    envelope.to.map(({ text }) => [
      text,
      { smtpReply: "250 2.0.0 kept until it is time", delivered: "queued", displayed: "unknown" },
    ]),
  );

/** The status after what the queue has noted since; the same object where nothing has changed. */
export function laterStatus(
  status: Submission["deliveryStatus"],
  entries: readonly { readonly stage: string; readonly detail: { readonly [name: string]: unknown } }[],
): Submission["deliveryStatus"] {
  const after = { ...status };
  let changed = false;
  const keys = new Map(Object.keys(status).map((text) => [normal(text), text]));
  for (const { stage, detail } of entries) {
    const delivered =
      stage === "delivered"
        ? // RFC 8621 §7: that another server has it does not say that the recipient has.
          "unknown"
        : stage === "bounced" || stage === "expired"
          ? "no"
          : stage === "deferred"
            ? "queued"
            : undefined;
    const { to, reply } = detail;
    if (delivered === undefined || !Array.isArray(to)) continue;
    for (const address of to) {
      const key = keys.get(normal(String(address)));
      const before = key === undefined ? undefined : after[key];
      if (key === undefined || before === undefined) continue;
      const next = { ...before, delivered, ...(typeof reply === "string" ? { smtpReply: reply } : {}) };
      if (JSON.stringify(next) === JSON.stringify(before)) continue;
      after[key] = next;
      changed = true;
    }
  }
  return changed ? after : status;
}

const normal = (text: string): string => {
  const mailbox = parseMailbox(text);
  return (mailbox === undefined ? text : formatMailbox(mailbox)).toLowerCase();
};

export const headerOf = (bytes: Uint8Array): Header =>
  splitHeader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
export const sendAtText = utcDateText;

/** The addresses of the From field: who claims to have written it. */
export function authorsOf(header: Header): readonly { readonly local: string; readonly domain: string }[] {
  return header.fields
    .filter(({ name }) => name === "from")
    .flatMap((field) => mailboxesOf(fieldValue(header, field), 100));
}
