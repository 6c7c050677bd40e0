/** Events as programs are told of them, by the API and by webhooks alike. Pure. */
import { sentenceOf } from "../shape/meaning.ts";
import { isReplyClass as isClass } from "../shape/reply-class.ts";
import type { SendingEvent, SendingEventType } from "../store/sending.ts";

/** Dotted, as Standard Webhooks has it. What is paused or goes on is a tenant or a campaign (`typeOf`). */
const typeNames = {
  accepted: "email.accepted",
  rejected: "email.rejected",
  held: "email.held",
  queued: "email.queued",
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
  "warmup-level": "warmup.level_changed",
  "warmup-paused": "warmup.paused",
  "warmup-completed": "warmup.completed",
  blocked: "source.blocked",
  verified: "domain.verified",
  unverified: "domain.failed",
  listed: "blocklist.listed",
  cleared: "blocklist.cleared",
  placement: "placement.measured",
} as const satisfies { readonly [type in Exclude<SendingEventType, "paused" | "resumed">]: string };
const steered = [
  "tenant.limited",
  "tenant.paused",
  "tenant.resumed",
  "campaign.paused",
  "campaign.stopped",
  "campaign.resumed",
] as const;
export type EventType = (typeof typeNames)[keyof typeof typeNames] | (typeof steered)[number];
export const allTypes: readonly string[] = [...Object.values(typeNames), ...steered];

/** By which name programs are told of an event. */
export function typeOf({ type, detail }: Pick<SendingEvent, "type" | "detail">): EventType {
  const campaign = detail["campaign"] === true;
  const { state } = detail;
  switch (type) {
    case "resumed":
      return campaign ? "campaign.resumed" : "tenant.resumed";
    case "paused":
      if (campaign) return state === "paused" ? "campaign.paused" : "campaign.stopped";
      return state === "limited" ? "tenant.limited" : "tenant.paused";
    default:
      return typeNames[type];
  }
}

/** Names that an endpoint may have been made with before. */
const former: { readonly [name: string]: readonly EventType[] } = {
  "sending.paused": ["tenant.limited", "tenant.paused", "campaign.paused", "campaign.stopped"],
  "sending.resumed": ["tenant.resumed", "campaign.resumed"],
  "warmup.changed": ["warmup.level_changed", "warmup.paused", "warmup.completed"],
};
export const currentTypes = (names: readonly string[]): readonly string[] => [
  ...new Set(names.flatMap((name): readonly string[] => former[name] ?? [name])),
];

export type ToldEvent = {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly [name: string]: unknown };
};

/** "evt_17", by which a receiver knows what it has had already. */
export const eventId = ({ id }: Pick<SendingEvent, "id">): string => `evt_${id}`;

export function toldEvent(event: SendingEvent): ToldEvent {
  const { type, at, tenant, stream, campaign, message, recipient, detail } = event;
  // Whose it is stands beside it.
  const { id: email, n: _, campaign: __, ...rest } = detail;
  return {
    type: typeOf(event),
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
