/** Events as programs are told of them, by the API and by webhooks alike. Pure. */
import { sentenceOf } from "../shape/meaning.ts";
import { isReplyClass as isClass } from "../shape/reply-class.ts";
import type { SendingEvent, SendingEventType } from "../store/sending.ts";

/** Dotted, as Standard Webhooks has it. */
export const typeNames: { readonly [type in SendingEventType]: string } = {
  accepted: "email.accepted",
  deferred: "email.deferred",
  delivered: "email.delivered",
  bounced: "email.bounced",
  "bounced-late": "email.bounced_late",
  expired: "email.expired",
  complained: "email.complained",
  "not-spam": "email.not_spam",
  unsubscribed: "email.unsubscribed",
  opened: "email.opened",
  clicked: "email.clicked",
  suppressed: "email.suppressed",
  paused: "sending.paused",
  resumed: "sending.resumed",
  warmup: "warmup.changed",
  listed: "blocklist.listed",
  cleared: "blocklist.cleared",
  placement: "placement.measured",
};
export const allTypes = Object.values(typeNames);

export type ToldEvent = {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly [name: string]: unknown };
};

/** "evt_17", by which a receiver knows what it has had already. */
export const eventId = ({ id }: Pick<SendingEvent, "id">): string => `evt_${id}`;

export function toldEvent(event: SendingEvent): ToldEvent {
  const { type, at, tenant, stream, campaign, message, recipient, detail } = event;
  const { id: email, n: _, ...rest } = detail;
  return {
    type: typeNames[type],
    timestamp: new Date(at).toISOString(),
    data: {
      tenant,
      ...(stream === "" ? {} : { stream }),
      ...(campaign === "" ? {} : { campaign }),
      ...(recipient === "" ? {} : { recipient }),
      ...(typeof email === "string" ? { email_id: email } : {}),
      ...(message === "" ? {} : { message_id: message }),
      ...rest,
      ...(isClass(rest["class"]) ? { explanation: sentenceOf(rest["class"], type !== "deferred") } : {}),
    },
  };
}
