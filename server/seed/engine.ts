/** Sends letters to seed mailboxes beside campaigns and by itself, looks where they came, and says so to the warm-ups they are about. */
import { randomBytes } from "node:crypto";
import type { Mac } from "../../protocol/return-path/srs.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, replyText } from "../../protocol/smtp/reply.ts";
import { parseDuration } from "../base/units.ts";
import { CannotCarry } from "../carry/put.ts";
import { cameFromHere } from "../deliver/came-from-here.ts";
import type { Model } from "../dispatch/model.ts";
import { type Sender, senderOf } from "../dispatch/sender.ts";
import { noNotices } from "../inject/inject.ts";
import type { Guard } from "../net/guard.ts";
import type { Received } from "../receive/received.ts";
import { type SendingEvent, siteQuotaPrefix } from "../store/sending.ts";
import type { Instant, Store } from "../store/store.ts";
import type { Signals } from "../warm/account.ts";
import { isPoorRun } from "../warm/gates.ts";
import type { Plan } from "../warm/plan.ts";
import { type KnownProbe, type KnownSeed, SeedBook } from "./book.ts";
import { letterLike, markOf, probeLetter } from "./letter.ts";
import { type LookPorts, lookInto, type Seen } from "./look.ts";
import { enoughSeeds, freshMs, saidOf, sumOf } from "./placement.ts";
import { afterLook, chosen, type Entry, givesUpMs, isOver, nextLook, type Run, spoiledBy } from "./run.ts";

export type SeedStore = Pick<
  Store,
  "sendingRows" | "putSendingRows" | "takeQuota" | "trace" | "sendingEvents" | "addSendingEvents"
>;
export type SeedPorts = LookPorts & {
  readonly guard: Guard;
  readonly store: SeedStore;
  readonly model: () => Model;
  readonly providers: readonly string[];
  readonly signal: (matches: (plan: Plan) => boolean, signals: Partial<Signals>) => Promise<void>;
  readonly mac: Mac;
  readonly submit: (mail: Received) => Promise<readonly Reply[]>;
  readonly ourHost: string;
  readonly newId: () => string;
  readonly now: () => Instant;
  readonly random: () => number;
};

/** Larger letters of campaigns get no seeds. */
const maxLetterBytes = 256 * 1024;
/** Campaigns whose letter is held until the rest of their seeds have it. */
const maxHeld = 50;
/** A campaign that hands over nothing for so long has handed over all; and so long at most is it waited for. */
const quietMs = 20_000;
const longestMs = 10 * 60_000;
const tickMs = 15_000;
const pruneMs = 3_600_000;
/** A run is somebody else's when its node has said nothing for so long. */
const holdMs = 5 * 60_000;
const looksAtOnce = 4;
const dayMs = 86_400_000;
const day = (at: Instant): number => Math.floor(at / dayMs);

type Held = { readonly run: Run; readonly mail: Received; readonly rest: readonly KnownSeed[]; last: Instant };

export class Seeding {
  readonly book: SeedBook;
  readonly #ports: SeedPorts;
  readonly #owner = randomBytes(8).toString("hex");
  /** By "tenant/campaign", of today: undefined while it is begun, or where it has none. */
  readonly #held = new Map<string, Held | undefined>();
  /** Tenants all of whose seeds have their letter of today: their further campaigns cost nothing. */
  readonly #spent = new Set<string>();
  #measuring = 0;
  #day = 0;
  /** Tenants whose campaigns get seeds; empty where there are no seeds. */
  #wants: ReadonlySet<string> = new Set();
  #prunedAt = 0;
  #ticking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(ports: SeedPorts) {
    this.#ports = ports;
    this.book = new SeedBook(ports.store, ports.now);
  }

  start(): void {
    const again = (): void => void this.tick().catch((error: unknown) => this.#ports.log.error({ error }, "seeds"));
    this.#timer = setInterval(again, tickMs).unref();
    void this.refresh().catch((error: unknown) => this.#ports.log.error({ error }, "seeds"));
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking?.catch(() => {});
  }

  /** Whose campaigns get seeds, read anew: the model or the seeds have changed. */
  async refresh(): Promise<void> {
    const measuring = (await this.book.seeds()).filter(isMeasuring).length;
    if (measuring > this.#measuring) this.#spent.clear();
    this.#measuring = measuring;
    const tenants = [...this.#ports.model().tenant]
      .filter(([, { seeds }]) => measuring > 0 && seeds)
      .map(([name]) => name);
    this.#wants = new Set(tenants);
  }

  /** A message of a campaign was taken. Costs nothing where its tenant has no seeds. */
  noticed(mail: Received, sending: Sender): void {
    if (sending.campaign === undefined || sending.seed !== undefined) return;
    if (sending.sandbox !== undefined) return;
    if (!this.#wants.has(sending.tenant) || mail.bytes.length > maxLetterBytes) return;
    const now = this.#ports.now();
    if (day(now) !== this.#day) {
      for (const [key, held] of this.#held) if (held === undefined) this.#held.delete(key);
      this.#spent.clear();
      this.#day = day(now);
    }
    if (this.#spent.has(sending.tenant)) return;
    const key = `${sending.tenant}/${sending.campaign}`;
    if (this.#held.has(key)) {
      const held = this.#held.get(key);
      if (held !== undefined) held.last = now;
      return;
    }
    if ([...this.#held.values()].filter((held) => held !== undefined).length >= maxHeld) return;
    this.#held.set(key, undefined);
    this.#begin(key, mail, sending).catch((error: unknown) =>
      this.#ports.log.error({ error, campaign: key }, "a campaign has no seeds"),
    );
  }

  async #begin(key: string, mail: Received, sending: Sender): Promise<void> {
    const seeds = await this.#free(sending.tenant, undefined);
    if (seeds.length === 0) {
      this.#spent.add(sending.tenant);
      this.#held.delete(key);
      return;
    }
    const now = this.#ports.now();
    const { tenant, stream, campaign = "", author: domain } = sending;
    const run = this.#newRun({ tenant, stream, campaign, domain, probe: "" }, now);
    // A third goes in front; the others somewhere among what is handed over until it is quiet.
    const first = Math.ceil(seeds.length / 3);
    const held = { ...mail, sending, bytes: Buffer.from(mail.bytes) };
    const begun = await this.#send(run, seeds.slice(0, first), (seed, _, mark) =>
      likeOf(held, sending, seed, mark, now),
    );
    this.#held.set(key, { run: begun, mail: held, rest: seeds.slice(first), last: this.#ports.now() });
  }

  async #flush(all: boolean): Promise<void> {
    const now = this.#ports.now();
    for (const [key, held] of this.#held) {
      if (held === undefined) continue;
      const { mail, rest, last, run } = held;
      if (!all && now - last < quietMs && now - run.startedAt < longestMs) continue;
      this.#held.set(key, undefined);
      const [current = run] = (await this.book.openRuns()).filter(({ id }) => id === run.id);
      // Mail of one park goes in the order of its time: so they lie among the others.
      await this.#send(current, rest, (seed, _, mark) => {
        const at = Math.floor(run.startedAt + this.#ports.random() * Math.max(0, last - run.startedAt));
        return likeOf(mail, mail.sending!, seed, mark, at);
      });
    }
  }

  /** Seeds that may get a letter of this tenant today; they are taken by being answered. */
  async #free(tenant: string, providers: readonly string[] | undefined): Promise<readonly KnownSeed[]> {
    const { store, now, random } = this.#ports;
    const all = (await this.book.seeds()).filter(
      (one) => isMeasuring(one) && (providers === undefined || providers.includes(one.provider)),
    );
    const wanted = chosen(all, random);
    const granted = await store.takeQuota(
      wanted.map(({ name }) => ({
        // Of one day and forgotten afterwards, as those of sites are.
        keys: [{ key: `${siteQuotaPrefix}seed/${name}/${tenant}`, cap: 1 }],
        day: day(now()),
        count: 1,
      })),
    );
    return wanted.filter((_, index) => granted[index] === 1);
  }

  #newRun(about: Pick<Run, "tenant" | "stream" | "campaign" | "domain" | "probe">, now: Instant): Run {
    const id = this.#ports.newId();
    return { ...about, id, startedAt: now, entries: [], owner: this.#owner, heldUntil: now + holdMs };
  }

  async #send(
    run: Run,
    seeds: readonly KnownSeed[],
    write: (seed: KnownSeed, id: string, mark: string) => Pick<Received, "at" | "bytes" | "sending" | "envelopeFrom">,
  ): Promise<Run> {
    const { mac, newId, submit, ourHost } = this.#ports;
    const entries: Entry[] = [];
    for (const seed of seeds) {
      const id = newId();
      const mailbox = parseMailbox(seed.address);
      const entry = { seed: seed.name, provider: seed.provider, id, looks: 0 };
      if (mailbox === undefined) continue;
      const written = write(seed, id, markOf(run.id, seed.name, mac));
      const replies = await submit({
        ...cameFromHere({ at: written.at, id, ourHost }),
        ...written,
        helo: "",
        via: "API",
        recipients: [{ ...mailbox, orcpt: undefined, notify: noNotices }],
        body: "8bitmime",
        smtputf8: /[^\x00-\x7f]/.test(seed.address),
        ret: "hdrs",
      });
      const bad = replies.find(({ code }) => code >= 400);
      entries.push(
        bad === undefined ? { ...entry, state: "waiting" } : { ...entry, state: "refused", why: replyText(bad) },
      );
    }
    const next = { ...run, entries: [...run.entries, ...entries] };
    if (next.entries.length > 0) await this.book.keep(next);
    return next;
  }

  /** A letter of its own to all seeds that may have one; a sentence where that cannot be. */
  async probe(probe: Omit<KnownProbe, "lastAt" | "every">): Promise<Run | string> {
    const { model, now } = this.#ports;
    const author = probe.from.slice(probe.from.lastIndexOf("@") + 1).toLowerCase();
    const sender = senderOf(model(), author, { stream: probe.stream, engagedDays: 0 });
    if (sender === undefined) return `${author} is no sending domain of a tenant: angarium sending domain list`;
    if ("code" in sender) return sender.lines.join(" ");
    const seeds = await this.#free(sender.tenant, probe.providers.length === 0 ? undefined : probe.providers);
    if (seeds.length === 0)
      return `There is no seed that may have a letter of ${sender.tenant} today: each gets one a day (angarium seed list).`;
    const at = now();
    const { tenant, stream } = sender;
    const run = this.#newRun({ tenant, stream, campaign: "", domain: author, probe: probe.name }, at);
    return this.#send(run, seeds, (seed, id, mark) => ({
      at,
      envelopeFrom: probe.from,
      bytes: probeLetter(probe, seed.address, at, `=_${id}`),
      sending: seedSender(sender, run.id, mark),
    }));
  }

  /** What passing time does. `now`: everything is looked for now, whether it is time or not. */
  tick(everything = false): Promise<void> {
    const before = this.#ticking ?? Promise.resolve();
    const next = before.catch(() => {}).then(() => this.#tick(everything));
    this.#ticking = next;
    return next;
  }

  async #tick(everything: boolean): Promise<void> {
    const now = this.#ports.now();
    await this.refresh();
    await this.#flush(everything);
    for (const probe of await this.book.probes()) {
      const every = parseDuration(probe.every) ?? 0;
      if (every === 0 || now - (probe.lastAt ?? 0) < every) continue;
      await this.book.probed(probe);
      const run = await this.probe(probe);
      if (typeof run === "string") this.#ports.log.warn({ probe: probe.name }, run);
    }
    const ours = (await this.book.openRuns()).filter((run) => run.owner === this.#owner || run.heldUntil < now);
    await this.#lookAt(ours, everything);
    if (now - this.#prunedAt > pruneMs) {
      this.#prunedAt = now;
      await this.book.prune();
      await this.#expire();
    }
  }

  async #lookAt(runs: readonly Run[], everything: boolean): Promise<void> {
    const now = this.#ports.now();
    const current = new Map<string, Run>();
    for (const run of runs)
      current.set(run.id, {
        ...run,
        owner: this.#owner,
        heldUntil: now + holdMs,
        entries: await Promise.all(run.entries.map((entry) => this.#followed(entry, run, now))),
      });
    const due = new Map<string, Set<string>>();
    for (const { id, entries } of current.values())
      for (const entry of entries) {
        const at = nextLook(entry);
        if (at !== undefined && (everything || at <= now))
          due.set(entry.seed, (due.get(entry.seed) ?? new Set()).add(id));
      }
    const seeds = (await this.book.seeds()).filter(({ name }) => due.has(name));
    const change = (seed: string, looked: (entry: Entry, run: Run) => Entry): void => {
      for (const id of due.get(seed) ?? []) {
        const run = current.get(id)!;
        const entries = run.entries.map((entry) =>
          entry.seed === seed && !isOver(entry) ? looked(entry, run) : entry,
        );
        current.set(id, { ...run, entries });
      }
    };
    for (const gone of [...due.keys()].filter((name) => !seeds.some((seed) => seed.name === name)))
      change(gone, (entry) => ({ ...entry, state: "unknown", why: "The seed was removed." }));
    for (let start = 0; start < seeds.length; start += looksAtOnce)
      await Promise.all(
        seeds.slice(start, start + looksAtOnce).map(async (seed) => {
          const seen = await this.#seen(seed);
          let spoiled = seed.spoiled;
          change(seed.name, (entry, run) => {
            if (typeof seen === "string") return afterLook(entry, { trouble: seen });
            const found = seen.get(markOf(run.id, seed.name, this.#ports.mac));
            spoiled ??= spoiledBy(entry, found);
            return afterLook(entry, { found });
          });
          const trouble = typeof seen === "string" ? { trouble: seen } : {};
          await this.book.noteSeed(seed.name, {
            lookedAt: now,
            ...trouble,
            ...(spoiled === undefined ? {} : { spoiled }),
          });
        }),
      );
    for (const run of current.values()) if (await this.book.keep(run)) await this.#over(run);
  }

  /** Opens a seed mailbox, so that a wrong password shows at once; undefined: there is none of this name. */
  async tryOne(
    name: string,
  ): Promise<
    | { readonly name: string; readonly opens: boolean; readonly folders: readonly string[]; readonly why?: string }
    | undefined
  > {
    const seed = (await this.book.seeds()).find((one) => one.name === name);
    if (seed === undefined) return undefined;
    const spoiled = seed.spoiled === undefined ? {} : { spoiled: seed.spoiled };
    const lookedAt = this.#ports.now();
    try {
      const { folders } = await lookInto(seed, this.#ports);
      await this.book.noteSeed(name, { lookedAt, ...spoiled });
      return { name, opens: true, folders };
    } catch (error) {
      if (!(error instanceof CannotCarry)) throw error;
      await this.book.noteSeed(name, { lookedAt, trouble: error.message, ...spoiled });
      return { name, opens: false, folders: [], why: error.message };
    }
  }

  /** What is in a seed mailbox, by its marks; or why it cannot be seen. */
  async #seen(seed: KnownSeed): Promise<ReadonlyMap<string, Seen> | string> {
    try {
      const { seen } = await lookInto(seed, this.#ports);
      return new Map(seen.map((one) => [one.mark, one]));
    } catch (error) {
      if (error instanceof CannotCarry) return error.message;
      throw error;
    }
  }

  /** A letter that was in our queue when it was last looked at. */
  async #followed(entry: Entry, run: Run, now: Instant): Promise<Entry> {
    if (entry.state !== "waiting") return entry;
    const { store } = this.#ports;
    const message =
      entry.message ?? (await store.trace(entry.id, 50)).find(({ stage }) => stage === "queued")?.trace ?? entry.id;
    const events = await store.sendingEvents({ message, limit: 100 });
    const of = (...types: readonly SendingEvent["type"][]) => events.find(({ type }) => types.includes(type));
    const delivered = of("delivered");
    const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
    if (delivered !== undefined) {
      const source = text(delivered.detail["source"]);
      return { ...entry, message, state: "sent", sentAt: delivered.at, ...(source === undefined ? {} : { source }) };
    }
    const failed = of("bounced", "expired");
    if (failed !== undefined)
      return { ...entry, message, state: "refused", why: text(failed.detail["reply"]) ?? "It could not be sent." };
    return now - run.startedAt < givesUpMs
      ? { ...entry, ...(message === entry.id ? {} : { message }) }
      : { ...entry, state: "unknown", why: "It was not sent within three days." };
  }

  /** A run is over: its warm-ups hear of it, and whoever listens. */
  async #over(run: Run): Promise<void> {
    const { store, now } = this.#ports;
    const providers = Map.groupBy(run.entries, ({ provider }) => provider);
    await store.addSendingEvents([
      {
        at: now(),
        type: "placement",
        tenant: run.tenant,
        stream: run.stream,
        campaign: run.campaign,
        message: "",
        recipient: "",
        detail: {
          run: run.id,
          ...(run.probe === "" ? {} : { probe: run.probe }),
          providers: [...providers].map(([provider, entries]) => {
            const { seen, inbox, tab, junk, elsewhere, missing, refused, enough } = sumOf(entries);
            return {
              provider,
              seen,
              inbox,
              tab,
              junk,
              elsewhere,
              missing,
              refused,
              enough,
              says: saidOf(sumOf(entries)),
            };
          }),
        },
      },
    ]);
    await this.#tellWarmups([...providers.keys()], run.domain, [
      ...new Set(run.entries.flatMap(({ source }) => (source === undefined ? [] : [source]))),
    ]);
  }

  /** The latest run with enough seeds counts for a plan, for a week. */
  async #tellWarmups(providers: readonly string[], domain: string, sources: readonly string[]): Promise<void> {
    const runs = await this.book.runs();
    for (const provider of providers)
      for (const [scope, subject] of [["domain", domain] as const, ...sources.map((one) => ["source", one] as const)])
        await this.#ports.signal(
          (plan) => plan.scope === scope && plan.subject === subject && plan.provider === provider,
          { seeds: signalOf(runs, { scope, subject, provider }, this.#ports.now()) } as Partial<Signals>,
        );
  }

  /** What is a week old says nothing any more. */
  async #expire(): Promise<void> {
    const now = this.#ports.now();
    const runs = await this.book.runs();
    await this.#ports.signal(
      (plan) => signalOf(runs, plan, now) === undefined && runs.some((run) => isAbout(run, plan)),
      { seeds: undefined } as unknown as Partial<Signals>,
    );
  }
}

const isMeasuring = ({ state, spoiled }: KnownSeed): boolean => state === "active" && spoiled === undefined;

type About = Pick<Plan, "scope" | "subject" | "provider">;
const entriesOf = (run: Run, { scope, subject, provider }: About): readonly Entry[] =>
  scope === "domain" && run.domain !== subject
    ? []
    : run.entries.filter((one) => one.provider === provider && (scope === "domain" || one.source === subject));
const isAbout = (run: Run, about: About): boolean => entriesOf(run, about).length > 0;

/** What runs say of one plan; undefined: none of the last week had enough seeds. `runs`: the latest first. */
export function signalOf(runs: readonly Run[], about: About, now: Instant): Signals["seeds"] {
  const sums = runs
    .filter(({ startedAt, endedAt }) => endedAt !== undefined && startedAt > now - freshMs)
    .map((run) => sumOf(entriesOf(run, about)))
    .filter(({ seen }) => seen >= enoughSeeds);
  const [latest] = sums;
  if (latest === undefined) return undefined;
  const inboxOf = ({ inbox, tab }: (typeof sums)[number]): number => inbox + tab;
  const good = sums.findIndex((sum) => !isPoorRun(inboxOf(sum), sum.seen));
  return { inbox: inboxOf(latest), seen: latest.seen, poorRuns: good < 0 ? sums.length : good };
}

function seedSender(sender: Sender, run: string, seed: string): Sender {
  return { ...sender, seed, about: { seed: run } };
}

function likeOf(mail: Received, sending: Sender, seed: KnownSeed, mark: string, at: Instant) {
  const first = mail.recipients[0];
  const rank = sending.rankOf(first === undefined ? "" : `${first.local}@${first.domain}`);
  return {
    at,
    envelopeFrom: mail.envelopeFrom,
    bytes: letterLike(mail.bytes, seed.address),
    sending: { ...seedSender(sending, mark.slice(0, mark.indexOf(".")), mark), rankOf: () => rank },
  };
}
