/** "Where is my mail?" For administrators, for those of a tenant or domain, and for everybody about their own. */
import { z } from "zod";
import { inWords, stateOf, states } from "../../admin/journey-words.ts";
import { withoutTargets } from "../../inject/without-targets.ts";
import type { JourneyQuery } from "../../store/hosting.ts";
import type { JourneyEntry } from "../../store/store.ts";
import type { Actor } from "../actor.ts";
import { type ApiWorld, at, list, type Param, page, type Route, route, time } from "../route.ts";

const maxEntries = 1000;
const maxAddresses = 1000;
/** Those of one page are looked at one by one. */
const maxPage = 50;

const Journey = z
  .object({
    id: z.string(),
    at: time.describe("When it came."),
    from: z.string(),
    to: z.array(z.string()),
    subject: z.string().nullable(),
    state: z.enum(states),
    words: z.string().describe("What happened last."),
  })
  .meta({ id: "Journey" });

const WholeJourney = Journey.extend({
  steps: z.array(
    z.object({
      at: time,
      stage: z.string(),
      words: z.string(),
      detail: z.record(z.string(), z.unknown()),
    }),
  ),
}).meta({ id: "WholeJourney" });

type Entry = JourneyEntry & { readonly id: number };

/** Whose messages this actor may look for; undefined: everybody's. */
async function theirs(actor: Actor, { store }: ApiWorld): Promise<JourneyQuery["of"]> {
  const { within, account, role } = actor;
  if (within.kind === "all") return undefined;
  if (role === "user") {
    const own = await store.addresses({ account: account.id });
    const aliases = await store.hostedAddresses({ kind: "all" }, { limit: maxAddresses, search: account.name });
    const mine = aliases.filter(({ targets }) => targets.includes(account.name));
    return {
      addresses: [...new Set([account.name, ...[...own, ...mine].map(({ local, domain }) => `${local}@${domain}`)])],
    };
  }
  const domains = await store.hostedDomains(within, { limit: 100_000 });
  return { domains: domains.map(({ name }) => name) };
}

const isTheirs = (keys: readonly string[], of: NonNullable<JourneyQuery["of"]>): boolean =>
  "addresses" in of
    ? keys.some((key) => of.addresses.includes(key.replace(/^([^+@]+)\+[^@]*@/, "$1@")))
    : keys.some((key) => of.domains.includes(key.slice(key.lastIndexOf("@") + 1)));

/** Who got it here is told by name to those who administer them, and where an address leads that forwards to whom that belongs to. */
async function readable(
  whole: readonly Entry[],
  of: JourneyQuery["of"],
  { store }: ApiWorld,
): Promise<readonly Entry[]> {
  const forwarders = whole.flatMap(({ detail }) => detail["forwardedBy"] ?? []).map(String);
  const entries = of === undefined || forwarders.every((one) => isTheirs([one], of)) ? whole : withoutTargets(whole);
  const names = new Map<unknown, string | undefined>();
  for (const { detail } of entries)
    for (const id of Array.isArray(detail["accounts"]) ? detail["accounts"] : [])
      if (!names.has(id) && typeof id === "number") {
        const name = (await store.accounts({ id }))[0]?.name;
        names.set(id, name !== undefined && (of === undefined || isTheirs([name], of)) ? name : undefined);
      }
  return entries.map((entry) => {
    const { accounts } = entry.detail;
    if (!Array.isArray(accounts)) return entry;
    const shown = accounts.map((id) => names.get(id)).filter((name) => name !== undefined);
    return { ...entry, detail: { ...entry.detail, accounts: shown } };
  });
}

function summary(entries: readonly Entry[]): Omit<z.input<typeof Journey>, "id"> {
  const [first] = entries;
  const detail = first?.detail ?? {};
  const last = entries.at(-1);
  return {
    at: at(first?.at ?? 0),
    from: typeof detail["from"] === "string" ? detail["from"] : "",
    to: [detail["to"] ?? detail["recipients"] ?? detail["recipient"] ?? []].flat().map(String),
    subject: typeof detail["subject"] === "string" ? detail["subject"] : null,
    state: stateOf(entries),
    words: last === undefined ? "" : inWords(last),
  };
}

const theJourney: Param<readonly Entry[]> = {
  schema: z
    .string()
    .regex(/^[0-9a-z]{1,40}$/)
    .describe("The id of a message's journey."),
  find: async (text, actor, world) => {
    const entries = await world.store.journey(text, maxEntries);
    const of = await theirs(actor, world);
    if (
      entries.length === 0 ||
      (of !== undefined &&
        !isTheirs(
          entries.flatMap(({ keys }) => keys),
          of,
        ))
    )
      return undefined;
    return readable(entries, of, world);
  },
};

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/journeys",
    summary: "Look for messages by address, subject, id and time, the newest first.",
    description:
      "Without address and id the newest messages are looked through; a page may then be short, or empty, and have a next one.",
    area: "journeys",
    who: "user",
    query: z.object({
      limit: z.coerce.number().int().min(1).max(maxPage).default(25),
      cursor: page.cursor,
      address: z
        .string()
        .min(1)
        .max(330)
        .optional()
        .describe("Of the sender or a recipient; or of the server it came from."),
      id: z.string().min(1).max(1000).optional().describe("Message-ID, queue id."),
      subject: z.string().min(1).max(200).optional().describe("A part of it."),
      since: z.iso.datetime({ offset: true }).optional(),
      until: z.iso.datetime({ offset: true }).optional(),
    }),
    answer: list(Journey),
    run: async ({ actor, query }, world) => {
      const of = await theirs(actor, world);
      const { limit, cursor, address, id, subject, since, until } = query;
      const found = await world.store.journeys({
        key: id ?? address,
        subject,
        since: since === undefined ? undefined : Date.parse(since),
        until: until === undefined ? undefined : Date.parse(until),
        before: cursor === undefined ? undefined : Number(cursor) || 0,
        limit,
        ...(of === undefined ? {} : { of }),
      });
      const wanted = address?.toLowerCase();
      const heads = found.heads.filter(({ keys }) => id === undefined || wanted === undefined || keys.includes(wanted));
      const items = await Promise.all(
        heads.map(async (head) => {
          const trace = head.trace ?? "";
          const entries = trace === "" ? [head] : await world.store.journey(trace, maxEntries);
          const shown = await readable(entries.length === 0 ? [head] : entries, of, world);
          return { id: trace, ...summary(shown) };
        }),
      );
      const next = found.before === undefined ? null : Buffer.from(String(found.before)).toString("base64url");
      return { items, next };
    },
  }),
  route({
    method: "GET",
    path: "/journeys/{journey}",
    summary: "The whole journey of one message, in words.",
    area: "journeys",
    who: "user",
    params: { journey: theJourney },
    answer: WholeJourney,
    run: async ({ journey }) => ({
      id: journey[0]?.trace ?? "",
      ...summary(journey),
      steps: journey.map((entry) => ({
        at: at(entry.at),
        stage: entry.stage,
        words: inWords(entry),
        detail: entry.detail,
      })),
    }),
  }),
];
