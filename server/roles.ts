/** The only place where the parts are put together: from a configuration and a data folder to a server that runs. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { factsOf } from "../protocol/mime/facts-of.ts";
import { releaseToken } from "../protocol/return-path/release-address.ts";
import { defaultLoginSettings, makeLogin } from "./access/authenticate.ts";
import { makeDirectory } from "./access/cached-directory.ts";
import { SealedPasswords } from "./access/sealed-passwords.ts";
import { SignedIn } from "./access/signed-in.ts";
import type { Running, World } from "./admin/command.ts";
import { serveControl } from "./admin/control.ts";
import { productNameOf, startApi } from "./api.ts";
import { makeAuthenticating, startMarks } from "./authenticating.ts";
import { makeCertificates } from "./certificates.ts";
import type { Config } from "./config/config.ts";
import { makeDeliver } from "./deliver/deliver.ts";
import { type HourCount, maxHourCounts } from "./deliver/hour-counts.ts";
import { makeDeliverHere } from "./deliver/waited.ts";
import { watchDomains } from "./domain-watch.ts";
import { StoredPeerBook } from "./door/peer-book.ts";
import { startDooring } from "./dooring.ts";
import { elsewhere } from "./elsewhere.ts";
import { makeFeeding } from "./feeding.ts";
import { makeElsewhere } from "./fetching.ts";
import { startFiltering } from "./filtering.ts";
import { startGuarding } from "./guarding.ts";
import { startImporting } from "./importing.ts";
import { indexingPool, makeIndexer } from "./index/indexer.ts";
import { makeCopyMaker } from "./inject/copies.ts";
import { makeRequests } from "./inject/requests.ts";
import { leaveByMail } from "./inject/unsubscribe.ts";
import { makeWriting } from "./inject/writing.ts";
import { startInjecting, withLinks } from "./injecting.ts";
import { tellOfShare } from "./jmap/share-notifications.ts";
import { makeJmap } from "./jmap.ts";
import { makeJudge } from "./judge/judge.ts";
import { PublishedKeys } from "./keys/published.ts";
import { Correspondents } from "./learn/correspondents.ts";
import { startLists } from "./lists.ts";
import type { Log } from "./log.ts";
import { makeMetrics } from "./metrics.ts";
import { publicKeyOf } from "./net/next-key.ts";
import { mayChangeKey, publishedKeys } from "./net/published-keys.ts";
import type { Resolver } from "./net/resolver.ts";
import { makeKeyRing } from "./net/tls.ts";
import { nodeName } from "./node-name.ts";
import { ChangeHub } from "./notify/changes.ts";
import { type BoundAddress, type Doors, openDoors } from "./opening.ts";
import { ownAddresses } from "./own-addresses.ts";
import { servePages } from "./pages.ts";
import { makeQueue } from "./queue/make-queue.ts";
import { newSmtpCounters, type SmtpPorts } from "./receive/ports.ts";
import { RefusedJournal, refusedMail } from "./receive/refused.ts";
import { makeReports } from "./report/bounce.ts";
import { startReporting } from "./reporting.ts";
import { makeRequiring } from "./requiring.ts";
import { startRestraining } from "./restraining.ts";
import { watchRoutes } from "./routing.ts";
import { startScripting } from "./scripting.ts";
import { makeSeeding } from "./seeding.ts";
import type { HostTarget } from "./send/route.ts";
import { makeSend } from "./send/send.ts";
import { makeSending } from "./sending.ts";
import { makeServing } from "./serving.ts";
import { startSigning } from "./signing.ts";
import type { Store } from "./store/store.ts";
import { makeOnce } from "./submit/once.ts";
import { makeSubmit } from "./submit/submit.ts";
import { Traffic } from "./traffic.ts";
import { startTransit } from "./transit.ts";
import { startUpholding } from "./upholding.ts";
import { serveKeyDirectory } from "./web/key-directory.ts";
import { serveMailSettings } from "./web/mail-settings.ts";
import { serveOwnPolicies } from "./web/own-sts-policy.ts";
import { takeTlsReports } from "./web/tls-reports.ts";
import { makePool } from "./work/pool.ts";

export type ServerOptions = {
  readonly config: Config;
  readonly dataDir: string;
  /** Opened already; closed by `stop`. */
  readonly store: Store;
  readonly resolver: Resolver & Partial<Disposable>;
  readonly log: Log;
  readonly version: string;
  /** Everything outbound goes to this server. */
  readonly deliverTo?: HostTarget;
  /** Logins without TLS on loopback. */
  readonly cleartextAuth?: boolean;
  /** Off: rate limits and login throttling that would disturb a load test. */
  readonly edgePolicies: boolean;
};

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
const tidyEveryMs = 60_000;

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
  const { config, dataDir, log, resolver, version } = options;
  const now = Date.now;
  const ourHost = config.hostname;
  // What has begun ends where the start fails, before the store is closed under it.
  using begun = new DisposableStack();
  const cleanUp = begun.use(new DisposableStack());
  const tlsFolder = join(dataDir, "tls");
  mkdirSync(tlsFolder, { recursive: true, mode: 0o700 });
  const { certificate, key } = config.tls;
  const more = config.tls.more.map((file) => ({ certFile: file, keyFile: file }));
  const keyRing = cleanUp.use(
    await makeKeyRing({
      settings: certificate === "" ? {} : { certificates: [{ certFile: certificate, keyFile: key }, ...more] },
      folder: tlsFolder,
      hostname: ourHost,
      log,
      now,
      mayChangeKey: mayChangeKey(ourHost, resolver, () => publicKeyOf(join(tlsFolder, "server-key.pem"))),
    }),
  );
  const tls = () => keyRing.serverOptions();

  let doors: Doors | undefined;
  const addresses = () => doors?.addresses ?? [];
  const connections = () => doors?.connections() ?? {};
  let guessed: (address: string, account: string) => void = () => {};
  let queuedInMemory = (): number => 0;
  const counters = newSmtpCounters();
  const traffic = new Traffic(now);
  // The embedded store has one node.
  const node = config.store.postgres === "" ? ourHost : await nodeName(dataDir, ourHost);
  await traffic.restore(options.store, node);
  const metrics = makeMetrics({
    connections,
    queued: () => options.store.queueCount(),
    queuedInMemory: () => queuedInMemory(),
    certificates: () => [...keyRing.describe(), ...certificates.ofDomains()],
    smtp: counters,
    heard: (entry) => traffic.note(entry),
  });
  const store = metrics.counting(options.store);
  const pool = makePool();
  const writing = makeWriting(pool);
  const people = cleanUp.use(makeDirectory({ store }));
  const { throttle } = defaultLoginSettings;
  const { oidc, ldap } = elsewhere({ settings: config, store, directory: people, now, log });
  // Several nodes have no folder in common where its key could lie.
  const keyFile = join(dataDir, "sealed-passwords.key");
  const sealed = config.store.postgres === "" ? new SealedPasswords({ store, keyFile, now, log }) : undefined;
  const login = cleanUp.use(
    makeLogin({
      sealed,
      oidc,
      ldap,
      store,
      directory: people,
      guessed: ({ address, account }) => guessed(address, account),
      settings: {
        ...defaultLoginSettings,
        cleartextAuth: options.cleartextAuth ?? false,
        throttle: { ...throttle, enabled: options.edgePolicies },
      },
      endPointHash: (name) => keyRing.endPointHash(name),
      now,
      log,
    }),
  );
  const signedIn = cleanUp.use(new SignedIn(store, login, now));
  const changes = cleanUp.use(new ChangeHub(store));
  const signing = await startSigning({
    store,
    directory: people,
    pool,
    resolver,
    settings: config.dkim,
    acme: config.acme,
    now,
    log,
  });
  begun.defer(() => signing.stop());
  const { sign } = signing;
  const { tls: outboundTls, ...transit } = startTransit({
    store,
    resolver,
    settings: config.transit,
    now,
    log,
  });
  const certificates = await makeCertificates({
    store,
    directory: people,
    resolver,
    keyRing,
    folder: tlsFolder,
    acme: config.acme,
    caFile: config.transit.caFile,
    configured: certificate !== "",
    more: certificate === "" ? more : [],
    ourHost,
    now,
    log,
  });
  // 62 random bits; randomUUID draws them from a cache where randomBytes asks the kernel each time.
  const newId = () => randomUUID().replaceAll("-", "").slice(16);
  const sending = config.sending.enabled
    ? await makeSending({ store, settings: config.sending, dataDir, now, log })
    : undefined;
  const upholding = startUpholding({
    store,
    directory: people,
    queue: { act: (...given) => queue.act(...given) },
    sending,
    settings: config.abuse,
    mac: signing.mac,
    sign,
    give: (mail) => deliver.give(mail),
    ourHost,
    now,
    newId,
    log,
  });
  const reporting = startReporting({
    store,
    desk: upholding.intake,
    directory: signing.directory,
    resolver,
    pool,
    sign,
    give: (mail) => deliver.give(mail),
    isForAnswers: (local) => releaseToken(local, signing.mac) !== undefined,
    others: [
      (mail) => guarding.quarantine.answers(mail),
      ...(sending === undefined
        ? []
        : [
            sending.lateReport,
            (mail: Parameters<typeof leaveByMail>[0]) => leaveByMail(mail, { ...sending, store, now }),
          ]),
    ],
    transit,
    ourHost,
    version,
    believesSignedAlone: config.authentication.enforce,
    now,
    newId,
    log,
  });
  const directory = sending?.withAddresses(reporting.directory) ?? reporting.directory;

  // ------------------------------------------------ outbound
  const routes = cleanUp.use(await watchRoutes(store, { deliverTo: options.deliverTo, tls: "opportunistic" }, log));
  const send = makeSend({
    ...sending?.forSend,
    settings: config.send,
    resolver,
    routing: routes.now,
    domain: (name) => directory.domain(name),
    ourHost,
    ours: ownAddresses(config.listen.smtp, config.send.port),
    source: "",
    tls: outboundTls,
    sts: transit.sts,
    tlsResults: transit.seen,
    now,
    sevenBit: (message) => signing.inSevenBits(message),
    random: Math.random,
    nonce: () => randomBytes(18).toString("base64"),
    monotonic: () => performance.now(),
    log,
  });
  const notices = makeReports({ plan: (mail) => deliver.plan(mail), sign, ourHost, now, newId });
  const correspondents = new Correspondents("wrote", store, now);
  const restraining = await startRestraining({
    settings: options.edgePolicies ? config.sendingLimits : undefined,
    store,
    directory,
    strangers: (account, addresses) => correspondents.strangers(account, addresses),
    queue: { act: (...what) => queue.act(...what) },
    model: sending?.model,
    give: (mail) => deliver.give(mail),
    sign,
    ourHost,
    now,
    newId,
    log,
  });
  const queue = makeQueue({
    restrain: restraining.restrainer,
    store,
    send,
    notices,
    settings: config.queue,
    dispatch: sending?.dispatch,
    makeCopy: makeCopyMaker({ store, writing, ourHost, complete: (...copy) => submit.complete(...copy) }),
    deliverHere: makeDeliverHere(
      () => deliver,
      directory,
      () => ({ at: now(), id: newId(), ourHost }),
    ),
    node,
    wall: now,
    monotonic: () => performance.now(),
    random: Math.random,
    log,
  });

  queuedInMemory = () => queue.counters().inMemory;

  // ------------------------------------------------ inbound
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
  guessed = (address, account) => {
    dooring.loginFailed(address, account);
    restraining.hears.loginFailed?.(account);
  };
  const filtering = cleanUp.use(
    await startFiltering({
      correspondents,
      outbound: restraining.hears.outbound,
      listedLink: restraining.hears.listedLink,
      store,
      directory,
      pool,
      resolver,
      settings: config.filter,
      moved: async (message, spam, isTheirs) => {
        await sending?.moved(message, spam, isTheirs);
        if (spam) await restraining.hears.junked?.(message, isTheirs);
        if (spam && config.filter.complaints) await reporting.complain(message);
      },
      dataDir,
      skipHarmless: !options.edgePolicies,
      now,
      log,
    }),
  );
  const mailStore = filtering.watched;
  const marks = startMarks({ config, resolver, now, https: transit.https });
  const guarding = await startGuarding({
    store,
    pool,
    config,
    before: [
      makeJudge(config.judge),
      makeAuthenticating({ config, resolver, pool, ourHost, now, marks, seen: reporting.observe }),
    ],
    after: [...(door === undefined ? [] : [door.judge]), ...filtering.judges],
    learn: filtering.learn,
    holds: (account) => restraining.restrainer.holds(account),
    give: (mail) => deliver.give(mail),
    sign,
    mac: signing.mac,
    ourHost,
    now,
    newId,
    log,
  });
  begun.defer(() => guarding.stop());
  const indexer = makeIndexer({
    store,
    pool: makePool(indexingPool),
    settings: config.index,
    log,
    monotonic: () => performance.now(),
  });
  const deliverSettings = options.edgePolicies ? config.deliver : { ...config.deliver, maxForwardsPerHour: 0 };
  const hours = await StoredPeerBook.open<HourCount>("hourly", maxHourCounts, { store, now, log });
  const scripting = cleanUp.use(
    startScripting({
      maxForwardsPerHour: deliverSettings.maxForwardsPerHour,
      hours,
      store,
      directory,
      login: signedIn,
      tls,
      forward: signing.forward,
      sign,
      give: (mail) => deliver.give(mail),
      settings: config.manageSieve,
      factsOf: factsOfLarge,
      newId,
      ourHost,
      version,
      now,
      log,
    }),
  );
  const lists = cleanUp.use(
    await startLists({
      store,
      directory,
      deliver: () => deliver,
      sign,
      forward: signing.forward,
      resolver,
      publicUrl: config.sending.publicUrl,
      readPost: (bytes) => pool.run("read-post", { bytes }),
      ourHost,
      now,
      newId,
      log,
    }),
  );
  const deliver = makeDeliver({
    lists: lists.distribute,
    store: mailStore,
    directory,
    queue,
    judge: door?.learning(guarding.judge) ?? guarding.judge,
    notices,
    forward: signing.forward,
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
  const refused = cleanUp.use(new RefusedJournal({ store, newId, now, log }));
  const newMessageId = (): string => `${randomBytes(12).toString("hex")}@${ourHost}`;
  const requests = makeRequests({ store, node, now });
  const submit = makeSubmit({
    deliver,
    directory,
    limits: restraining.limits,
    mayNotSend: (account) => restraining.restrainer.refusal(account),
    forged: restraining.hears.forged,
    sent: restraining.hears.sent,
    sign,
    shortLines: (bytes) => pool.run("short-lines", { bytes }),
    ...(sending === undefined
      ? {}
      : { sending: withLinks(sending, config.sending.publicUrl, ourHost, { store, now }) }),
    once: makeOnce(requests),
    refused: (mail, reply) => refused.note(refusedMail(mail, reply)),
    taken: (mail, sending) => seeding?.noticed(mail, sending),
    newMessageId,
    log,
  });
  const feeding =
    sending &&
    makeFeeding({ sending, store, resolver, trust: transit.https.trust, local: !options.edgePolicies, now, log });
  const seeding =
    sending &&
    feeding &&
    makeSeeding({
      sending,
      tokens: feeding.tokens,
      store,
      resolver,
      privateAddresses: !options.edgePolicies,
      submit: submit.take,
      ourHost,
      newId,
      now,
      log,
    });
  const take: SmtpPorts["take"] = async (mail) => {
    const replies = await submit.take(mail);
    // What a test sends is nobody's correspondence.
    if (mail.sending?.sandbox === undefined && replies.some(({ code }) => code < 400)) filtering.submitted(mail);
    return replies;
  };
  const injecting =
    sending &&
    startInjecting({
      sending,
      submit: take,
      submitCopies: submit.takeCopies,
      sandbox: config.sending.sandbox,
      newMessageId,
      directory,
      queue,
      store,
      writing,
      resolver,
      local: !options.edgePolicies,
      ourHost,
      now,
      newId,
      log,
    });
  const requiring =
    sending &&
    feeding &&
    makeRequiring({
      sending,
      feeds: feeding.feeds,
      settings: config.sending,
      store,
      directory,
      resolver,
      keys: signing.keys,
      complete: submit.complete,
      newMessageId,
      newId,
      ourHost,
      outboundTls: routes.now().tls !== "never",
      listeners: addresses,
      now,
      log,
    });
  const domains = await store.domains();
  const shared = (change: Parameters<typeof tellOfShare>[1]) =>
    tellOfShare({ store: mailStore, now, random: (bytes) => randomBytes(bytes).toString("hex") }, change);
  const serve = makeServing({
    config,
    store: mailStore,
    directory,
    login: signedIn,
    notify: changes,
    tls,
    take,
    submit,
    send,
    resolver,
    scripting,
    dooring,
    refused: (mail) => refused.note(mail),
    factsOf,
    factsOfLarge,
    shared,
    counters,
    postmasterDomain: domains.find((domain) => domain.kind === "local")?.name ?? ourHost,
    edgePolicies: options.edgePolicies,
    ourHost,
    now,
    newId,
    log,
  });

  // ------------------------------------------------ open the doors
  const notReady = async (): Promise<string | undefined> => {
    try {
      await options.store.queueCount();
      return undefined;
    } catch (error) {
      return `The store does not answer: ${(error as Error).message}`;
    }
  };
  const openPgpKeys = new PublishedKeys({
    store: mailStore,
    now,
    has: async (account, local, domain) => directory.maySendAs(account, local, domain),
  });
  const jmap = makeJmap(
    {
      store: mailStore,
      login,
      untilSignedOut: (account, pass, end) => signedIn.until(account, pass, end),
      directory,
      notify: changes,
      pool,
      factsOf,
      factsOfLarge,
      submit: take,
      mayFrom: (account, local, domain, how) => directory.maySendAs(account.id, local, domain, how),
      scripts: scripting.imap,
      settings: config.jmap,
      ourHost,
      now,
      newId,
      random: (bytes) => randomBytes(bytes).toString("hex"),
      pushAnywhere: !options.edgePolicies,
      publishedKeys: openPgpKeys,
      elsewhere: makeElsewhere({
        resolver,
        marks,
        trust: transit.https.trust,
        local: !options.edgePolicies,
        httpsPort: transit.https.port,
        now,
      }),
      log,
    },
    queue,
    config.signUp,
    oidc,
  );
  const api = cleanUp.use(
    startApi({
      world: () => world,
      auth: jmap.auth,
      dataDir,
      certificates: () => [...keyRing.describe(), ...certificates.ofDomains()],
      signIn: { settings: config, oidc },
      traffic: () => traffic.shown(),
      requests,
      settings: config.api,
      limits: options.edgePolicies,
      store,
      now,
      version,
      log,
    }),
  );
  const mailSettings = {
    ourHost,
    domain: (name: string) => directory.domain(name),
    ports: () => Object.fromEntries(addresses().map(({ service, port }) => [service, port])),
    productName: (domain: string) => productNameOf(store, domain),
    pair: (host: string) => keyRing.pair(host),
    now,
  };
  const mount = (app: FastifyInstance): void => {
    api.mount(app);
    jmap.mount(app);
    serveOwnPolicies(app, { ourHost, domain: (name) => directory.domain(name) });
    serveKeyDirectory(app, { domain: (name) => directory.domain(name), keys: openPgpKeys });
    certificates.mount(app);
    serveMailSettings(app, mailSettings);
    injecting?.mount(app);
    lists.mount(app);
    takeTlsReports(app, (bytes) => reporting.takeTls(bytes));
    servePages(app);
  };
  doors = await openDoors({
    config,
    serve,
    http: { metrics, notReady, hosts: { ourHost, hosts: config.api.hosts, domain: mailSettings.domain }, mount },
    keyRing,
    edgePolicies: options.edgePolicies,
    ourHost,
    log,
  });

  const importing = startImporting({
    store,
    resolver,
    privateAddresses: !options.edgePolicies,
    factsOf,
    factsOfLarge,
    now,
    log,
  });
  const startedAt = now();
  const running = (): Running => ({
    version,
    pid: process.pid,
    startedAt,
    listeners: addresses(),
    connections: connections(),
  });
  const world: World = {
    checked: (check) => watching.remember(check),
    indexer,
    shared,
    store,
    queue,
    running,
    ldap,
    passkeys: jmap.passkeys,
    sealed,
    imports: importing.runner,
    factsOf: importing.factsOf,
    hostname: ourHost,
    tlsa: () => publishedKeys(tlsFolder, certificate),
    now,
    keys: signing.keys,
    resolver,
    dnsUpdate: config.acme,
    reports: reporting,
    quarantine: guarding.quarantine,
    mailingLists: lists.distribute,
    forgetLessons: filtering.forget,
    restraining: restraining.forWorld,
    bans: dooring.bans,
    lists: () => [...dooring.lists(), ...filtering.lists()],
    ...(sending === undefined ? {} : { sending }),
    ...(injecting === undefined ? {} : { injection: injecting.injection, webhooks: injecting.webhooks }),
    ...(requiring === undefined ? {} : { requiring }),
    ...(seeding === undefined ? {} : { seeding }),
    ...(upholding.desk === undefined ? {} : { desk: upholding.desk }),
  };
  certificates.start();
  const control = await serveControl({ dataFolder: dataDir, world, log });
  sending?.start();
  requiring?.start();
  seeding?.start();
  await injecting?.webhooks.start();
  await queue.start();
  await jmap.start();
  indexer.start();
  sealed?.start();
  api.start();
  const watching = watchDomains({ world: () => world, log });
  watching.start();
  const keepTraffic = () =>
    traffic.keep(options.store, node).catch((error: unknown) => log.error({ error }, "traffic cannot be kept"));
  const tidying = setInterval(() => {
    void tidy(options.store, log);
    void keepTraffic();
  }, tidyEveryMs).unref();

  let stopped: Promise<void> | undefined;
  begun.move();
  return {
    listeners: addresses(),
    caFile: keyRing.caFile,
    reread() {
      const wrong = sending?.rereadShaping();
      if (wrong === undefined) log.info({}, "the shaping file is read again");
      else log.error({}, `the shaping file is wrong, and all stays as it was: ${wrong}`);
    },
    stop: () =>
      (stopped ??= (async () => {
        clearInterval(tidying);
        signing.stop();
        upholding.stop();
        watching.stop();
        void requiring?.stop();
        await seeding?.stop();
        guarding.stop();
        await Promise.all([control.close(), doors?.close(listenerGraceMs)]);
        await importing.runner.stop();
        await sealed?.stop();
        await jmap.stop();
        await Promise.all([queue.stop(), reporting.stop(), indexer.stop()]);
        await injecting?.stop();
        await injecting?.webhooks.stop();
        await sending?.stop();
        certificates.stop();
        await transit.stop();
        await dooring.stop();
        await Promise.all([restraining[Symbol.asyncDispose](), hours[Symbol.asyncDispose]()]);
        await pool[Symbol.asyncDispose]();
        cleanUp.dispose();
        resolver[Symbol.dispose]?.();
        await keepTraffic();
        await options.store.close();
      })()),
  };
}

let tidyingNow = false;
async function tidy(store: Store, log: Log): Promise<void> {
  if (tidyingNow) return;
  tidyingNow = true;
  try {
    while ((await store.tidy(Date.now())).more);
  } catch (error) {
    log.error({ error }, "tidying failed; it is tried again");
  } finally {
    tidyingNow = false;
  }
}
