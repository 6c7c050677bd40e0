/** Seed mailboxes: where our mail comes at its receivers (docs/sending.md). */
import { jsonOf } from "../fetch/access-token.ts";
import type { KnownProbe, KnownSeed, Put } from "../seed/book.ts";
import type { Seeding } from "../seed/engine.ts";
import { indexesOf } from "../seed/inbox-index.ts";
import { placementsOf, saidOf, sumOf } from "../seed/placement.ts";
import type { Run } from "../seed/run.ts";
import { type Command, command, done, no, type Outcome, time, type World } from "./command.ts";
import { passwordOf, passwordThere } from "./password-there.ts";

const off = "Seeds are looked after by the running server: start it, with enabled = true in [sending].";

const withSeeding = async (world: World, work: (seeding: Seeding) => Promise<Outcome>): Promise<Outcome> =>
  world.seeding === undefined ? no(off) : work(world.seeding);

/** Without what is secret. */
export const shownSeed = ({ name, provider, address, host, port, state, spoiled, lookedAt, trouble }: KnownSeed) => ({
  name,
  provider,
  address,
  at: `${host}:${port}`,
  state: spoiled === undefined ? state : "spoiled",
  why: spoiled ?? trouble,
  lookedAt: time(lookedAt),
});
const shownProbe = ({ name, from, stream, subject, every, providers, lastAt }: KnownProbe) => ({
  name,
  from,
  stream,
  subject,
  every: every === "" ? "by hand" : every,
  providers: providers.length === 0 ? undefined : providers,
  lastAt: time(lastAt),
});

const shownRun = ({ id, tenant, campaign, probe, domain, startedAt, endedAt, entries }: Run) => ({
  id,
  tenant,
  of: campaign === "" ? (probe === "" ? undefined : `probe ${probe}`) : `campaign ${campaign}`,
  domain,
  startedAt: time(startedAt),
  state: endedAt === undefined ? "under way" : "over",
  providers: [...Map.groupBy(entries, ({ provider }) => provider)].map(
    ([provider, some]) => `${provider}: ${saidOf(sumOf(some))}`,
  ),
});

async function put(work: Promise<Put>, seeding: Seeding, shown: () => Promise<unknown>): Promise<Outcome> {
  const result = await work;
  if (result.kind === "refused") return no(result.why, result.field);
  await seeding.refresh();
  return done(await shown());
}

const without = (given: { readonly [name: string]: unknown }): { readonly [name: string]: unknown } =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

const name = { type: "text", placed: true, required: true, help: "its name" } as const;
const seedArguments = {
  provider: { type: "text", help: "whose mailbox it is: gmail, microsoft-consumer, …, other" },
  address: { type: "text", help: "its address" },
  host: { type: "text", help: "the provider's IMAP server" },
  port: { type: "number", help: "993 by default" },
  tls: { type: "text", choices: ["implicit", "starttls", "none"], help: "implicit by default" },
  user: { type: "text", help: "the name there; the address by default" },
  ...passwordThere,
  oauthFile: {
    type: "file",
    help: 'where no passwords are taken, a JSON file: {"tokenUrl", "clientId", "clientSecret", "refreshToken"}',
  },
  anyCertificate: { type: "flag", help: "do not check the certificate: a server of one's own" },
} as const;
const probeArguments = {
  from: { type: "text", help: "an address of a sending domain" },
  subject: { type: "text", help: "of the letter" },
  text: { type: "file", help: "a file with its text" },
  html: { type: "file", help: "a file with its HTML" },
  stream: { type: "text", help: "transactional by default" },
  every: { type: "text", help: 'by itself so often: 6h, 1d (the default); "" is never' },
  providers: { type: "list", help: "only seeds at these" },
} as const;

const seedOf = ({
  password,
  passwordFile,
  oauthFile,
  ...given
}: {
  readonly [name: string]: unknown;
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly oauthFile: string | undefined;
}) =>
  without({
    ...given,
    password: passwordOf({ password, passwordFile }),
    oauth: oauthFile === undefined ? undefined : (jsonOf(Buffer.from(oauthFile)) ?? "no JSON"),
  });

export const seedCommands: readonly Command[] = [
  command(
    "seed add",
    "Adds a mailbox of ours at a provider, in which is looked where our mail comes; it is opened to see that it can be.",
    { name, ...seedArguments },
    ({ name: of, ...given }, world) =>
      withSeeding(world, (seeding) =>
        put(seeding.book.putSeed(of, seedOf(given), "new", world.sending!.providers()), seeding, () =>
          seeding.tryOne(of),
        ),
      ),
  ),
  command(
    "seed set",
    "Changes a seed mailbox; one that was spoiled measures again.",
    {
      name,
      ...seedArguments,
      state: { type: "text", choices: ["active", "paused"], help: "paused: it gets no letters" },
    },
    ({ name: of, ...given }, world) =>
      withSeeding(world, (seeding) =>
        put(seeding.book.putSeed(of, seedOf(given), "known", world.sending!.providers()), seeding, () =>
          seeding.tryOne(of),
        ),
      ),
  ),
  command(
    "seed try",
    "Opens a seed mailbox, and says which folders are looked into.",
    { name },
    ({ name: of }, world) =>
      withSeeding(world, async (seeding) => {
        const tried = await seeding.tryOne(of);
        return tried === undefined ? no(`There is no seed "${of}".`) : done(tried);
      }),
  ),
  command("seed list", "Seed mailboxes, and what is wrong with them.", {}, (_, world) =>
    withSeeding(world, async ({ book }) => done((await book.seeds()).map(shownSeed))),
  ),
  command("seed remove", "Forgets a seed mailbox and its password.", { name }, ({ name: of }, world) =>
    withSeeding(world, async (seeding) => {
      if (!(await seeding.book.removeSeed(of))) return no(`There is no seed "${of}".`);
      await seeding.refresh();
      return done({ removed: of });
    }),
  ),
  command(
    "seed probe add",
    "Adds a letter that is sent to the seeds by itself, once a day.",
    { name, ...probeArguments },
    ({ name: of, ...given }, world) =>
      withSeeding(world, (seeding) =>
        put(seeding.book.putProbe(of, without(given), "new"), seeding, async () =>
          (await seeding.book.probes()).filter((one) => one.name === of).map(shownProbe),
        ),
      ),
  ),
  command("seed probe set", "Changes a probe.", { name, ...probeArguments }, ({ name: of, ...given }, world) =>
    withSeeding(world, (seeding) =>
      put(seeding.book.putProbe(of, without(given), "known"), seeding, async () =>
        (await seeding.book.probes()).filter((one) => one.name === of).map(shownProbe),
      ),
    ),
  ),
  command("seed probe list", "Probes, and when each was sent last.", {}, (_, world) =>
    withSeeding(world, async ({ book }) => done((await book.probes()).map(shownProbe))),
  ),
  command("seed probe remove", "Sends it no more.", { name }, ({ name: of }, world) =>
    withSeeding(world, async ({ book }) =>
      (await book.removeProbe(of)) ? done({ removed: of }) : no(`There is no probe "${of}".`),
    ),
  ),
  command(
    "seed probe run",
    "Sends a probe now, to the seeds that may have one today.",
    { name },
    ({ name: of }, world) =>
      withSeeding(world, async (seeding) => {
        const found = (await seeding.book.probes()).find((one) => one.name === of);
        if (found === undefined) return no(`There is no probe "${of}".`);
        const run = await seeding.probe(found);
        return typeof run === "string" ? no(run) : done(shownRun(run));
      }),
  ),
  command(
    "seed runs",
    "Letters to the seeds, the latest first; with its number, each mailbox of one.",
    { run: { type: "text", placed: true, help: "of one run" } },
    ({ run: id }, world) =>
      withSeeding(world, async ({ book }) => {
        const runs = await book.runs();
        if (id === undefined) return done(runs.slice(0, 50).map(shownRun));
        const one = runs.find((each) => each.id === id);
        if (one === undefined) return no(`There is no run ${id}. See them all: angarium seed runs`);
        return done({
          ...shownRun(one),
          seeds: one.entries.map(
            ({ seed, provider, state, folder, source, sentAt, arrivedAt, authentication, why }) => ({
              seed,
              provider,
              state,
              folder,
              source,
              sentAt: time(sentAt),
              arrivedAt: time(arrivedAt),
              authentication,
              why,
            }),
          ),
        });
      }),
  ),
  command("seed look", "Looks into the seed mailboxes now, for all that is not over.", {}, (_, world) =>
    withSeeding(world, async (seeding) => {
      await seeding.tick(true);
      return done((await seeding.book.openRuns()).map(shownRun));
    }),
  ),
  command(
    "placement index",
    "One figure for each provider, out of what was measured there (seeds, complaints, deferrals), and its parts.",
    {},
    (_, world) =>
      withSeeding(world, async ({ book }) => {
        const { sending, now } = world;
        if (sending === undefined) return no("Sending at volume is switched off: set enabled = true in [sending].");
        const known = { runs: await book.runs(), feedback: await sending.feedback.all(), seenAt: sending.seenAt };
        return done(
          indexesOf([...sending.providers(), "other"], known, now()).map(({ provider, index, measured, says }) => ({
            provider,
            index,
            measured: `${Math.round(measured * 100)} %`,
            says,
          })),
        );
      }),
  ),
  command("placement", "Where our mail came in the last week, by provider, as seed mailboxes saw it.", {}, (_, world) =>
    withSeeding(world, async ({ book }) =>
      done(
        placementsOf(await book.runs(), world.now()).map((one) => ({
          provider: one.provider,
          says: saidOf(one),
          trend: one.trend,
          seconds: one.latencyMs === undefined ? undefined : Math.round(one.latencyMs / 1000),
        })),
      ),
    ),
  ),
];
