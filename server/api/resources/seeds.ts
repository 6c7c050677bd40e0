/** Seed mailboxes, letters to them, and where mail came at each provider (docs/sending.md). */
import { z } from "zod";
import { parseMailbox } from "../../../protocol/smtp/address.ts";
import type { KnownProbe, KnownSeed, Put } from "../../seed/book.ts";
import type { Seeding } from "../../seed/engine.ts";
import { indexesOf, partNames } from "../../seed/inbox-index.ts";
import { hintFor, placementsOf, type Sum, saidOf, sumOf } from "../../seed/placement.ts";
import type { Entry, Run } from "../../seed/run.ts";
import { probeSchema, seedName, seedSchema } from "../../seed/schema.ts";
import { conflict, notFound, Problem, wrongField, wrongParameter } from "../problem.ts";
import { type ApiWorld, at, Created, list, type Param, page, paged, type Route, route, time } from "../route.ts";
import { sendingIsOff, tenantOf } from "../sending-tenant.ts";

const area = "sending";
const seedingOf = ({ seeding }: ApiWorld): Seeding | Problem<"sending-off"> => seeding ?? sendingIsOff();

// ---------------------------------------------------------------- mailboxes

const { password: _, oauth: __, anyCertificate: ___, ...seedShape } = seedSchema.shape;
const SeedShown = z
  .object({
    name: seedName,
    ...seedShape,
    spoiled: z.string().nullable().describe("Why it measures nothing any more."),
    looked_at: time.nullable(),
    trouble: z.string().nullable().describe("Why it could not be opened when it was looked into last."),
  })
  .meta({ id: "Seed" });
const shownSeed = ({ name, provider, address, host, port, tls, user, state, ...rest }: KnownSeed) => ({
  name,
  provider,
  address,
  host,
  port,
  tls,
  user,
  state,
  spoiled: rest.spoiled ?? null,
  looked_at: rest.lookedAt === undefined ? null : at(rest.lookedAt),
  trouble: rest.trouble ?? null,
});
const named = <T>(
  find: (world: ApiWorld) => Promise<readonly (T & { readonly name: string })[]>,
): Param<T & { readonly name: string }> => ({
  schema: z.string().min(1).max(64).describe("Its name."),
  find: async (text, _actor, world) => (await find(world)).find(({ name }) => name === text),
});
const theSeed = named<KnownSeed>(async ({ seeding }) => (await seeding?.book.seeds()) ?? []);
const theProbe = named<KnownProbe>(async ({ seeding }) => (await seeding?.book.probes()) ?? []);
const Tried = z.object({
  opens: z.boolean(),
  folders: z.array(z.string()).describe("Which are looked into."),
  why: z.string().nullable(),
});

async function put(work: Promise<Put>, seeding: Seeding): Promise<Problem<"conflict" | "validation"> | undefined> {
  const result = await work;
  if (result.kind === "refused")
    return result.field === undefined ? conflict(result.why) : wrongField(`/${result.field}`, result.why);
  await seeding.refresh();
  return undefined;
}
const seedBody = seedSchema.omit({ anyCertificate: true });
/** Without the values that new ones begin with: what is left out stays. */
const change = (shape: { readonly [field: string]: z.ZodType }) =>
  z.strictObject(
    Object.fromEntries(
      Object.entries(shape).map(([field, type]) => [
        field,
        (type instanceof z.ZodDefault ? (type.unwrap() as z.ZodType) : type).optional(),
      ]),
    ),
  );

// ---------------------------------------------------------------- what was found

const count = z.int();
const share = z.number();
const Summed = z
  .object({
    provider: z.string(),
    seen: count.describe("Seeds of which it is known where it came."),
    inbox: count,
    tab: count.describe("In the inbox, behind a tab."),
    junk: count,
    elsewhere: count,
    missing: count.describe("Taken by the receiver, and four hours later in no folder."),
    refused: count,
    open: count.describe("On the way, or not to be found out."),
    share: share.nullable().describe("In the inbox, tabs included, of what was seen."),
    low: share.describe("The true share lies between low and high (95 %, Wilson)."),
    high: share,
    enough: z.boolean().describe("false: fewer than ten seeds, too few for a number."),
    latency_seconds: z.number().nullable().describe("Between the receiver's 250 and the mailbox: the middle one."),
    says: z.string(),
  })
  .meta({ id: "Placement" });
const shownSum = (provider: string, sum: Sum): z.input<typeof Summed> => {
  const { seen, inbox, tab, junk, elsewhere, missing, refused, open, low, high, enough, latencyMs } = sum;
  return {
    provider,
    ...{ seen, inbox, tab, junk, elsewhere, missing, refused, open, low, high, enough },
    share: sum.share ?? null,
    latency_seconds: latencyMs === undefined ? null : Math.round(latencyMs / 1000),
    says: saidOf(sum),
  };
};

const RunShown = z
  .object({
    id: z.string(),
    tenant: z.string(),
    stream: z.string(),
    campaign: z.string().nullable(),
    probe: z.string().nullable(),
    domain: z.string(),
    started_at: time,
    ended_at: time.nullable(),
    placements: z.array(Summed),
  })
  .meta({ id: "SeedRun" });
const shownRun = (run: Run): z.input<typeof RunShown> => ({
  id: run.id,
  tenant: run.tenant,
  stream: run.stream,
  campaign: run.campaign === "" ? null : run.campaign,
  probe: run.probe === "" ? null : run.probe,
  domain: run.domain,
  started_at: at(run.startedAt),
  ended_at: run.endedAt === undefined ? null : at(run.endedAt),
  placements: [...Map.groupBy(run.entries, ({ provider }) => provider)].map(([provider, some]) =>
    shownSum(provider, sumOf(some)),
  ),
});
const states = ["waiting", "sent", "inbox", "tab", "junk", "elsewhere", "missing", "refused", "unknown"] as const;
const EntryShown = z.object({
  seed: z.string(),
  provider: z.string(),
  state: z.enum(states),
  source: z.string().nullable(),
  folder: z.string().nullable(),
  sent_at: time.nullable(),
  arrived_at: time.nullable(),
  authentication: z.string().nullable().describe("What its receiver says: spf=pass dkim=pass dmarc=pass."),
  why: z.string().nullable(),
});
const orNull = (when: number | undefined): string | null => (when === undefined ? null : at(when));
const shownEntry = (one: Entry): z.input<typeof EntryShown> => ({
  seed: one.seed,
  provider: one.provider,
  state: one.state,
  source: one.source ?? null,
  folder: one.folder ?? null,
  sent_at: orNull(one.sentAt),
  arrived_at: orNull(one.arrivedAt),
  authentication: one.authentication ?? null,
  why: one.why ?? null,
});
const theRun: Param<Run> = {
  schema: z.string().min(1).max(64).describe("The number of a run."),
  find: async (text, _actor, { seeding }) => (await seeding?.book.runs())?.find(({ id }) => id === text),
};

const ProbeShown = z
  .object({ name: seedName, ...probeSchema.shape, last_at: time.nullable() })
  .meta({ id: "SeedProbe" });
const shownProbe = ({ lastAt, ...probe }: KnownProbe): z.input<typeof ProbeShown> => ({
  ...probe,
  last_at: orNull(lastAt),
});

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/sending/seeds",
    summary: "Mailboxes of ours at providers, in which is looked where our mail comes.",
    area,
    who: "platform",
    query: z.object(page),
    answer: list(SeedShown),
    refuses: ["sending-off"],
    run: async ({ query: { limit, cursor = "" } }, world) => {
      const seeding = seedingOf(world);
      if (seeding instanceof Problem) return seeding;
      const rows = (await seeding.book.seeds()).filter(({ name }) => name > cursor).slice(0, limit + 1);
      return paged(rows, limit, (row) => row.name, shownSeed);
    },
  }),
  route({
    method: "POST",
    path: "/sending/seeds",
    summary: "Add a seed mailbox. Its password is kept, and shown to nobody.",
    area,
    who: "platform",
    body: z.strictObject({ name: seedName, ...seedBody.shape }),
    answer: SeedShown,
    status: 201,
    refuses: ["conflict", "sending-off"],
    run: async ({ body: { name, ...seed } }, world) => {
      const seeding = seedingOf(world);
      if (seeding instanceof Problem) return seeding;
      const wrong = await put(seeding.book.putSeed(name, seed, "new", world.sending!.providers()), seeding);
      if (wrong !== undefined) return wrong;
      const made = (await seeding.book.seeds()).find((one) => one.name === name);
      return new Created(shownSeed(made!), `/sending/seeds/${name}`);
    },
  }),
  route({
    method: "PATCH",
    path: "/sending/seeds/{seed}",
    summary: "Change a seed mailbox; one that was spoiled measures again.",
    area,
    who: "platform",
    params: { seed: theSeed },
    body: change(seedBody.shape),
    answer: SeedShown,
    refuses: ["conflict", "sending-off"],
    run: async ({ seed: { name }, body }, world) => {
      const seeding = seedingOf(world);
      if (seeding instanceof Problem) return seeding;
      const wrong = await put(seeding.book.putSeed(name, body, "known", world.sending!.providers()), seeding);
      if (wrong !== undefined) return wrong;
      return shownSeed((await seeding.book.seeds()).find((one) => one.name === name)!);
    },
  }),
  route({
    method: "DELETE",
    path: "/sending/seeds/{seed}",
    summary: "Forget a seed mailbox and its password.",
    area,
    who: "platform",
    params: { seed: theSeed },
    run: async ({ seed: { name } }, { seeding }) => {
      await seeding?.book.removeSeed(name);
      await seeding?.refresh();
      return undefined;
    },
  }),
  route({
    method: "POST",
    path: "/sending/seeds/{seed}/try",
    summary: "Open a seed mailbox, to see that it can be.",
    area,
    who: "platform",
    params: { seed: theSeed },
    answer: Tried,
    refuses: ["sending-off"],
    run: async ({ seed: { name } }, world) => {
      const tried = await world.seeding?.tryOne(name);
      return tried === undefined
        ? sendingIsOff()
        : { opens: tried.opens, folders: [...tried.folders], why: tried.why ?? null };
    },
  }),
  route({
    method: "GET",
    path: "/sending/seed-probes",
    summary: "Letters that are sent to the seeds by themselves.",
    area,
    who: "platform",
    answer: z.object({ items: z.array(ProbeShown) }),
    refuses: ["sending-off"],
    run: async (_given, world) => {
      const seeding = seedingOf(world);
      return seeding instanceof Problem ? seeding : { items: (await seeding.book.probes()).map(shownProbe) };
    },
  }),
  route({
    method: "POST",
    path: "/sending/seed-probes",
    summary: "Add a letter that is sent to the seeds by itself.",
    area,
    who: "platform",
    body: z.strictObject({ name: seedName, ...probeSchema.shape }),
    answer: ProbeShown,
    status: 201,
    refuses: ["conflict", "sending-off"],
    run: async ({ body: { name, ...probe } }, world) => {
      const seeding = seedingOf(world);
      if (seeding instanceof Problem) return seeding;
      const wrong = await put(seeding.book.putProbe(name, probe, "new"), seeding);
      if (wrong !== undefined) return wrong;
      return new Created({ ...probe, name, last_at: null }, `/sending/seed-probes/${name}`);
    },
  }),
  route({
    method: "PATCH",
    path: "/sending/seed-probes/{probe}",
    summary: "Change a probe.",
    area,
    who: "platform",
    params: { probe: theProbe },
    body: change(probeSchema.shape),
    answer: ProbeShown,
    refuses: ["conflict", "sending-off"],
    run: async ({ probe: { name }, body }, world) => {
      const seeding = seedingOf(world);
      if (seeding instanceof Problem) return seeding;
      const wrong = await put(seeding.book.putProbe(name, body, "known"), seeding);
      if (wrong !== undefined) return wrong;
      return shownProbe((await seeding.book.probes()).find((one) => one.name === name)!);
    },
  }),
  route({
    method: "DELETE",
    path: "/sending/seed-probes/{probe}",
    summary: "Send it no more.",
    area,
    who: "platform",
    params: { probe: theProbe },
    run: async ({ probe: { name } }, { seeding }) => {
      await seeding?.book.removeProbe(name);
      return undefined;
    },
  }),
  route({
    method: "POST",
    path: "/sending/seed-probes/{probe}/run",
    summary: "Send a probe now, to the seeds that may have one today (one a day of each tenant).",
    area,
    who: "platform",
    params: { probe: theProbe },
    answer: RunShown,
    refuses: ["conflict", "sending-off"],
    run: async ({ probe }, world) => {
      const seeding = seedingOf(world);
      if (seeding instanceof Problem) return seeding;
      const run = await seeding.probe(probe);
      return typeof run === "string" ? conflict(run) : shownRun(run);
    },
  }),
  route({
    method: "GET",
    path: "/sending/seed-runs",
    summary: "Letters to the seeds and where they came, the latest first; kept for 30 days.",
    area,
    who: "platform",
    query: z.object({ limit: z.coerce.number().int().min(1).max(500).default(50) }),
    answer: z.object({ items: z.array(RunShown) }),
    refuses: ["sending-off"],
    run: async ({ query: { limit } }, world) => {
      const seeding = seedingOf(world);
      if (seeding instanceof Problem) return seeding;
      return { items: (await seeding.book.runs()).slice(0, limit).map(shownRun) };
    },
  }),
  route({
    method: "GET",
    path: "/sending/seed-runs/{run}",
    summary: "One letter to the seeds: each mailbox.",
    area,
    who: "platform",
    params: { run: theRun },
    answer: RunShown.extend({ seeds: z.array(EntryShown) }),
    run: async ({ run }) => ({ ...shownRun(run), seeds: run.entries.map(shownEntry) }),
  }),
  route({
    method: "POST",
    path: "/sending/seed-runs/look",
    summary: "Look into the seed mailboxes now, for all runs that are not over.",
    area,
    who: "platform",
    answer: z.object({ items: z.array(RunShown) }),
    refuses: ["sending-off"],
    run: async (_given, world) => {
      const seeding = seedingOf(world);
      if (seeding instanceof Problem) return seeding;
      await seeding.tick(true);
      return { items: (await seeding.book.openRuns()).map(shownRun) };
    },
  }),
  route({
    method: "GET",
    path: "/sending/placement",
    summary: "Where mail came in the last week, by provider, as seed mailboxes saw it; and day by day.",
    description: "Seeds are few and nobody's mailbox: they point a direction. Read the interval, not the share.",
    area,
    who: "platform",
    answer: z.object({
      items: z.array(
        Summed.extend({
          title: z.string(),
          trend: z
            .enum(["better", "worse", "same", "unknown"])
            .describe("The last seven days beside those before, where they differ by more than chance."),
          days: z.array(z.object({ day: z.string(), seen: count, share: share.nullable(), low: share, high: share })),
        }),
      ),
    }),
    refuses: ["sending-off"],
    run: async (_given, world) => {
      const seeding = seedingOf(world);
      if (seeding instanceof Problem) return seeding;
      return {
        items: placementsOf(await seeding.book.runs(), world.now()).map(({ provider, trend, days, ...sum }) => ({
          ...shownSum(provider, sum),
          title: world.sending!.title(provider),
          trend,
          days: days.map((day) => ({ ...day, share: day.share ?? null })),
        })),
      };
    },
  }),
  route({
    method: "GET",
    path: "/sending/inbox-index",
    summary: "One figure for each provider at which anything was measured, with the parts that it is made of.",
    description:
      "0.4 seeds, 0.3 clicks, 0.2 complaints, 0.1 deferrals, over the parts that were measured: see measured before you see the index.",
    area,
    who: "platform",
    answer: z.object({
      items: z.array(
        z.object({
          provider: z.string(),
          title: z.string(),
          index: z.int().describe("0 to 100."),
          measured: z.number().describe("Weight of the measured parts, of 1."),
          says: z.string(),
          parts: z.array(
            z.object({
              name: z.enum(partNames),
              weight: z.number(),
              value: z.number().nullable().describe("0 to 1; null: not measured."),
              says: z.string(),
            }),
          ),
        }),
      ),
    }),
    refuses: ["sending-off"],
    run: async (_given, world) => {
      const seeding = seedingOf(world);
      if (seeding instanceof Problem) return seeding;
      const sending = world.sending!;
      const known = { runs: await seeding.book.runs(), feedback: await sending.feedback.all(), seenAt: sending.seenAt };
      return {
        items: indexesOf([...sending.providers(), "other"], known, world.now()).map(({ index = 0, parts, ...one }) => ({
          ...one,
          index,
          title: sending.title(one.provider),
          parts: parts.map((part) => ({ ...part, value: part.value ?? null })),
        })),
      };
    },
  }),
  route({
    method: "GET",
    path: "/placement-hint",
    summary: "Whether people at a provider should be told to look in their junk folder.",
    description:
      "For a program that waits for somebody to confirm: ask when nothing has come back for show_after_seconds. By the tenant's own seeds of the last week, or everybody's where those are too few.",
    area: "emails",
    who: "user",
    query: z.object({
      provider: z.string().max(64).optional().describe("A provider's key: gmail."),
      address: z.string().max(330).optional().describe("Whose mail it is about; the provider is known by its domain."),
    }),
    answer: z.object({
      provider: z.string(),
      title: z.string(),
      hint: z.enum(["look-in-junk", "look-in-tab", "none", "unknown"]),
      says: z.string(),
      show_after_seconds: z.int(),
      measured: Summed,
    }),
    refuses: ["not-found", "sending-off"],
    run: async ({ actor, query: { provider, address } }, world) => {
      const seeding = seedingOf(world);
      const { sending, now } = world;
      if (seeding instanceof Problem || sending === undefined) return sendingIsOff();
      if ((provider === undefined) === (address === undefined))
        return wrongParameter("provider", "Give either provider or address.");
      const mailbox = address === undefined ? undefined : parseMailbox(address);
      if (address !== undefined && mailbox === undefined) return wrongParameter("address", "This is no address.");
      const key = provider ?? sending.classify("", mailbox!.domain).provider;
      if (key !== "other" && !sending.providers().includes(key)) return notFound(`There is no provider "${key}".`);
      const { hint, says, sum } = hintFor(key, await seeding.book.recentRuns(), await tenantOf(actor, world), now());
      return {
        provider: key,
        title: sending.title(key),
        hint,
        says,
        show_after_seconds: 120,
        measured: shownSum(key, sum),
      };
    },
  }),
];
