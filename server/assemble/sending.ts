/** The assembly of sending at volume: its model, warm-ups, limits, suppression, and what the queue, commands and the API ask of them. */
import { findField } from "../../protocol/mime/header.ts";
import { verpLocal } from "../../protocol/return-path/verp.ts";
import { withSendingAddresses } from "../access/sending-addresses.ts";
import type { Log } from "../base/log.ts";
import { actOnConduct } from "../dispatch/act-on-conduct.ts";
import { BombingGuard } from "../dispatch/bombing.ts";
import { ConductBook, conductKind, judgeTenant } from "../dispatch/conduct.ts";
import { CurrentModel } from "../dispatch/current-model.ts";
import { Dispatcher } from "../dispatch/dispatch.ts";
import { makeFeedback } from "../dispatch/feedback.ts";
import { Fullness } from "../dispatch/fullness.ts";
import { blockedEvent, warmupEvents } from "../dispatch/happenings.ts";
import type { Alert } from "../dispatch/hear.ts";
import { HourRates, hourRateKind } from "../dispatch/hour-rates.ts";
import { allPrivate } from "../dispatch/inside.ts";
import { InterestBook, interestKind } from "../dispatch/interest.ts";
import { complaintsLocal, makeLateReports } from "../dispatch/late-reports.ts";
import { overrideKind, ShapingBook } from "../dispatch/limits.ts";
import { defaultName } from "../dispatch/model.ts";
import { parkKey } from "../dispatch/parks.ts";
import { Sampling } from "../dispatch/sampling.ts";
import { sandboxSuppression } from "../dispatch/sandbox.ts";
import { makeComplainer } from "../dispatch/sandbox-complaints.ts";
import { kinds } from "../dispatch/schema.ts";
import { complaintSigner, senderFields } from "../dispatch/sender.ts";
import type { SendingSettings } from "../dispatch/settings.ts";
import { type Throttle, throttlesOf, warmupStatus } from "../dispatch/status.ts";
import { SuppressionBook } from "../dispatch/suppression.ts";
import { waitingMail } from "../dispatch/waiting.ts";
import { Warmups } from "../dispatch/warmups.ts";
import { meaningOf } from "../shape/meaning.ts";
import { providerOf, type Shaping, wayTo } from "../shape/shaping.ts";
import { openReturnPaths } from "../sign/return-paths.ts";
import type { NewSendingEvent } from "../store/sending.ts";
import type { Instant, Store } from "../store/store.ts";
import { add, noCounts } from "../warm/account.ts";
import { assertWarm, type Day, dayOf, type Plan, pause, resume } from "../warm/plan.ts";
import type { RunningSending, Sending } from "./running-sending.ts";
import { readSendingFiles, readShaping } from "./sending-files.ts";

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
  const current = await CurrentModel.open(store, file);
  const model = current.now;
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
    eventsOf: (before, after) => warmupEvents(before, after, { at: now(), model: model() }),
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
  warmups.follow(model());
  current.whenChanged(() => warmups.follow(model()));

  const { note: noteConduct, stopCampaign } = actOnConduct({ store, conduct, model, file, safely, now, log });
  const late = makeLateReports({
    store,
    suppression,
    shaping,
    mac,
    isForComplaints: ({ local, domain }) =>
      local.toLowerCase() === complaintsLocal || current.hosts().feedback.has(`${local}@${domain}`.toLowerCase()),
    conduct: noteConduct,
    warmed: (source, domain, provider, counts) => {
      const where = { source, domain, provider, tenant: "", campaign: "" };
      if (warmups.counts(where)) warmups.book.note(where, counts, now());
    },
    now,
    log,
  });
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
    model,
    shaping,
    limits,
    warmups,
    store,
    failed: (error) => log.error({ err: error }, "what waits could not be counted"),
    now,
  });
  const dispatch = new Dispatcher({
    whenChanged: current.whenChanged,
    fullness,
    sampling,
    shaping,
    model,
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
        isReturnPath: (host) => current.hosts().returnPaths.has(host),
        isFeedback: (local, domain) => {
          const { feedback } = current.hosts();
          return feedback.size > 0 && feedback.has(`${local.toLowerCase()}@${domain}`);
        },
      }),
    forSubmit: {
      hasTenants: () => model().domain.size > 0,
      senderOf: (author, wish) => current.senderOf(author, wish),
      fields: (sender, { id }, header) =>
        senderFields(model(), sender, id, {
          senderId: settings.senderId,
          bears: (name) => findField(header, name) !== undefined,
        }),
      alsoSigns: (sender) => complaintSigner(model(), sender),
    },
    file,
    model,
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
    feedback: makeFeedback({ store, model, signal, now }),
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
      await current.reread();
      await passTime();
      await keepNow();
    },
    start() {
      unsubscribe = store.subscribe((changes) => {
        if (changes.some((change) => change.kind === "sending" && change.of.some((kind) => modelKinds.has(kind))))
          safely("reading the model of sending", current.reread());
      });
      timers.push(
        setInterval(() => safely("keeping the state of sending", keepNow()), keepEveryMs).unref(),
        setInterval(() => safely("the clock of warm-ups", passTime()), tickMs).unref(),
        setInterval(() => safely("reading the model of sending", current.reread()), rereadMs).unref(),
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
