/** What waits: tried again, kept back, given up, and what its sender is told; as an administrator sees and steers it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ask, bring, freePort, has, journey, mailOf, submit } from "../beside.ts";
import { angarium, type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { type Sink, startSink } from "../sink.ts";
import { idOf, SmtpTalk } from "../smtp-talk.ts";

let dev: DevProcess;
let sink: Sink;
/** Recipients of these domains are refused for now. */
const busy = new Set<string>();
const answer = (command: string): string | undefined => {
  // A server without DSN: what is to be reported is ours to report.
  if (command.startsWith("EHLO")) return "250-sink.test\r\n250 PIPELINING\r\n";
  const domain = /^RCPT TO:<[^@>]*@([^>]*)>/.exec(command)?.[1];
  if (domain === "never.test") return "550 5.1.1 unknown\r\n";
  return domain !== undefined && busy.has(domain) ? "451 4.3.2 busy, come later\r\n" : undefined;
};

before(async () => {
  sink = await startSink(answer);
  dev = await startDev(["--users", "2", "--trust", "127.0.0.2/32", "--deliver-to", `127.0.0.1:${sink.port}`]);
});
after(async () => {
  await dev?.stop();
  await sink.close();
});

const u1 = "u1@example.test";
const u2 = "u2@example.test";

/** A command as it is typed; its output for programs. */
async function run(...words: readonly string[]): Promise<unknown> {
  const { code, out, err } = await angarium(...words, "--json", "--data", dev.ready.data);
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

type Listed = {
  readonly id: string;
  readonly from: string;
  readonly recipients: readonly { readonly address: string; readonly state: string; readonly nextAt: string }[];
};
const list = async (filter = {}): Promise<readonly Listed[]> =>
  (await ask(dev.ready.data, "queue list", filter)) as readonly Listed[];
const states = async (): Promise<string[]> =>
  (await list()).flatMap(({ recipients }) => recipients.map(({ address, state }) => `${address} ${state}`)).sort();

/** Sends and waits until it has been refused for now; answers the queue id. */
async function deferred(from: string, to: readonly string[], subject: string): Promise<string> {
  for (const one of to) busy.add(one.slice(one.indexOf("@") + 1));
  await submit(dev.ready, { from, to, subject });
  const told = await journey(dev.ready.data, idOf(subject), has("deferred"));
  return told.at(-1)!.trace;
}

test("refused for now, then tried at once by hand, and the journey tells all of it", async () => {
  const id = await deferred(u1, ["x@one.test"], "by hand");
  assert.equal(await run("queue", "count"), 1);
  const shown = (await run("queue", "show", id)) as Listed & {
    readonly journey: readonly { readonly stage: string }[];
  };
  assert.equal(shown.from, u1);
  const waits = shown.recipients[0] as unknown as {
    readonly state: string;
    readonly why: string;
    readonly since: string;
  };
  assert.equal(waits.state, "scheduled");
  assert.equal(waits.why, "It was put off, as the last reply says.");
  assert.ok(new Date(waits.since) <= new Date());
  assert.ok(new Date(shown.recipients[0]!.nextAt) > new Date());
  assert.equal(shown.journey.at(-1)?.stage, "deferred");
  busy.clear();
  assert.deepEqual(await run("queue", "retry", id), { recipients: 1 });
  assert.deepEqual((await sink.next()).to, ["x@one.test"]);
  const told = await journey(dev.ready.data, id, has("delivered"));
  assert.deepEqual(
    told.map(({ stage }) => stage),
    ["accepted", "queued", "deferred", "delivered"],
  );
  const attempt = { host: "127.0.0.1", address: "127.0.0.1", port: sink.port, tls: "none" };
  for (const [stage, reply] of [
    ["deferred", "451 4.3.2 busy, come later"],
    ["delivered", "250 2.0.0 taken"],
  ]) {
    const { detail } = told.find((entry) => entry.stage === stage)!;
    assert.deepEqual({ ...detail, ...attempt, to: ["x@one.test"], reply }, detail);
  }
  for (const key of [idOf("by hand"), "x@one.test"]) {
    const { out } = await angarium("trace", key, "--data", dev.ready.data);
    assert.match(out, /delivered +.*to=x@one\.test.*reply=250 2\.0\.0 taken/, key);
  }
  assert.equal(await run("queue", "count"), 0);
});

test("hold, release, bounce and delete: by id, by domain, by sender", async () => {
  const id = await deferred(u1, ["a@one.test", "b@two.test"], "to be held");
  await deferred(u2, ["c@two.test"], "to be returned");
  await deferred(u2, ["d@three.test"], "to be deleted");
  assert.deepEqual(await run("queue", "hold", id), { recipients: 2 });
  busy.clear();
  await run("queue", "retry", "--all");
  assert.equal((await sink.next()).from, u2);
  assert.equal((await sink.next()).from, u2);
  await journey(dev.ready.data, idOf("to be deleted"), has("delivered"));
  await journey(dev.ready.data, idOf("to be returned"), has("delivered"));
  assert.deepEqual(await states(), ["a@one.test held", "b@two.test held"]);

  assert.deepEqual(await run("queue", "release", "--domain", "ONE.test"), { recipients: 1 });
  assert.deepEqual((await sink.next()).to, ["a@one.test"]);
  await journey(dev.ready.data, id, has("held", "released", "delivered"));
  assert.deepEqual(await states(), ["b@two.test held"]);

  await deferred(u2, ["e@two.test"], "to stay");
  assert.deepEqual(await run("queue", "bounce", "--sender", u1), { recipients: 1 });
  const notice = await mailOf(dev.ready, u1, /^Final-Recipient: rfc822; ?b@two\.test/m);
  assert.match(notice, /^Status: 5\.7\.0/m);
  assert.match(notice, /^Diagnostic-Code: x-angarium; 554 5\.7\.0 Returned by the administrator/m);
  await journey(dev.ready.data, id, has("bounced", "notified"));

  assert.deepEqual(await run("queue", "delete", "--domain", "two.test"), { recipients: 1 });
  assert.deepEqual(await states(), []);
  await journey(dev.ready.data, idOf("to stay"), has("deleted"));
  busy.clear();
  const { code, err } = await angarium("queue", "delete", "--data", dev.ready.data);
  assert.equal(code, 2);
  assert.match(err, /Say which/);
});

test("FUTURERELEASE: accepted now, sent when its time comes", async () => {
  const start = Date.now();
  await submit(dev.ready, { from: u1, to: ["x@future.test"], subject: "tomorrow", mail: "HOLDFOR=3600" });
  const both = ["x@future.test", u2];
  await submit(dev.ready, { from: u1, to: both, subject: "soon", mail: "HOLDFOR=6" });
  // Who is here waits as everybody does, and gets it as all mail.
  assert.deepEqual((await list({ recipient: u2 })).length, 1);
  const [tomorrow] = await list({ domain: "future.test" });
  assert.ok(Date.parse(tomorrow!.recipients[0]!.nextAt) >= start + 3_600_000);
  const taken = await sink.next();
  assert.match(taken.data, /^Subject: soon/m);
  assert.ok(Date.now() - start >= 6_000);
  const soon = idOf("soon");
  const told = await journey(
    dev.ready.data,
    soon,
    (all) => all.filter(({ stage }) => stage === "delivered").length === 2,
  );
  const got = told.flatMap(({ stage, detail }) =>
    stage === "delivered" ? [[String(detail["to"]), detail["reply"]]] : [],
  );
  assert.deepEqual(got.map(([to]) => to).sort(), [u2, "x@future.test"]);
  assert.match(String(new Map(got as [string, string][]).get(u2)), /^250 2\.0\.0 accepted as /);
  await ask(dev.ready.data, "queue delete", { domain: "future.test" });
  const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
  assert.match(await talk.say("MAIL FROM:<a@far.test> HOLDFOR=10"), /^555 5\.5\.4/);
  await talk.quit();
});

test("success is reported where it was asked for and the next server does not report it", async () => {
  await submit(dev.ready, {
    from: u2,
    to: ["x@plain.test"],
    subject: "tell me",
    mail: "RET=HDRS ENVID=E7",
    rcpt: "NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;first@plain.test",
  });
  await sink.next();
  const notice = await mailOf(dev.ready, u2, /^Action: relayed/m);
  assert.match(notice, /^Original-Envelope-Id: E7/m);
  assert.match(notice, /^Original-Recipient: rfc822; ?first@plain\.test/m);
  assert.match(notice, /^Final-Recipient: rfc822; ?x@plain\.test/m);
  assert.doesNotMatch(notice, /^hello/m, "RET=HDRS: the header alone comes back");
});

test("a message that lives too long: a warning, then it is returned; the null sender hears neither", async (t) => {
  const folder = await temporaryFolder(t);
  // The data of a first life as `dev`; the configuration is an administrator's.
  const first = await startDev(["--data", folder, "--users", "2"]);
  await first.stop();
  const port = await freePort("127.0.0.1");
  const imaps = await freePort("127.0.0.1");
  await writeFile(
    join(folder, "angarium.toml"),
    `hostname = "mail.example.test"
[listen]
smtp = ["127.0.0.1:${port}"]
imaps = ["127.0.0.1:${imaps}"]
[relay]
trust = ["127.0.0.2"]
[queue]
retryDelays = ["200ms"]
claimEveryMs = 100
warnAfterMs = 500
[deliver]
queueLifetimeMs = "2s"
`,
  );
  const main = join(import.meta.dirname, "..", "..", "main.ts");
  const child = spawn(process.execPath, [main, "start", "--data", folder], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  await Promise.race([once(child.stdout, "data"), ended.then(() => assert.fail("the server did not start"))]);
  await ask(folder, "route add", { to: `smtp:127.0.0.1:${sink.port}` });
  busy.add("slow.test");
  const ready = { ...first.ready, ports: { smtp: port, imaps } };
  await bring(ready, { from: u1, to: ["x@slow.test"], subject: "too old" }, "127.0.0.2");
  await bring(ready, { from: "", to: ["x@slow.test"], subject: "too old too" }, "127.0.0.2");
  await bring(ready, { from: "", to: ["x@never.test"], subject: "never" }, "127.0.0.2");
  const warning = await mailOf(ready, u1, /^Action: delayed/m);
  assert.match(warning, /^Will-Retry-Until: /m);
  assert.match(warning, /^Status: 4\.3\.2/m);
  const notice = await mailOf(ready, u1, /^Action: failed/m);
  assert.match(notice, /^Status: 4\.4\.7/m);
  assert.match(notice, /^Diagnostic-Code: smtp; ?451 4\.3\.2 busy, come later/m);
  const told = await journey(folder, idOf("too old"), has("expired", "notified"));
  assert.ok(told.filter(({ stage }) => stage === "deferred").length >= 5);
  for (const [subject, stage] of [
    ["too old too", "expired"],
    ["never", "bounced"],
  ] as const) {
    const told = await journey(folder, idOf(subject), has(stage, "notified"));
    assert.equal(told.at(-1)!.detail["sent"], false);
    assert.equal(told.filter(({ stage }) => stage === "notified").length, 1, "a delay is no failure");
  }
  assert.equal(await ask(folder, "queue count"), 0);
  const strangers = sink.taken.filter(({ from }) => from === "");
  assert.deepEqual(strangers, [], "nothing was sent on because of the null sender's mail");
});
