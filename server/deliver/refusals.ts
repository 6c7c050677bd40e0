/** Refused mail in the journeys, so that "why did it not come" has an answer; bounded, for most of it is not worth a word. */
import { parseMessageIds } from "../../protocol/mime/fields/message-id.ts";
import { type Header, headerValue } from "../../protocol/mime/header.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { replyText } from "../../protocol/smtp/reply.ts";
import type { Refused } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import type { Instant, JourneyEntry } from "../store/store.ts";

const maxKeyedRecipients = 20;

export class RefusalBudget {
  readonly #perSecond: number;
  #second = 0;
  #used = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** Whether one more may be noted at this time. */
  take(at: Instant): boolean {
    const second = Math.floor(at / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#used = 0;
    }
    return ++this.#used <= this.#perSecond;
  }
}

/** What the journey says more of an email: what came through the API, and a tenant's mail by whatever way. */
export function ofProgram({ via, account, recipients, sending }: Received): { readonly [name: string]: unknown } {
  if (via !== "API" && sending === undefined) return {};
  const { about, stream, campaign, tenant, author } = sending ?? {};
  const to = recipients.map(formatMailbox);
  return { account: account?.name, to, stream, campaign, about, ...(via === "API" ? {} : { tenant, author }) };
}

/** The account that handed an email over, by which its emails are listed. */
export function programKeys({ via, account, envelopeFrom, sending }: Received): readonly string[] {
  const isEmail = via === "API" || sending !== undefined;
  return !isEmail || account === undefined || account.name === envelopeFrom ? [] : [account.name];
}

export function refusedEntry(mail: Received, header: Header, { reply, notes, reasons }: Refused): JourneyEntry {
  const id = parseMessageIds(headerValue(header, "message-id") ?? "", 1)[0];
  const keys = [mail.id, ...mail.recipients.slice(0, maxKeyedRecipients).map(formatMailbox)];
  if (id !== undefined) keys.push(id);
  if (mail.envelopeFrom !== "") keys.push(mail.envelopeFrom);
  keys.push(...programKeys(mail));
  return {
    at: mail.at,
    stage: "refused",
    trace: mail.id,
    keys,
    detail: {
      id: mail.id,
      from: mail.envelopeFrom,
      remote: mail.remote.address,
      remoteName: mail.remoteName,
      helo: mail.helo,
      via: mail.via,
      ...ofProgram(mail),
      reply: replyText(reply),
      notes,
      ...(reasons === undefined || reasons.length === 0 ? {} : { reasons }),
    },
  };
}
