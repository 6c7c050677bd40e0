/** Sending at volume: its model, how warm each address is, what is slowed and why (docs/sending.md). */
import { z } from "zod";
import { loadModel, removeThing, shownThing } from "../../dispatch/edit.ts";
import { about, type Kind, kinds, schemas } from "../../dispatch/schema.ts";
import type { WarmupStatus } from "../../dispatch/status.ts";
import { steer } from "../../dispatch/steer.ts";
import { conflict, notFound, Problem, wrongField } from "../problem.ts";
import { type ApiWorld, at, Created, list, type Param, page, paged, type Route, route, time } from "../route.ts";
import { sendingIsOff } from "../sending-tenant.ts";

// ---------------------------------------------------------------- the model

const plurals: { readonly [kind in Kind]: string } = {
  source: "sources",
  pool: "pools",
  stream: "streams",
  tenant: "tenants",
  domain: "domains",
  campaign: "campaigns",
};
type Thing = { readonly name: string; readonly value: object };

/** Fields that may be left out, and stay then what they are: without the values that new things begin with. */
function changeOf(shape: { readonly [field: string]: z.ZodType }): z.ZodObject {
  return z.strictObject(
    Object.fromEntries(
      Object.entries(shape)
        .filter(([field]) => field !== "since")
        .map(([field, type]) => [
          field,
          (type instanceof z.ZodDefault ? (type.unwrap() as z.ZodType) : type).optional(),
        ]),
    ),
  );
}

function routesOf(kind: Kind): readonly Route[] {
  const path = `/sending/${plurals[kind]}`;
  const name = z.string().min(1).max(300).describe("Its name.");
  const { since: _, ...shape } = schemas[kind].shape as { readonly [field: string]: z.ZodType };
  const Shown = z
    .object({ name, ...shape, inFile: z.boolean().describe("Written in the configuration: it is changed there.") })
    .meta({ id: `Sending${kind.charAt(0).toUpperCase()}${kind.slice(1)}` });
  const shown = ({ name: named, value }: Thing, fixed: ReadonlySet<string>): never =>
    // The schema of the answer says again which fields there are.
    ({ ...shownThing(value), name: named, inFile: fixed.has(`${kind} ${named}`) }) as never;
  const read = ({ store, sending }: ApiWorld) => loadModel(store, sending?.file);
  const theThing: Param<Thing> = {
    schema: name,
    find: async (text, _actor, world) => {
      const value = (await read(world))[kind].get(text);
      return value === undefined ? undefined : { name: text, value };
    },
  };
  const put = async (
    named: string,
    change: { readonly [field: string]: unknown },
    make: "new" | "known",
    world: ApiWorld,
  ): Promise<never | Problem<"conflict" | "validation">> => {
    const edited = await steer(world, kind, named, change, make, world.sending?.file);
    if (edited.kind === "refused") return make === "new" ? wrongField("/name", edited.why) : conflict(edited.why);
    const model = await read(world);
    return shown({ name: named, value: model[kind].get(named) ?? {} }, model.fixed);
  };
  const params = { [kind]: theThing };
  return [
    route({
      method: "GET",
      path,
      summary: `Lists all: ${about[kind]}.`,
      area: "sending",
      who: "platform",
      query: z.object(page),
      answer: list(Shown),
      run: async ({ query: { limit, cursor = "" } }, world) => {
        const model = await read(world);
        const rows = [...model[kind]]
          .map(([named, value]): Thing => ({ name: named, value }))
          .filter(({ name: named }) => named > cursor)
          .sort((one, other) => (one.name < other.name ? -1 : 1));
        return paged(
          rows.slice(0, limit + 1),
          limit,
          (row) => row.name,
          (row) => shown(row, model.fixed),
        );
      },
    }),
    route({
      method: "POST",
      path,
      summary: `Adds ${about[kind]}.`,
      area: "sending",
      who: "platform",
      body: z.strictObject({ name, ...shape }),
      answer: Shown,
      status: 201,
      refuses: ["conflict"],
      run: async ({ body, audit }, world) => {
        const { name: named, ...change } = body as { readonly name: string };
        audit.target = named;
        const made = await put(named, change, "new", world);
        return made instanceof Problem ? made : new Created(made, `${path}/${encodeURIComponent(named)}`);
      },
    }),
    route({
      method: "GET",
      path: `${path}/{${kind}}`,
      summary: `Shows ${about[kind]}.`,
      area: "sending",
      who: "platform",
      params,
      answer: Shown,
      run: async (given, world) => shown(given[kind] as Thing, (await read(world)).fixed),
    }),
    route({
      method: "PATCH",
      path: `${path}/{${kind}}`,
      summary: `Changes ${about[kind]}.`,
      area: "sending",
      who: "platform",
      params,
      body: changeOf(shape),
      answer: Shown,
      refuses: ["conflict"],
      run: async (given, world) => put((given[kind] as Thing).name, given.body, "known", world),
    }),
    route({
      method: "DELETE",
      path: `${path}/{${kind}}`,
      summary: `Removes ${about[kind]}, where nothing else needs it.`,
      area: "sending",
      who: "platform",
      params,
      refuses: ["conflict"],
      run: async (given, world) => {
        const edited = await removeThing(world.store, kind, (given[kind] as Thing).name, world.sending?.file);
        return edited.kind === "refused" ? conflict(edited.why) : undefined;
      },
    }),
  ];
}

// ---------------------------------------------------------------- what it does now

const Throttle = z
  .object({
    scope: z.string(),
    subject: z.string(),
    provider: z.string(),
    rule: z.string().describe("Of the shaping file."),
    suspended: z.boolean(),
    slowedTo: z.number().describe("1: as usual."),
    because: z.string().describe("What the receiver said."),
    hits: z.int(),
    since: time,
    until: time,
    advice: z.string().nullable().describe("What to do."),
  })
  .meta({ id: "Throttle" });

const Warmup = z
  .object({
    scope: z.enum(["source", "domain"]),
    subject: z.string(),
    percent: z.int().describe("Proven, weighed by planned volume."),
    capacityPercent: z.int().describe("Of the planned volume, what can be carried now."),
    summary: z.string(),
    providers: z.array(
      z.object({
        provider: z.string(),
        title: z.string(),
        state: z.string(),
        step: z.int(),
        steps: z.int(),
        levels: z.array(z.int()).describe("Messages a day, level by level; the last is the target."),
        level: z.int().describe("The one that it is at, by its place in levels."),
        days: z
          .array(z.object({ day: z.string(), delivered: z.int() }))
          .describe("What was delivered on green days of the last 30."),
        percent: z.int(),
        capacityPercent: z.int(),
        used: z.int().describe("Sent today."),
        cap: z.int().describe("Of today."),
        bound: z.string().nullable().describe("Why it is less than the level's."),
        target: z.int(),
        pausedUntil: time.nullable(),
        needsPerson: z.boolean(),
        asserted: z.boolean().describe("Said to be warm by a person, never proven."),
        because: z.string(),
        advice: z.string().nullable(),
        daysLeft: z.array(z.number()).nullable().describe("From and to, by the pace so far."),
        gates: z.array(z.object({ signal: z.string(), level: z.string(), said: z.string() })),
      }),
    ),
  })
  .meta({ id: "Warmup" });

const shownWarmup = ({ scope, subject, percent, capacityPercent, summary, providers }: WarmupStatus) => ({
  scope,
  subject,
  percent,
  capacityPercent,
  summary,
  providers: providers.map(({ today, pausedUntil, advice, daysLeft, gates, levels, days, ...rest }) => ({
    ...rest,
    levels: levels.map(Math.round),
    days: [...days],
    used: Math.round(today.used),
    cap: Math.round(today.cap),
    bound: rest.bound ?? null,
    pausedUntil: pausedUntil === undefined ? null : at(pausedUntil),
    advice: advice ?? null,
    daysLeft: daysLeft === undefined ? null : [...daysLeft],
    gates: [...gates],
  })),
});

const Park = z.object({
  tenant: z.string(),
  stream: z.string(),
  campaign: z.string(),
  provider: z.string(),
  domain: z.string(),
  recipients: z.int(),
  nextAt: time.describe("When the next of it may go."),
  because: z.string().describe("Why it does not go now."),
});

export const routes: readonly Route[] = [
  ...kinds.flatMap(routesOf),
  route({
    method: "GET",
    path: "/sending/warmups",
    summary: "How warm each source and sending domain is, what holds it up, and what to do.",
    area: "sending",
    who: "platform",
    answer: z.object({ items: z.array(Warmup) }),
    refuses: ["sending-off"],
    run: async (_, { sending }) =>
      sending === undefined ? sendingIsOff() : { items: sending.warmups().map(shownWarmup) },
  }),
  route({
    method: "POST",
    path: "/sending/warmups",
    summary: "Pauses a warm-up, lets it go on, or says that it is warm already.",
    area: "sending",
    who: "platform",
    body: z.strictObject({
      scope: z.enum(["source", "domain"]).default("source"),
      subject: z.string().min(1).max(300).describe("The source, or the sending domain."),
      provider: z.string().min(1).max(100),
      action: z
        .enum(["resume", "pause", "assert"])
        .describe("assert: its quota is the planned volume at once; shown as asserted, never as proven."),
    }),
    answer: Warmup,
    refuses: ["not-found", "sending-off"],
    run: async ({ body: { action, ...of }, actor, audit }, { sending }) => {
      if (sending === undefined) return sendingIsOff();
      audit.target = `${of.subject} ${of.provider}`;
      if (!(await sending.changePlan(of, action, actor.account.name)))
        return wrongField("/provider", `${of.subject} has no warm-up at ${of.provider}.`);
      const found = sending.warmups().find(({ scope, subject }) => scope === of.scope && subject === of.subject);
      return found === undefined ? notFound() : shownWarmup(found);
    },
  }),
  route({
    method: "GET",
    path: "/sending/throttles",
    summary: "What is slowed or suspended now: why, since when, until when, and what to do.",
    area: "sending",
    who: "platform",
    answer: z.object({ items: z.array(Throttle) }),
    refuses: ["sending-off"],
    run: async (_, { sending }) =>
      sending === undefined
        ? sendingIsOff()
        : {
            items: sending.throttles().map(({ since, until, advice, ...one }) => ({
              ...one,
              since: at(since),
              until: at(until),
              advice: advice ?? null,
            })),
          },
  }),
  route({
    method: "POST",
    path: "/sending/throttles/release",
    summary: "Takes throttles back before their time.",
    area: "sending",
    who: "platform",
    body: z
      .strictObject({
        rule: z.string().max(100).optional(),
        subject: z.string().max(300).optional(),
        provider: z.string().max(100).optional(),
      })
      .refine((body) => Object.keys(body).length > 0, "Say which: rule, subject or provider."),
    answer: z.object({ released: z.int() }),
    refuses: ["sending-off"],
    run: async ({ body: { rule, subject, provider } }, { sending }) =>
      sending === undefined
        ? sendingIsOff()
        : {
            released: await sending.cancelThrottles(
              (one) =>
                (rule === undefined || one.rule === rule) &&
                (subject === undefined || one.subject === subject) &&
                (provider === undefined || one.provider === provider),
            ),
          },
  }),
  route({
    method: "GET",
    path: "/sending/parks",
    summary: "Where tenants' mail waits for its turn, and why.",
    area: "sending",
    who: "platform",
    answer: z.object({ items: z.array(Park) }),
    run: async (_, { sending }) => ({
      items: ((await sending?.waiting()) ?? []).map(({ nextAt, ...one }) => ({ ...one, nextAt: at(nextAt) })),
    }),
  }),
  route({
    method: "GET",
    path: "/sending/flooded",
    summary: "Addresses whose mail is paused because too many tenants write to them at once.",
    area: "sending",
    who: "platform",
    answer: z.object({ items: z.array(z.object({ address: z.string(), until: time })) }),
    refuses: ["sending-off"],
    run: async (_, { sending }) =>
      sending === undefined
        ? sendingIsOff()
        : { items: sending.flooded().map(([address, until]) => ({ address, until: at(until) })) },
  }),
  route({
    method: "POST",
    path: "/sending/flooded/lift",
    summary: "Lets mail to such an address go on.",
    area: "sending",
    who: "platform",
    body: z.strictObject({ address: z.string().min(3).max(330) }),
    refuses: ["not-found", "sending-off"],
    run: async ({ body: { address } }, { sending }) => {
      if (sending === undefined) return sendingIsOff();
      return (await sending.unflood(address)) ? undefined : notFound(`Mail to ${address} is not paused.`);
    },
  }),
  route({
    method: "GET",
    path: "/sending/alerts",
    summary: "Replies that want somebody's attention, the latest first.",
    area: "sending",
    who: "platform",
    answer: z.object({
      items: z.array(
        z.object({
          at: time,
          rule: z.string(),
          provider: z.string(),
          source: z.string(),
          domain: z.string(),
          reply: z.string(),
          fix: z.string().nullable(),
        }),
      ),
    }),
    refuses: ["sending-off"],
    run: async (_, { sending }) =>
      sending === undefined
        ? sendingIsOff()
        : { items: sending.alerts().map(({ fix, at: when, ...one }) => ({ ...one, at: at(when), fix: fix ?? null })) },
  }),
];
