/** What all other parts of a running server stand on: its certificates, the store and who is in it, signatures, TLS towards others. */
import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { publicKeyOf } from "../net/next-key.ts";
import { mayChangeKey } from "../net/published-keys.ts";
import { makeKeyRing } from "../net/tls.ts";
import { ChangeHub } from "../notify/changes.ts";
import { newSmtpCounters } from "../receive/ports.ts";
import { Outgoing } from "../withhold/outgoing.ts";
import { makePool } from "../work/pool.ts";
import { makeCertificates } from "./certificates.ts";
import { makeMetrics } from "./metrics.ts";
import { nodeName } from "./node-name.ts";
import type { Ends, ServerOptions } from "./server-options.ts";
import { startSigning } from "./signing.ts";
import { startSigningIn } from "./signing-in.ts";
import { Traffic } from "./traffic.ts";
import { startTransit } from "./transit.ts";

export type Ground = Awaited<ReturnType<typeof layGround>>;

export async function layGround(
  options: ServerOptions,
  ends: Ends,
  late: {
    /** Open at the moment, by service. */
    readonly connections: () => { readonly [service: string]: number };
    readonly queuedInMemory: () => number;
    /** Somebody took another's password for this one. */
    readonly guessed: (address: string, account: string) => void;
  },
) {
  const { config, dataDir, resolver, version, edgePolicies, log } = options;
  const now = Date.now;
  const ourHost = config.hostname;
  const tlsFolder = join(dataDir, "tls");
  mkdirSync(tlsFolder, { recursive: true, mode: 0o700 });
  const { certificate, key } = config.tls;
  const more = config.tls.more.map((file) => ({ certFile: file, keyFile: file }));
  const keyRing = ends.always.use(
    await makeKeyRing({
      settings: certificate === "" ? {} : { certificates: [{ certFile: certificate, keyFile: key }, ...more] },
      folder: tlsFolder,
      hostname: ourHost,
      log,
      now,
      mayChangeKey: mayChangeKey(ourHost, resolver, () => publicKeyOf(join(tlsFolder, "server-key.pem"))),
    }),
  );
  // The embedded store has one node.
  const node = config.store.postgres === "" ? ourHost : await nodeName(dataDir, ourHost);
  const traffic = new Traffic(now);
  await traffic.restore(options.store, node);
  const counters = newSmtpCounters();
  const describeCertificates = () => [...keyRing.describe(), ...certificates.ofDomains()];
  const metrics = makeMetrics({
    connections: late.connections,
    queued: () => options.store.queueCount(),
    queuedInMemory: late.queuedInMemory,
    certificates: describeCertificates,
    smtp: counters,
    heard: (entry) => traffic.note(entry),
  });
  const store = metrics.counting(options.store);
  const outgoing = ends.always.use(await Outgoing.open(store, log));
  const { withheld } = outgoing;
  const pool = makePool();
  const endPointHash = (name: string | undefined) => keyRing.endPointHash(name);
  const signingIn = startSigningIn({ ...options, store }, ends, { endPointHash, guessed: late.guessed, now });
  const { people } = signingIn;
  const changes = ends.always.use(new ChangeHub(store));
  const signing = await startSigning({
    store,
    directory: people,
    pool,
    resolver,
    settings: config.dkim,
    acme: config.acme,
    withheld,
    now,
    log,
  });
  ends.whenStartFails.defer(() => signing.stop());
  const transit = startTransit({ store, resolver, settings: config.transit, now, log });
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
    withheld,
    now,
    log,
  });
  return {
    config,
    dataDir,
    version,
    edgePolicies,
    resolver,
    log,
    now,
    ourHost,
    node,
    /** 62 random bits; randomUUID draws them from a cache where randomBytes asks the kernel each time. */
    newId: () => randomUUID().replaceAll("-", "").slice(16),
    newMessageId: () => `${randomBytes(12).toString("hex")}@${ourHost}`,
    store,
    outgoing,
    pool,
    changes,
    traffic,
    counters,
    metrics,
    tlsFolder,
    keyRing,
    tls: () => keyRing.serverOptions(),
    certificates,
    describeCertificates,
    ...signingIn,
    signing,
    transit,
  };
}
