/** What becomes of warm-ups and sources, as events: for the platform, of a domain's warm-up for its tenant too. Pure. */
import type { Override } from "../shape/overrides.ts";
import type { NewSendingEvent } from "../store/sending.ts";
import type { Instant } from "../store/store.ts";
import { capOf, type Plan } from "../warm/plan.ts";
import type { Model } from "./model.ts";

const told = (
  at: Instant,
  type: NewSendingEvent["type"],
  tenant: string,
  detail: NewSendingEvent["detail"],
): NewSendingEvent => ({ at, type, tenant, stream: "", campaign: "", message: "", recipient: "", detail });

/** A plan was so and is so now: another level, a pause, warm. */
export function warmupEvents(
  before: Plan,
  after: Plan,
  { at, model }: { readonly at: Instant; readonly model: Pick<Model, "domain"> },
): readonly NewSendingEvent[] {
  const { scope, subject, provider, level, levels, because, needsPerson, pausedUntil } = after;
  const tenant = scope === "domain" ? (model.domain.get(subject)?.tenant ?? "") : "";
  const about = { scope, subject, provider, because };
  const events: NewSendingEvent[] = [];
  const say = (type: NewSendingEvent["type"], detail: NewSendingEvent["detail"]): void =>
    void events.push(told(at, type, tenant, { ...about, ...detail }));
  if (level !== before.level)
    say("warmup-level", { level: level + 1, before: before.level + 1, levels: levels.length, cap: capOf(after) });
  if (after.state !== before.state) {
    if (after.state === "paused")
      say("warmup-paused", {
        until: pausedUntil === undefined ? null : new Date(pausedUntil).toISOString(),
        needsPerson,
      });
    if (after.state === "warm")
      say("warmup-completed", { target: after.target, asserted: after.asserted !== undefined });
  }
  return events;
}

/** A provider takes nothing of a source for now. */
export const blockedEvent = ({ subject, provider, rule, sample, until }: Override, at: Instant): NewSendingEvent =>
  told(at, "blocked", "", {
    source: subject,
    provider,
    rule,
    reply: sample,
    until: new Date(until).toISOString(),
  });

/** A sending domain's DNS is right now, or is not any more. */
export const domainEvent = (
  domain: string,
  tenant: string,
  verified: boolean,
  problem: string,
  at: Instant,
): NewSendingEvent =>
  told(at, verified ? "verified" : "unverified", tenant, { domain, ...(problem === "" ? {} : { problem }) });
