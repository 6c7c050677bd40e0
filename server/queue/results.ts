/** From the outcomes of one item to what the store is told: settlements, the journey, and which notices are due. Pure. */
import { replyText } from "../../protocol/smtp/reply.ts";
import type { Outcome } from "../send/classify.ts";
import type { Attempt } from "../send/converse.ts";
import type { Path } from "../send/site.ts";
import { codesOf } from "../shape/reply-code.ts";
import { toldAsOf, type Writable } from "../store/queued.ts";
import type { NewSendingEvent, SendingEventType, Told } from "../store/sending.ts";
import type { Instant, JourneyEntry, QueuedMessage, QueuedRecipient, Settlement } from "../store/store.ts";
import { nextAttempt, type Schedule, warningDue } from "./schedule.ts";

/** What a notice says about one recipient. */
export type Reported = {
  readonly recipient: QueuedRecipient;
  readonly outcome: Outcome;
  /** The host that said it, or undefined where it was us. */
  readonly host: string | undefined;
  /** That host is where mail ends (LMTP): success is delivery, not relay. */
  readonly final: boolean;
};

export type Results = {
  readonly settlements: readonly Settlement[];
  readonly journey: readonly JourneyEntry[];
  readonly failed: readonly Reported[];
  readonly delayed: readonly Reported[];
  /** Success that nobody else will report (RFC 3461 §5.2.2). */
  readonly succeeded: readonly Reported[];
};

/** Replies are kept to this length. */
const maxReplyChars = 500;

type Group = {
  readonly kind: "delivered" | "deferred" | "bounced" | "expired";
  readonly outcome: Outcome;
  readonly to: string[];
  nextAt: Instant | undefined;
};

export function resultsOf(
  message: QueuedMessage,
  recipients: readonly QueuedRecipient[],
  outcomes: readonly Outcome[],
  attempt: Attempt | undefined,
  path: Path | undefined,
  details: { readonly [name: string]: unknown },
  ask: {
    readonly now: Instant;
    /** Asked where a recipient is tried again, as the next. */
    readonly schedule: () => Schedule;
    readonly random: () => number;
    /** The fencing token under which we hold a recipient now. */
    readonly token: (recipient: QueuedRecipient) => number;
    /** Where those wait that are tried again; undefined: nowhere. */
    readonly park: () => string | undefined;
  },
): Results {
  const { now, random } = ask;
  const settlements: Settlement[] = [];
  const groups: Group[] = [];
  const failed: Reported[] = [];
  const delayed: Reported[] = [];
  const succeeded: Reported[] = [];
  const host = attempt?.host;
  let told: Told | undefined;
  for (let index = 0; index < recipients.length; index++) {
    const recipient = recipients[index]!;
    const outcome = outcomes[index]!;
    const saidBy = outcome.kind === "delivered" ? undefined : outcome.saidBy;
    const reported: Reported = { recipient, outcome, host: host ?? saidBy, final: path?.protocol === "lmtp" };
    let kind: Group["kind"];
    let nextAt: Instant | undefined;
    let settled: Settlement["outcome"];
    switch (outcome.kind) {
      case "delivered":
        kind = "delivered";
        settled = { kind: "delivered" };
        if (recipient.notify?.success === true && attempt?.dsn !== true) succeeded.push(reported);
        break;
      case "failed":
        kind = outcome.reply.enhanced === "4.4.7" && outcome.ours === true ? "expired" : "bounced";
        settled = { kind: "failed" };
        failed.push(reported);
        break;
      case "later": {
        const life = { ...message, attempts: recipient.attempts + 1 };
        const counts = outcome.delayMs !== 0;
        const schedule = ask.schedule();
        const next = counts ? nextAttempt(life, now, schedule, random(), outcome.delayMs) : now;
        if (next === "expired") {
          kind = "expired";
          settled = { kind: "failed" };
          failed.push(reported);
          break;
        }
        kind = "deferred";
        nextAt = next;
        const park = ask.park();
        const warn = counts && !recipient.delayWarned && warningDue(life, now, schedule);
        if (warn) delayed.push(reported);
        settled = {
          kind: "later",
          nextAt: next,
          delayWarned: recipient.delayWarned || warn,
          countsAsAttempt: counts,
          ...(park === undefined ? {} : { park }),
        };
        break;
      }
      default:
        return outcome satisfies never;
    }
    const said = replyText(outcome.reply).slice(0, maxReplyChars);
    const settlement: Writable<Settlement> = {
      queue: message.id,
      recipient: recipient.id,
      token: ask.token(recipient),
      outcome: settled,
      reply: said,
    };
    if (message.tenant !== undefined) {
      if (kind === "delivered" && recipients.length === 1 && recipient.toldAs === undefined)
        told = deliveredTold(message, recipient, outcome);
      else if (recipient.toldAs !== "")
        settlement.event = eventOf(message, recipient, outcome, eventTypes[kind], { now, said, host, path, nextAt });
    }
    settlements.push(settlement);
    const group = groups.find((other) => other.outcome.reply === outcome.reply && other.kind === kind);
    if (group === undefined) groups.push({ kind, outcome, to: [recipient.address], nextAt });
    else {
      group.to.push(recipient.address);
      if (nextAt !== undefined && group.nextAt !== undefined) group.nextAt = Math.min(group.nextAt, nextAt);
    }
  }
  const journey = groups.map((group): JourneyEntry => {
    const detail: { [name: string]: unknown } = {
      to: group.to,
      reply: replyText(group.outcome.reply).slice(0, maxReplyChars),
    };
    if (path !== undefined) detail["site"] = path.site;
    const policy = path === undefined ? undefined : policyShown(path, attempt?.host);
    if (policy !== undefined) detail["policy"] = policy;
    if (attempt !== undefined) {
      detail["host"] = attempt.host;
      detail["address"] = attempt.address;
      detail["port"] = attempt.port;
      detail["tls"] = attempt.tls;
      detail["ms"] = attempt.ms;
      if (attempt.unsigned !== undefined) detail["unsigned"] = attempt.unsigned;
    }
    if (group.outcome.kind !== "delivered") {
      detail["why"] = group.outcome.why;
      const { named } = group.outcome;
      if (named !== undefined) {
        detail["class"] = named.class;
        if (named.rule !== undefined) detail["rule"] = named.rule;
      }
    }
    if (path?.egress !== undefined) detail["source"] = path.egress.name;
    if (path?.provider !== undefined) detail["provider"] = path.provider;
    if (group.nextAt !== undefined) detail["nextAt"] = group.nextAt;
    const entry = { at: now, stage: group.kind, trace: message.id, keys: [], detail: Object.assign(detail, details) };
    return told === undefined ? entry : { ...entry, told };
  });
  return { settlements, journey, failed, delayed, succeeded };
}

/** What nearly every message of a tenant comes to: the journey's entry says it all. */
function deliveredTold(
  { tenant = "", stream, campaign = "", author }: QueuedMessage,
  { id, attempts }: QueuedRecipient,
  { sandbox }: Outcome,
): Told {
  const detail: { [name: string]: unknown } = { attempt: attempts + 1 };
  if (author !== undefined) detail["author"] = author;
  if (sandbox === true) detail["sandbox"] = true;
  return { tenant, stream, campaign, n: id, detail };
}

const eventTypes = { delivered: "delivered", deferred: "deferred", bounced: "bounced", expired: "expired" } as const;

function eventOf(
  { id, tenant = "", stream, campaign = "", author }: QueuedMessage,
  recipient: QueuedRecipient,
  outcome: Outcome,
  type: SendingEventType,
  {
    now,
    said,
    host,
    path,
    nextAt,
  }: {
    readonly now: Instant;
    readonly said: string;
    readonly host: string | undefined;
    readonly path: Path | undefined;
    readonly nextAt: Instant | undefined;
  },
): NewSendingEvent {
  const named = outcome.kind === "delivered" ? undefined : outcome.named;
  const forwarded = recipient.toldAs !== undefined;
  const detail: { [name: string]: unknown } = {
    // By this number a bounce that comes later finds back.
    n: recipient.id,
    attempt: recipient.attempts + 1,
    // Words about an address that one of ours forwards to may name it, and where they were said tells of it.
    reply: forwarded ? codesOf(said) : said,
  };
  if (forwarded) detail["forwarded"] = true;
  if (!forwarded && host !== undefined) detail["host"] = host;
  if (path?.egress !== undefined) detail["source"] = path.egress.name;
  if (!forwarded && path?.provider !== undefined) detail["provider"] = path.provider;
  if (author !== undefined) detail["author"] = author;
  if (outcome.sandbox === true) detail["sandbox"] = true;
  if (named !== undefined) detail["class"] = named.class;
  if (!forwarded && named?.rule !== undefined) detail["rule"] = named.rule;
  if (nextAt !== undefined) detail["nextAt"] = nextAt;
  return { at: now, type, tenant, stream, campaign, message: id, recipient: toldAsOf(recipient), detail };
}

/** Why no less TLS would have done for this message (connections are shared by those who ask the same); nothing where less would have. */
function policyShown(path: Path, host: string | undefined): string | undefined {
  const { mode, because } = path.hosts.find(({ name }) => name === host)?.tls ?? path.tls;
  return because === "default" || (path.fixed && mode === "opportunistic") ? undefined : because;
}
