/** A tenant's own part of sending at volume: how it goes, what waits and why, what came back. For its administrators, nobody else's is in it. */
import { z } from "zod";
import type { Tally as Counts } from "../../dispatch/conduct.ts";
import { streamsOf, throttlesFor, warmupsOf, whyWaits } from "../../dispatch/own-part.ts";
import { parkKey } from "../../dispatch/parks.ts";
import { parksOf, steer } from "../../dispatch/steer.ts";
import { sentenceOf } from "../../shape/meaning.ts";
import { isReplyClass } from "../../shape/reply-class.ts";
import type { SendingEvent } from "../../store/sending.ts";
import { type Standing, sentenceOf as sentenceOfStrikes, standingOf } from "../../uphold/strikes.ts";
import { conflict, notFound, Problem } from "../problem.ts";
import { type ApiWorld, at, type Route, route, time } from "../route.ts";
import { askedTenant, sendingIsOff, tenantName } from "../sending-tenant.ts";

const dayMs = 86_400_000;
/** Events that one look counts; a day with more is counted from its beginning, and says so. */
const maxCounted = 10_000;
const eventPage = 1000;
const shownBounces = 20;

const Tally = z.object({
  sent: z.int(),
  delivered: z.int(),
  bounced: z.int().describe("To addresses that do not exist."),
  complaints: z.int(),
  opened: z.int().describe("Messages that a person opened, of those whose opens are counted."),
  clicked: z.int().describe("Messages whose links a person followed, of those whose clicks are counted."),
});
const Shown = z
  .object({
    tenant: z.string(),
    state: z.string().describe("active, limited, paused (marketing waits) or suspended."),
    reason: z.string().nullable(),
    warning: z.string().nullable().describe("What receivers say of the mail, where it is more than it should be."),
    strikes: z
      .object({
        measure: z.enum(["none", "warn", "limit", "suspend"]),
        sentence: z.string(),
        in_force: z.array(z.object({ id: z.int(), at: time, expires_at: time, reason: z.string() })),
      })
      .describe("Given by an administrator for complaints that were right."),
    day: Tally,
    week: Tally,
    domains: z.array(z.object({ name: z.string(), returnPath: z.string(), feedback: z.string() })),
    warmups: z.array(
      z.object({
        scope: z.enum(["source", "domain"]),
        subject: z.string(),
        percent: z.int(),
        capacityPercent: z.int(),
        summary: z.string(),
        providers: z.array(
          z.object({
            provider: z.string(),
            title: z.string(),
            state: z.string(),
            step: z.int(),
            steps: z.int(),
            percent: z.int(),
            pausedUntil: time.nullable(),
            because: z.string(),
            advice: z.string().nullable(),
            daysLeft: z.array(z.number()).nullable(),
          }),
        ),
      }),
    ),
    throttles: z.array(
      z.object({
        scope: z.string(),
        subject: z.string(),
        provider: z.string(),
        title: z.string(),
        suspended: z.boolean(),
        slowedTo: z.number(),
        because: z.string(),
        since: time,
        until: time,
        advice: z.string().nullable(),
      }),
    ),
    streams: z.array(z.object({ name: z.string(), waiting: z.int() })),
    waiting: z.array(
      z.object({
        stream: z.string(),
        campaign: z.string(),
        provider: z.string(),
        title: z.string(),
        recipients: z.int(),
        next_at: time,
        why: z.string().describe("A sentence."),
      }),
    ),
    campaigns: z.array(z.object({ name: z.string(), stream: z.string(), state: z.string(), reason: z.string() })),
    classes: z
      .array(z.object({ class: z.string(), count: z.int(), means: z.string() }))
      .describe("Of what came back in the last day."),
    counted_all: z.boolean().describe("false: there are more events in the day than are counted here."),
    bounces: z
      .array(z.object({ at: time, address: z.string(), class: z.string(), reply: z.string(), means: z.string() }))
      .describe("The latest first."),
    webhooks: z.array(
      z.object({ id: z.string(), url: z.string(), state: z.string(), reason: z.string(), waiting: z.int() }),
    ),
  })
  .meta({ id: "OwnSending" });

const cameBack: ReadonlySet<string> = new Set(["bounced", "bounced-late", "expired"]);
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const meansOf = (name: string): string => sentenceOf(isReplyClass(name) ? name : "unknown", true);
const tallied = ({ hard, complaints, ...rest }: Counts) => ({
  ...rest,
  bounced: hard,
  complaints: Math.max(0, complaints),
});

/** What came back in the last day. */
async function bouncesOf(tenant: string, { store, webhooks, now }: ApiWorld) {
  const found: SendingEvent[] = [];
  let after = (await webhooks?.lastBefore(now() - dayMs)) ?? 0;
  let read = 0;
  for (let page = await store.sendingEvents({ after, tenant, limit: eventPage }); ; ) {
    found.push(...page.filter(({ type }) => cameBack.has(type)));
    read += page.length;
    if (page.length < eventPage || read >= maxCounted) return { found, all: page.length < eventPage };
    after = page.at(-1)!.id;
    page = await store.sendingEvents({ after, tenant, limit: eventPage });
  }
}

const maxStrikes = 100;
const shownStanding = (standing: Standing) => ({
  measure: standing.measure,
  sentence: sentenceOfStrikes(standing),
  in_force: standing.inForce.map(({ id, at: given, expiresAt, reason }) => ({
    id,
    at: at(given),
    expires_at: at(expiresAt),
    reason,
  })),
});

const states = { pause: "paused", resume: "sending", stop: "stopped" } as const;

/** A campaign that is stopped, by a person or by what receivers say of it, stays so. */
async function steerOwn(
  tenant: string,
  campaign: string,
  action: keyof typeof states,
  reason: string,
  world: ApiWorld,
) {
  const name = `${tenant}/${campaign}`;
  const known = world.sending?.model().campaign.get(name);
  if (known === undefined && (await parksOf(world.store, tenant, campaign)).length === 0)
    return notFound(`There is no campaign ${campaign}, and nothing of one waits.`);
  if (known?.state === "stopped" && action !== "stop")
    return conflict(`The campaign ${campaign} is stopped for good: ${known.reason}`);
  const state = states[action];
  const change = { state, reason: action === "resume" ? "" : reason };
  const edited = await steer(world, "campaign", name, change, "either", world.sending?.file);
  if (edited.kind === "refused") return conflict(edited.why);
  return { campaign, state, canceled: edited.canceled ?? 0 };
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/sending/own",
    summary: "A tenant's own part of sending: warm-up, what waits and why, what came back.",
    area: "sending",
    who: "domain",
    query: z.object({ tenant: tenantName.optional() }),
    answer: Shown,
    refuses: ["not-found", "sending-off"],
    run: async ({ actor, query }, world) => {
      const { sending, store, webhooks } = world;
      if (sending === undefined) return sendingIsOff();
      const tenant = await askedTenant(query.tenant, actor, world);
      if (tenant instanceof Problem) return tenant;
      const model = sending.model();
      const owner = model.tenant.get(tenant);
      const warmups = warmupsOf(model, tenant, sending.warmups());
      const throttles = throttlesFor(model, tenant, sending.throttles());
      const parks = (await store.queueParks())
        .map(({ park, ...rest }) => ({ ...parkKey(park), ...rest }))
        .filter((park) => park.tenant === tenant);
      const { day, week, verdict } = sending.conductOf(tenant);
      const { found, all } = await bouncesOf(tenant, world);
      const counts = new Map<string, number>();
      for (const { detail } of found) {
        const name = text(detail["class"]) || "unknown";
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      return {
        tenant,
        state: owner?.state ?? "active",
        reason: owner === undefined || owner.reason === "" ? null : owner.reason,
        warning: verdict.measure === "none" ? null : verdict.why,
        strikes: shownStanding(standingOf(await store.strikes({ tenant, limit: maxStrikes }), world.now())),
        day: tallied(day),
        week: tallied(week),
        domains: [...model.domain]
          .filter(([, one]) => one.tenant === tenant)
          .map(([name, { returnPath, feedback }]) => ({ name, returnPath, feedback })),
        warmups: warmups.map(({ scope, subject, percent, capacityPercent, summary, providers }) => ({
          scope,
          subject,
          percent,
          capacityPercent,
          summary,
          providers: providers.map((one) => ({
            provider: one.provider,
            title: one.title,
            state: one.state,
            step: one.step,
            steps: one.steps,
            percent: one.percent,
            pausedUntil: one.pausedUntil === undefined ? null : at(one.pausedUntil),
            because: one.because,
            advice: one.advice ?? null,
            daysLeft: one.daysLeft === undefined ? null : [...one.daysLeft],
          })),
        })),
        throttles: throttles.map((one) => ({
          scope: one.scope,
          subject: one.subject,
          provider: one.provider,
          title: sending.title(one.provider),
          suspended: one.suspended,
          slowedTo: one.slowedTo,
          because: one.because,
          since: at(one.since),
          until: at(one.until),
          advice: one.advice ?? null,
        })),
        streams: streamsOf(model, tenant).map((name) => ({
          name,
          waiting: parks.filter(({ stream }) => stream === name).reduce((sum, { recipients }) => sum + recipients, 0),
        })),
        waiting: parks.map((park) => ({
          stream: park.stream,
          campaign: park.campaign,
          provider: park.provider,
          title: park.provider === "" ? "not looked up yet" : sending.title(park.provider),
          recipients: park.recipients,
          next_at: at(park.nextAt),
          why: whyWaits(model, tenant, park, { warmups, throttles, title: sending.title(park.provider) }),
        })),
        campaigns: [...model.campaign]
          .filter(([name]) => name.startsWith(`${tenant}/`))
          .map(([name, { stream, state, reason }]) => ({ name: name.slice(tenant.length + 1), stream, state, reason })),
        classes: [...counts]
          .sort(([, one], [, other]) => other - one)
          .map(([name, count]) => ({ class: name, count, means: meansOf(name) })),
        counted_all: all,
        bounces: found
          .slice(-shownBounces)
          .reverse()
          .map(({ at: when, recipient, detail }) => ({
            at: at(when),
            address: recipient,
            class: text(detail["class"]) || "unknown",
            reply: text(detail["reply"]),
            means: meansOf(text(detail["class"])),
          })),
        webhooks: (webhooks?.list(tenant) ?? []).map(({ endpoint: { id, url, state, reason }, progress }) => ({
          id,
          url,
          state,
          reason,
          waiting: progress.retries.length,
        })),
      };
    },
  }),
  route({
    method: "POST",
    path: "/sending/own/campaigns",
    summary: "Pauses a campaign of the tenant, lets it go on, or stops it for good.",
    area: "sending",
    who: "domain",
    body: z.strictObject({
      tenant: tenantName.optional(),
      campaign: z.string().min(1).max(64),
      action: z.enum(["pause", "resume", "stop"]).describe("stop: what waits of it is never sent."),
    }),
    answer: z.object({
      campaign: z.string(),
      state: z.string(),
      canceled: z.int().describe("Recipients that were still waiting."),
    }),
    refuses: ["conflict", "not-found", "sending-off"],
    run: async ({ actor, body, audit }, world) => {
      if (world.sending === undefined) return sendingIsOff();
      const tenant = await askedTenant(body.tenant, actor, world);
      if (tenant instanceof Problem) return tenant;
      audit.target = `${tenant}/${body.campaign}`;
      return steerOwn(tenant, body.campaign, body.action, `${body.action} by ${actor.account.name}`, world);
    },
  }),
];
