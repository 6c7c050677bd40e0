/**
 * Connections, kept by path (source → site) and used for many messages. Each site has its own bound, its own back-off and
 * its own work, so that a slow or dead one costs the others nothing but its connections.
 */
import { type Attempt, Conversation, type Job, type SevenBit } from "./converse.ts";
import { type Group, Groups } from "./groups.ts";
import {
  type Bound,
  boundBy,
  giveBack,
  ofDomain,
  pass,
  type RateState,
  type Shaper,
  unpaced,
  waitFor,
} from "./rate.ts";
import { type OpenFailure, openSession, type Session, type SessionAsk, type SessionSettings } from "./session.ts";
import type { Path } from "./site.ts";

export type PoolSettings = SessionSettings & {
  readonly maxConnections: number;
  readonly maxConnectionsPerSite: number;
  /** For hosts that the administrator named: smart hosts, LMTP, relay domains. */
  readonly maxConnectionsPerFixedHost: number;
  readonly maxMessagesPerConnection: number;
  readonly maxMessagesPerFixedConnection: number;
  /** After so many messages a connection gives way when other sites wait for one. */
  readonly fairMessages: number;
  readonly idleMs: number;
  /** Addresses that are tried before a site counts as not to be reached. */
  readonly maxAddressesPerAttempt: number;
  readonly firstBackOffMs: number;
  readonly maxBackOffMs: number;
};

/** Where the pool gets its work: the ready stage of the queue. */
export interface JobSource {
  /** The next job for the path, or undefined. */
  take(key: string): Job | undefined;
  /** Takes back a job that was not tried. */
  putBack(key: string, job: Job): void;
  /** How many wait. */
  waiting(key: string): number;
  /** No host of the site could be reached; nothing is tried there for `backOffMs`. */
  unreachable(path: Path, failures: readonly OpenFailure[], backOffMs: number): void;
}

export type PoolAsk = {
  readonly settings: PoolSettings;
  readonly session: Omit<SessionAsk, "settings">;
  readonly source: JobSource;
  /** Limits of paths that have a provider. */
  readonly shaper?: Shaper | undefined;
  readonly random: () => number;
  readonly sevenBit: SevenBit;
  /** A mistake of ours was met: for the log. */
  readonly broken: (error: unknown) => void;
};

/** Why the next message of a path does not begin. */
export type HeldUp =
  | ({ readonly kind: "rate" } & Bound)
  | { readonly kind: "connections"; readonly connections: number };

type Lane = {
  path: Path;
  /** Connections, those being opened and the idle ones included. */
  connections: number;
  /** Those of them that are being opened. */
  opening: number;
  readonly idle: IdleSession[];
  failures: number;
  suspendedUntil: number;
  /** A lower bound than the settings', found by the server refusing more connections. */
  limit: { readonly connections: number; readonly until: number } | undefined;
  queuedForSlot: boolean;
  dispatching: boolean;
  /** When a connection last took a job. */
  tookAt: number;
  /** For paths with a provider: of the site, or of the domain where the site is shared. */
  readonly rate: RateState;
  /** Of its source and provider. */
  readonly provider: Group<Lane> | undefined;
  /** Of its site, where each domain has a lane. */
  readonly site: Group<Lane> | undefined;
  /** Runs until the rate lets one more message through. */
  slowed: NodeJS.Timeout | undefined;
};
type IdleSession = { readonly since: number; readonly wake: (job: Job | undefined) => void };

/** How often idle connections are looked at. */
const sweepMs = 1000;
/** How long a bound that a server's refusal taught us holds. */
const learntLimitMs = 300_000;
/** One more connection is opened when more jobs than this wait for each there is. */
const jobsPerConnection = 10;
/** One idle connection is woken for so many jobs that wait, where busy ones will not take them. */
const jobsPerIdle = 4;
/** A rate is looked at again after so long: it may have been given back. */
const maxSlowedMs = 60_000;
/** Sites remembered without work or connections. */
const maxLanes = 20_000;

export class Pool {
  readonly #ask: PoolAsk;
  readonly #lanes = new Map<string, Lane>();
  #connections = 0;
  #idle = 0;
  /** Sites that wait for a connection because the whole bound is reached, first come first served. */
  readonly #waiting: Lane[] = [];
  #sweeper: NodeJS.Timeout | undefined;
  #stopping = false;
  readonly #workers = new Set<Promise<void>>();

  constructor(ask: PoolAsk) {
    this.#ask = ask;
  }

  get connections(): number {
    return this.#connections;
  }

  /** There is work for the path: sees to it that a connection takes it. */
  wake(path: Path): void {
    if (this.#stopping) return;
    const lane = this.#lane(path);
    lane.path = path;
    if (this.suspendedMs(path.key) > 0) return;
    if (lane.idle.length === 0) this.#grow(lane);
    else if (!lane.dispatching) {
      lane.dispatching = true;
      setImmediate(() => this.#dispatch(lane));
    }
  }

  /**
   * Gives what came in one turn of the event loop to as few idle connections as will do: messages that follow each other on
   * one connection cost half of those that are sent side by side.
   */
  #dispatch(lane: Lane): void {
    lane.dispatching = false;
    if (this.#stopping) return;
    const busy = lane.connections - lane.idle.length;
    const wanted = Math.ceil(this.#ask.source.waiting(lane.path.key) / jobsPerIdle) - busy;
    this.#wakeIdle(lane, busy === 0 ? Math.max(1, wanted) : wanted);
    if (lane.idle.length === 0) this.#grow(lane);
  }

  #wakeIdle(lane: Lane, most: number): void {
    for (let count = 0; count < most && lane.idle.length > 0; count++) {
      const job = this.#take(lane);
      if (job === undefined) return;
      lane.idle.pop()!.wake(job);
    }
  }

  /** For how long nothing is tried on this path; 0 when it is open. */
  suspendedMs(key: string): number {
    const lane = this.#lanes.get(key);
    return lane === undefined ? 0 : Math.max(0, lane.suspendedUntil - this.#now);
  }

  /** What holds up the next message of a path; undefined: nothing that is known. */
  heldUp(key: string): HeldUp | undefined {
    const lane = this.#lanes.get(key);
    if (lane === undefined) return undefined;
    const limits = this.#limits(lane);
    if (limits !== undefined) {
      const bySite = boundBy(rateOf(lane), limits, this.#now);
      const byDomain = lane.site === undefined ? undefined : boundBy(lane.rate, ofDomain(limits), this.#now);
      const bound = (byDomain?.waitMs ?? 0) > (bySite?.waitMs ?? 0) ? byDomain : bySite;
      if (bound !== undefined) return { kind: "rate", ...bound };
    }
    const connections = this.#bound(lane);
    if (lane.idle.length > 0 || lane.connections === 0 || lane.connections < connections) return undefined;
    return { kind: "connections", connections: lane.connections };
  }

  /** Forgets back-offs: an administrator wants it tried now. */
  forgive(): void {
    for (const lane of this.#lanes.values()) {
      lane.suspendedUntil = 0;
      lane.failures = 0;
      lane.limit = undefined;
    }
  }

  /** Lets running transactions end, for at most `graceMs`; then connections are cut. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#sweeper);
    for (const lane of this.#lanes.values()) clearTimeout(lane.slowed);
    for (const lane of this.#lanes.values()) for (const idle of lane.idle.splice(0)) idle.wake(undefined);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    await Promise.race([Promise.all(this.#workers), late]);
    clearTimeout(timer);
    for (const session of this.#open) session.connection.destroy();
  }
  readonly #open = new Set<Session>();
  readonly #groups = new Groups<Lane>();

  get #now(): number {
    return this.#ask.session.monotonic();
  }

  #lane(path: Path): Lane {
    let lane = this.#lanes.get(path.key);
    if (lane === undefined) {
      if (this.#lanes.size >= maxLanes) this.#dropLanes();
      lane = {
        path,
        connections: 0,
        opening: 0,
        idle: [],
        failures: 0,
        suspendedUntil: 0,
        limit: undefined,
        queuedForSlot: false,
        dispatching: false,
        tookAt: this.#now,
        rate: unpaced(),
        provider: this.#groups.ofProvider(path),
        site: this.#groups.ofSite(path),
        slowed: undefined,
      };
      this.#lanes.set(path.key, lane);
      const left = path.provider === undefined ? 0 : (this.#ask.shaper?.hours?.left(path) ?? 0);
      const rate = rateOf(lane);
      if (left > 0) rate.hour = Math.max(rate.hour, this.#now + left);
    }
    return lane;
  }

  #dropLanes(): void {
    for (const [key, lane] of this.#lanes)
      if (
        lane.connections === 0 &&
        !lane.queuedForSlot &&
        lane.slowed === undefined &&
        !groupsOf(lane).some(({ waiting }) => waiting.has(lane)) &&
        lane.suspendedUntil <= this.#now
      )
        this.#lanes.delete(key);
    this.#groups.keepOnly(new Set([...this.#lanes.values()].flatMap(groupsOf)));
  }

  #bound(lane: Lane): number {
    const { settings } = this.#ask;
    if (lane.limit !== undefined && lane.limit.until <= this.#now) lane.limit = undefined;
    const bound = lane.path.fixed ? settings.maxConnectionsPerFixedHost : settings.maxConnectionsPerSite;
    const learnt = Math.min(bound, lane.limit?.connections ?? bound);
    const limits = this.#limits(lane);
    if (limits === undefined) return learnt;
    const { connections = learnt, totalConnections = Infinity } = limits;
    return Math.min(
      learnt,
      room(lane, lane.site, Math.min(bound, connections)),
      room(lane, lane.provider, totalConnections),
    );
  }

  #limits(lane: Lane) {
    return lane.path.provider === undefined ? undefined : this.#ask.shaper?.limits(lane.path);
  }

  /** Whether the rate lets one more message begin; where not, the lane is woken when it does. */
  #mayBegin(lane: Lane): boolean {
    const limits = this.#limits(lane);
    if (limits === undefined) return true;
    const wait =
      lane.site === undefined
        ? waitFor(lane.rate, limits, this.#now)
        : Math.max(waitFor(rateOf(lane), limits, this.#now), waitFor(lane.rate, ofDomain(limits), this.#now));
    if (wait <= 0) return true;
    lane.slowed ??= setTimeout(
      () => {
        lane.slowed = undefined;
        this.wake(lane.path);
      },
      Math.min(Math.ceil(wait), maxSlowedMs),
    );
    return false;
  }

  /** The next job of a lane, as far as its rate allows. */
  #next(lane: Lane): Job | undefined {
    if (lane.path.provider === undefined) return this.#ask.source.take(lane.path.key);
    if (!this.#mayBegin(lane)) return undefined;
    const job = this.#ask.source.take(lane.path.key);
    if (job !== undefined) this.#count(lane, pass);
    return job;
  }

  /** A job that has not begun after all. */
  #putBack(lane: Lane, job: Job): void {
    this.#ask.source.putBack(lane.path.key, job);
    this.#count(lane, giveBack);
  }

  /** One message more, or less, by the rates of a lane. */
  #count(lane: Lane, change: typeof pass): void {
    const limits = this.#limits(lane);
    if (limits === undefined) return;
    const rate = rateOf(lane);
    change(rate, limits, this.#now);
    if (limits.perHour !== undefined) this.#ask.shaper?.hours?.note(lane.path, rate.hour - this.#now);
    if (lane.site !== undefined) change(lane.rate, ofDomain(limits), this.#now);
  }

  /** Opens one more connection for the lane when its work asks for it (or `anyway`) and the bounds allow it. */
  #grow(lane: Lane, anyway = false): void {
    if (this.#stopping || lane.queuedForSlot) return;
    const { source } = this.#ask;
    const waiting = source.waiting(lane.path.key);
    if (lane.slowed !== undefined && lane.connections > 0) return;
    // What waits for a connection that is being opened needs no other.
    if (waiting <= (anyway ? lane.opening : lane.connections * jobsPerConnection)) return;
    if (lane.connections >= this.#bound(lane)) {
      if (lane.connections === 0) this.#awaitGroup(lane);
      return;
    }
    if (this.#connections >= this.#ask.settings.maxConnections) {
      lane.queuedForSlot = true;
      this.#waiting.push(lane);
      this.#closeAnIdle();
      return;
    }
    lane.connections++;
    this.#connections++;
    const groups = groupsOf(lane);
    for (const group of groups) {
      group.connections++;
      group.waiting.delete(lane);
    }
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepMs).unref();
    const worker = this.#work(lane)
      .catch(this.#ask.broken)
      .finally(() => {
        lane.connections--;
        this.#connections--;
        for (const group of groups) group.connections--;
        this.#workers.delete(worker);
        this.#giveSlot();
        for (const { waiting } of groups)
          for (const other of waiting)
            if (source.waiting(other.path.key) === 0) waiting.delete(other);
            else this.#grow(other);
        if (lane.suspendedUntil <= this.#now) this.#grow(lane);
      });
    this.#workers.add(worker);
  }

  /** Others of its groups have all the connections: it has the next one, and an idle one is ended for it. */
  #awaitGroup(lane: Lane): void {
    const groups = groupsOf(lane);
    if (groups.every(({ waiting }) => waiting.has(lane))) return;
    for (const group of groups) group.waiting.add(lane);
    if (this.#idle === 0) return;
    for (const other of this.#lanes.values())
      if (other.idle.length > 0 && groupsOf(other).some((group) => groups.includes(group))) {
        other.idle.shift()!.wake(undefined);
        return;
      }
  }

  /** Another lane waits for this one's connections. */
  #wanted(lane: Lane): boolean {
    return this.#waiting.length > 0 || isAwaited(lane.provider) || isAwaited(lane.site);
  }

  #take(lane: Lane): Job | undefined {
    lane.tookAt = this.#now;
    return this.#next(lane);
  }

  #giveSlot(): void {
    while (this.#connections < this.#ask.settings.maxConnections) {
      const lane = this.#waiting.shift();
      if (lane === undefined) return;
      lane.queuedForSlot = false;
      this.#grow(lane);
    }
  }

  /** Makes room by ending the connection that has been idle longest; it frees its slot a little later. */
  #closeAnIdle(): void {
    if (this.#idle === 0) return;
    let oldest: Lane | undefined;
    for (const lane of this.#lanes.values())
      if (lane.idle.length > 0 && (oldest === undefined || lane.idle[0]!.since < oldest.idle[0]!.since)) oldest = lane;
    oldest?.idle.shift()?.wake(undefined);
  }

  /** The life of one connection: opened, used for all there is, kept for a while, closed. */
  async #work(lane: Lane): Promise<void> {
    lane.opening++;
    const session = await this.#connect(lane).finally(() => lane.opening--);
    if (session === undefined) return;
    this.#open.add(session);
    const conversation = this.#converse(lane, session);
    let job = this.#take(lane);
    while (!conversation.dead && !this.#stopping) {
      job ??= await this.#rest(lane, conversation);
      if (job === undefined) break;
      const current: Job = job;
      job = undefined;
      await conversation.send(current);
      if (!conversation.dead && this.#mustYield(lane, session, conversation)) break;
    }
    if (job !== undefined) this.#putBack(lane, job);
    this.#open.delete(session);
    if (conversation.dead) session.connection.destroy();
    else conversation.close();
  }

  #converse(lane: Lane, session: Session): Conversation {
    const { settings, sevenBit } = this.#ask;
    const { protocol } = lane.path;
    const conversation: Conversation = new Conversation({
      session,
      protocol,
      settings,
      sevenBit,
      monotonic: this.#ask.session.monotonic,
      next: () => (this.#stopping || this.#mustYield(lane, session, conversation) ? undefined : this.#next(lane)),
      putBack: (job) => this.#putBack(lane, job),
      broken: this.#ask.broken,
    });
    return conversation;
  }

  /** This connection has served enough, or others have waited long enough. */
  #mustYield(lane: Lane, session: Session, { begun }: Conversation): boolean {
    const { settings } = this.#ask;
    const usual = lane.path.fixed ? settings.maxMessagesPerFixedConnection : settings.maxMessagesPerConnection;
    const most = Math.min(usual, this.#limits(lane)?.messagesPerConnection ?? usual);
    if (begun >= Math.min(most, session.capabilities.maxTransactions ?? most)) return true;
    return begun >= settings.fairMessages && this.#wanted(lane);
  }

  /** Waits for a job with the connection kept open; undefined when it should be closed. */
  async #rest(lane: Lane, conversation: Conversation): Promise<Job | undefined> {
    if (this.#stopping || this.#wanted(lane)) return undefined;
    const { promise, resolve } = Promise.withResolvers<Job | undefined>();
    const idle: IdleSession = { since: this.#now, wake: resolve };
    lane.idle.push(idle);
    this.#idle++;
    const watching = conversation.watch().then(() => resolve(undefined));
    watching.catch(this.#ask.broken);
    const job = await promise;
    this.#idle--;
    const at = lane.idle.indexOf(idle);
    if (at >= 0) lane.idle.splice(at, 1);
    return job;
  }

  #sweep(): void {
    const now = this.#now;
    for (const lane of this.#lanes.values()) {
      while (lane.idle.length > 0 && lane.idle[0]!.since <= now - this.#ask.settings.idleMs)
        lane.idle.shift()!.wake(undefined);
      // Those that work are busy with slow messages: one more.
      if (lane.connections === 0 || lane.suspendedUntil > now || lane.tookAt > now - sweepMs) continue;
      if (lane.slowed !== undefined) continue;
      if (lane.idle.length > 0) this.#wakeIdle(lane, 1);
      else this.#grow(lane, true);
    }
    if (this.#connections > 0) return;
    clearInterval(this.#sweeper);
    this.#sweeper = undefined;
  }

  /** A session with the first host and address that takes one; undefined, and the site told of, where none does. */
  async #connect(lane: Lane): Promise<Session | undefined> {
    const { settings, session: ask } = this.#ask;
    const { path } = lane;
    const failures: OpenFailure[] = [];
    for (const host of path.hosts) {
      for (const address of host.addresses) {
        if (failures.length >= settings.maxAddressesPerAttempt || this.#stopping) break;
        const opened = await openSession(path, host, address, { ...ask, settings });
        if (opened.kind === "session") {
          lane.failures = 0;
          return opened;
        }
        failures.push(opened);
      }
    }
    if (this.#stopping) return undefined;
    if (lane.connections > 1) {
      // Others of the site are open or under way: it is up, but wants no more of us at once.
      lane.limit = { connections: Math.max(1, lane.connections - 1), until: this.#now + learntLimitMs };
      return undefined;
    }
    lane.failures++;
    const grown = settings.firstBackOffMs * 2 ** Math.min(lane.failures - 1, 20);
    const backOffMs = Math.round(Math.min(grown, settings.maxBackOffMs) * (0.8 + 0.4 * this.#ask.random()));
    lane.suspendedUntil = this.#now + backOffMs;
    this.#ask.source.unreachable(path, failures, backOffMs);
    return undefined;
  }
}

/** Of the path, or of the site where its domains have lanes of their own. */
const rateOf = (lane: Lane): RateState => lane.site?.rate ?? lane.rate;

function groupsOf({ provider, site }: Lane): readonly Group<Lane>[] {
  return provider === undefined ? [] : site === undefined ? [provider] : [provider, site];
}

function isAwaited(group: Group<Lane> | undefined): boolean {
  return group !== undefined && group.waiting.size > 0;
}

/** How many connections a lane may have of those that its group shares. */
function room(lane: Lane, group: Group<Lane> | undefined, bound: number): number {
  return group === undefined ? bound : Math.max(0, bound - (group.connections - lane.connections));
}

export type { Attempt, Job };
