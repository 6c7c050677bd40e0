import assert from "node:assert/strict";
import test, { after } from "node:test";
import { reply } from "../../protocol/smtp/reply.ts";
import { quiet } from "../base/log.ts";
import type { Outcome } from "../send/classify.ts";
import type { Attempt, Job } from "../send/converse.ts";
import type { HeldUp, JobSource } from "../send/pool.ts";
import type { PathResult, Send } from "../send/send.ts";
import type { OpenFailure } from "../send/session.ts";
import type { Path } from "../send/site.ts";
import type { Acceptance } from "../store/store.ts";
import { FakeStore, mail } from "./fake-store.ts";
import type { QueueNotices } from "./finish.ts";
import { makeQueue } from "./make-queue.ts";
import { withoutReturnPath } from "./message-memory.ts";
import type { Reported } from "./results.ts";
import { defaultQueueSettings, type QueueSettings } from "./settings.ts";

const bytes = Buffer.from("Subject: hi\r\n\r\nhello\r\n");
const attempt: Attempt = {
  host: "mx.test",
  address: "192.0.2.1",
  port: 25,
  tls: "none",
  ms: 1,
  dsn: false,
};
const later: Outcome = { kind: "later", reply: reply(451, "4.3.0", "later"), why: "system", delayMs: undefined };
const delivered: Outcome = { kind: "delivered", reply: reply(250, "2.0.0", "ok") };
const failed: Outcome = { kind: "failed", reply: reply(550, "5.1.1", "unknown"), why: "recipient" };

/** What a destination does: an outcome for each recipient, nothing ever ("hang"), or nobody there ("down"); "dns" never answers. */
type Behaviour = Outcome | "hang" | "down" | "none" | "dns";

/** Sends without a network: each domain is a site, unless several share one. */
class FakeSend implements Send {
  readonly jobs: { readonly key: string; readonly to: readonly string[]; readonly bytes: Buffer | undefined }[] = [];
  readonly behaviours = new Map<string, Behaviour>();
  readonly suspended = new Set<string>();
  readonly wishes: string[] = [];
  readonly hanging: Job[] = [];
  /** Connections of a site that hangs. */
  hangsAt = 5;
  sharedSite: string | undefined;
  /** Why a site that is down is. */
  failures: readonly OpenFailure[] = [];
  retried = 0;
  #source: JobSource | undefined;

  begin(source: JobSource): void {
    this.#source = source;
  }
  path(domain: string, sender: string, wish: string): PathResult | Promise<PathResult> {
    this.wishes.push(`${sender}: ${wish}`);
    const key = this.sharedSite ?? domain;
    const behaviour = this.behaviours.get(domain);
    if (behaviour === "dns") return new Promise(() => {});
    if (behaviour === "none") return { kind: "none", outcome: failed };
    const tls = { mode: "opportunistic", because: "default", secureNames: false } as const;
    const path: Path = {
      key,
      source: "",
      site: key,
      domain,
      protocol: "smtp",
      hosts: [],
      tls,
      auth: undefined,
      fixed: false,
    };
    return { kind: "path", path };
  }
  wake(path: Path): void {
    setImmediate(() => this.work(path));
  }
  work(path: Path): void {
    const behaviour = this.behaviours.get(path.key) ?? delivered;
    if (behaviour === "down") {
      this.suspended.add(path.key);
      this.#source!.unreachable(path, this.failures, 60_000);
      return;
    }
    for (;;) {
      if (behaviour === "hang" && this.hanging.length >= this.hangsAt) return;
      const job = this.#source!.take(path.key);
      if (job === undefined) return;
      void this.#send(job, path.key, behaviour);
    }
  }
  async #send(job: Job, key: string, behaviour: Behaviour): Promise<void> {
    if (job.bytes === undefined && !(await job.load())) return;
    this.jobs.push({ key, to: job.envelope.recipients.map(({ address }) => address), bytes: job.bytes });
    if (behaviour === "hang") this.hanging.push(job);
    else if (typeof behaviour === "object")
      job.done(
        job.envelope.recipients.map(() => behaviour),
        attempt,
      );
  }
  heldUp(): HeldUp {
    return { kind: "connections", connections: this.hangsAt };
  }
  suspendedMs(key: string): number {
    return this.suspended.has(key) ? 60_000 : 0;
  }
  retryNow(): void {
    this.retried++;
    this.suspended.clear();
  }
  changed(): void {}
  async callout(): Promise<undefined> {}
  async stop(): Promise<void> {
    for (const job of this.hanging.splice(0))
      job.done(
        job.envelope.recipients.map(() => later),
        attempt,
      );
  }
}

type Told = { readonly kind: string; readonly sender: string; readonly recipients: readonly Reported[] };

/** A queue that a failed test has left running would keep its file from ending. */
const all: { stop(): Promise<void> }[] = [];
after(() => Promise.all(all.map((queue) => queue.stop())));

function world(settings: Partial<QueueSettings> = {}, store = new FakeStore(), node = "node") {
  const send = new FakeSend();
  const told: Told[] = [];
  let clock = Date.now();
  const start = performance.now();
  const state = { noticesFail: false, skewMs: 0, stopped: new Set<number | undefined>(), withheld: false };
  const heard: (readonly [account: number | undefined, kinds: string])[] = [];
  const notices: QueueNotices = {
    async notice(kind, message, _, recipients) {
      if (state.noticesFail) throw new Error("no");
      told.push({ kind, sender: message.envelopeFrom, recipients });
      if (message.envelopeFrom === "") return undefined;
      const notice: Acceptance = {
        message: { bytes: Buffer.from("notice"), facts: {} as Acceptance["message"]["facts"] },
        placements: [],
        queue: mail("", [message.envelopeFrom], { lease: queue.leaseForNew() }),
        journey: [],
      };
      return notice;
    },
  };
  const monotonic = () => performance.now() - start + state.skewMs;
  const queue = makeQueue({
    store,
    send,
    notices,
    withheld: () => state.withheld,
    restrain: {
      mayNotSend: ({ account }) => state.stopped.has(account),
      heard: ({ account }, outcomes) => void heard.push([account, outcomes.map(({ kind }) => kind).join()]),
    },
    settings: { ...defaultQueueSettings, claimEveryMs: 5, ...settings },
    node,
    wall: () => clock + monotonic(),
    monotonic,
    random: () => 0.5,
    log: quiet,
  });
  all.push(queue);
  return {
    queue,
    send,
    store,
    told,
    heard,
    state,
    now: () => clock + monotonic(),
    /** Time passes, for every clock. */
    pass: (ms: number) => {
      state.skewMs += ms;
    },
    jump: (ms: number) => {
      clock += ms;
    },
    offer(from: string, to: readonly string[], more: Parameters<typeof mail>[2] = {}) {
      const message = store.enqueue(
        mail(from, to, { createdAt: clock + monotonic(), lease: queue.leaseForNew(), ...more }),
        bytes,
      );
      queue.offer(message, bytes);
      return message;
    },
  };
}

async function until(condition: () => boolean, what = "it"): Promise<void> {
  for (let waited = 0; !condition(); waited++) {
    assert.ok(waited < 20_000, `${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test("where nothing may leave all stays in the store, also what is in line, until it may go", async () => {
  const { queue, send, store, state, pass, offer } = world();
  state.withheld = true;
  offer("a@x.test", ["b@y.test"]);
  await queue.start();
  offer("a@x.test", ["c@y.test"]);
  await queue.poke();
  pass(3_600_000);
  await queue.poke();
  assert.deepEqual([send.jobs.length, store.left, queue.counters().inMemory], [0, 2, 0]);
  state.withheld = false;
  await queue.poke();
  await until(() => store.left === 0);
});

test("fresh mail goes at once, from memory, in one settlement", async () => {
  const { queue, send, store, offer } = world();
  await queue.start();
  for (let at = 0; at < 50; at++) offer("a@x.test", ["b@y.test"]);
  await until(() => store.left === 0);
  assert.equal(send.jobs.length, 50);
  assert.ok(store.settles <= 2, `${store.settles} settlements`);
  assert.equal(store.stale, 0);
  const [entry] = store.journey;
  assert.equal(entry?.stage, "delivered");
  assert.deepEqual(
    { ...entry?.detail },
    {
      to: ["b@y.test"],
      reply: "250 2.0.0 ok",
      site: "y.test",
      host: "mx.test",
      address: "192.0.2.1",
      port: 25,
      tls: "none",
      ms: 1,
    },
  );
  await queue.stop();
});

test("no more is sent than a bound before the store knows of it: a kill would have it sent twice", async () => {
  const { queue, send, store, offer } = world({ maxUnsettled: 10 });
  store.commitMs = 1;
  await queue.start();
  for (let at = 0; at < 100; at++) offer("a@x.test", [`${at}@${at % 3}.test`]);
  let most = 0;
  await until(() => {
    most = Math.max(most, send.jobs.length - (100 - store.left));
    return store.left === 0;
  });
  assert.ok(most > 0 && most <= 10, `${most}`);
  assert.equal(send.jobs.length, 100);
  await queue.stop();
});

test("REQUIRETLS is asked of the way, but not for a notice, which would be lost (RFC 8689 §5)", async () => {
  const { queue, send, store, offer } = world();
  await queue.start();
  offer("a@x.test", ["1@a.test"], { requireTls: true });
  offer("", ["2@b.test"], { requireTls: true });
  await until(() => store.left === 0);
  assert.deepEqual(send.wishes, ["a@x.test: require", ": default"]);
  await queue.stop();
});

test("recipients that go one way share a transaction, up to the bound", async () => {
  const { queue, send, store, offer } = world({ maxRecipientsPerTransaction: 3 });
  send.sharedSite = "hub";
  await queue.start();
  offer("a@x.test", ["1@a.test", "2@b.test", "3@a.test", "4@c.test"]);
  await until(() => store.left === 0);
  assert.deepEqual(
    send.jobs.map(({ to }) => to.length),
    [3, 1],
  );
  send.sharedSite = undefined;
  offer("a@x.test", ["1@a.test", "2@b.test", "3@a.test"]);
  await until(() => store.left === 0);
  assert.deepEqual(
    send.jobs.slice(2).map(({ to }) => to),
    [["1@a.test", "3@a.test"], ["2@b.test"]],
  );
  await queue.stop();
});

test("destinations that hang, refuse for now, are down or without DNS do not hold the others up", async () => {
  const { queue, send, store, offer } = world({ maxReady: 400 });
  send.behaviours.set("slow.test", "hang");
  send.behaviours.set("later.test", later);
  send.behaviours.set("dead.test", "down");
  await queue.start();
  for (let at = 0; at < 3000; at++) offer("a@x.test", [`${at}@${["slow", "later", "dead"][at % 3]}.test`]);
  for (let at = 0; at < 300; at++) {
    offer("a@x.test", [`${at}@good${at % 3}.test`]);
    if (at % 50 === 0) await new Promise(setImmediate);
  }
  const good = () => send.jobs.filter(({ key }) => key.startsWith("good")).length;
  await until(() => good() === 300, "delivery to those that are well");
  assert.ok(queue.counters().inMemory <= 400, `${queue.counters().inMemory} in memory`);
  send.behaviours.set("lost.test", "dns");
  for (let at = 0; at < 100; at++) offer("a@x.test", ["b@lost.test"]);
  offer("a@x.test", ["b@good0.test"]);
  await until(() => good() === 301);
  await queue.stop();
  assert.equal(
    [...store.messages.values()].some(({ rows }) => [...rows.values()].some(({ state }) => state === "leased")),
    false,
    "leases are given back",
  );
});

test("what is in memory says what it waits for, and says it no more once it is sent", async () => {
  const { queue, send, store, offer } = world();
  send.behaviours.set("slow.test", "hang");
  send.behaviours.set("lost.test", "dns");
  await queue.start();
  const messages = Array.from({ length: 7 }, () => offer("a@x.test", ["b@slow.test"]));
  const lost = offer("a@x.test", ["b@lost.test", "c@lost.test"]);
  await until(() => send.hanging.length === 5);
  const said = () => {
    const waits = queue.waits(new Set([...messages, lost].map(({ id }) => id)));
    return [...messages, lost].map(({ id }) => [...(waits.get(id)?.values() ?? [])].map(({ why }) => why).join());
  };
  const busy = "All 5 connections to slow.test are busy.";
  const looked = "Its way is being looked up.";
  const inLine = [busy, `${busy} 1 more that goes there is before it.`, `${looked},${looked}`];
  assert.deepEqual(said(), ["", "", "", "", "", ...inLine]);
  send.behaviours.set("slow.test", delivered);
  for (const job of send.hanging.splice(0)) job.done([delivered], attempt);
  offer("a@x.test", ["b@slow.test"]);
  await until(() => store.left === 2);
  assert.deepEqual(said().slice(0, 7), ["", "", "", "", "", "", ""]);
  await queue.stop();
});

test("a backlog far larger than memory is sent in portions", async () => {
  const { queue, send, store, now } = world({ maxReady: 200, claimBatch: 50 });
  for (let at = 0; at < 5000; at++)
    store.enqueue(mail("a@x.test", [`b@y${at % 10}.test`], { createdAt: now() - 1000 }), bytes);
  await queue.start();
  let most = 0;
  await until(() => {
    most = Math.max(most, queue.counters().inMemory);
    return store.left === 0;
  });
  assert.ok(most <= 200, `${most} in memory`);
  assert.equal(send.jobs.length, 5000);
  assert.ok(send.jobs.every((job) => job.bytes?.equals(bytes)));
  await queue.stop();
});

test("after a crash everything that was ours is sent", async () => {
  const first = world();
  first.send.behaviours.set("y.test", "hang");
  await first.queue.start();
  for (let at = 0; at < 20; at++) first.offer("a@x.test", [`${at}@y.test`]);
  await until(() => first.send.hanging.length > 0);
  // Nothing is stopped: the process is gone. Its successor has the same name.
  const second = world({}, first.store);
  await second.queue.start();
  await until(() => first.store.left === 0);
  assert.equal(second.send.jobs.length, 20);
  // What the former life still does in its last moment counts for nothing.
  first.send.hanging[0]!.done([failed], attempt);
  await until(() => first.store.stale > 0);
  assert.equal(first.told.length, 1);
  await first.queue.stop();
  await second.queue.stop();
});

test("a lease that ran out is lost to who claims it", async () => {
  const { queue, send, store, offer, pass } = world({ leaseMs: 100_000 });
  send.behaviours.set("y.test", "hang");
  send.hangsAt = 0;
  await queue.start();
  const message = offer("a@x.test", ["b@y.test"]);
  const [row] = store.messages.get(message.id)!.rows.values();
  row!.claims = 5;
  row!.lease = { owner: "other", until: Date.now() + 1e9, token: 6 };
  pass(50_000);
  send.behaviours.delete("y.test");
  offer("a@x.test", ["c@y.test"]);
  await until(() => send.jobs.length === 1);
  assert.deepEqual(send.jobs[0]!.to, ["c@y.test"], "a lease with less than a minute left is not used");
  await queue.stop();
});

test("what cannot be delivered comes back; what is late is told once; then it is tried to the end", async () => {
  const { queue, send, store, told, offer, pass } = world();
  send.behaviours.set("later.test", later);
  send.behaviours.set("none.test", "none");
  send.behaviours.set("bad.test", failed);
  await queue.start();
  offer("a@x.test", ["b@bad.test", "c@bad.test"]);
  offer("", ["b@bad.test"]);
  offer("a@x.test", ["b@none.test"]);
  await until(() => store.left === 0);
  const said = told.map(({ kind, sender, recipients }) => `${kind} ${sender} ${recipients.length}`);
  assert.deepEqual(said.sort(), ["failure  1", "failure a@x.test 1", "failure a@x.test 2"]);
  const notices = () => send.jobs.filter(({ key }) => key === "x.test").length;
  await until(() => notices() === 2, "sending the notices");
  assert.ok(store.journey.some(({ stage, detail }) => stage === "notified" && detail["sent"] === false));

  told.length = 0;
  send.jobs.length = 0;
  offer("a@x.test", ["b@later.test"]);
  for (let hours = 0; hours < 24 * 6 && store.left > 0; hours++) {
    pass(3_600_000);
    // It is looked for what is due by then, and what is tried comes to its end: no lease runs out in between.
    const looks = store.looks + 2;
    await until(() => store.looks >= looks && store.leased === 0);
  }
  await until(() => store.left === 0);
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ["delay", "failure"],
  );
  assert.ok(send.jobs.length > 20, `${send.jobs.length} attempts`);
  assert.ok(store.journey.some(({ stage }) => stage === "expired"));
  await queue.stop();
});

test("what a host says before there is a session is told as its words, our own are not", async () => {
  for (const fromServer of [true, false]) {
    const { queue, send, store, told, offer, pass } = world();
    send.behaviours.set("shut.test", "down");
    const host = "mx.shut.test";
    const said = reply(421, "4.3.2", "busy");
    send.failures = [{ kind: "failure", stage: "greeting", host, address: "192.0.2.1", reply: said, fromServer }];
    await queue.start();
    offer("a@x.test", ["b@shut.test"]);
    for (let hours = 0; hours < 24 && told.length === 0; hours++) {
      send.suspended.clear();
      pass(3_600_000);
      const looks = store.looks + 2;
      await until(() => store.looks >= looks && store.leased === 0);
    }
    assert.deepEqual(
      told.map(({ kind, recipients }) => [kind, recipients[0]!.host]),
      [["delay", fromServer ? host : undefined]],
    );
    await queue.stop();
  }
});

test("success is reported where nobody else will", async () => {
  const { queue, store, told, offer } = world();
  await queue.start();
  const notify = { never: false, success: true, failure: true, delay: false };
  offer("a@x.test", [], { recipients: [{ address: "b@y.test", domain: "y.test", orcpt: undefined, notify }] });
  await until(() => store.left === 0);
  assert.deepEqual(
    told.map(({ kind }) => kind),
    ["success"],
  );
  await queue.stop();
});

test("a notice that cannot be made keeps its message in the queue", async () => {
  const { queue, send, store, told, state, offer, pass } = world();
  send.behaviours.set("bad.test", failed);
  state.noticesFail = true;
  await queue.start();
  offer("a@x.test", ["b@bad.test"]);
  await until(() => store.settles === 1);
  assert.equal(store.left, 1);
  state.noticesFail = false;
  pass(600_000);
  await until(() => told.length === 1);
  await until(() => store.left === 0);
  await queue.stop();
});

test("a store in trouble: results wait, nothing is lost or told twice", async () => {
  const { queue, send, store, told, offer } = world();
  send.behaviours.set("bad.test", failed);
  await queue.start();
  store.failing = 1;
  offer("a@x.test", ["b@y.test"]);
  offer("a@x.test", ["b@bad.test"]);
  await until(() => store.left === 0);
  assert.equal(send.jobs.filter(({ key }) => key === "y.test").length, 1);
  assert.equal(told.length, 1);
  await queue.stop();
});

test("a clock that jumps expires nothing", async () => {
  const { queue, send, store, told, offer, jump, pass } = world();
  send.behaviours.set("later.test", later);
  await queue.start();
  offer("a@x.test", ["b@later.test"]);
  await until(() => store.settles === 1);
  jump(3650 * 24 * 3_600_000);
  pass(120_000);
  await until(() => send.jobs.length === 2);
  jump(-2 * 3650 * 24 * 3_600_000);
  pass(600_000);
  await until(() => send.jobs.length === 3);
  assert.equal(store.left, 1);
  assert.deepEqual(told, []);
  await queue.stop();
});

test("held and future mail stays", async () => {
  const { queue, send, store, offer, now, pass } = world();
  await queue.start();
  offer("a@x.test", ["held@y.test"], { held: true, lease: undefined });
  offer("a@x.test", ["future@y.test"], { notBefore: now() + 3_600_000 });
  offer("a@x.test", ["now@y.test"]);
  await until(() => store.left === 2);
  assert.deepEqual(
    send.jobs.map(({ to }) => to[0]),
    ["now@y.test"],
  );
  pass(3_700_000);
  await until(() => store.left === 1);
  assert.equal(await queue.act({ recipient: "held@y.test" }, "release"), 1);
  await until(() => store.left === 0);
  await queue.stop();
});

test("mail of an account that is stopped waits until it is not, and what became of it is heard", async () => {
  const { queue, send, store, heard, offer, pass, state } = world();
  await queue.start();
  state.stopped.add(7);
  send.behaviours.set("z.test", failed);
  offer("a@x.test", ["stopped@y.test"], { account: 7 });
  offer("", ["free@y.test", "none@z.test"], { account: 8 });
  await until(() => store.left === 1);
  assert.deepEqual(send.jobs.flatMap(({ to }) => to).sort(), ["free@y.test", "none@z.test"]);
  assert.deepEqual(heard.map(([account, kinds]) => `${account} ${kinds}`).sort(), ["8 delivered", "8 failed"]);
  state.stopped.clear();
  pass(301_000);
  await until(() => store.left === 0);
  assert.equal(send.jobs.at(-1)?.to[0], "stopped@y.test");
  await queue.stop();
});

test("the administrator", async (t) => {
  const { queue, send, store, told, offer } = world();
  send.behaviours.set("slow.test", "hang");
  send.behaviours.set("dead.test", "down");
  send.hangsAt = 1;
  await queue.start();
  const states = () =>
    [...store.messages.values()].flatMap(({ rows }) =>
      [...rows.values()].map(({ address, state }) => `${address} ${state}`),
    );
  offer("a@x.test", ["1@slow.test"]);
  const two = offer("a@x.test", ["2@slow.test", "3@slow.test"]);
  offer("b@x.test", ["4@slow.test"]);
  offer("a@x.test", ["5@dead.test"]);
  await until(() => send.hanging.length === 1 && send.suspended.size === 1);

  await t.test("sees a message", async () => {
    assert.equal((await queue.show(two.id))?.recipients.length, 2);
    assert.equal(await queue.show("q0"), undefined);
  });
  await t.test("holds part of what is ready", async () => {
    assert.equal(await queue.act({ recipient: "2@slow.test" }, "hold"), 1);
    assert.ok(states().includes("2@slow.test held"));
    assert.ok(states().includes("3@slow.test leased"));
  });
  await t.test("deletes", async () => {
    assert.equal(await queue.act({ sender: "b@x.test" }, "delete"), 1);
    assert.equal(
      states().some((state) => state.startsWith("4@")),
      false,
    );
  });
  await t.test("has it tried now, back-off or not", async () => {
    send.behaviours.delete("dead.test");
    await until(() => states().includes("5@dead.test scheduled"));
    await queue.act({ domain: "dead.test" }, "retry");
    await until(() => !states().some((state) => state.startsWith("5@")));
  });
  await t.test("returns what is held, ready or scheduled to the sender", async () => {
    assert.equal(await queue.act({ id: two.id }, "bounce"), 2);
    await until(() => told.length === 2);
    for (const { kind, recipients } of told) {
      assert.equal(kind, "failure");
      assert.equal(recipients[0]!.outcome.reply.enhanced, "5.7.0");
    }
    await until(() => states().every((state) => state.startsWith("1@")));
  });
  await queue.stop();
  assert.deepEqual(states(), ["1@slow.test scheduled"]);
});

test("memory for messages is bounded: the rest is read again", async () => {
  const { queue, send, store, offer } = world({ maxReadyBytes: bytes.length * 2, maxInFlightBytes: bytes.length });
  await queue.start();
  for (let at = 0; at < 10; at++) offer("a@x.test", ["b@y.test"]);
  await until(() => store.left === 0);
  assert.ok(send.jobs.every((job) => job.bytes?.equals(bytes)));
  assert.equal(send.jobs.length, 10);
  await queue.stop();
});

test("nothing is leased before the start and when memory is full", async () => {
  const { queue, send, offer } = world({ maxReady: 3 });
  assert.equal(queue.leaseForNew(), undefined);
  await queue.start();
  send.behaviours.set("slow.test", "hang");
  for (let at = 0; at < 3; at++) offer("a@x.test", ["b@slow.test"]);
  assert.equal(queue.leaseForNew(), undefined);
  await queue.stop();
  assert.equal(queue.leaseForNew(), undefined);
});

test("Return-Path is not sent on", () => {
  const cases: readonly [string, string][] = [
    ["Return-Path: <a@b.test>\r\nSubject: x\r\n\r\n", "Subject: x\r\n\r\n"],
    ["return-path:\r\n <a@b.test>\r\n\tx\r\nSubject: x\r\n\r\n", "Subject: x\r\n\r\n"],
    ["Subject: x\r\nReturn-Path: <a@b.test>\r\n\r\n", "Subject: x\r\nReturn-Path: <a@b.test>\r\n\r\n"],
    ["Return-Path: <a@b.test>", "Return-Path: <a@b.test>"],
    ["Return-Path: <a@b.test>\r\n ", "Return-Path: <a@b.test>\r\n "],
    ["", ""],
  ];
  for (const [before, after] of cases) assert.equal(withoutReturnPath(Buffer.from(before)).toString(), after);
});
