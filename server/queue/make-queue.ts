/**
 * The queue at work. Two stages: scheduled mail is in the store, by time; ready mail is in memory, by path (source → site).
 * What is due is claimed in portions under a lease (`claims`); fresh mail comes straight from its acceptance (`intake`). Its way is looked up
 * (`ways`), it is let in (`admitting`), taken by a connection (`handing-out`), and what became of it is made durable (`finish`). Every path has
 * its own share of the room, so that no destination holds another up.
 */
import type { QueuedRecipient, QueueId } from "../store/store.ts";
import { Administrator } from "./administer.ts";
import { Admitting } from "./admitting.ts";
import { Claims } from "./claims.ts";
import { Condemned } from "./condemned.ts";
import { Crowded } from "./crowded.ts";
import { Finisher } from "./finish.ts";
import { HandingOut } from "./handing-out.ts";
import { HereStage } from "./here-stage.ts";
import { Holding } from "./holding.ts";
import { Intake } from "./intake.ts";
import type { Held, Item, Looking } from "./item.ts";
import type { Life } from "./life.ts";
import { MessageMemory } from "./message-memory.ts";
import { ParkLine } from "./park-line.ts";
import type { Queue, Wait } from "./queue.ts";
import { bytesOf, type QueueAsk } from "./queue-ask.ts";
import { ReadyStage } from "./ready.ts";
import { scheduleOf } from "./settings.ts";
import { steadyClock } from "./steady-clock.ts";
import { Suspended } from "./suspended.ts";
import { lookedUp, waitInLine } from "./waits.ts";
import { Ways } from "./ways.ts";

/** Totals since the start, and what is in memory now, in recipients; for metrics. */
export type QueueCounters = {
  readonly delivered: number;
  readonly deferred: number;
  readonly failed: number;
  readonly stale: number;
  readonly inMemory: number;
};

/** Changes to these may let go what waits. */
const modelKinds: ReadonlySet<string> = new Set(["source", "pool", "stream", "tenant", "campaign", "park"]);

export function makeQueue(ask: QueueAsk): Queue & { counters(): QueueCounters } {
  const { store, send, settings, dispatch, node, random, log } = ask;
  const now = steadyClock(ask.wall, ask.monotonic);
  const life: Life = { running: false, changes: 0 };
  const freshOwner = `${node}/new`;

  // ---------------------------------------------------------------- what is remembered
  const ready = new ReadyStage(settings.maxReady);
  const bounds = { kept: settings.maxReadyBytes, inFlight: settings.maxInFlightBytes };
  const memory = new MessageMemory((message) => bytesOf(message, ask), bounds, log);
  const holding = new Holding(memory);
  const crowded = new Crowded();
  const suspended = new Suspended();
  const looking = new Set<Looking>();

  // ---------------------------------------------------------------- the stages, from the last to the first
  const schedule = scheduleOf(settings);
  const finisher = new Finisher({
    store,
    log,
    random,
    notices: ask.notices,
    holding,
    memory,
    schedule: (message) => dispatch?.schedule(message) ?? schedule,
    park: (message, path) => dispatch?.parkOf(message, path),
    parked: (lane) => line?.note(lane),
    changes: () => life.changes,
    missed: (parks) =>
      void store
        .wakeParks(parks, now())
        .catch((error: unknown) => log.error({ err: error }, "mail that may go again could not be woken")),
    maxBatch: settings.settleBatch,
    now,
    offer: (message, bytes) => intake.offer(message, bytes),
    madeRoom: () => {
      claims.madeRoom();
      handingOut.settled();
    },
  });
  const condemned = new Condemned(finisher, now);
  const stages = { ...ask, now, life, ready, memory, holding, crowded, suspended, looking, finisher, condemned };
  const handingOut = new HandingOut(stages);
  const admitting = new Admitting({ ...stages, owner: handingOut });
  const here = new HereStage({ ...stages, owner: handingOut });
  const ways = new Ways({ ...stages, here, admitting });
  /** Mail that waits for its turn; undefined without sending at volume. */
  const line =
    dispatch &&
    new ParkLine({
      store,
      dispatch,
      owner: node,
      leaseMs: settings.leaseMs,
      now,
      inMemory: (park) => holding.ofPark(park),
      again: () => claims.claim(true),
      log,
    });
  const intake = new Intake({ ...stages, ways, line, freshOwner });
  const claims = new Claims({
    ...stages,
    line,
    hold: (message) => intake.hold(message, undefined),
    giveUp: (message) => intake.giveUp(message),
  });
  const administrator = new Administrator({
    ...stages,
    owner: handingOut,
    pauseClaims: () => claims.pause(),
    tryAllAgain() {
      send.retryNow();
      suspended.clear();
      crowded.clear();
      claims.claim();
    },
  });
  send.begin({
    take: (key) => handingOut.take(key),
    putBack: (_, job) => ready.putBack(job as Item),
    waiting: (key) => ready.waiting(key),
    unreachable: (path, failures, backOffMs) => handingOut.unreachable(path, failures, backOffMs),
  });

  // ---------------------------------------------------------------- its life
  let unsubscribe: (() => void) | undefined;
  const releaseLeases = async (): Promise<void> => {
    await store.releaseLeases(node);
    await store.releaseLeases(freshOwner);
  };
  /** Somebody may have taken back what held mail up: a throttle, or (when the model has been read again) a stop. */
  const lineChanged = (): void => {
    life.changes++;
    line?.reopen();
    claims.claim();
  };
  return {
    counters() {
      const { delivered, deferred, failed, stale } = finisher;
      return { delivered, deferred, failed, stale, inMemory: holding.recipients };
    },

    async start() {
      await releaseLeases();
      life.running = true;
      unsubscribe = store.subscribe((changes) => {
        if (changes.some(({ kind }) => kind === "directory")) send.changed();
        if (changes.some((change) => change.kind === "sending" && change.of.some((kind) => modelKinds.has(kind))))
          lineChanged();
      });
      dispatch?.whenChanged?.(lineChanged);
      claims.start();
    },

    async stop(withinMs = settings.stopGraceMs) {
      life.running = false;
      unsubscribe?.();
      await claims.stop();
      await send.stop(Math.max(0, Math.min(settings.stopGraceMs, withinMs)));
      if (dispatch !== undefined)
        for (const { held, recipients, path } of ready.remove(() => true))
          dispatch.untried(held.message, recipients, path);
      await finisher.stop();
      await releaseLeases();
    },

    leaseForNew: () => intake.leaseForNew(),
    offer: (message, bytes) => intake.offer(message, bytes),
    poke: () => claims.poke(),
    show: (id) => administrator.show(id),
    act: (...what) => administrator.act(...what),

    waits(ids) {
      const found = new Map<QueueId, Map<number, Wait>>();
      const note = ({ message }: Held, recipients: readonly QueuedRecipient[], wait: Wait): void => {
        let of = found.get(message.id);
        if (of === undefined) found.set(message.id, (of = new Map()));
        for (const { id } of recipients) of.set(id, wait);
      };
      for (const [{ held, recipients, path, since }, before] of ready.inLine())
        if (ids.has(held.message.id))
          note(held, recipients, waitInLine(path, before, since, now(), send.heldUp(path.key)));
      for (const { held, recipients } of looking) if (ids.has(held.message.id)) note(held, recipients, lookedUp);
      return found;
    },
  };
}
