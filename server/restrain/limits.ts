/** How much people's own mailboxes may send: a stolen password, or somebody who signed up for it, must not become a flood. Pure. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Account } from "../store/store.ts";
import type { BrakeSettings } from "./brake.ts";
import { emptyWindow, lastDay, lastHour, present, roomAt, type Span, total, type Window } from "./window.ts";

/** What an account is taken for. Without a word of an administrator it is new, then normal. */
export const sendingClasses = ["new", "normal", "trusted", "trial", "unlimited"] as const;
export type SendingClass = (typeof sendingClasses)[number];

/** 0: no limit. */
export type Bounds = {
  readonly messagesPerHour: number;
  readonly recipientsPerDay: number;
  /** Recipients that the account has not written to before. */
  readonly newRecipientsPerDay: number;
  readonly recipientsPerMessage: number;
};
export const boundNames = [
  "messagesPerHour",
  "recipientsPerDay",
  "newRecipientsPerDay",
  "recipientsPerMessage",
] as const;
type BoundName = (typeof boundNames)[number];

export type SendingLimitSettings = { readonly newAccountMs: number; readonly freezeAt: number } & BrakeSettings & {
    readonly [name in Exclude<SendingClass, "unlimited">]: Bounds;
  };

const bounds = (hour: number, day: number, fresh: number, message: number): Bounds => ({
  messagesPerHour: hour,
  recipientsPerDay: day,
  newRecipientsPerDay: fresh,
  recipientsPerMessage: message,
});
export const defaultSendingLimitSettings: SendingLimitSettings = {
  newAccountMs: 7 * 24 * 60 * 60 * 1000,
  failuresPerHour: 20,
  failurePercent: 30,
  failureMinAttempts: 30,
  freezeAt: 100,
  new: bounds(20, 100, 50, 20),
  normal: bounds(100, 500, 250, 50),
  trusted: bounds(300, 2_000, 1_000, 100),
  trial: bounds(100, 1_000, 1_000, 50),
};
export const noBounds = bounds(0, 0, 0, 0);

/**
 * What an administrator has set: of an account its class and bounds of its own; of a domain or a tenant the class of its accounts, and bounds for all
 * of them together.
 */
export type OwnLimits = { readonly class?: SendingClass } & { readonly [name in BoundName]?: number };

/** What stands in the store, which another version may have written. */
export function ownLimitsOf(value: unknown): OwnLimits {
  if (typeof value !== "object" || value === null) return {};
  const given = value as { readonly [name: string]: unknown };
  const known = (sendingClasses as readonly unknown[]).includes(given["class"]);
  const limits = boundNames.flatMap((name) => {
    const bound = given[name];
    return typeof bound === "number" && bound >= 0 ? [[name, bound] as const] : [];
  });
  return { ...(known ? { class: given["class"] as SendingClass } : {}), ...Object.fromEntries(limits) };
}

/** A group without any is not counted. */
export const hasBounds = (limits: OwnLimits): boolean => boundNames.some((name) => (limits[name] ?? 0) > 0);

export type Standing = {
  readonly class: SendingClass;
  /** Who said so. */
  readonly because: "account" | "domain" | "tenant" | "age" | "administrator";
  readonly bounds: Bounds;
};

/** `own`: of the account, its domain and its tenant; the nearest holds. */
export function standingOf(
  { createdAt, role }: Pick<Account, "createdAt" | "role">,
  own: { readonly [whose in "account" | "domain" | "tenant"]?: OwnLimits | undefined },
  settings: SendingLimitSettings,
  now: number,
): Standing {
  const { class: _, ...figures } = own.account ?? {};
  const standing = (name: SendingClass, because: Standing["because"]): Standing => ({
    class: name,
    because,
    bounds: { ...(name === "unlimited" ? noBounds : settings[name]), ...figures },
  });
  for (const whose of ["account", "domain", "tenant"] as const) {
    const set = own[whose]?.class;
    if (set !== undefined) return standing(set, whose);
  }
  // Whoever administers the server has not signed up here to send spam.
  if (role === "admin") return standing("normal", "administrator");
  return standing(now - createdAt < settings.newAccountMs ? "new" : "normal", "age");
}

/** What was sent: messages by ten minutes, recipients by the hour. */
export type Sent = { readonly messages: Window; readonly recipients: Window; readonly fresh: Window };
export const nothingSent: Sent = {
  messages: emptyWindow(lastHour),
  recipients: emptyWindow(lastDay),
  fresh: emptyWindow(lastDay),
};

export type Used = { readonly [name in "messagesLastHour" | "recipientsLastDay" | "newRecipientsLastDay"]: number };
export const usedOf = (sent: Sent, now: number): Used => ({
  messagesLastHour: total(present(sent.messages, lastHour, now)),
  recipientsLastDay: total(present(sent.recipients, lastDay, now)),
  newRecipientsLastDay: total(present(sent.fresh, lastDay, now)),
});

export type Asked = { readonly recipients: number; readonly fresh: number };
/** `until`: when the same message fits again; undefined: never, it is too much by itself. */
export type Over = { readonly bound: BoundName; readonly limit: number; readonly until: number | undefined };

/** The first bound that a further message breaks. */
export function overLimit(sent: Sent, limits: Bounds, asked: Asked, now: number): Over | undefined {
  const { recipientsPerMessage, messagesPerHour, recipientsPerDay, newRecipientsPerDay } = limits;
  if (recipientsPerMessage > 0 && asked.recipients > recipientsPerMessage)
    return { bound: "recipientsPerMessage", limit: recipientsPerMessage, until: undefined };
  const broken = (bound: BoundName, limit: number, window: Window, span: Span, more: number): Over | undefined => {
    if (limit === 0 || more === 0) return undefined;
    const room = roomAt(present(window, span, now), span, limit, more);
    return room === "now" ? undefined : { bound, limit, until: room === "never" ? undefined : room.at };
  };
  return (
    broken("messagesPerHour", messagesPerHour, sent.messages, lastHour, 1) ??
    broken("recipientsPerDay", recipientsPerDay, sent.recipients, lastDay, asked.recipients) ??
    broken("newRecipientsPerDay", newRecipientsPerDay, sent.fresh, lastDay, asked.fresh)
  );
}

/** "14:20 UTC", with its day where that is another. */
export function clockTime(at: number, now: number): string {
  const text = new Date(Math.ceil(at / 60_000) * 60_000).toISOString();
  const time = `${text.slice(11, 16)} UTC`;
  return text.slice(0, 10) === new Date(now).toISOString().slice(0, 10) ? time : `${time} on ${text.slice(0, 10)}`;
}

/** Whose bounds they are, in the words of who reads that they are reached. */
export type Bounded = {
  readonly who: string;
  readonly have: "have" | "has";
  readonly whose: string;
  /** What helps where waiting does not. */
  readonly otherwise: string;
};
const otherwise = "ask your administrator";
export const you: Bounded = { who: "You", have: "have", whose: "your limit", otherwise };
/** Of a domain or a tenant. */
export const allOf = (name: string): Bounded => ({
  who: `All accounts of ${name} together`,
  have: "have",
  whose: "their limit",
  otherwise,
});
export const appPasswordOf = (label: string): Bounded => ({
  who: `The app password "${label}"`,
  have: "has",
  whose: "its limit",
  otherwise: "send it in parts, or raise that limit",
});

/** What the sender reads. */
export function limitReply({ bound, limit, until }: Over, asked: Asked, now: number, of: Bounded): Reply {
  const { who, have, whose, otherwise } = of;
  const when = until === undefined ? "" : clockTime(until, now);
  switch (bound) {
    case "recipientsPerMessage":
      return reply(
        550,
        "5.5.3",
        `${who} may send to ${limit} recipients at once and this message has ${asked.recipients}: send it in parts`,
      );
    case "messagesPerHour":
      return reply(
        450,
        "4.7.28",
        `${who} ${have} sent ${limit} messages within an hour, which is ${whose}: it goes on at ${when}`,
      );
    case "recipientsPerDay":
    case "newRecipientsPerDay": {
      const fresh = bound === "newRecipientsPerDay";
      const people = `${limit} recipients${fresh ? " never written to before" : ""} in 24 hours`;
      const count = fresh ? asked.fresh : asked.recipients;
      return until === undefined
        ? reply(550, "5.7.28", `${who} may send to ${people} and this message has ${count}: ${otherwise}`)
        : reply(450, "4.7.28", `${who} may send to ${people}: this message can go at ${when}`);
    }
    default:
      return bound satisfies never;
  }
}
