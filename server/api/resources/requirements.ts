/** What large receivers ask of a sender, the self-test of unsubscribing, blocklists that name us, and what postmaster pages say. */
import { z } from "zod";
import type { Requiring } from "../../assemble/requiring.ts";
import type { FeedbackTaken } from "../../dispatch/feedback.ts";
import { listingAdvice } from "../../require/listings.ts";
import { receivers } from "../../require/requirement.ts";
import { domainOf } from "../params.ts";
import { Problem, wrongField } from "../problem.ts";
import { type ApiWorld, at, type Param, type Route, route, time } from "../route.ts";
import { sendingIsOff } from "../sending-tenant.ts";

const demand = z.enum(["required", "bulk", "recommended", "none"]);
const FindingShown = z.object({
  standing: z.enum(["pass", "warn", "fail", "not-measured"]),
  says: z.string(),
  fix: z.string().nullable(),
  record: z.object({ name: z.string(), type: z.string(), value: z.string() }).nullable().describe("To copy into DNS."),
});
const Shown = z
  .object({
    domain: z.string(),
    verdicts: z
      .record(z.enum(receivers), z.enum(["ready", "not-ready", "unknown"]))
      .describe("unknown: something that is asked cannot be seen."),
    requirements: z.array(
      FindingShown.extend({ id: z.string(), title: z.string(), demands: z.record(z.enum(receivers), demand) }),
    ),
  })
  .meta({ id: "SendingRequirements" });

type Found = {
  readonly standing: "pass" | "warn" | "fail" | "not-measured";
  readonly says: string;
  readonly fix?: string;
  readonly record?: { readonly name: string; readonly type: string; readonly value: string };
};
const shownFinding = ({ standing, says, fix, record }: Found) => ({
  standing,
  says,
  fix: fix ?? null,
  record: record ?? null,
});

/** A domain that is hosted here or sent for, of those that the actor administers. */
const theDomain: Param<{ readonly name: string }> = {
  schema: z.string().min(1).max(255).describe("A domain: example.org."),
  find: async (text, actor, world) => {
    const hosted = await domainOf(text, actor, world);
    if (hosted !== undefined) return hosted;
    const known = actor.within.kind === "all" && world.sending?.model().domain.has(text) === true;
    return known ? { name: text } : undefined;
  },
};

const FeedbackShown = z.object({
  provider: z.string(),
  subject: z.string().describe("A domain, or an address of a source."),
  day: z.string(),
  spam_rate: z.number().nullable(),
  filter_result: z.enum(["green", "yellow", "red"]).nullable(),
  trap_hits: z.int().nullable(),
  complaints: z.string().nullable(),
  compliance: z
    .record(z.string(), z.string())
    .nullable()
    .describe("How Google says that the domain stands to what it asks of senders."),
});
const shownFeedback = (
  one: Extract<FeedbackTaken, { taken: unknown }>["taken"][number],
): z.input<typeof FeedbackShown> => ({
  provider: one.provider,
  subject: one.subject,
  day: one.day,
  spam_rate: one.rate ?? null,
  filter_result: one.colour ?? null,
  trap_hits: one.traps ?? null,
  complaints: one.complaints ?? null,
  compliance: one.compliance ?? null,
});
const data = z
  .string()
  .min(1)
  .max(8 * 1024 * 1024);
const maxBodyBytes = 10 * 1024 * 1024;
const taken = (result: FeedbackTaken) =>
  "why" in result ? wrongField("/data", result.why) : { items: result.taken.map(shownFeedback) };

const area = "sending";
const requiring = ({ requiring: found }: ApiWorld): Requiring | Problem<"sending-off"> => found ?? sendingIsOff();

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/sending/requirements/{domain}",
    summary: "How a domain stands to what Gmail, Yahoo and Microsoft ask of senders, asked of DNS now.",
    area,
    who: "domain",
    params: { domain: theDomain },
    answer: Shown,
    refuses: ["sending-off"],
    run: async ({ domain }, world) => {
      const found = requiring(world);
      if (found instanceof Problem) return found;
      const { requirements, ...rest } = await found.look(domain.name);
      return {
        ...rest,
        requirements: requirements.map(({ id, title, demands, ...one }) => ({
          id,
          title,
          demands,
          ...shownFinding(one),
        })),
      };
    },
  }),
  route({
    method: "POST",
    path: "/sending/requirements/{domain}/test",
    summary: "Write a test letter of marketing, follow its link, and unsubscribe by it; it is sent to nobody.",
    area,
    who: "domain",
    params: { domain: theDomain },
    answer: z.object({ at: time, unsubscribe: FindingShown, format: FindingShown }),
    refuses: ["sending-off"],
    run: async ({ domain }, world) => {
      const found = requiring(world);
      if (found instanceof Problem) return found;
      const tested = await found.test(domain.name);
      return { at: at(tested.at), unsubscribe: shownFinding(tested.unsubscribe), format: shownFinding(tested.format) };
    },
  }),
  route({
    method: "GET",
    path: "/sending/listings",
    summary: "Our own addresses and sending domains that blocklists name.",
    area,
    who: "platform",
    answer: z.object({
      looked: z.boolean().describe("false: nobody looks, or not yet."),
      items: z.array(
        z.object({
          kind: z.enum(["address", "domain"]),
          subject: z.string(),
          since: time.nullable().describe("When it was seen there first."),
          lists: z.array(z.object({ zone: z.string(), code: z.string(), text: z.string().nullable() })),
          fix: z.string().describe("What to do."),
        }),
      ),
    }),
    refuses: ["sending-off"],
    run: async (_given, world) => {
      const found = requiring(world);
      if (found instanceof Problem) return found;
      const all = found.listings.all();
      return {
        looked: all !== undefined,
        items: [...(all?.values() ?? [])].map(({ kind, subject, lists, since }) => ({
          kind,
          subject,
          since: since === undefined ? null : at(since),
          fix: listingAdvice,
          lists: lists.map(({ zone, code, text }) => ({ zone, code, text: text ?? null })),
        })),
      };
    },
  }),
  route({
    method: "GET",
    path: "/sending/feedback",
    summary: "What postmaster pages said of our domains and addresses, as it was taken over.",
    area,
    who: "platform",
    answer: z.object({ items: z.array(FeedbackShown) }),
    refuses: ["sending-off"],
    run: async (_given, { sending }) =>
      sending === undefined ? sendingIsOff() : { items: (await sending.feedback.all()).map(shownFeedback) },
  }),
  route({
    method: "POST",
    path: "/sending/feedback/postmaster",
    summary: "Take over a file of Gmail's Postmaster Tools: CSV or JSON.",
    area,
    who: "platform",
    body: z.strictObject({ domain: z.string().min(1).max(255), data }),
    answer: z.object({ items: z.array(FeedbackShown) }),
    maxBodyBytes,
    refuses: ["sending-off"],
    run: async ({ body }, { sending }) =>
      sending === undefined
        ? sendingIsOff()
        : taken(await sending.feedback.takePostmaster(body.domain.toLowerCase(), body.data)),
  }),
  route({
    method: "POST",
    path: "/sending/feedback/snds",
    summary: "Take over the CSV of Microsoft's SNDS.",
    area,
    who: "platform",
    body: z.strictObject({ data }),
    answer: z.object({ items: z.array(FeedbackShown) }),
    maxBodyBytes,
    refuses: ["sending-off"],
    run: async ({ body }, { sending }) =>
      sending === undefined ? sendingIsOff() : taken(await sending.feedback.takeSnds(body.data)),
  }),
];
