/** The assembly of mail on its way in: the door, the judges, scripts, lists, and delivery. */
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { makeDeliver } from "../deliver/deliver.ts";
import { type HourCount, maxHourCounts } from "../deliver/hour-counts.ts";
import { StoredPeerBook } from "../door/peer-book.ts";
import { indexingPool, makeIndexer } from "../index/indexer.ts";
import { makeJudge } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import { makePool } from "../work/pool.ts";
import { makeAuthenticating, startMarks } from "./authenticating.ts";
import { startDooring } from "./dooring.ts";
import { startFiltering } from "./filtering.ts";
import type { Ground } from "./ground.ts";
import { startGuarding } from "./guarding.ts";
import { startLists } from "./lists.ts";
import type { Outbound } from "./outbound.ts";
import type { OwnMail } from "./own-mail.ts";
import { ownNames } from "./own-names.ts";
import { startScripting } from "./scripting.ts";
import type { Ends } from "./server-options.ts";

export type Inbound = Awaited<ReturnType<typeof startInbound>>;

export async function startInbound(
  ground: Ground,
  { sending, reporting, directory }: OwnMail,
  { queue, notices, correspondents, restraining }: Outbound,
  ends: Ends,
) {
  const { config, dataDir, version, edgePolicies, resolver, log, now, ourHost, newId } = ground;
  const { store, pool, signedIn, signing, transit } = ground;
  const { sign, forward, mac } = signing;
  const { hears, restrainer } = restraining;
  const give = (mail: Received) => deliver.give(mail);
  const factsOfLarge = (bytes: Uint8Array) => pool.run("facts", { bytes });
  const dooring = await startDooring({
    settings: config.door,
    trusted: config.relay.trust,
    store,
    resolver,
    authentication: config.authentication,
    ourHost,
    domain: (name) => directory.domain(name),
    now,
    newId,
    log,
  });
  const { door } = dooring;
  const filtering = ends.always.use(
    await startFiltering({
      correspondents,
      outbound: hears.outbound,
      listedLink: hears.listedLink,
      store,
      directory,
      pool,
      resolver,
      settings: config.filter,
      moved: async (message, spam, isTheirs) => {
        await sending?.moved(message, spam, isTheirs);
        if (spam) await hears.junked?.(message, isTheirs);
        if (spam && config.filter.complaints) await reporting.complain(message);
      },
      dataDir,
      skipHarmless: !edgePolicies,
      now,
      log,
    }),
  );
  const marks = startMarks({ config, resolver, now, https: transit.https });
  const goesBy = await ownNames({
    store,
    directory,
    ourHost,
    hosts: config.api.hosts,
    certificates: ground.describeCertificates,
  });
  const guarding = await startGuarding({
    store,
    pool,
    config,
    before: [
      makeJudge(config.judge),
      makeAuthenticating({ config, resolver, pool, ourHost, goesBy, now, marks, seen: reporting.observe }),
    ],
    after: [...(door === undefined ? [] : [door.judge]), ...filtering.judges],
    learn: filtering.learn,
    holds: (account) => restrainer.holds(account),
    give,
    sign,
    mac,
    ourHost,
    now,
    newId,
    log,
  });
  ends.whenStartFails.defer(() => guarding.stop());
  const indexer = makeIndexer({
    store,
    pool: makePool(indexingPool),
    settings: config.index,
    sends: () => queue.counters().inMemory > 0,
    log,
    monotonic: () => performance.now(),
  });
  const deliverSettings = edgePolicies ? config.deliver : { ...config.deliver, maxForwardsPerHour: 0 };
  const hours = await StoredPeerBook.open<HourCount>("hourly", maxHourCounts, { store, now, log });
  const scripting = ends.always.use(
    startScripting({
      maxForwardsPerHour: deliverSettings.maxForwardsPerHour,
      hours,
      store,
      directory,
      login: signedIn,
      tls: ground.tls,
      forward,
      sign,
      give,
      settings: config.manageSieve,
      factsOf: factsOfLarge,
      newId,
      ourHost,
      version,
      now,
      log,
    }),
  );
  const lists = ends.always.use(
    await startLists({
      store,
      directory,
      deliver: () => deliver,
      sign,
      forward,
      resolver,
      publicUrl: config.sending.publicUrl,
      readPost: (bytes) => pool.run("read-post", { bytes }),
      ourHost,
      now,
      newId,
      log,
    }),
  );
  const mailStore = filtering.watched;
  const deliver = makeDeliver({
    lists: lists.distribute,
    store: mailStore,
    directory,
    queue,
    judge: door?.learning(guarding.judge) ?? guarding.judge,
    notices,
    forward,
    sieve: scripting.deliver,
    reports: reporting.incoming,
    suppression: sending?.suppression,
    flooding: sending?.flooding,
    keptHere: sending?.keptHere,
    factsOf,
    factsOfLarge,
    settings: deliverSettings,
    hours,
    log,
  });
  return {
    dooring,
    filtering,
    /** The store, where what people do with their mail is learnt from. */
    mailStore,
    marks,
    guarding,
    indexer,
    hours,
    scripting,
    lists,
    deliver,
    factsOf,
    factsOfLarge,
  };
}
