/**
 * The only place where the parts are put together: from a configuration and a data folder to a server that runs, and to its end. What each part
 * is made of stands in a file of its own: `ground`, `own-mail`, `outbound`, `inbound`, `submitting`, `mounting`.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import type { World } from "../admin/command.ts";
import { serveControl } from "../admin/control.ts";
import { tellOfShare } from "../jmap/share-notifications.ts";
import { watchDomains } from "./domain-watch.ts";
import { layGround } from "./ground.ts";
import { startImporting } from "./importing.ts";
import { startInbound } from "./inbound.ts";
import { startMounting } from "./mounting.ts";
import { type BoundAddress, type Doors, openDoors } from "./opening.ts";
import { startOutbound } from "./outbound.ts";
import { startOwnMail } from "./own-mail.ts";
import { makeRunningWorld } from "./running-world.ts";
import type { Ends, ServerOptions } from "./server-options.ts";
import { makeServing } from "./serving.ts";
import { startSubmitting } from "./submitting.ts";
import { startTidying } from "./tidying.ts";

export type RunningServer = {
  readonly listeners: readonly BoundAddress[];
  /** PEM file of our own certificate authority; undefined with a configured certificate. */
  readonly caFile: string | undefined;
  /** Reads again what may change while it runs: the shaping file. Mistakes are logged, and all stays as it was then. */
  reread(): void;
  /** Takes leave of everybody, finishes what runs, closes the store. Within five seconds. */
  stop(): Promise<void>;
};

/** Sessions get this long to take leave. */
const listenerGraceMs = 2_000;
/** What has to end by itself has so long in all; the rest of `until-stopped`'s deadline is for writing down what is known. */
const allGraceMs = 4_000;
/** Whom we ask may be silent for longer than a stop may take: what is asked of seeds and by imports is asked again after the next start. */
const strangersGraceMs = 1_000;

/** Rejects with a sentence for an administrator when a port or a certificate cannot be used; the store is closed then. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  try {
    return await assemble(options);
  } catch (error) {
    await options.store.close();
    throw error;
  }
}

async function assemble(options: ServerOptions): Promise<RunningServer> {
  using whenStartFails = new DisposableStack();
  const ends: Ends = { whenStartFails, always: whenStartFails.use(new DisposableStack()) };

  // What comes first is told later of what comes after it.
  let doors: Doors | undefined;
  const listeners = () => doors?.addresses ?? [];
  const connections = () => doors?.connections() ?? {};
  const ground = await layGround(options, ends, {
    connections,
    queuedInMemory: () => outbound.queue.counters().inMemory,
    guessed: (address, account) => {
      inbound.dooring.loginFailed(address, account);
      outbound.restraining.hears.loginFailed?.(account);
    },
  });
  const ownMail = await startOwnMail(ground, {
    give: (mail) => inbound.deliver.give(mail),
    act: (...what) => outbound.queue.act(...what),
    answers: (mail) => inbound.guarding.quarantine.answers(mail),
  });
  const outbound = await startOutbound(ground, ownMail, ends, {
    deliverTo: options.deliverTo,
    deliver: () => inbound.deliver,
    complete: (...copy) => submitting.submit.complete(...copy),
  });
  const inbound = await startInbound(ground, ownMail, outbound, ends);
  const submitting = startSubmitting(ground, ownMail, outbound, inbound, ends, { listeners });

  const { config, edgePolicies, ourHost, keyRing, now, log, resolver, store } = ground;
  const { mailStore, factsOf, factsOfLarge } = inbound;
  const shared = (change: Parameters<typeof tellOfShare>[1]) =>
    tellOfShare({ store: mailStore, now, random: (bytes) => randomBytes(bytes).toString("hex") }, change);
  const domains = await store.domains();
  const serve = makeServing({
    ...ground,
    ...inbound,
    login: ground.signedIn,
    notify: ground.changes,
    store: mailStore,
    directory: ownMail.directory,
    take: submitting.take,
    submit: submitting.submit,
    send: outbound.send,
    refused: (mail) => submitting.refused.note(mail),
    shared,
    postmasterDomain: domains.find((domain) => domain.kind === "local")?.name ?? ourHost,
  });
  const mounting = startMounting(ground, ownMail, outbound, inbound, submitting, ends, {
    world: () => world,
    listeners,
  });
  doors = await openDoors({ config, serve, http: mounting.http, keyRing, edgePolicies, ourHost, log });

  const privateAddresses = !edgePolicies;
  const importing = startImporting({ store, resolver, privateAddresses, factsOf, factsOfLarge, now, log });
  const startedAt = now();
  const { version } = options;
  const watching = watchDomains({ world: () => world, log });
  const world: World = makeRunningWorld(ground, ownMail, outbound, inbound, submitting, mounting, {
    checked: (check) => watching.remember(check),
    shared,
    importing,
    running: () => ({ version, pid: process.pid, startedAt, listeners: listeners(), connections: connections() }),
  });

  const { certificates, sealed, signing, transit, pool, traffic, node } = ground;
  const { sending, upholding, reporting } = ownMail;
  const { queue, restraining } = outbound;
  const { indexer, guarding, dooring, hours } = inbound;
  const { requiring, seeding, injecting } = submitting;
  const { jmap, api } = mounting;
  certificates.start();
  const control = await serveControl({ dataFolder: options.dataDir, world, log });
  sending?.start();
  requiring?.start();
  seeding?.start();
  await injecting?.webhooks.start();
  await queue.start();
  await jmap.start();
  indexer.start();
  sealed?.start();
  api.start();
  watching.start();
  const keepTraffic = () =>
    traffic.keep(options.store, node).catch((error: unknown) => log.error({ error }, "traffic cannot be kept"));
  const tidying = startTidying(options.store, log, () => void keepTraffic());
  whenStartFails.move();

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const began = performance.now();
    tidying.stop();
    signing.stop();
    upholding.stop();
    watching.stop();
    void requiring?.stop();
    const strangers = Promise.all([seeding?.stop(), importing.runner.stop()]);
    guarding.stop();
    await Promise.all([control.close(), doors?.close(listenerGraceMs)]);
    await sealed?.stop();
    await jmap.stop();
    await Promise.all([
      Promise.race([strangers, wait(strangersGraceMs)]),
      queue.stop(allGraceMs - (performance.now() - began)),
      ...[reporting.stop(), indexer.stop(), injecting?.webhooks.stop()],
    ]);
    await injecting?.stop();
    await sending?.stop();
    certificates.stop();
    await transit.stop();
    await dooring.stop();
    await Promise.all([restraining[Symbol.asyncDispose](), hours[Symbol.asyncDispose]()]);
    await pool[Symbol.asyncDispose]();
    ends.always.dispose();
    resolver[Symbol.dispose]?.();
    await keepTraffic();
    await options.store.close();
  };
  return {
    listeners: listeners(),
    caFile: keyRing.caFile,
    reread() {
      const wrong = sending?.rereadShaping();
      if (wrong === undefined) log.info({}, "the shaping file is read again");
      else log.error({}, `the shaping file is wrong, and all stays as it was: ${wrong}`);
    },
    stop: () => (stopped ??= stop()),
  };
}
