/** The queue: what waits to be sent, each attempt, and what can be done about it. */
import { z } from "zod";
import { inWords } from "../../admin/journey-words.ts";
import { readDomain } from "../../admin/names.ts";
import { waitsOf } from "../../admin/queue-waits.ts";
import { withoutTargets } from "../../inject/without-targets.ts";
import { codesOf } from "../../shape/reply-code.ts";
import type { QueuedMessage } from "../../store/store.ts";
import type { Actor } from "../actor.ts";
import { performed } from "../outcome.ts";
import { conflict, forbidden, notFound, Problem, wrongField } from "../problem.ts";
import { type ApiWorld, at, list, type Param, page, paged, type Route, route, time } from "../route.ts";

const maxAttempts = 500;

const Recipient = z.object({
  address: z.string(),
  state: z
    .enum(["scheduled", "leased", "held"])
    .describe("leased: a server has it in hand, to send it as soon as it may."),
  why: z.string().describe("What it waits for, in a sentence."),
  since: time.nullable().describe("Since when; of what was put off it is known of one message alone."),
  until: time.nullable().describe("Until when, as far as that is known; it may change."),
  attempts: z.int(),
  nextAt: time,
  lastReply: z.string().nullable(),
});
const Queued = z
  .object({
    id: z.string(),
    from: z.string().describe("Empty for notices."),
    sizeBytes: z.int(),
    createdAt: time,
    expiresAt: time,
    recipients: z.array(Recipient),
  })
  .meta({ id: "QueuedMessage" });
const QueuedWhole = Queued.extend({
  subject: z.string().nullable(),
  steps: z.array(
    z.object({ at: time, stage: z.string(), words: z.string(), detail: z.record(z.string(), z.unknown()) }),
  ),
}).meta({ id: "QueuedMessageWithAttempts" });

/** Where an address of ours leads that forwards is for those who administer the platform. */
const readable = (message: QueuedMessage, actor: Actor): QueuedMessage =>
  actor.within.kind === "all"
    ? message
    : {
        ...message,
        recipients: message.recipients.flatMap((one) => {
          const { toldAs, lastReply } = one;
          if (toldAs === undefined) return [one];
          return toldAs === "" ? [] : [{ ...one, address: toldAs, lastReply: lastReply && codesOf(lastReply) }];
        }),
      };

const shown = (message: QueuedMessage, waits: Awaited<ReturnType<typeof waitsOf>>): z.input<typeof Queued> => ({
  id: message.id,
  from: message.envelopeFrom,
  sizeBytes: message.sizeBytes,
  createdAt: at(message.createdAt),
  expiresAt: at(message.expiresAt),
  recipients: message.recipients.map((one) => {
    const wait = waits(message, one);
    const { since, until } = wait;
    // Where it is sent on to is named there.
    const why = one.address === one.toldAs ? "It is sent on by this address." : wait.why;
    return {
      address: one.address,
      state: one.state,
      why,
      since: since === undefined ? null : at(since),
      until: until === undefined ? null : at(until),
      attempts: one.attempts,
      nextAt: at(one.nextAt),
      lastReply: one.lastReply ?? null,
    };
  }),
});

/** A page of them. */
async function pageOf(rows: readonly QueuedMessage[], limit: number, actor: Actor, world: ApiWorld) {
  const waits = await waitsOf(rows, world);
  return paged(
    rows,
    limit,
    ({ id }) => id,
    (row) => shown(readable(row, actor), waits),
  );
}

/** A message that an account of theirs has sent; for administrators of the platform any. */
async function isTheirs(message: QueuedMessage, actor: Actor, { store }: ApiWorld): Promise<boolean> {
  if (actor.within.kind === "all") return true;
  if (message.account === undefined) return false;
  if (message.account === actor.account.id) return true;
  const name = (await store.accounts({ id: message.account }))[0]?.name ?? "";
  const domain = name.slice(name.lastIndexOf("@") + 1);
  return (await store.hostedDomains(actor.within, { limit: 1, domain })).length > 0;
}

const theQueued: Param<QueuedMessage> = {
  schema: z
    .string()
    .regex(/^q[0-9a-z]{6,10}$/)
    .describe("A queue id."),
  find: async (text, actor, world) => {
    const found = (await world.store.queueList({ id: text, limit: 1 }))[0];
    return found !== undefined && (await isTheirs(found, actor, world)) ? found : undefined;
  },
};

const verbs = {
  retry: "Try a message again now.",
  hold: "Keep a message back until it is released.",
  release: "Let a held message go.",
  bounce: "Give a message up and tell its sender.",
} as const;

const filters = {
  domain: z.string().max(255).optional().describe("Recipient domain."),
  sender: z.string().max(330).optional().describe("Envelope sender; <> for notices."),
  recipient: z.string().max(330).optional(),
} as const;

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/queue",
    summary: "Messages that wait, the oldest first.",
    description: "Users see what they have sent themselves. The filters are for administrators of the platform.",
    area: "queue",
    who: "user",
    query: z.object({ ...page, ...filters, state: z.enum(["scheduled", "leased", "held"]).optional() }),
    answer: list(Queued),
    run: async ({ actor, query }, world) => {
      const { store } = world;
      const { limit, cursor, domain, sender, recipient, state } = query;
      if (actor.within.kind !== "all") {
        const account = actor.role === "user" ? actor.account.id : undefined;
        const within = actor.role === "user" ? ({ kind: "all" } as const) : actor.within;
        const ids = await store.hostedQueue(within, { account, after: cursor, limit: limit + 1 });
        const rows = (await Promise.all(ids.map((id) => store.queueList({ id, limit: 1 })))).flat();
        return pageOf(rows, limit, actor, world);
      }
      const rows = await store.queueList({
        limit: limit + 1,
        ...(cursor === undefined ? {} : { after: cursor }),
        ...(domain === undefined ? {} : { domain: readDomain(domain) ?? domain.toLowerCase() }),
        ...(sender === undefined ? {} : { sender: sender === "<>" ? "" : sender }),
        ...(recipient === undefined ? {} : { recipient }),
        ...(state === undefined ? {} : { state }),
      });
      return pageOf(rows, limit, actor, world);
    },
  }),
  route({
    method: "POST",
    path: "/queue/actions",
    summary: "Do something to all messages that a filter finds.",
    area: "queue",
    who: "platform",
    body: z.strictObject({
      action: z.enum(["retry", "hold", "release", "bounce", "delete"]),
      ...filters,
      all: z.boolean().optional().describe("The whole queue."),
    }),
    answer: z.object({ recipients: z.int().describe("How many recipients it was done to.") }),
    refuses: ["conflict"],
    run: async ({ body: { action, ...filter } }, world) => {
      if (filter.all !== true && !(filter.domain || filter.sender || filter.recipient))
        return wrongField("/domain", "Say which: a domain, a sender, a recipient, or all.");
      const answer = await performed(world, `queue ${action}`, filter);
      return answer instanceof Problem ? answer : (answer.result as { recipients: number });
    },
  }),
  route({
    method: "GET",
    path: "/queue/{queued}",
    summary: "One message that waits, with each attempt.",
    area: "queue",
    who: "user",
    params: { queued: theQueued },
    answer: QueuedWhole,
    run: async ({ actor, queued }, world) => {
      const whole = await world.store.journey(queued.id, maxAttempts);
      const entries = actor.within.kind === "all" ? whole : withoutTargets(whole);
      const steps = entries.map((entry) => ({
        at: at(entry.at),
        stage: entry.stage,
        words: inWords(entry),
        detail: entry.detail,
      }));
      const subject = entries.find(({ detail }) => typeof detail["subject"] === "string")?.detail["subject"];
      const waits = await waitsOf([queued], world, entries);
      return { ...shown(readable(queued, actor), waits), subject: typeof subject === "string" ? subject : null, steps };
    },
  }),
  ...(Object.entries(verbs) as [keyof typeof verbs, string][]).map(([verb, summary]) =>
    route({
      method: "POST",
      path: `/queue/{queued}/${verb}`,
      summary,
      area: "queue",
      who: "domain",
      params: { queued: theQueued },
      answer: z.object({ recipients: z.int() }),
      refuses: ["conflict"],
      run: async ({ queued }, world) => {
        const answer = await performed(world, `queue ${verb}`, { id: queued.id });
        return answer instanceof Problem ? conflict(answer.detail) : (answer.result as { recipients: number });
      },
    }),
  ),
  route({
    method: "DELETE",
    path: "/queue/{queued}",
    summary: "Remove a message without telling anybody. Senders may remove their own that nobody has tried yet.",
    area: "queue",
    who: "user",
    params: { queued: theQueued },
    refuses: ["conflict"],
    run: async ({ actor, queued }, world) => {
      if (actor.role === "user" && queued.recipients.some(({ attempts, state }) => attempts > 0 || state === "leased"))
        return forbidden("It is on its way already.");
      const answer = await performed(world, "queue delete", { id: queued.id });
      if (answer instanceof Problem) return conflict(answer.detail);
      return (answer.result as { recipients: number }).recipients === 0 ? notFound() : undefined;
    },
  }),
];
