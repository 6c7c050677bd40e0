import assert from "node:assert/strict";
import test from "node:test";
import { reply, replyText } from "../../protocol/smtp/reply.ts";
import { quiet } from "../base/log.ts";
import { type Callout, type CalloutSettings, defaultCalloutSettings, makeCallout } from "./callout.ts";
import { type FakeServer, fakeServer } from "./fake-server.ts";
import { noTlsResults } from "./fake-transit.ts";
import type { PathResult } from "./send.ts";
import { BrokenTls, defaultSessionSettings } from "./session.ts";

class World {
  now = 0;
  notes: string[] = [];
  paths = 0;
  readonly callout: Callout;

  constructor(path: PathResult | readonly FakeServer[], changed: Partial<CalloutSettings> = {}) {
    this.callout = makeCallout({
      settings: { ...defaultCalloutSettings, ...changed },
      session: {
        settings: { ...defaultSessionSettings, connectTimeoutMs: 5_000 },
        ourHost: "us.test",
        tls: {},
        nonce: () => "n",
        brokenTls: new BrokenTls(),
        monotonic: () => this.now,
        now: Date.now,
        tlsResults: noTlsResults,
      },
      path: () => {
        this.paths++;
        return "kind" in path ? path : pathTo(path);
      },
      log: { ...quiet, info: (fields) => this.notes.push(JSON.stringify(fields)) },
    });
  }

  async ask(address: string): Promise<string> {
    const said = await this.callout.ask(address, "fake.test");
    return said === undefined ? "taken" : replyText(said);
  }
}

function pathTo(servers: readonly FakeServer[]): PathResult {
  const hosts = servers.map(({ port }) => ({ name: "fake.test", port, addresses: ["127.0.0.1"] }));
  const tls = { mode: "never", because: "route", secureNames: true } as const;
  return {
    kind: "path",
    path: {
      key: "k",
      source: "",
      site: "fake.test",
      domain: undefined,
      protocol: "smtp",
      hosts,
      tls,
      auth: undefined,
      fixed: true,
    },
  };
}

test("a clear no refuses, in the other server's words; everything else is taken", async () => {
  const cases: readonly [answer: string, expected: RegExp][] = [
    ["250 2.1.5 ok", /^taken$/],
    ["251 will forward", /^taken$/],
    ["450 4.2.0 greylisted", /^taken$/],
    ["452 4.2.2 full", /^taken$/],
    ["drop", /^taken$/],
    ["nonsense", /^taken$/],
    ["550 5.1.1 who is that", /^550 5\.1\.1 The recipient's server says: who is that$/],
    ["550 no such user", /^550 5\.1\.1 The recipient's server says: no such user$/],
    ["553-5.2.1 one\r\n553 5.2.1 two", /^550 5\.2\.1 The recipient's server says: one two$/],
  ];
  const on = Object.fromEntries(cases.map(([answer], index) => [`RCPT TO:<u${index}@fake.test>`, answer]));
  const server = await fakeServer({ on });
  try {
    for (const [index, [answer, expected]] of cases.entries())
      assert.match(await new World([server]).ask(`u${index}@fake.test`), expected, answer);
    assert.equal(server.log.filter((line) => line === "MAIL FROM:<>").length, cases.length);
    assert.equal(server.messages.length, 0);
    await server.idle();
  } finally {
    await server.close();
  }
});

test("answers are remembered for their time, and asked once at a time", async () => {
  const server = await fakeServer({
    on: { "RCPT TO:<no@fake.test>": "550 5.1.1 no", "RCPT TO:<later@fake.test>": "451 x" },
  });
  const world = new World([server]);
  try {
    const questions = ["yes", "yes", "no", "no", "later"].map((local) => world.ask(`${local}@fake.test`));
    assert.deepEqual(
      (await Promise.all(questions)).map((said) => said.slice(0, 5)),
      ["taken", "taken", "550 5", "550 5", "taken"],
    );
    assert.equal(server.connections, 3);
    await Promise.all([world.ask("yes@fake.test"), world.ask("no@fake.test")]);
    assert.equal(server.connections, 3);
    await world.ask("later@fake.test");
    assert.equal(server.connections, 4, "what was not clear is asked again");
    world.now = defaultCalloutSettings.calloutNoMs + 1;
    await Promise.all([world.ask("yes@fake.test"), world.ask("no@fake.test")]);
    assert.equal(server.connections, 5);
    world.callout.forget();
    await world.ask("yes@fake.test");
    assert.equal(server.connections, 6);
  } finally {
    await server.close();
  }
});

test("where nobody can be asked mail is taken, and the domain is left in peace for a while", async () => {
  const closed = await fakeServer({});
  await closed.close();
  const world = new World([closed]);
  assert.equal(await world.ask("a@fake.test"), "taken");
  assert.equal(await world.ask("b@fake.test"), "taken");
  assert.equal(world.paths, 1);
  assert.equal(world.notes.length, 1);
  assert.match(world.notes[0]!, /ECONNREFUSED/);
  world.now = defaultCalloutSettings.calloutSilenceMs + 1;
  await world.ask("b@fake.test");
  assert.equal(world.paths, 2);
});

test("the next host is asked when the first is down or refuses the null sender", async () => {
  const closed = await fakeServer({});
  await closed.close();
  const picky = await fakeServer({ on: { MAIL: "550 no null senders" } });
  const good = await fakeServer({ on: { RCPT: "550 5.1.1 no" } });
  try {
    assert.match(await new World([closed, picky, good]).ask("a@fake.test"), /^550 5\.1\.1/);
  } finally {
    await picky.close();
    await good.close();
  }
});

test("a domain that can take no mail refuses; DNS that fails does not", async () => {
  const failed = reply(556, "5.1.10", "null MX");
  const later = reply(451, "4.4.3", "SERVFAIL");
  const none = (outcome: Extract<PathResult, { kind: "none" }>["outcome"]): PathResult => ({ kind: "none", outcome });
  assert.equal(
    await new World(none({ kind: "failed", reply: failed, why: "dns" })).ask("a@fake.test"),
    "556 5.1.10 null MX",
  );
  const unsure = none({ kind: "later", reply: later, why: "dns", delayMs: undefined });
  assert.equal(await new World(unsure).ask("a@fake.test"), "taken");
});

test("a server that hangs delays nobody longer than the bound, and questions are bounded", async () => {
  const server = await fakeServer({ on: { RCPT: "silence" } });
  const world = new World([server], { calloutTimeoutMs: 50, maxCallouts: 2 });
  try {
    const answers = await Promise.all(["a", "b", "c"].map((local) => world.ask(`${local}@fake.test`)));
    assert.deepEqual(answers, ["taken", "taken", "451 4.4.5 Too many recipients are being checked, try again later"]);
  } finally {
    await server.close();
  }
});

test("an international address is asked with SMTPUTF8, or refused where that is not known", async () => {
  const plain = await fakeServer({});
  const modern = await fakeServer({ offers: ["SMTPUTF8"] });
  try {
    assert.match(await new World([plain]).ask("grün@fake.test"), /^550 5\.6\.7/);
    assert.equal(await new World([modern]).ask("grün@fake.test"), "taken");
    assert.ok(modern.log.includes("MAIL FROM:<> SMTPUTF8") && modern.log.includes("RCPT TO:<grün@fake.test>"));
  } finally {
    await plain.close();
    await modern.close();
  }
});
