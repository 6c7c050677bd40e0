/**
 * The queue at work. Two stages: scheduled mail is in the store, by time; ready mail is in memory, by path (source → site).
 * What is due is claimed in portions under a lease; fresh mail comes straight from its acceptance. Every path has its own
 * share of the room, so that no destination holds another up.
 */
import { type Reply, reply, replyText } from "../../protocol/smtp/reply.ts";
import type { Log } from "../log.ts";
import type { Outcome } from "../send/classify.ts";
import type { Attempt } from "../send/converse.ts";
import type { PathResult, Send } from "../send/send.ts";
import type { OpenFailure } from "../send/session.ts";
import type { Path } from "../send/site.ts";
import type { TlsWish } from "../send/strongest.ts";
import { hereDomain } from "../store/queued.ts";
import type { Lease, QueuedMessage, QueuedRecipient, QueueId, Store } from "../store/store.ts";
import { Administrator, type Looking } from "./administer.ts";
import type { Admission, Dispatching } from "./dispatching.ts";
import { Finisher, type QueueNotices } from "./finish.ts";
import { type DeliverHere, type Ending, outcomeHere, Waited } from "./here.ts";
import { Holding } from "./holding.ts";
import { type Held, Item, type ItemOwner } from "./item.ts";
import { asBuffer, MessageMemory } from "./message-memory.ts";
import { ParkLine } from "./park-line.ts";
import type { Queue, Wait } from "./queue.ts";
import { ReadyStage } from "./ready.ts";
import { type QueueSettings, scheduleOf } from "./settings.ts";
import { steadyClock } from "./steady-clock.ts";
import { lookedUp, waitInLine } from "./waits.ts";

export type QueueAsk = {
  readonly store: Pick<
    Store,
    | "claim"
    | "settle"
    | "renewLeases"
    | "releaseLeases"
    | "queueAct"
    | "queueList"
    | "content"
    | "subscribe"
    | "parkLanes"
    | "parkNext"
    | "wakeParks"
    | "claimExpired"
  >;
  readonly send: Send;
  readonly notices: QueueNotices;
  readonly settings: QueueSettings;
  /** Sending at volume; undefined: one source, and everything goes when it is due. */
  readonly dispatch?: Dispatching | undefined;
  /** Makes the message of a recipe (`Copies`); undefined: there are none. */
  readonly makeCopy?: ((message: QueuedMessage, recipe: Uint8Array) => Promise<Uint8Array>) | undefined;
  /** What is done against accounts of our own. */
  readonly restrain?: {
    /** Not for now: it is looked at again later. */
    mayNotSend(message: QueuedMessage): boolean;
    /** What became of recipients. */
    heard(message: QueuedMessage, outcomes: readonly Outcome[]): void;
  };
  /** Delivers what waited for its time to people here. */
  readonly deliverHere?: DeliverHere | undefined;
  /** Name of this node: the same after a restart, another for each node. */
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly log: Log;
};

/** Totals since the start, and what is in memory now, in recipients; for metrics. */
export type QueueCounters = {
  readonly delivered: number;
  readonly deferred: number;
  readonly failed: number;
  readonly stale: number;
  readonly inMemory: number;
};

/** A lease must last at least this long when its message's turn comes; otherwise it is left to be claimed again. */
const leaseReserveMs = 60_000;
/** Mail for a path without room is looked at again after this, when too many domains are crowded to be named in a claim. */
const crowdedMs = 5_000;
/** Domains named in one claim as not wanted now. */
const maxExceptDomains = 1000;
/** Mail that has waited too long is looked for this often. */
const expiredEveryMs = 30_000;
/** What came back into the line while its account was stopped waits so long each time. */
const restrainedMs = 300_000;
/** Changes to these may let go what waits. */
const modelKinds: ReadonlySet<string> = new Set(["source", "pool", "stream", "tenant", "campaign", "park"]);
/** Journey entries name this many of the hosts that could not be reached. */
const maxTriesShown = 6;

export function makeQueue(ask: QueueAsk): Queue & { counters(): QueueCounters } {
  return new WorkingQueue(ask);
}

class WorkingQueue implements Queue, ItemOwner {
  readonly #ask: QueueAsk;
  readonly #now: () => number;
  readonly #ready: ReadyStage;
  readonly #memory: MessageMemory;
  readonly #holding: Holding;
  readonly #finisher: Finisher;
  /** Mail whose way is being looked up. */
  readonly #looking = new Set<Looking>();
  /** What was said of paths that are suspended now. */
  readonly #suspended = new Map<string, Reply>();
  /** Domains whose path has no room or is suspended, with the path's key: not to be claimed for the moment. */
  readonly #crowded = new Map<string, string>();
  /** Paths that wait for the store, which has to know first what was sent. */
  readonly #stalled = new Map<string, Path>();
  readonly #administrator: Administrator;
  /** Mail that waits for its turn; undefined without sending at volume. */
  readonly #line: ParkLine | undefined;
  #expiredAt = 0;
  #claiming: Promise<void> | undefined;
  #claimsPaused = 0;
  /** The last claim left due mail in the store. */
  #backlog = false;
  /** How often what holds mail up has changed. */
  #changes = 0;
  #timers: NodeJS.Timeout[] = [];
  #unsubscribe: (() => void) | undefined;
  #running = false;
  #freshLease: Lease | undefined;

  constructor(ask: QueueAsk) {
    const { settings, store, log, random, send } = ask;
    this.#ask = ask;
    this.#now = steadyClock(ask.wall, ask.monotonic);
    this.#ready = new ReadyStage(settings.maxReady);
    const bounds = { kept: settings.maxReadyBytes, inFlight: settings.maxInFlightBytes };
    this.#memory = new MessageMemory((message) => bytesOf(message, ask), bounds, log);
    this.#holding = new Holding(this.#memory);
    const schedule = scheduleOf(settings);
    this.#finisher = new Finisher({
      store,
      log,
      random,
      notices: ask.notices,
      holding: this.#holding,
      memory: this.#memory,
      schedule: (message) => ask.dispatch?.schedule(message) ?? schedule,
      park: (message, path) => ask.dispatch?.parkOf(message, path),
      parked: (lane) => this.#line?.note(lane),
      changes: () => this.#changes,
      missed: (parks) =>
        void store
          .wakeParks(parks, this.#now())
          .catch((error: unknown) => log.error({ err: error }, "mail that may go again could not be woken")),
      maxBatch: settings.settleBatch,
      now: this.#now,
      offer: (message, bytes) => this.offer(message, bytes),
      madeRoom: () => {
        if (this.#backlog && this.#holding.recipients < settings.maxReady / 2) this.#claim();
        if (this.#stalled.size > 0 && this.#finisher.unsettled <= settings.maxUnsettled / 2) this.#goOn();
      },
    });
    if (ask.dispatch !== undefined)
      this.#line = new ParkLine({
        store,
        dispatch: ask.dispatch,
        owner: ask.node,
        leaseMs: settings.leaseMs,
        now: this.#now,
        inMemory: (park) => this.#holding.ofPark(park),
        again: () => this.#claim(true),
        log,
      });
    this.#administrator = new Administrator({
      store,
      log,
      ready: this.#ready,
      looking: this.#looking,
      finisher: this.#finisher,
      owner: this,
      now: this.#now,
      pauseClaims: () => this.#pauseClaims(),
      tryAllAgain: () => this.#tryAllAgain(),
      forget: (held, recipients) => this.#forget(held, recipients),
      all: (held, recipients, outcome, path) => this.#all(held, recipients, outcome, path),
    });
    send.begin({
      take: (key) => this.#take(key),
      putBack: (_, job) => this.#ready.putBack(job as Item),
      waiting: (key) => this.#ready.waiting(key),
      unreachable: (path, failures, backOffMs) => this.#unreachable(path, failures, backOffMs),
    });
  }

  counters(): QueueCounters {
    const { delivered, deferred, failed, stale } = this.#finisher;
    return { delivered, deferred, failed, stale, inMemory: this.#holding.recipients };
  }

  async start(): Promise<void> {
    const { store, node, settings, send } = this.#ask;
    await store.releaseLeases(node);
    await store.releaseLeases(this.#freshOwner);
    this.#running = true;
    this.#unsubscribe = store.subscribe((changes) => {
      if (changes.some(({ kind }) => kind === "directory")) send.changed();
      // Somebody may have taken back what held mail up: a throttle, or (when the model has been read again) a stop.
      if (changes.some((change) => change.kind === "sending" && change.of.some((kind) => modelKinds.has(kind))))
        this.#lineChanged();
    });
    this.#ask.dispatch?.whenChanged?.(() => this.#lineChanged());
    this.#timers = [
      setInterval(() => this.#claim(), settings.claimEveryMs),
      setInterval(() => this.#renew(), Math.max(1000, settings.leaseMs / 3)),
    ];
    this.#claim();
  }

  async poke(): Promise<void> {
    this.#claim();
    await this.#claiming;
  }

  async stop(): Promise<void> {
    const { store, node, settings, send } = this.#ask;
    this.#running = false;
    for (const timer of this.#timers) clearInterval(timer);
    this.#unsubscribe?.();
    await this.#claiming;
    await send.stop(settings.stopGraceMs);
    const { dispatch } = this.#ask;
    if (dispatch !== undefined)
      for (const { held, recipients, path } of this.#ready.remove(() => true))
        dispatch.untried(held.message, recipients, path);
    await this.#finisher.stop();
    await store.releaseLeases(node);
    await store.releaseLeases(this.#freshOwner);
  }

  waits(ids: ReadonlySet<QueueId>): ReadonlyMap<QueueId, ReadonlyMap<number, Wait>> {
    const found = new Map<QueueId, Map<number, Wait>>();
    const note = ({ message }: Held, recipients: readonly QueuedRecipient[], wait: Wait): void => {
      let of = found.get(message.id);
      if (of === undefined) found.set(message.id, (of = new Map()));
      for (const { id } of recipients) of.set(id, wait);
    };
    for (const [{ held, recipients, path, since }, before] of this.#ready.inLine())
      if (ids.has(held.message.id))
        note(held, recipients, waitInLine(path, before, since, this.#now(), this.#ask.send.heldUp(path.key)));
    for (const { held, recipients } of this.#looking) if (ids.has(held.message.id)) note(held, recipients, lookedUp);
    return found;
  }

  // ---------------------------------------------------------------- coming in

  get #freshOwner(): string {
    return `${this.#ask.node}/new`;
  }

  leaseForNew(): Lease | undefined {
    if (!this.#running || this.#holding.recipients >= this.#ask.settings.maxReady) return undefined;
    const until = this.#now() + this.#ask.settings.leaseMs;
    // This lease is never renewed: were the answer to `accept` lost, the message would otherwise be nobody's until a restart.
    if (this.#freshLease === undefined || this.#freshLease.until < until - 1000)
      this.#freshLease = { owner: this.#freshOwner, until, token: 1 };
    return this.#freshLease;
  }

  offer(message: QueuedMessage, bytes: Uint8Array | undefined): void {
    if (!this.#running) return;
    if (message.tenant !== undefined && message.recipients[0]?.lease === undefined) this.#noteParked(message);
    else void this.#hold(message, bytes === undefined ? undefined : asBuffer(bytes));
  }

  #lineChanged(): void {
    this.#changes++;
    this.#line?.reopen();
    this.#claim();
  }

  /** It waits in the store already. */
  #noteParked({ recipients, notBefore }: QueuedMessage): void {
    for (const { park, urgency = 0 } of recipients)
      if (park !== undefined) this.#line?.note({ park, urgency, nextAt: notBefore });
  }

  /** Takes a message into memory and sends its recipients on their ways; answers when it is decided which, undefined: it is already. */
  #hold(message: QueuedMessage, bytes: Buffer | undefined): Promise<void> | undefined {
    const ours = this.#holding.take(message);
    if (ours.length === 0) return undefined;
    const held: Held = {
      message,
      fresh: bytes !== undefined,
      share: this.#shareOf(message),
      bytes: undefined,
      kept: false,
      loading: undefined,
      pending: ours.length,
    };
    if (bytes !== undefined) this.#memory.keep(held, bytes);
    if (this.#administrator.failCondemned(held, ours, undefined)) return undefined;
    if (message.notBefore <= this.#now() + 1000) return this.#route(held, ours);
    this.#finisher.postpone(held, ours, message.notBefore);
    return undefined;
  }

  #shareOf(message: QueuedMessage): Held["share"] {
    const park = message.tenant === undefined ? undefined : this.#ask.dispatch?.parkOf(message, undefined);
    return park === undefined ? undefined : this.#ask.dispatch?.shareOf(park);
  }

  /** Those of the sandbox have come to their end; answers who is left. */
  #withoutSimulated(held: Held, recipients: readonly QueuedRecipient[]): readonly QueuedRecipient[] {
    const { dispatch } = this.#ask;
    if (dispatch === undefined) return recipients;
    return recipients.filter((recipient) => {
      const outcome = dispatch.simulated(held.message, recipient);
      if (outcome !== undefined) this.#all(held, [recipient], outcome, undefined);
      return outcome === undefined;
    });
  }

  /** Those that are here get it now; answers who is left. */
  #withoutOurs(held: Held, all: readonly QueuedRecipient[]): readonly QueuedRecipient[] {
    if (!all.some(({ domain }) => domain === hereDomain)) return all;
    const ours = all.filter(({ domain }) => domain === hereDomain);
    this.#deliverHere(held, ours).catch((error) =>
      this.#ask.log.error(
        { err: error, queue: held.message.id },
        "what waited for its time could not be delivered here",
      ),
    );
    return all.filter(({ domain }) => domain !== hereDomain);
  }

  async #deliverHere(held: Held, ours: readonly QueuedRecipient[]): Promise<void> {
    const { deliverHere, log } = this.#ask;
    const looking: Looking = { held, recipients: ours };
    this.#looking.add(looking);
    try {
      for (const recipient of ours) {
        const bytes = (await this.#memory.load(held)) ? held.bytes : undefined;
        // Somebody may have taken it out of the queue meanwhile.
        if (!this.#running || !looking.recipients.includes(recipient)) continue;
        looking.recipients = looking.recipients.filter((one) => one !== recipient);
        if (bytes === undefined || deliverHere === undefined) this.#all(held, [recipient], unread, undefined);
        else {
          const end = (said: Reply): Ending => this.#finisher.endOf(held, recipient, said);
          const result = await outcomeHere(deliverHere, held.message, recipient, bytes, end, log);
          if (!(result instanceof Waited)) this.done(held, [recipient], [result], undefined, undefined);
          else {
            this.#finisher.ended(held, result);
            this.#memory.drop(held);
          }
        }
      }
    } finally {
      this.#looking.delete(looking);
    }
  }

  #route(held: Held, all: readonly QueuedRecipient[]): Promise<void> | undefined {
    const recipients = this.#withoutOurs(held, this.#withoutSimulated(held, all));
    if (recipients.length === 0) return undefined;
    const { message } = held;
    const { send } = this.#ask;
    if (recipients.length === 1) {
      const result = send.path(recipients[0]!.domain, message.envelopeFrom, this.#wish(message));
      return this.#whenKnown(result, held, recipients);
    }
    const deciding: (Promise<void> | undefined)[] = [];
    // Domains that go the same way share transactions, as far as their ways are known now.
    const byPath = new Map<string, { readonly result: PathResult; readonly recipients: QueuedRecipient[] }>();
    for (const [domain, some] of Map.groupBy(recipients, (recipient) => recipient.domain)) {
      const result = send.path(domain, message.envelopeFrom, this.#wish(message));
      if (result instanceof Promise || result.kind === "none") {
        deciding.push(this.#whenKnown(result, held, some));
        continue;
      }
      const group = byPath.get(result.path.key);
      if (group === undefined) byPath.set(result.path.key, { result, recipients: [...some] });
      else group.recipients.push(...some);
    }
    for (const group of byPath.values()) deciding.push(this.#place(held, group.recipients, group.result));
    return deciding.every((one) => one === undefined) ? undefined : Promise.all(deciding).then(() => undefined);
  }

  #wish(message: QueuedMessage): TlsWish {
    // RFC 8689 §5: a notice is not lost because the next server knows nothing of REQUIRETLS.
    if (message.requireTls && message.envelopeFrom !== "") return "require";
    if (message.tenant !== undefined && this.#ask.dispatch?.insistsOnTls(message) === true) return "encrypt";
    return message.tlsOptional === true ? "optional" : "default";
  }

  #whenKnown(
    result: PathResult | Promise<PathResult>,
    held: Held,
    recipients: readonly QueuedRecipient[],
  ): Promise<void> | undefined {
    if (!(result instanceof Promise)) return this.#place(held, recipients, result);
    const looking: Looking = { held, recipients };
    this.#looking.add(looking);
    return result
      .catch((error): PathResult => {
        this.#ask.log.error({ err: error, queue: held.message.id }, "finding a way broke");
        const outcome = later(reply(451, "4.3.0", "Internal error while looking for the way"), "system");
        return { kind: "none", outcome };
      })
      .then((known) => {
        this.#looking.delete(looking);
        return this.#place(held, looking.recipients, known);
      })
      .catch((error) => this.#ask.log.error({ err: error, queue: held.message.id }, "the queue broke"));
  }

  /** Puts recipients into the ready stage, or says at once what becomes of them. */
  #place(held: Held, recipients: readonly QueuedRecipient[], result: PathResult): Promise<void> | undefined {
    if (!this.#running || recipients.length === 0) return undefined;
    if (result.kind === "none") {
      this.#all(held, recipients, result.outcome, undefined);
      return undefined;
    }
    const { path } = result;
    const suspendedMs = this.#ask.send.suspendedMs(path.key);
    if (suspendedMs > 0) {
      if (held.share === undefined) this.#crowd(recipients, path);
      const said = this.#suspended.get(path.key) ?? reply(451, "4.4.1", "No host of the destination can be reached");
      this.#all(held, recipients, later(said, "network", suspendedMs), path);
      return undefined;
    }
    const { dispatch } = this.#ask;
    if (dispatch === undefined) {
      this.#makeReady(held, recipients, path);
      return undefined;
    }
    const decidedAt = this.#changes;
    const admitted = dispatch.admit(held.message, recipients, path);
    if (!(admitted instanceof Promise)) {
      this.#follow(held, admitted, decidedAt);
      return undefined;
    }
    const looking: Looking = { held, recipients };
    this.#looking.add(looking);
    return admitted
      .finally(() => this.#looking.delete(looking))
      .then((known) => this.#follow(held, known, decidedAt, new Set(looking.recipients)))
      .catch((error) => {
        this.#ask.log.error({ err: error, queue: held.message.id }, "a message could not be let in");
        this.#finisher.postpone(held, looking.recipients, this.#now() + crowdedMs);
      });
  }

  /** Does what was decided about recipients, those that were withdrawn meanwhile left out. */
  #follow(held: Held, admitted: readonly Admission[], decidedAt: number, still?: ReadonlySet<QueuedRecipient>): void {
    if (!this.#running) return;
    for (const one of admitted) {
      const recipients = still === undefined ? one.recipients : one.recipients.filter((each) => still.has(each));
      if (recipients.length === 0) continue;
      if (one.kind === "go") this.#makeReady(held, recipients, one.path);
      else this.#finisher.postpone(held, recipients, one.until, one.park, decidedAt);
    }
  }

  #makeReady(held: Held, recipients: readonly QueuedRecipient[], path: Path): void {
    const { dispatch, settings } = this.#ask;
    const { message } = held;
    // A return path of one's own is one recipient's.
    const alone = recipients.length > 1 && dispatch?.returnPath(message, recipients[0]!) !== undefined;
    const usual = settings.maxRecipientsPerTransaction;
    const most = alone ? 1 : Math.min(usual, dispatch?.maxRecipients(path) ?? usual);
    for (let at = 0; at < recipients.length; at += most) {
      const some = recipients.length <= most ? recipients : recipients.slice(at, at + most);
      if (this.#ready.full(path.key, held.share !== undefined)) this.#noRoom(held, some, path);
      else this.#ready.push(new Item(held, some, path, this.#now(), this));
    }
    this.#ask.send.wake(path);
  }

  #noRoom(held: Held, recipients: readonly QueuedRecipient[], path: Path): void {
    this.#ask.dispatch?.untried(held.message, recipients, path);
    // What takes turns waits where it is: claims of other mail for the same domain go on.
    if (held.share !== undefined) {
      const park = this.#ask.dispatch?.parkOf(held.message, path);
      this.#finisher.postpone(held, recipients, this.#now() + crowdedMs, park);
      return;
    }
    const noted = this.#crowd(recipients, path);
    this.#finisher.postpone(held, recipients, this.#now() + (noted ? 0 : crowdedMs));
  }

  returnPath(message: QueuedMessage, recipients: readonly QueuedRecipient[]): string | undefined {
    return message.tenant === undefined || recipients.length !== 1
      ? undefined
      : this.#ask.dispatch?.returnPath(message, recipients[0]!);
  }

  /** Notes that mail for these domains is not to be claimed now; false when there are too many such. */
  #crowd(recipients: readonly QueuedRecipient[], path: Path): boolean {
    this.#backlog = true;
    for (const { domain } of recipients) {
      if (this.#crowded.size >= maxExceptDomains && !this.#crowded.has(domain)) return false;
      this.#crowded.set(domain, path.key);
    }
    return true;
  }

  // ---------------------------------------------------------------- claims

  /** `parkedAlone`: what waits nowhere was looked at just now. */
  #claim(parkedAlone = false): void {
    if (!this.#running || this.#claiming !== undefined || this.#claimsPaused > 0) return;
    this.#claiming = (parkedAlone ? this.#claimParked() : this.#claimAll())
      .catch((error) => this.#ask.log.error({ err: error }, "the queue could not be read"))
      .finally(() => {
        this.#claiming = undefined;
      });
  }

  /** Claims portions until nothing more is due or there is no room. */
  async #claimAll(): Promise<void> {
    const { store, settings, node, send } = this.#ask;
    while (this.#running && this.#claimsPaused === 0) {
      // Half of what is free is left to fresh mail.
      const room = Math.floor((settings.maxReady - this.#holding.recipients) / 2);
      for (const [domain, key] of this.#crowded)
        if (this.#ready.roomy(key) && send.suspendedMs(key) === 0) this.#crowded.delete(domain);
      this.#backlog = room <= 0 || this.#crowded.size > 0;
      if (room <= 0) return;
      const limit = Math.min(settings.claimBatch, room);
      const now = this.#now();
      const claimed = await store.claim({
        owner: node,
        now,
        until: now + settings.leaseMs,
        limit,
        exceptDomains: [...this.#crowded.keys()],
      });
      let recipients = 0;
      for (const message of claimed) {
        recipients += message.recipients.length;
        void this.#hold(message, undefined);
      }
      if (recipients < limit) break;
    }
    await this.#claimParked();
  }

  /** Mail that waits for its turn gets what is left, at most half of the room; and what has waited too long is given up. */
  async #claimParked(): Promise<void> {
    const line = this.#line;
    if (line === undefined || !this.#running || this.#claimsPaused > 0) return;
    const { maxReady } = this.#ask.settings;
    const now = this.#now();
    if (now >= this.#expiredAt) {
      const late = await line.expired();
      for (const message of late) this.#giveUp(message);
      this.#expiredAt = late.length === 0 ? now + expiredEveryMs : now;
    }
    const room = Math.floor(maxReady / 2) - this.#holding.recipients;
    if (room > 0) await line.claim(room, (message) => this.#hold(message, undefined));
  }

  #giveUp(message: QueuedMessage): void {
    const ours = this.#holding.take(message);
    if (ours.length === 0) return;
    const share = this.#shareOf(message);
    const held: Held = {
      message,
      fresh: false,
      share,
      bytes: undefined,
      kept: false,
      loading: undefined,
      pending: ours.length,
    };
    this.#all(held, ours, waitedTooLong, undefined);
  }

  #renew(): void {
    const { store, settings, node, log } = this.#ask;
    store
      .renewLeases(node, this.#now() + settings.leaseMs)
      .catch((error) => log.error({ err: error }, "leases could not be renewed"));
  }

  // ---------------------------------------------------------------- the pool's side

  #goOn(): void {
    const paths = [...this.#stalled.values()];
    this.#stalled.clear();
    for (const path of paths) this.#ask.send.wake(path);
  }

  #take(key: string): Item | undefined {
    if (this.#finisher.unsettled >= this.#ask.settings.maxUnsettled) {
      const next = this.#ready.take(key);
      if (next === undefined) return undefined;
      this.#ready.putBack(next);
      this.#stalled.set(key, next.path);
      return undefined;
    }
    for (let item = this.#ready.take(key); item !== undefined; item = this.#ready.take(key)) {
      const { held, recipients, path } = item;
      if (this.#administrator.failCondemned(held, recipients, path)) continue;
      const lease = this.#holding.lease(held.message, recipients[0]!);
      if (lease === undefined) continue;
      const heldUntil =
        this.#ask.restrain?.mayNotSend(held.message) === true
          ? this.#now() + restrainedMs
          : this.#ask.dispatch?.heldUntil(held.message, path);
      if (heldUntil !== undefined) {
        this.#ask.dispatch?.untried(held.message, recipients, path);
        this.#finisher.postpone(held, recipients, heldUntil, this.#ask.dispatch?.parkOf(held.message, path));
        continue;
      }
      if (lease.owner === this.#ask.node || lease.until - this.#now() > leaseReserveMs) return item;
      // Its lease is about to run out: whoever claims it next sends it.
      this.#forget(held, recipients);
    }
    return undefined;
  }

  async load(item: Item): Promise<boolean> {
    const there = await this.#memory.load(item.held);
    if (!there) {
      this.#all(item.held, item.recipients, unread, item.path);
    }
    return there;
  }

  done(
    held: Held,
    recipients: readonly QueuedRecipient[],
    outcomes: readonly Outcome[],
    attempt: Attempt | undefined,
    path: Path | undefined,
  ): void {
    const { dispatch } = this.#ask;
    const heard =
      dispatch === undefined || path === undefined
        ? undefined
        : dispatch.heard(held.message, recipients, outcomes, path);
    const after = heard?.outcomes ?? outcomes;
    this.#administrator.done(held, recipients, after);
    this.#ask.restrain?.heard(held.message, after);
    this.#finisher.finish(held, recipients, after, attempt, path, {}, heard);
    this.#memory.drop(held);
  }

  #unreachable(path: Path, failures: readonly OpenFailure[], backOffMs: number): void {
    const said = failures.at(-1)?.reply ?? reply(451, "4.4.1", "The destination has no host to try");
    if (this.#suspended.size >= maxExceptDomains) this.#suspended.delete(this.#suspended.keys().next().value!);
    this.#suspended.set(path.key, said);
    const tries = failures.slice(0, maxTriesShown).map(({ host, address, stage, reply }) => ({
      host,
      address,
      stage,
      reply: replyText(reply),
    }));
    const items = this.#ready.drain(path.key);
    const { dispatch } = this.#ask;
    if (dispatch !== undefined) {
      dispatch.unreachable(path, failures);
      for (const { held, recipients } of items) dispatch.untried(held.message, recipients, path);
    }
    this.#ask.log.info({ site: path.site, tries, waiting: items.length, backOffMs }, "destination cannot be reached");
    const outcome = later(said, failures.at(-1)?.stage === "tls" ? "tls" : "network", backOffMs);
    for (const { held, recipients } of items) {
      if (held.share === undefined) this.#crowd(recipients, path);
      this.#all(held, recipients, outcome, path, { tries });
    }
  }

  /** The same outcome for all, without a session. */
  #all(
    held: Held,
    recipients: readonly QueuedRecipient[],
    outcome: Outcome,
    path: Path | undefined,
    details: { readonly [name: string]: unknown } = {},
  ): void {
    const outcomes = recipients.map(() => outcome);
    this.#finisher.finish(held, recipients, outcomes, undefined, path, details);
  }

  #forget(held: Held, recipients: readonly QueuedRecipient[]): void {
    this.#holding.forget(
      held,
      recipients.map(({ id }) => id),
    );
  }

  show(id: string): Promise<QueuedMessage | undefined> {
    return this.#administrator.show(id);
  }

  act(...what: Parameters<Queue["act"]>): Promise<number> {
    return this.#administrator.act(...what);
  }

  async #pauseClaims(): Promise<() => void> {
    this.#claimsPaused++;
    await this.#claiming;
    return () => {
      this.#claimsPaused--;
      this.#claim();
    };
  }

  #tryAllAgain(): void {
    this.#ask.send.retryNow();
    this.#suspended.clear();
    this.#crowded.clear();
    this.#claim();
  }
}

const unread = later(reply(451, "4.3.0", "The message could not be read from the store"), "system");
const waitedTooLong: Outcome = {
  kind: "failed",
  why: "rate",
  reply: reply(554, "4.4.7", "The message waited too long for its turn and was given up"),
  ours: true,
};

async function bytesOf(
  message: QueuedMessage,
  { store, makeCopy }: Pick<QueueAsk, "store" | "makeCopy">,
): Promise<Uint8Array | undefined> {
  const bytes = await store.content(message.content);
  if (bytes === undefined || message.template === undefined) return bytes;
  if (makeCopy === undefined) throw new Error("nobody makes messages of recipes here");
  return makeCopy(message, bytes);
}

function later(reply: Reply, why: "network" | "tls" | "system", delayMs?: number): Outcome {
  return { kind: "later", reply, why, delayMs };
}
