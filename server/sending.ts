/** The assembly of sending at volume: its model, warm-ups, limits, suppression, and what the queue, commands and the API ask of them. */
import { findField } from "../protocol/mime/header.ts";
import type { Mac } from "../protocol/return-path/srs.ts";
import { verpLocal } from "../protocol/return-path/verp.ts";
import type { Directory } from "./access/directory.ts";
import { withSendingAddresses } from "./access/sending-addresses.ts";
import type { Flooding } from "./deliver/suppressed.ts";
import { BombingGuard } from "./dispatch/bombing.ts";
import { ConductBook, conductKind, type Judged, judgeCampaign, judgeTenant, type Tally } from "./dispatch/conduct.ts";
import { Dispatcher } from "./dispatch/dispatch.ts";
import { loadModel, putThing } from "./dispatch/edit.ts";
import { type FeedbackBook, makeFeedback } from "./dispatch/feedback.ts";
import { Fullness } from "./dispatch/fullness.ts";
import { blockedEvent, warmupEvents } from "./dispatch/happenings.ts";
import type { Alert } from "./dispatch/hear.ts";
import { HourRates, hourRateKind } from "./dispatch/hour-rates.ts";
import { allPrivate } from "./dispatch/inside.ts";
import { type Interest, InterestBook, interestKind } from "./dispatch/interest.ts";
import { complaintsLocal, type LateReport, type LateReports, makeLateReports } from "./dispatch/late-reports.ts";
import { overrideKind, ShapingBook } from "./dispatch/limits.ts";
import { defaultName, type Model, type Named } from "./dispatch/model.ts";
import { parkKey } from "./dispatch/parks.ts";
import { Sampling } from "./dispatch/sampling.ts";
import { sandboxSuppression } from "./dispatch/sandbox.ts";
import { makeComplainer } from "./dispatch/sandbox-complaints.ts";
import { kinds } from "./dispatch/schema.ts";
import { complaintSigner, noWish, type Sender, senderFields, senderOf } from "./dispatch/sender.ts";
import type { SendingSettings } from "./dispatch/settings.ts";
import { type Throttle, throttlesOf, type WarmupStatus, warmupStatus } from "./dispatch/status.ts";
import { SuppressionBook } from "./dispatch/suppression.ts";
import { type Waiting, waitingMail } from "./dispatch/waiting.ts";
import { Warmups } from "./dispatch/warmups.ts";
import type { Trace } from "./inject/tracking.ts";
import type { Counted } from "./inject/visits.ts";
import type { Log } from "./log.ts";
import type { Opening } from "./queue/dispatching.ts";
import type { SendAsk } from "./send/send.ts";
import { readSendingFiles, readShaping } from "./sending-files.ts";
import { type Meaning, meaningOf } from "./shape/meaning.ts";
import type { Override } from "./shape/overrides.ts";
import { providerOf, type Shaping, wayTo } from "./shape/shaping.ts";
import { openReturnPaths } from "./sign/return-paths.ts";
import type { NewSendingEvent } from "./store/sending.ts";
import type { Instant, QueuedMessage, Store } from "./store/store.ts";
import type { SubmitPorts } from "./submit/submit.ts";
import { add, type Counts, noCounts, type Signals } from "./warm/account.ts";
import { assertWarm, type Day, dayOf, type Plan, pause, resume } from "./warm/plan.ts";

/** What commands and the API may ask of sending at volume. */
export type Sending = {
  /** Of the file that the configuration names. */
  readonly file: Named | undefined;
  readonly model: () => Model;
  readonly suppression: SuppressionBook;
  providers(): readonly string[];
  /** A provider's name for people. */
  title(provider: string): string;
  /** What receivers have said of a tenant's mail in the last day and week, and what that leads to. */
  conductOf(tenant: string): { readonly day: Tally; readonly week: Tally; readonly verdict: Judged };
  /** What receivers have taken of a tenant's mail on these days (since 1970, UTC); of the last week alone. */
  sentOn(tenant: string, from: number, to: number): number;
  /** Reads the shaping file again; answers what is wrong with it, and all stays as it was then. */
  rereadShaping(): string | undefined;
  /** What a reply means, by which rule, and what that would do. `to`: a provider's key, or a domain. */
  classify(reply: string, to: string): Meaning & { readonly provider: string };
  warmups(): readonly WarmupStatus[];
  throttles(): readonly Throttle[];
  /** Takes throttles back; answers how many there were. */
  cancelThrottles(matches: (one: Override) => boolean): Promise<number>;
  /** A person's doing to a plan; false where there is none. */
  changePlan(
    of: Pick<Plan, "scope" | "subject" | "provider">,
    what: "resume" | "pause" | "assert",
    by: string,
  ): Promise<boolean>;
  /** What a person should see to, latest first. */
  alerts(): readonly Alert[];
  /** Whether a park lets go what is so urgent now, and why not. */
  opening(park: string, urgency: number): Opening;
  /** Where mail waits for its turn, and why. */
  waiting(): Promise<readonly Waiting[]>;
  /** What warm-ups of sources have seen of late at a provider. */
  seenAt(provider: string): {
    readonly counts: Counts;
    readonly tellsComplaints: boolean;
    /** What people make of all that comes there. */
    readonly interest: Interest | undefined;
  };
  /** What postmaster pages of receivers say. */
  readonly feedback: FeedbackBook;
  /** Addresses whose mail is paused because too many tenants write to them at once. */
  flooded(): readonly (readonly [address: string, until: Instant])[];
  /** Lets it go on; false where it was not paused. */
  unflood(address: string): Promise<boolean>;
  /** Something that a person should see to. */
  raise(alert: Alert): void;
  /** Facts from outside (listings, postmaster pages) that these plans must heed. */
  signal(matches: (plan: Plan) => boolean, signals: Partial<Signals>): Promise<void>;
  /** A complaint about a message of a tenant, or its opposite. */
  complained(message: Pick<QueuedMessage, "tenant" | "campaign">, count: number): void;
};

export type RunningSending = Sending & {
  readonly dispatch: Dispatcher;
  /** What `makeSend` asks of it. */
  readonly forSend: Pick<SendAsk, "provider" | "shaper">;
  readonly mac: Mac;
  /** Bounces and complaints that come by mail: true where it was one. */
  readonly lateReport: (report: LateReport) => Promise<boolean>;
  /** One of our own people has put a message into Junk, or has taken it out (see `makeLateReports`). */
  readonly moved: LateReports["moved"];
  /** A person has opened a tenant's message, or followed a link of it, for the first time. */
  visited(message: Trace, what: "opened" | "clicked", of: Counted): void;
  /** A tenant's message has come to so many of our own people: it counts beside what they say of it. */
  keptHere(message: Pick<Sender, "tenant" | "campaign">, count: number): void;
  /** What is refused when it is handed in, to be sent again later. */
  readonly flooding: Flooding;
  /** The directory with the addresses at which they come. */
  readonly withAddresses: (directory: Directory) => Directory;
  /** What submission asks of it. */
  readonly forSubmit: NonNullable<SubmitPorts["sending"]>;
  /** What passing time does, once, and what has changed is kept. */
  tick(): Promise<void>;
  /** From now on time passes, and what changes is kept. */
  start(): void;
  stop(): Promise<void>;
};

/** State is written so often at most. */
const keepEveryMs = 1_000;
const tickMs = 5_000;
const rereadMs = 5_000;
const hourMs = 3_600_000;
const maxAlerts = 200;
const floodedKind = "flooded";
const sampledKind = "sampled";
const modelKinds: ReadonlySet<string> = new Set(kinds);

/** Rejects with sentences for an administrator where a file that the settings name is wrong. */
export async function makeSending(parts: {
  readonly store: Store;
  readonly settings: SendingSettings;
  readonly dataDir: string;
  readonly now: () => Instant;
  readonly log: Log;
}): Promise<RunningSending> {
  const { store, settings, dataDir, now, log } = parts;
  const files = readSendingFiles(settings, dataDir);
  let rules = files.shaping;
  // Everybody holds this one: what the file says later is in it at once.
  const shaping: Shaping = {
    get providers() {
      return rules.providers;
    },
    get domains() {
      return rules.domains;
    },
    get rules() {
      return rules.rules;
    },
  };
  const file = files.model;
  let model = await loadModel(store, file);
  const safely = (what: string, work: Promise<unknown>): void => {
    work.catch((error: unknown) => log.error({ error }, `${what} failed; it is tried again`));
  };
  const tell = (events: readonly NewSendingEvent[]): void => {
    if (events.length > 0) safely("telling of events", store.addSendingEvents(events));
  };
  const warmups = new Warmups({
    store,
    shaping,
    now,
    log,
    eventsOf: (before, after) => warmupEvents(before, after, { at: now(), model }),
    perSite: settings.perUnknownSite,
  });
  const limits = new ShapingBook(shaping, now, (one) => tell([blockedEvent(one, now())]));
  const hours = new HourRates(now);
  const conduct = new ConductBook(now);
  const interest = new InterestBook();
  const suppression = await SuppressionBook.open(store, now, (address) =>
    sandboxSuppression(address, settings.sandbox, now()),
  );
  const { mac } = await openReturnPaths(store, now);
  const bombing = new BombingGuard(settings, now, (address, until) => {
    const clock = new Date(until).toISOString().slice(11, 16);
    log.warn({ address, until }, "mail to an address is paused: too many tenants write to it at once");
    safely("keeping what is paused", store.putSendingRows([{ kind: floodedKind, name: address, value: { until } }]));
    raise({
      at: now(),
      rule: "form-bombing",
      provider: "",
      source: "",
      domain: "",
      reply: `More than ${settings.tenantsPerHour} tenants wrote to ${address} within an hour: their mail to it waits until ${clock} UTC`,
      fix: "Somebody seems to fill in forms with this address: ask the tenants whose mail it was for a CAPTCHA. Where it is no flood: angarium flooded lift ADDRESS.",
    });
  });
  const alerts: Alert[] = [];
  await warmups.load();
  const kept = await store.sendingRows([
    overrideKind,
    hourRateKind,
    conductKind,
    interestKind,
    floodedKind,
    sampledKind,
  ]);
  limits.load(kept.find(({ kind }) => kind === overrideKind));
  hours.load(kept);
  conduct.load(kept);
  interest.load(kept);
  bombing.restore(
    kept.flatMap(({ kind, name, value }) =>
      kind === floodedKind ? [[name, (value as { readonly until: Instant }).until] as const] : [],
    ),
  );
  warmups.follow(model);

  const told = (event: Pick<NewSendingEvent, "type" | "tenant" | "campaign" | "detail">): NewSendingEvent => ({
    at: now(),
    stream: "",
    message: "",
    recipient: "",
    ...event,
  });
  const stopCampaign = (name: string, reason: string): void => {
    const known = model.campaign.get(name);
    if (known?.state === "stopped") return;
    log.warn({ campaign: name, reason }, "campaign stopped");
    const [tenant = "", campaign = ""] = name.split("/");
    const change = { ...known, state: "stopped", reason: reason.slice(0, 500) };
    safely(
      "stopping a campaign",
      putThing({ store, now }, "campaign", name, change, "either", file).then(() =>
        store.addSendingEvents([told({ type: "paused", tenant, campaign, detail: { campaign: true, reason } })]),
      ),
    );
  };
  const judged = new Map<string, string>();
  /** Acts once on each new measure: a person who lifts it is believed until it grows worse. */
  const judgeNow = (tenant: string, campaign: string | undefined): void => {
    const subject = `tenant:${tenant}`;
    const verdict = judgeTenant(conduct.tally(subject, 24), conduct.tally(subject));
    if (judged.get(subject) !== verdict.measure) {
      judged.set(subject, verdict.measure);
      const state = {
        "pause-all": "suspended",
        "pause-marketing": "paused",
        limit: "limited",
        warn: undefined,
        none: undefined,
      }[verdict.measure];
      if (verdict.measure !== "none") log.warn({ tenant, ...verdict }, "a tenant's mail is not wanted");
      if (state !== undefined)
        safely(
          "slowing a tenant",
          putThing({ store, now }, "tenant", tenant, { state, reason: verdict.why }, "either", file).then(() =>
            store.addSendingEvents([
              told({ type: "paused", tenant, campaign: "", detail: { state, reason: verdict.why } }),
            ]),
          ),
        );
    }
    if (campaign === undefined) return;
    const mailing = judgeCampaign(conduct.tally(`campaign:${tenant}/${campaign}`));
    if (mailing.measure === "pause-marketing" || mailing.measure === "pause-all")
      stopCampaign(`${tenant}/${campaign}`, mailing.why);
  };
  const noteConduct = (
    { tenant, campaign }: Pick<QueuedMessage, "tenant" | "campaign">,
    change: Parameters<ConductBook["note"]>[1],
  ): void => {
    if (tenant === undefined) return;
    conduct.note(`tenant:${tenant}`, change);
    if (campaign !== undefined) conduct.note(`campaign:${tenant}/${campaign}`, change);
    if ((change.hard ?? 0) + (change.complaints ?? 0) > 0) judgeNow(tenant, campaign);
  };

  const late = makeLateReports({
    store,
    suppression,
    shaping,
    mac,
    isForComplaints: ({ local, domain }) =>
      local.toLowerCase() === complaintsLocal || named().feedback.has(`${local}@${domain}`.toLowerCase()),
    conduct: noteConduct,
    warmed: (source, domain, provider, counts) => {
      const where = { source, domain, provider, tenant: "", campaign: "" };
      if (warmups.counts(where)) warmups.book.note(where, counts, now());
    },
    now,
    log,
  });
  let namedBy: Model | undefined;
  let hosts = { returnPaths: new Set<string>(), feedback: new Set<string>() };
  /** Of mail that asks for nothing, by its author's domain. */
  const usual = new Map<string, ReturnType<typeof senderOf>>();
  /** Where bounces and complaints come in, by the model as it is. */
  const named = () => {
    if (namedBy !== model) {
      namedBy = model;
      usual.clear();
      const all = [...model.domain.values()];
      hosts = {
        returnPaths: new Set(all.map(({ returnPath }) => returnPath).filter((host) => host !== "")),
        feedback: new Set(all.map(({ feedback }) => feedback.toLowerCase()).filter((address) => address !== "")),
      };
    }
    return hosts;
  };
  const raise = (alert: Alert): void => {
    alerts.unshift(alert);
    alerts.length = Math.min(alerts.length, maxAlerts);
  };
  const sampling = new Sampling({
    settings,
    tally: (name) => conduct.tally(`campaign:${name}`),
    stop(name, why) {
      safely("keeping what was stopped", store.putSendingRows([{ kind: sampledKind, name, value: { at: now() } }]));
      stopCampaign(name, why);
    },
    now,
  });
  sampling.restore(kept.filter(({ kind }) => kind === sampledKind).map(({ name }) => name));
  const fullness = new Fullness({
    model: () => model,
    shaping,
    limits,
    warmups,
    store,
    failed: (error) => log.error({ err: error }, "what waits could not be counted"),
    now,
  });
  const modelListeners: (() => void)[] = [];
  const dispatch = new Dispatcher({
    whenChanged: (listener) => void modelListeners.push(listener),
    fullness,
    sampling,
    shaping,
    model: () => model,
    warmups,
    limits,
    hours,
    suppression,
    stopCampaign,
    alert: (alert) => {
      log.warn(alert, "a receiver's reply wants somebody's attention");
      raise(alert);
    },
    conduct: {
      note: (message, kind, count) =>
        noteConduct(message, kind === "other" ? { sent: count } : { sent: count, [kind]: count }),
    },
    interest: {
      delivered: ({ counted }, parties, count) => {
        if (counted === true) interest.delivered(parties, count, now());
      },
    },
    returnPath: (token, host) => {
      const local = verpLocal(token, mac);
      return local === undefined ? undefined : `${local}@${host}`;
    },
    sandbox: { domain: settings.sandbox, complains: makeComplainer({ store, now, safely }) },
    now,
  });

  const readModel = async (): Promise<void> => {
    const next = await loadModel(store, file);
    if (JSON.stringify(plain(next)) === JSON.stringify(plain(model))) return;
    model = next;
    warmups.follow(model);
    for (const listener of modelListeners) listener();
  };
  // One after the other: what was read first must not come last.
  let rereading: Promise<void> = Promise.resolve();
  const reread = (): Promise<void> => {
    rereading = rereading.then(readModel, readModel);
    return rereading;
  };
  const keep = async (): Promise<void> => {
    dispatch.settle();
    await warmups.keep();
    const over = bombing.takeOver().map((name) => ({ kind: floodedKind, name, value: undefined }));
    const rows = [
      ...conduct.keep(),
      ...interest.keep(),
      ...hours.keep(),
      ...(limits.dirty ? [limits.keep()] : []),
      ...over,
    ];
    if (rows.length > 0) await store.putSendingRows(rows);
  };
  const timers: NodeJS.Timeout[] = [];
  let unsubscribe = (): void => {};
  let keeping: Promise<void> = Promise.resolve();
  const keepNow = (): Promise<void> => {
    keeping = keeping.then(keep, keep);
    return keeping;
  };
  /** Whoever waits for one of these providers is looked at again. */
  const wake = async (providers: ReadonlySet<string>): Promise<void> => {
    const parks = await store.parkNames();
    await store.wakeParks(
      parks.filter((park) => providers.has(parkKey(park).provider)),
      now(),
    );
  };
  const signal: Sending["signal"] = async (matches, signals) => {
    const at = now();
    const plans = [...warmups.book.accounts()].map(({ plan }) => plan).filter(matches);
    for (const plan of plans) warmups.book.signal(plan, signals, at);
    if (plans.length === 0) return;
    await keepNow();
    await wake(new Set(plans.map(({ provider }) => provider)));
  };
  /** Once a day: what was delivered two days ago has had its time. */
  let judgedOn: Day | undefined;
  const judgeInterest = (): void => {
    const at = now();
    if (judgedOn === dayOf(at)) return;
    judgedOn = dayOf(at);
    for (const { plan, signals } of [...warmups.book.accounts()]) {
      const { scope, subject, provider, touchedOn } = plan;
      const engagement = interest.of({ [scope]: subject, provider }, at, touchedOn);
      if (engagement !== undefined || signals.engagement !== undefined) warmups.book.signal(plan, { engagement }, at);
    }
  };
  const passTime = (everything?: boolean): Promise<void> => {
    judgeInterest();
    return warmups.passTime(everything);
  };
  const throttles = (): readonly Throttle[] => throttlesOf(limits.overrides(), shaping);

  return {
    dispatch,
    forSend: {
      provider(name, hosts) {
        const key = dispatch.provider(name, hosts);
        return key === undefined ? undefined : wayTo(shaping, key, allPrivate(hosts));
      },
      shaper: dispatch.shaper,
    },
    mac,
    lateReport: late.report,
    moved: late.moved,
    visited({ tenant, campaign, address }, what, { at, first, delivered }) {
      noteConduct({ tenant, ...(campaign === "" ? {} : { campaign }) }, { [what]: 1 });
      if (!first || delivered === undefined) return;
      const { source, author, provider } = delivered.detail;
      const parties = {
        source: typeof source === "string" ? source : defaultName,
        domain: typeof author === "string" ? author : "",
        provider:
          typeof provider === "string"
            ? provider
            : providerOf(shaping, address.slice(address.lastIndexOf("@") + 1), []),
      };
      interest.engaged(parties, delivered.at, at);
    },
    keptHere: ({ tenant, campaign }, count) =>
      noteConduct({ tenant, ...(campaign === undefined ? {} : { campaign }) }, { sent: count, delivered: count }),
    withAddresses: (directory) =>
      withSendingAddresses(directory, {
        mac,
        isReturnPath: (host) => named().returnPaths.has(host),
        isFeedback: (local, domain) => {
          const { feedback } = named();
          return feedback.size > 0 && feedback.has(`${local.toLowerCase()}@${domain}`);
        },
      }),
    forSubmit: {
      hasTenants: () => model.domain.size > 0,
      senderOf(author, wish) {
        // Most mail of most servers is nobody's.
        if (!model.domain.has(author)) return undefined;
        if (wish !== noWish) return senderOf(model, author, wish);
        named();
        const known = usual.get(author);
        if (known !== undefined) return known;
        const found = senderOf(model, author, wish);
        usual.set(author, found);
        return found;
      },
      fields: (sender, { id }, header) =>
        senderFields(model, sender, id, {
          senderId: settings.senderId,
          bears: (name) => findField(header, name) !== undefined,
        }),
      alsoSigns: (sender) => complaintSigner(model, sender),
    },
    file,
    model: () => model,
    suppression,
    providers: () => [...shaping.providers.keys()].filter((key) => key !== "default"),
    title: (provider) => shaping.providers.get(provider)?.title ?? (provider === "other" ? "everybody else" : provider),
    conductOf(tenant) {
      const subject = `tenant:${tenant}`;
      const [day, week] = [conduct.tally(subject, 24), conduct.tally(subject)];
      return { day, week, verdict: judgeTenant(day, week) };
    },
    sentOn(tenant, from, to) {
      const hour = Math.floor(now() / hourMs);
      return conduct.tally(`tenant:${tenant}`, hour - from * 24 + 1, hour - (to + 1) * 24 + 1).delivered;
    },
    rereadShaping() {
      try {
        rules = readShaping(settings.shaping, dataDir);
        return undefined;
      } catch (error) {
        return (error as Error).message;
      }
    },
    classify(reply, to) {
      const provider = shaping.providers.has(to) || to === "other" ? to : providerOf(shaping, to, []);
      return { provider, ...meaningOf(shaping, provider, reply) };
    },
    warmups: () => warmupStatus(warmups.book, shaping, throttles(), warmups.ceilings(), now()),
    throttles,
    async cancelThrottles(matches) {
      const gone = limits.cancel(matches);
      await keepNow();
      await wake(new Set(gone.map(({ provider }) => provider)));
      return gone.length;
    },
    async changePlan(of, what, by) {
      if (warmups.book.account(of.scope, of.subject, of.provider) === undefined) return false;
      const at = now();
      const change = {
        resume,
        pause: (plan: Plan) => pause(plan, `paused by ${by}`, at),
        assert: (plan: Plan) => assertWarm(plan, by, at),
      }[what];
      warmups.change(of, change);
      await keepNow();
      await wake(new Set([of.provider]));
      return true;
    },
    alerts: () => alerts,
    flooding: {
      ask: (address, tenant, confirms) => bombing.ask(address, tenant, confirms),
      full: (sender, address) => fullness.ask(sender, address),
    },
    flooded: () => bombing.paused(),
    async unflood(address) {
      const lifted = bombing.lift(address);
      await keepNow();
      return lifted;
    },
    raise,
    signal,
    feedback: makeFeedback({ store, model: () => model, signal, now }),
    seenAt(provider) {
      let counts = noCounts;
      let tellsComplaints = false;
      for (const { plan, evidence, signals } of warmups.book.accounts()) {
        // Each attempt counts for a source and for a domain.
        if (plan.provider !== provider || plan.scope !== "source") continue;
        counts = evidence.reduce(add, counts);
        tellsComplaints ||= signals.tellsComplaints;
      }
      return { counts, tellsComplaints, interest: interest.of({ provider }, now()) };
    },
    opening: (park, urgency) => dispatch.opening(park, urgency, now()),
    waiting: () => waitingMail(store, dispatch, now()),
    complained: (message, count) => noteConduct(message, { complaints: count }),
    async tick() {
      await reread();
      await passTime();
      await keepNow();
    },
    start() {
      unsubscribe = store.subscribe((changes) => {
        if (changes.some((change) => change.kind === "sending" && change.of.some((kind) => modelKinds.has(kind))))
          safely("reading the model of sending", reread());
      });
      timers.push(
        setInterval(() => safely("keeping the state of sending", keepNow()), keepEveryMs).unref(),
        setInterval(() => safely("the clock of warm-ups", passTime()), tickMs).unref(),
        setInterval(() => safely("reading the model of sending", reread()), rereadMs).unref(),
      );
    },
    async stop() {
      for (const timer of timers) clearInterval(timer);
      unsubscribe();
      await passTime(true);
      await keepNow();
      suppression[Symbol.dispose]();
    },
  };
}

function plain({ fixed: _, ...maps }: Model): unknown {
  return kinds.map((kind) => [...maps[kind]]);
}
