import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import type { Envelope } from "../../protocol/smtp/client.ts";
import { replyText } from "../../protocol/smtp/reply.ts";
import { quiet } from "../base/log.ts";
import { ensureOwnCertificate } from "../net/own-certificate.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Outcome } from "./classify.ts";
import type { Attempt, Job } from "./converse.ts";
import { type FakeServer, fakeServer, type Script } from "./fake-server.ts";
import { noSts, noTlsResults } from "./fake-transit.ts";
import type { HostTarget, Routing } from "./route.ts";
import { defaultSendSettings, makeSend, type ProviderWay, type Send, type SendSettings } from "./send.ts";
import type { Path } from "./site.ts";

const settings: SendSettings = { ...defaultSendSettings, privateAddresses: true, idleMs: 60_000 };
const hello = Buffer.from("Subject: hi\r\n\r\n.hello\r\n");
let folder: string;
let tls: { readonly cert: string; readonly key: string };
let ca: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "send-"));
  const files = await ensureOwnCertificate(folder, "fake.test", Date.now());
  tls = { cert: readFileSync(files.certFile, "utf8"), key: readFileSync(files.keyFile, "utf8") };
  ca = readFileSync(files.caFile, "utf8");
});
after(() => rm(folder, { recursive: true }));

/** A small queue: jobs by path, and what became of them. */
class World {
  readonly send: Send;
  readonly ready = new Map<string, Job[]>();
  readonly results: string[] = [];
  readonly attempts: Attempt[] = [];
  unreachable = "";
  #path: Path | undefined;
  #waiting: (() => void) | undefined;
  #wanted = 0;

  constructor(routing: Routing, resolver: Resolver, changed: Partial<SendSettings> = {}, provider?: ProviderWay) {
    this.send = makeSend({
      settings: { ...settings, ...changed },
      resolver,
      routing: () => routing,
      domain: () => undefined,
      provider: () => provider,
      ourHost: "us.test",
      ours: [],
      source: "",
      tls: { ca },
      sevenBit: async () => undefined,
      random: () => 0.5,
      nonce: () => "abcdefghijklmnopqrstuvwx",
      monotonic: () => performance.now(),
      now: Date.now,
      sts: noSts,
      tlsResults: noTlsResults,
      log: { ...quiet, error: (fields) => this.results.push(`BROKEN ${JSON.stringify(fields)}`) },
    });
    this.send.begin({
      take: (key) => this.ready.get(key)?.shift(),
      putBack: (key, job) => this.ready.get(key)!.unshift(job),
      waiting: (key) => this.ready.get(key)?.length ?? 0,
      unreachable: (path, failures, backOffMs) => {
        this.unreachable = failures.map((f) => `${f.stage}: ${replyText(f.reply)}`).join(" | ");
        assert.ok(backOffMs > 0);
        for (const job of this.ready.get(path.key)!.splice(0)) {
          this.#note(job, `unreachable`);
        }
      },
    });
  }

  /** Sends messages, each given by its recipients, and answers what became of each. */
  async mail(
    messages: readonly (readonly string[])[],
    envelope: Partial<Envelope> = {},
    bytes = hello,
  ): Promise<string> {
    this.results.length = 0;
    this.#wanted = messages.length;
    const done = new Promise<void>((resolve) => {
      this.#waiting = resolve;
    });
    for (const recipients of messages) {
      const job: Job = {
        envelope: {
          from: "a@us.test",
          recipients: recipients.map((address) => ({ address, orcpt: undefined, notify: undefined })),
          envid: undefined,
          ret: undefined,
          smtputf8: false,
          body: "7bit",
          requireTls: false,
          ...envelope,
        },
        bytes,
        load: async () => true,
        done: (outcomes, attempt) => {
          this.attempts.push(attempt);
          this.#note(job, outcomes.map(brief).join(", "));
        },
      };
      const found = await this.send.path(
        "fake.test",
        "a@us.test",
        envelope.requireTls === true ? "require" : "default",
      );
      if (found.kind === "none") {
        this.#note(job, `no path: ${brief(found.outcome)}`);
        continue;
      }
      this.#path = found.path;
      const waiting = this.ready.get(found.path.key) ?? [];
      this.ready.set(found.path.key, waiting);
      waiting.push(job);
    }
    if (this.#path !== undefined) this.send.wake(this.#path);
    await done;
    return this.results.join(" / ");
  }

  #note(_: Job, text: string): void {
    this.results.push(text);
    if (this.results.length >= this.#wanted) this.#waiting?.();
  }
}

function brief(outcome: Outcome): string {
  const text = replyText(outcome.reply);
  return outcome.kind === "delivered" ? `delivered ${text}` : `${outcome.kind} (${outcome.why}) ${text}`;
}

const noDns = {} as Resolver;
function to(server: FakeServer, more: Partial<HostTarget> = {}): Routing {
  const target: HostTarget = {
    kind: "host",
    protocol: "smtp",
    host: "127.0.0.1",
    port: server.port,
    tls: "opportunistic",
    auth: undefined,
    ...more,
  };
  return { routes: [], deliverTo: target, tls: "opportunistic" };
}

/** One fake server, one world, a few messages; what became of them and what the server saw. */
async function run(
  script: Script,
  how: {
    readonly messages?: readonly (readonly string[])[];
    readonly envelope?: Partial<Envelope>;
    readonly bytes?: Buffer<ArrayBuffer>;
    readonly target?: Partial<HostTarget>;
    readonly settings?: Partial<SendSettings>;
    readonly dns?: Resolver;
  } = {},
): Promise<{ said: string; log: string; unreachable: string; world: World; server: FakeServer }> {
  const server = await fakeServer(script);
  const world = new World(to(server, how.target), how.dns ?? noDns, { maxConnectionsPerFixedHost: 1, ...how.settings });
  try {
    const said = await world.mail(how.messages ?? [["b@fake.test"]], how.envelope, how.bytes);
    await world.send.stop(200);
    await server.idle();
    return { said, log: server.log.join(" / "), unreachable: world.unreachable, world, server };
  } finally {
    await server.close();
  }
}

const p = { offers: ["PIPELINING", "8BITMIME", "SIZE 1000000"] };
const one = "MAIL FROM:<a@us.test> SIZE=23 / RCPT TO:<b@fake.test> / DATA / <23>";

const outcomes: readonly [name: string, script: Script, said: RegExp, how?: Parameters<typeof run>[1]][] = [
  ["plain", {}, /^delivered 250 2\.0\.0 taken$/],
  ["pipelined", p, /^delivered 250 2\.0\.0 taken$/],
  ["only HELO", { on: { EHLO: "502 what" } }, /^delivered 250/],
  ["a long greeting", { greeting: "220-a\r\n220-b\r\n220 c" }, /^delivered 250/],
  ["greeting 4xx", { greeting: "421 4.7.0 busy" }, /^unreachable$/],
  ["greeting 5xx", { greeting: "554 5.7.1 go away" }, /^unreachable$/],
  ["greeting dropped", { greeting: "drop" }, /^unreachable$/],
  ["greeting nonsense", { greeting: "HTTP/1.1 400 Bad Request" }, /^unreachable$/],
  ["greeting of 1 MB", { greeting: `220 ${"x".repeat(1_000_000)}` }, /^unreachable$/],
  ["EHLO and HELO refused", { on: { EHLO: "550 no", HELO: "550 no" } }, /^unreachable$/],
  ["EHLO 4xx", { on: { EHLO: "450 4.3.2 later" } }, /^unreachable$/],
  ["EHLO dropped", { on: { EHLO: "drop" } }, /^unreachable$/],
  ["silent greeting", { greeting: "silence" }, /^unreachable$/, { settings: { greetingTimeoutMs: 60 } }],
  [
    "silent at MAIL",
    { on: { MAIL: "silence" } },
    /^later \(network\) 451 4\.4\.2 127\.0\.0\.1 was silent too long at MAIL$/,
    { settings: { mailTimeoutMs: 60 } },
  ],
  [
    "silent at the end",
    { on: { MESSAGE: "silence" } },
    /^later \(network\) 451 4\.4\.2 .* at the end of the message$/,
    { settings: { endTimeoutMs: 60 } },
  ],
  [
    "sender refused",
    { ...p, on: { MAIL: "550 5.1.8 bad sender", RCPT: "503 x", DATA: "503 x" } },
    /^failed \(recipient\) 550 5\.1\.8 bad sender$/,
  ],
  [
    "recipient unknown",
    { ...p, on: { RCPT: "550 5.1.1 unknown", DATA: "554 no" } },
    /^failed \(recipient\) 550 5\.1\.1 unknown$/,
  ],
  [
    "recipient later",
    { ...p, on: { RCPT: "450 4.2.0 Greylisted, retry in 400 seconds", DATA: "503 no" } },
    /^later \(greylist\) 450 4\.2\.0/,
  ],
  ["DATA refused", { on: { DATA: "451 4.3.0 no room" } }, /^later \(system\) 451 4\.3\.0 no room$/],
  ["message refused", { ...p, on: { MESSAGE: "554 5.6.0 spam" } }, /^failed \(content\) 554 5\.6\.0 spam$/],
  [
    "dropped at MAIL",
    { on: { MAIL: "drop" } },
    /^later \(network\) 451 4\.4\.2 127\.0\.0\.1 closed the connection at MAIL$/,
  ],
  ["dropped at RCPT", { on: { RCPT: "drop" } }, /^later .* at RCPT$/],
  ["dropped at DATA", { on: { DATA: "drop" } }, /^later .* closed the connection at RCPT|DATA$/],
  ["dropped at the end", { on: { MESSAGE: "drop" } }, /^later .* at the end of the message$/],
  ["dropped after its answer", { on: { MESSAGE: "drop after 250 2.0.0 got it" } }, /^delivered 250 2\.0\.0 got it$/],
  ["421 at RCPT", { ...p, on: { RCPT: "drop after 421 4.3.2 closing" } }, /^later \(system\) 421 4\.3\.2 closing$/],
  [
    "nonsense at MAIL",
    { on: { MAIL: "what?" } },
    /^later \(protocol\) 451 4\.5\.0 127\.0\.0\.1 sent nonsense at MAIL$/,
  ],
  ["354 at MAIL", { on: { MAIL: "354 go" } }, /^later \(protocol\) 451 4\.5\.0/],
  ["a reply of 1 MB", { on: { MAIL: `250 ${"x".repeat(1_000_000)}` } }, /^later \(protocol\) 451 4\.5\.0/],
  [
    "some recipients refused",
    { ...p, on: { "RCPT TO:<b@fake.test>": "550 5.1.1 unknown", "RCPT TO:<d@fake.test>": "452 4.5.3 too many" } },
    /^failed \(recipient\) 550 5\.1\.1 unknown, delivered 250 2\.0\.0 taken, later \(rate\) 452 4\.5\.3 too many$/,
    { messages: [["b@fake.test", "c@fake.test", "d@fake.test"]] },
  ],
  [
    "more recipients than the server takes at a time",
    { offers: ["PIPELINING", "LIMITS RCPTMAX=2"], on: { "RCPT TO:<b@fake.test>": "550 5.1.1 unknown" } },
    /^failed \(recipient\) 550 5\.1\.1 unknown, delivered 250 2\.0\.0 taken, later \(rate\) 451 4\.5\.3 This server takes 2 at a time: the others follow at once$/,
    { messages: [["b@fake.test", "c@fake.test", "d@fake.test"]] },
  ],
  [
    "more recipients than the server takes at a time, and it will not have the message",
    { offers: ["PIPELINING", "LIMITS RCPTMAX=1"], on: { MESSAGE: "451 4.3.0 later" } },
    /^later \(system\) 451 4\.3\.0 later, later \(system\) 451 4\.3\.0 later$/,
    { messages: [["b@fake.test", "c@fake.test"]] },
  ],
  [
    "LMTP with a limit, one refused at the end",
    { offers: ["LIMITS RCPTMAX=1"], on: { LHLO: "usual", MESSAGE: "552 5.2.2 full" } },
    /^failed \(quota\) 552 5\.2\.2 full, later \(rate\) 451 4\.5\.3/,
    { messages: [["b@fake.test", "c@fake.test"]], target: { protocol: "lmtp" } },
  ],
  ["too big", { offers: ["SIZE 10"] }, /^failed \(size\) 552 5\.3\.4/],
  [
    "a smart host that wants no password",
    {},
    /^unreachable$/,
    { target: { auth: { user: "u", password: "p", cleartext: false } } },
  ],
  [
    "LMTP, one refused at the end",
    { ...p, on: { LHLO: "usual", MESSAGE: ["250 2.0.0 one", "552 5.2.2 two"] } },
    /^delivered 250 2\.0\.0 one, failed \(quota\) 552 5\.2\.2 two$/,
    { messages: [["b@fake.test", "c@fake.test"]], target: { protocol: "lmtp" } },
  ],
];
for (const [name, script, said, how] of outcomes)
  test(name, async () => assert.match((await run(script, how)).said, said));

test("what goes over the wire: the next message's commands come with the end of the one before", async () => {
  const { log, server, said } = await run(p, { messages: [["b@fake.test"], ["b@fake.test"], ["b@fake.test"]] });
  assert.equal(log, `[connect] / EHLO us.test / ${one} / ${one} / ${one} / QUIT`);
  assert.equal(said, Array(3).fill("delivered 250 2.0.0 taken").join(" / "));
  for (const message of server.messages) assert.deepEqual(message, hello);
});

test("one refused message among others on a connection", async () => {
  const script = { ...p, on: { MESSAGE: ["250 a", "451 b", "250 c"], "RCPT TO:<x@fake.test>": "550 5.1.1 x" } };
  const { said, server } = await run(script, {
    messages: [["b@fake.test"], ["b@fake.test"], ["x@fake.test"], ["b@fake.test"]],
  });
  assert.equal(said, "delivered 250 a / later (system) 451 b / failed (recipient) 550 5.1.1 x / delivered 250 c");
  assert.equal(server.connections, 1);
});

test("a connection that ends between messages costs nobody an attempt", async () => {
  for (const answer of ["drop after 250 fine", "drop after 250 fine\r\n421 4.4.2 enough"]) {
    const { said, server } = await run(
      { ...p, on: { MESSAGE: answer } },
      { messages: [["b@fake.test"], ["b@fake.test"], ["b@fake.test"]] },
    );
    assert.equal(said, Array(3).fill("delivered 250 fine").join(" / "));
    assert.equal(server.connections, 3);
  }
});

test("an idle connection is used again; one that the server closed is not missed", async () => {
  const server = await fakeServer({ ...p, on: { MESSAGE: ["250 a", "drop after 250 b", "250 c"] } });
  const world = new World(to(server), noDns);
  try {
    for (const expected of ["a", "b", "c"])
      assert.equal(await world.mail([["b@fake.test"]]), `delivered 250 ${expected}`);
    assert.equal(server.connections, 2);
  } finally {
    await world.send.stop(200);
    await server.close();
  }
});

test("MAILMAX and our own bound end a connection in good order", async () => {
  const messages = Array.from({ length: 5 }, () => ["b@fake.test"]);
  const limited = await run({ offers: ["PIPELINING", "LIMITS MAILMAX=2"] }, { messages });
  assert.equal(limited.server.connections, 3);
  assert.equal(limited.log.match(/QUIT/g)?.length, 3);
  const bounded = await run(p, { messages, settings: { maxMessagesPerFixedConnection: 1 } });
  assert.equal(bounded.server.connections, 5);
});

test("CHUNKING", async () => {
  const { log, server } = await run(
    { offers: ["PIPELINING", "CHUNKING"] },
    { messages: [["b@fake.test"], ["c@fake.test"]] },
  );
  assert.match(
    log,
    /EHLO us\.test \/ MAIL FROM:<a@us\.test> \/ RCPT TO:<b@fake\.test> \/ BDAT 23 LAST \/ <23> \/ MAIL/,
  );
  assert.deepEqual(server.messages, [hello, hello]);
});

test("a large message arrives whole", async () => {
  const big = Buffer.alloc(3_000_000, ".12345678\r\n..\r\n\r\n");
  const { said, server } = await run({ offers: ["PIPELINING"] }, { bytes: big });
  assert.equal(said, "delivered 250 2.0.0 taken");
  assert.ok(server.messages[0]!.subarray(0, big.length).equals(big));
});

test("STARTTLS", async (t) => {
  const offers = ["PIPELINING", "STARTTLS"];
  await t.test("is used, and EHLO asked again in it", async () => {
    const { said, log, world } = await run({ offers, offersInTls: ["PIPELINING"], tls });
    assert.equal(said, "delivered 250 2.0.0 taken");
    assert.match(log, /EHLO us\.test \/ STARTTLS \/ EHLO us\.test \/ MAIL/);
    assert.match(world.attempts[0]!.tls, /^TLSv1\.3, certificate verified$/);
  });
  await t.test("a broken handshake: again in the clear", async () => {
    const { said, log, world } = await run({ offers, tls: "broken" });
    assert.equal(said, "delivered 250 2.0.0 taken");
    assert.match(log, /STARTTLS \/ \[connect\] \/ EHLO us\.test \/ MAIL/);
    assert.equal(world.attempts[0]!.tls, "none");
  });
  await t.test("refused: again in the clear", async () => {
    const { said } = await run({ offers, on: { STARTTLS: "454 4.7.0 no key" } });
    assert.equal(said, "delivered 250 2.0.0 taken");
  });
  await t.test("required and broken: not sent", async () => {
    const { said, unreachable, log } = await run({ offers, tls: "broken" }, { target: { tls: "required" } });
    assert.equal(said, "unreachable");
    assert.match(unreachable, /^tls: 451 4\.7\.5 TLS with/);
    assert.doesNotMatch(log, /MAIL/);
  });
  await t.test("required and not offered: not sent", async () => {
    const { unreachable } = await run(p, { target: { tls: "required" } });
    assert.match(unreachable, /^tls: 451 4\.7\.10 TLS is required \(route\)/);
  });
  await t.test("verified: the certificate must fit the name", async () => {
    const script = { offers, offersInTls: ["PIPELINING"], tls };
    const dns = hosts({ "fake.test": "127.0.0.1", "other.test": "127.0.0.1" });
    const wrong = await run(script, { target: { tls: "verified", host: "other.test" }, dns });
    assert.match(wrong.unreachable, /^tls: 451 4\.7\.5 .* the certificate is not valid: ERR_TLS_CERT_ALTNAME_INVALID/);
    assert.doesNotMatch(wrong.log, /MAIL/);
    const right = await run(script, { target: { tls: "verified", host: "fake.test" }, dns });
    assert.equal(right.said, "delivered 250 2.0.0 taken");
    assert.equal(right.world.attempts[0]!.tls, "TLSv1.3, certificate verified");
    // RFC 7435: with opportunistic TLS what cannot be verified is used all the same.
    const opportunistic = await run(script, { target: { host: "other.test" }, dns });
    assert.equal(opportunistic.world.attempts[0]!.tls, "TLSv1.3, certificate not verified");
  });
  await t.test("commands injected before the handshake are not believed", async () => {
    const { unreachable, log } = await run({ offers, tls, on: { STARTTLS: "220 go on\r\n250 fake.test" } });
    assert.match(unreachable, /^tls: 451 4\.7\.0 .* sent more than its answer to STARTTLS$/);
    assert.doesNotMatch(log, /MAIL/);
  });
  await t.test("implicit, with a login", async () => {
    const server = await fakeServer({
      implicit: tls,
      offers: ["AUTH PLAIN LOGIN"],
      on: { AUTH: ["235 2.7.0 in", "535 5.7.8 out"] },
    });
    const auth = { user: "me", password: "pw", cleartext: false };
    const world = new World(
      to(server, { host: "fake.test", tls: "implicit", auth }),
      hosts({ "fake.test": "127.0.0.1" }),
      {
        maxMessagesPerFixedConnection: 1,
      },
    );
    try {
      assert.equal(await world.mail([["b@fake.test"]]), "delivered 250 2.0.0 taken");
      assert.match(server.log.join(" / "), /EHLO us\.test \/ AUTH PLAIN AG1lAHB3 \/ MAIL/);
      assert.equal(await world.mail([["b@fake.test"]]), "unreachable");
      assert.equal(world.unreachable, "auth: 535 5.7.8 out");
    } finally {
      await world.send.stop(200);
      await server.close();
    }
  });
});

test("AUTH LOGIN, and a server that asks without end", async () => {
  const auth = { user: "me", password: "pw", cleartext: true };
  const good = await run(
    {
      offers: ["AUTH LOGIN"],
      on: { AUTH: "334 VXNlcm5hbWU6", bWU: "x", "bWU=": "334 UGFzc3dvcmQ6", "cHc=": "235 in" },
    },
    { target: { auth } },
  );
  assert.equal(good.said, "delivered 250 2.0.0 taken");
  const endless = await run(
    { offers: ["AUTH LOGIN"], on: { AUTH: "334 ", "bWU=": "334 ", "cHc=": "334 " } },
    { target: { auth } },
  );
  assert.match(endless.unreachable, /^auth: 451 4\.7\.0 /);
});

test("REQUIRETLS goes only where it is understood", async () => {
  const requireTls = { requireTls: true };
  const offers = ["PIPELINING", "STARTTLS"];
  const dns = hosts({ "fake.test": "127.0.0.1" });
  for (const [offersInTls, expected] of [
    [["REQUIRETLS"], /^delivered/],
    [["PIPELINING"], /^failed \(policy\) 550 5\.7\.30/],
  ] as const) {
    const server = await fakeServer({ offers, offersInTls, tls });
    const world = new World(to(server, { host: "fake.test" }), dns);
    try {
      assert.match(await world.mail([["b@fake.test"]], requireTls), expected);
    } finally {
      await world.send.stop(200);
      await server.close();
    }
  }
});

test("the next host is tried when one fails, and the one after that", async () => {
  const bad = await fakeServer({ greeting: "421 4.3.2 full" });
  const closed = await fakeServer({});
  await closed.close();
  const good = await fakeServer(p);
  try {
    // One port for all: the fakes listen on different ones, so the path is made by hand.
    const world = new World(to(good), noDns);
    const found = await world.send.path("fake.test", "", "default");
    assert.equal(found.kind, "path");
    if (found.kind !== "path") return;
    const hosts = [closed, bad, good].map(({ port }, at) => ({ name: `mx${at}.test`, port, addresses: ["127.0.0.1"] }));
    const path = { ...found.path, hosts };
    const done = Promise.withResolvers<string>();
    world.ready.set(path.key, [
      {
        envelope: {
          from: "",
          recipients: [{ address: "b@fake.test", orcpt: undefined, notify: undefined }],
          envid: undefined,
          ret: undefined,
          smtputf8: false,
          body: "7bit",
          requireTls: false,
        },
        bytes: hello,
        load: async () => true,
        done: (outcomes, attempt) => done.resolve(`${outcomes.map(brief)} by ${attempt.host}`),
      },
    ]);
    world.send.wake(path);
    assert.equal(await done.promise, "delivered 250 2.0.0 taken by mx2.test");
    assert.equal(bad.connections, 1);
    await world.send.stop(200);
  } finally {
    await Promise.all([bad.close(), good.close()]);
  }
});

test("an unreachable site is left alone for a while, and an administrator can end that", async () => {
  const server = await fakeServer({ greeting: "554 no" });
  const world = new World(to(server), noDns);
  try {
    assert.equal(await world.mail([["b@fake.test"]]), "unreachable");
    const found = await world.send.path("fake.test", "", "default");
    assert.ok(found.kind === "path" && world.send.suspendedMs(found.path.key) > 40_000);
    world.send.retryNow();
    assert.equal(world.send.suspendedMs(found.path.key), 0);
    assert.equal(await world.mail([["b@fake.test"]]), "unreachable");
    assert.equal(server.connections, 2);
  } finally {
    await world.send.stop(200);
    await server.close();
  }
});

test("a provider that wants TLS gets nothing in the clear, and one that does not offer it is told so", async () => {
  const plain = await fakeServer(p);
  const secured = await fakeServer({ offers: ["STARTTLS"], tls });
  const way = { key: "big", tlsRequired: true, byDomain: true };
  const routing: Routing = { routes: [], deliverTo: undefined, tls: "opportunistic" };
  try {
    const dns: Resolver = {
      ...hosts({ "mx.fake.test": "127.0.0.1" }),
      mx: async () => ({
        kind: "found",
        records: [{ preference: 10, exchange: "mx.fake.test" }],
        secure: false,
        ttlSeconds: 60,
      }),
    };
    const refused = new World(routing, dns, { port: plain.port }, way);
    assert.equal(await refused.mail([["b@fake.test"]]), "unreachable");
    assert.match(
      refused.unreachable,
      /TLS is required \(tls = required for the provider\) and the server does not offer/,
    );
    assert.equal(plain.messages.length, 0);
    const world = new World(routing, dns, { port: secured.port }, way);
    assert.equal(await world.mail([["b@fake.test"]]), "delivered 250 2.0.0 taken");
    assert.match(world.attempts[0]!.tls, /^TLSv1/);
    const found = await world.send.path("fake.test", "", "default");
    assert.ok(found.kind === "path" && found.path.key === `${found.path.siteKey} @fake.test`);
    // A route by MX that says how much TLS there is has its way.
    const routed = {
      ...routing,
      routes: [{ domain: "fake.test", sender: undefined, target: "mx", tls: "never" }] as const,
    };
    // The administrator's route may lead into private networks, DNS of strangers may not.
    const clear = new World(routed, dns, { port: plain.port, privateAddresses: false }, way);
    const closed = new World(routing, dns, { port: plain.port, privateAddresses: false }, way);
    assert.match(await closed.mail([["b@fake.test"]]), /failed \(dns\) 550 5\.4\.4 /);
    assert.equal(await clear.mail([["b@fake.test"]]), "delivered 250 2.0.0 taken");
    for (const one of [refused, world, clear, closed]) await one.send.stop(100);
  } finally {
    await Promise.all([plain.close(), secured.close()]);
  }
});

test("stop cuts what does not end", async () => {
  const server = await fakeServer({ ...p, on: { MESSAGE: "silence" } });
  const world = new World(to(server), noDns);
  const mail = world.mail([["b@fake.test"]]);
  while (server.messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await world.send.stop(20);
  assert.match(await mail, /^later \(network\)/);
  await server.close();
});

function hosts(table: { readonly [name: string]: string }): Resolver {
  const none = { kind: "none", exists: false, secure: false, ttlSeconds: 1 } as const;
  const a = async (name: string) =>
    table[name] === undefined
      ? none
      : ({ kind: "found", records: [table[name]], secure: true, ttlSeconds: 60 } as const);
  const nothing = async () => none;
  return { mx: nothing, a, aaaa: nothing, txt: nothing, tlsa: nothing, ptr: nothing };
}
