import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { quiet } from "../base/log.ts";
import type { Job } from "./converse.ts";
import { type FakeServer, fakeServer } from "./fake-server.ts";
import { noTlsResults } from "./fake-transit.ts";
import { Pool } from "./pool.ts";
import type { PathLimits, Shaper } from "./rate.ts";
import { defaultSendSettings } from "./send.ts";
import { BrokenTls } from "./session.ts";
import type { Path } from "./site.ts";

const tls = { mode: "never", because: "default", secureNames: false } as const;

/** A server that is closed however its test ends. */
async function opened(t: TestContext): Promise<FakeServer> {
  const server = await fakeServer({});
  t.after(() => server.close());
  return server;
}

/** A path of provider "p" to a server on this machine. */
function pathTo(server: FakeServer, more: Partial<Path> = {}): Path {
  const hosts = [{ name: "fake.test", port: server.port, addresses: ["127.0.0.1"] }];
  const key = String(server.port);
  return {
    key,
    source: "",
    site: key,
    domain: "fake.test",
    protocol: "smtp",
    hosts,
    tls,
    auth: undefined,
    fixed: false,
    provider: "p",
    ...more,
  };
}

const message = Buffer.from("Subject: hi\r\n\r\nhello\r\n");

const session = (monotonic: () => number) => ({
  ourHost: "us.test",
  tls: {},
  nonce: () => "n",
  brokenTls: new BrokenTls(),
  tlsResults: noTlsResults,
  now: Date.now,
  monotonic,
});

/** Sends `count` messages by each of the paths under these limits; answers the seconds until all are through, and the greatest number of connections at once. */
async function sendAll(
  paths: readonly Path[],
  count: number,
  limits: PathLimits,
  { hours, written = true }: { readonly hours?: Shaper["hours"]; readonly written?: boolean } = {},
) {
  const ready = new Map<string, Job[]>();
  const done = Promise.withResolvers<void>();
  const began = performance.now();
  const ends = new Map<string, number>();
  let left = paths.length * count;
  const pool = new Pool({
    settings: defaultSendSettings,
    session: session(() => performance.now()),
    source: {
      take: (key) => ready.get(key)?.shift(),
      putBack: (key, job) => ready.get(key)!.unshift(job),
      waiting: (key) => ready.get(key)?.length ?? 0,
      unreachable: (path) => done.reject(new Error(`${path.key} cannot be reached`)),
    },
    shaper: { limits: () => limits, hours },
    random: () => 0.5,
    sevenBit: async () => undefined,
    broken: (error) => quiet.error({ err: error }, "broke"),
  });
  let most = 0;
  for (const path of paths) {
    const jobs = Array.from(
      { length: count },
      (): Job => ({
        envelope: {
          from: "a@us.test",
          recipients: [{ address: `b@${path.domain}`, orcpt: undefined, notify: undefined }],
          envid: undefined,
          ret: undefined,
          smtputf8: false,
          body: "7bit",
          requireTls: false,
        },
        bytes: written ? message : undefined,
        async load() {
          (this as { bytes: Buffer | undefined }).bytes = message;
          return true;
        },
        done(outcomes) {
          assert.equal(outcomes[0]?.kind, "delivered");
          most = Math.max(most, pool.connections);
          ends.set(path.key, (performance.now() - began) / 1000);
          if (--left === 0) done.resolve();
        },
      }),
    );
    ready.set(path.key, jobs);
  }
  for (const path of paths) pool.wake(path);
  const late = setTimeout(() => done.reject(new Error(`${left} messages wait for ever`)), 60_000);
  try {
    await done.promise;
  } finally {
    clearTimeout(late);
    await pool.stop(100);
  }
  return { seconds: Math.max(...ends.values()), ends, most };
}

const cases: readonly [name: string, sites: number, count: number, limits: PathLimits, most: number][] = [
  ["two sites of a provider share its one connection, and both are served", 2, 45, { totalConnections: 1 }, 1],
  ["three sites share two", 3, 30, { totalConnections: 2 }, 2],
  ["one site keeps to its connections", 1, 200, { connections: 2 }, 2],
];
for (const [name, sites, count, limits, most] of cases)
  test(name, async (t) => {
    const servers = await Promise.all(Array.from({ length: sites }, () => opened(t)));
    const seen = await sendAll(
      servers.map((server) => pathTo(server)),
      count,
      limits,
    );
    assert.ok(seen.most <= most, `${seen.most} connections at once`);
    for (const server of servers) assert.equal(server.messages.length, count);
  });

test("one message waits for one connection, however long that takes to be opened", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const server = await fakeServer({ greeting: "silence" });
  t.after(() => server.close());
  let now = 0;
  const pool = new Pool({
    settings: defaultSendSettings,
    session: session(() => now),
    source: { take: () => undefined, putBack() {}, waiting: () => 1, unreachable() {} },
    random: () => 0.5,
    sevenBit: async () => undefined,
    broken: (error) => quiet.error({ err: error }, "broke"),
  });
  pool.wake(pathTo(server));
  for (let second = 0; second < 5; second++) {
    now += 2000;
    t.mock.timers.tick(2000);
  }
  assert.equal(pool.connections, 1);
  await pool.stop(0);
});

test("a connection takes as many messages as the provider allows", async (t) => {
  const server = await opened(t);
  await sendAll([pathTo(server)], 20, { messagesPerConnection: 5, connections: 1 });
  assert.equal(server.connections, 4);
});

test("domains of one site have a rate each, and its connections together", async (t) => {
  const server = await opened(t);
  const of = (domain: string): Path =>
    pathTo(server, { key: `${server.port} @${domain}`, siteKey: String(server.port), domain });
  const limits = { perDomainPerSecond: 4, connections: 2, perSecond: 1000 };
  // A second's worth goes at once: the other 3 of each take three quarters of a second.
  const seen = await sendAll([of("one.test"), of("two.test"), of("three.test")], 7, limits);
  assert.ok(seen.seconds >= 0.7, `${seen.seconds} s`);
  assert.ok(seen.most <= 2, `${seen.most} connections at once`);
  assert.equal(server.messages.length, 21);
});

test("a site's rate is one for all its domains", async (t) => {
  const server = await opened(t);
  const of = (domain: string): Path =>
    pathTo(server, { key: `${server.port} @${domain}`, siteKey: String(server.port), domain });
  const seen = await sendAll([of("one.test"), of("two.test")], 5, { perSecond: 6, perDomainPerSecond: 100 });
  assert.ok(seen.seconds >= 0.6, `${seen.seconds} s`);
});

test("an hour that was used up before a restart is not begun anew", async (t) => {
  const server = await opened(t);
  const [perHour, hourMs] = [5, 3_600_000];
  const noted: number[] = [];
  const note = (_: Path, left: number): void => void noted.push(Math.round(left / 60_000));
  await sendAll([pathTo(server)], perHour, { perHour }, { hours: { left: () => 0, note } });
  assert.deepEqual(noted, [12, 24, 36, 48, 60]);
  const of = (domain: string): Path =>
    pathTo(server, { key: `${server.port} @${domain}`, siteKey: String(server.port), domain });
  for (const path of [pathTo(server), of("one.test")]) {
    // The next has room in 300 ms.
    const left = hourMs - hourMs / perHour + 300;
    const seen = await sendAll([path], 1, { perHour }, { hours: { left: () => left, note } });
    assert.ok(seen.seconds >= 0.29, `${seen.seconds} s`);
  }
});

test("a message that is written as it goes counts once, though it is taken, put back and taken again", async (t) => {
  const server = await fakeServer({ offers: ["PIPELINING"] });
  t.after(() => server.close());
  await sendAll([pathTo(server)], 5, { perHour: 5 }, { written: false });
  assert.equal(server.messages.length, 5);
});
