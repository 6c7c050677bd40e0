/** What became of an email that was handed over: each recipient's state and the steps that led there, out of the journeys. Pure. */
import { isEmail, ownerOf } from "../store/program-mail.ts";
import type { SendingEvent } from "../store/sending.ts";
import type { Instant, JourneyEntry } from "../store/store.ts";
import { withoutTargets } from "./without-targets.ts";

export const recipientStates = [
  "queued",
  "scheduled",
  "deferred",
  "delivered",
  "bounced",
  "expired",
  "suppressed",
  "canceled",
  "complained",
  "unsubscribed",
] as const;
export type RecipientState = (typeof recipientStates)[number];

export type Step = {
  readonly at: Instant;
  readonly type: string;
  readonly recipient: string | undefined;
  readonly detail: { readonly [name: string]: unknown };
};

export type EmailStatus = {
  readonly at: Instant;
  /** Name of the account that handed it over; "" where a trusted network did. */
  readonly account: string;
  /** The domain whose people's it is: the account's, or else the author's. */
  readonly domain: string;
  /** Whose mail it is, where it did not come through the API. */
  readonly tenant: string | undefined;
  readonly from: string;
  readonly stream: string | undefined;
  readonly campaign: string | undefined;
  readonly subject: string | undefined;
  readonly about: { readonly [name: string]: unknown };
  readonly sendAt: Instant | undefined;
  /** Where something of it waits, or has. */
  readonly queue: string | undefined;
  readonly recipients: readonly { readonly address: string; readonly state: RecipientState; readonly reply?: string }[];
  readonly steps: readonly Step[];
};

const names = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const ends: { readonly [stage: string]: RecipientState } = {
  delivered: "delivered",
  deferred: "deferred",
  bounced: "bounced",
  expired: "expired",
};
/** What becomes of a delivered message afterwards; who takes a complaint back has it, and wants it. */
const after: { readonly [type: string]: RecipientState } = {
  complained: "complained",
  "not-spam": "delivered",
  unsubscribed: "unsubscribed",
  "bounced-late": "bounced",
};
/** States that nothing of the queue changes any more. */
const last: ReadonlySet<RecipientState> = new Set(["delivered", "bounced", "expired", "canceled"]);

/** `whole`: all that the email's id leads to. Undefined: there is no email of the API, or of a tenant, among them. */
export function statusOf(
  id: string,
  whole: readonly JourneyEntry[],
  events: readonly SendingEvent[],
): EmailStatus | undefined {
  const entries = withoutTargets(whole);
  const first = entries.find(
    ({ stage, detail }) => (stage === "accepted" || stage === "refused") && detail["id"] === id && isEmail(detail),
  );
  if (first === undefined) return undefined;
  const { detail } = first;
  const about = (detail["about"] ?? {}) as { readonly [name: string]: unknown };
  const queued = entries.find(({ stage }) => stage === "queued");
  const notBefore = entries.findLast(({ stage }) => stage === "rescheduled" || stage === "queued")?.detail["notBefore"];
  const sendAt = typeof notBefore === "number" ? notBefore : undefined;
  const states = new Map<string, { state: RecipientState; reply?: string }>();
  const steps: Step[] = [];
  const step = (at: Instant, type: string, recipient?: string, more: Step["detail"] = {}): void =>
    void steps.push({ at, type, recipient, detail: more });

  for (const one of (about["suppressed"] ?? []) as readonly { readonly address: string; readonly reason: string }[]) {
    states.set(one.address, { state: "suppressed" });
    step(first.at, "suppressed", one.address, { reason: one.reason });
  }
  if (first.stage === "accepted") step(first.at, "accepted");
  const waiting = new Set(queued === undefined ? [] : names(queued.detail["recipients"]));
  for (const address of waiting) states.set(address, { state: sendAt === undefined ? "queued" : "scheduled" });
  // Filed here: whoever of its recipients does not wait has it.
  const refused = new Set(entries.flatMap(({ stage, detail }) => (stage === "bounced" ? names(detail["to"]) : [])));
  // What went on to several is not waited for.
  const handedOn = whole.find(({ detail: { through } }) => Object.values(through ?? {}).includes(""));
  const local =
    entries.some(({ stage }) => stage === "filed") || handedOn !== undefined
      ? names(detail["to"]).filter((address) => !waiting.has(address) && !refused.has(address))
      : [];
  if (first.stage === "refused")
    for (const address of names(detail["to"])) {
      const reply = String(detail["reply"] ?? "");
      states.set(address, { state: "bounced", reply });
      step(first.at, "bounced", address, { reply });
    }
  for (const address of local) {
    states.set(address, { state: "delivered" });
    if (handedOn !== undefined && !entries.some(({ stage }) => stage === "filed"))
      step(handedOn.at, "delivered", address, { here: true });
  }
  for (const { at, stage, detail: more } of entries)
    if (stage === "queued")
      for (const address of waiting) step(at, sendAt === undefined ? "queued" : "scheduled", address);
    else if (stage === "filed") for (const address of local) step(at, "delivered", address, { here: true });
    else if (ends[stage] !== undefined)
      for (const address of names(more["to"])) {
        const known = states.get(address);
        if (known === undefined || !last.has(known.state))
          states.set(address, {
            state: ends[stage],
            ...(typeof more["reply"] === "string" ? { reply: more["reply"] } : {}),
          });
        const { to: _, ...rest } = more;
        step(at, stage, address, rest);
      }
    else if (stage === "deleted")
      for (const address of names(more["to"])) {
        states.set(address, { state: "canceled" });
        step(at, "canceled", address);
      }
    else if (stage === "held" || stage === "released") step(at, stage);
    else if (stage === "rescheduled" && typeof more["notBefore"] === "number")
      step(at, stage, undefined, { sendAt: new Date(more["notBefore"]).toISOString() });
  for (const { at, type, recipient, detail: more } of events)
    if (after[type] !== undefined) {
      step(at, type, recipient, more);
      const known = states.get(recipient);
      if (known !== undefined) known.state = after[type];
    } else if (type === "opened" || type === "clicked") {
      const { id: _, ...rest } = more;
      step(at, type, recipient === "" ? undefined : recipient, rest);
    } else if (type === "suppressed" && !states.has(recipient)) {
      states.set(recipient, { state: "suppressed" });
      step(at, type, recipient, more);
    }
  steps.sort((one, other) => one.at - other.at);
  return {
    at: first.at,
    account: ownerOf(detail).account,
    domain: ownerOf(detail).domain,
    tenant: textOf(detail["tenant"]),
    from: String(detail["from"] ?? about["from"] ?? ""),
    stream: textOf(detail["stream"]),
    campaign: textOf(detail["campaign"]),
    subject: textOf(about["subject"]) ?? textOf(detail["subject"]),
    about,
    sendAt,
    queue: queued?.trace,
    recipients: [...states].map(([address, known]) => ({ address, ...known })),
    steps,
  };
}
