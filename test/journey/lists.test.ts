/** A mailing list from its making to a member that is paused: by mail, by links, by commands and the API. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ask, bring, mailOf, submit } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { type Sink, startSink, type Taken } from "../sink.ts";
import { SmtpTalk } from "../smtp-talk.ts";

let dev: DevProcess;
let sink: Sink;
const list = "team@example.test";
before(async (t) => {
  const dns = join(await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]), "dns.json");
  const zone = {
    "strict.test": { TXT: ["v=spf1 ip4:127.0.0.1 -all"] },
    "_dmarc.strict.test": { TXT: ["v=DMARC1; p=reject"] },
  };
  await writeFile(dns, JSON.stringify(zone));
  sink = await startSink();
  dev = await startDev(["--users", "3", "--cleartext-auth", "--dns", dns, "--deliver-to", `127.0.0.1:${sink.port}`]);
  await ask(dev.ready.data, "list add", { address: list, displayName: "The team", subjectTag: "[team]" });
  await ask(dev.ready.data, "list-member add", { address: list, members: ["u1@example.test", "x@far.test"] });
  await ask(dev.ready.data, "list-member add", { address: list, members: ["u3@example.test"], role: "owner" });
});
after(async () => {
  await dev.stop();
  await sink.close();
});

type Shown = {
  readonly address: string;
  readonly role: string;
  readonly delivery: string;
  readonly paused: boolean;
  readonly bounces: number;
};
const members = async (): Promise<readonly Shown[]> =>
  (await ask(dev.ready.data, "list-member list", { address: list })) as readonly Shown[];
const addresses = async (): Promise<readonly string[]> => (await members()).map(({ address }) => address);
const field = (message: string, name: string): string =>
  new RegExp(`^${name}: ?((?:.*(?:\\r?\\n[ \\t].*)*))`, "im")
    .exec(message)?.[1]
    ?.replace(/\r?\n[ \t]+/g, " ")
    .trim() ?? "";
const http = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${dev.ready.ports["http"]}${path}`, init);
const api = (user: string, method: string, path: string, body?: unknown): Promise<Response> =>
  http(`/api/v1${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${user}:${dev.ready.password}`).toString("base64")}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
/** Next to somebody at the far server. */
async function next(to: string): Promise<Taken> {
  for (;;) {
    const taken = await sink.next();
    if (taken.to.includes(to)) return taken;
  }
}
const answer = (from: string, to: string, subject = "Re: yes") => bring(dev.ready, { from, to: [to], subject });

test("a list does not become an alias by the way", async () => {
  const other = { address: list, targets: ["u2@example.test"] };
  await assert.rejects(ask(dev.ready.data, "alias add", other), /is a mailing list/);
  await assert.rejects(ask(dev.ready.data, "alias remove", { address: list }), /is a mailing list/);
  await assert.rejects(ask(dev.ready.data, "group add", { address: list, members: ["u2@example.test"] }), /is taken/);
  await ask(dev.ready.data, "alias add", { address: list, senders: ["u1@example.test"] });
  assert.equal((await members()).length, 3);
});

let leave = "";
let bounce = "";

test("a member posts: everybody gets it with the list's fields, a return path and a link of their own", async () => {
  await submit(dev.ready, { from: "u1@example.test", to: [list], subject: "first words" });
  const { from, data } = await next("x@far.test");
  bounce = from;
  assert.match(from, /^team-bounces\+b\d+-[a-z2-7]{12}@example\.test$/);
  assert.equal(field(data, "Subject"), "[team] first words");
  assert.equal(field(data, "List-Id"), '"The team" <team.example.test>');
  assert.equal(field(data, "List-Post"), "<mailto:team@example.test>");
  assert.equal(field(data, "List-Help"), "<mailto:team-request@example.test?subject=help>");
  assert.equal(field(data, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
  assert.match(field(data, "From"), /u1@example\.test/);
  // RFC 8058 §4: a signature covers both fields.
  assert.match(
    field(data, "DKIM-Signature").replaceAll(" ", ""),
    /d=example\.test;.*:List-Unsubscribe-Post:List-Unsubscribe:/,
  );
  const [, mailto = "", path = ""] =
    /^<mailto:(team-unsubscribe\+\S+@example\.test)>, <https:\/\/[^/]+(\/lists\/leave\/\S+)>$/.exec(
      field(data, "List-Unsubscribe"),
    ) ?? [];
  assert.notEqual(mailto, "");
  leave = path;
  const own = await mailOf(dev.ready, "u1@example.test", /\[team\] first words/);
  assert.match(field(own, "List-Unsubscribe"), /lists\/leave\//);
  assert.notEqual(field(own, "List-Unsubscribe"), field(data, "List-Unsubscribe"));
  const trace = (await ask(dev.ready.data, "trace", { key: "x@far.test" })) as readonly { readonly stage: string }[];
  assert.ok(trace.some(({ stage }) => stage === "delivered" || stage === "queued"));
});

test("one click leaves (RFC 8058); looking at the link alone does not", async () => {
  assert.equal((await http(leave)).status, 200);
  assert.ok((await addresses()).includes("x@far.test"));
  const done = await http(leave, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "List-Unsubscribe=One-Click",
  });
  assert.equal(done.status, 200);
  assert.ok(!(await addresses()).includes("x@far.test"));
  assert.equal((await http("/lists/leave/l1-aaaaaaaaaaaa")).status, 404);
});

test("who writes to -subscribe is asked, and is a member once they answer; a program's answer confirms nothing", async () => {
  await answer("Anna <anna@far.test>".replace(/.*<|>/g, ""), "team-subscribe@example.test");
  const asked = await next("anna@far.test");
  assert.equal(asked.from, "");
  assert.ok(!(await addresses()).includes("anna@far.test"));
  const confirm = field(asked.data, "Reply-To").replace(/[<>]/g, "");
  assert.match(confirm, /^team-confirm\+\d+-[a-z2-7]{16}@example\.test$/);
  const robot = await SmtpTalk.open(dev.ready.ports["smtp"]!);
  await robot.say("MAIL FROM:<anna@far.test>");
  assert.match(await robot.say(`RCPT TO:<${confirm}>`), /^250 /);
  await robot.message("From: anna@far.test\nAuto-Submitted: auto-replied\nSubject: away\n\nI am away\n");
  assert.ok(!(await addresses()).includes("anna@far.test"));
  await robot.say("MAIL FROM:<anna@far.test>");
  assert.match(await robot.say("RCPT TO:<team-confirm+1-aaaaaaaaaaaaaaaa@example.test>"), /^250 /);
  assert.match(await robot.message("From: anna@far.test\nSubject: yes\n\nyes\n"), /^550 5\.1\.1 /);
  await robot.quit();
  await answer("anna@far.test", confirm);
  assert.match(field((await next("anna@far.test")).data, "Subject"), /^Welcome/);
  assert.ok((await addresses()).includes("anna@far.test"));
});

test("a stranger's post waits; the owner lets it through by answering", async () => {
  await bring(dev.ready, { from: "stranger@else.test", to: [list], subject: "buy this" });
  const told = await mailOf(dev.ready, "u3@example.test", /Waiting for you: buy this/);
  const accept = field(told, "Reply-To").replace(/[<>]/g, "");
  const held = (await ask(dev.ready.data, "list-post list", { address: list })) as readonly { readonly id: number }[];
  assert.equal(held.length, 1);
  await submit(dev.ready, { from: "u3@example.test", to: [accept], subject: "Re: Waiting" });
  assert.equal(field((await next("anna@far.test")).data, "Subject"), "[team] buy this");
  assert.deepEqual(await ask(dev.ready.data, "list-post list", { address: list }), []);
});

test("owners moderate by the API too; members read the archive; strangers see nothing", async () => {
  const path = `/lists/${encodeURIComponent(list)}`;
  await bring(dev.ready, { from: "stranger@else.test", to: [list], subject: "second try" });
  const held = (await (await api("u3@example.test", "GET", `${path}/held`)).json()) as { items: { id: number }[] };
  assert.equal(held.items.length, 1);
  assert.equal((await api("u1@example.test", "GET", `${path}/held`)).status, 403);
  assert.equal((await api("u2@example.test", "GET", path)).status, 404);
  const reject = await api("u3@example.test", "POST", `${path}/held/${held.items[0]!.id}/reject`, { reason: "No." });
  assert.equal(reject.status, 204);
  const said = await next("stranger@else.test");
  assert.match(field(said.data, "Subject"), /^Not sent: second try/);
  const archive = (await (await api("u1@example.test", "GET", `${path}/posts`)).json()) as {
    items: { id: number; subject: string }[];
  };
  assert.deepEqual(
    archive.items.map(({ subject }) => subject),
    ["buy this", "first words"],
  );
  const one = await (await api("u1@example.test", "GET", `${path}/posts/${archive.items[0]!.id}`)).text();
  assert.match(one, /List-Id/);
  const patched = await api("u3@example.test", "PATCH", path, { posting: "anyone" });
  assert.equal(patched.status, 200);
});

test("an author whose domain asks for rejection is not imitated: the list writes, answers go to the author", async () => {
  assert.match(await bring(dev.ready, { from: "boss@strict.test", to: [list], subject: "strict" }), /^250 /);
  assert.deepEqual(await ask(dev.ready.data, "list-post list", { address: list }), []);
  const { data } = await next("anna@far.test");
  assert.match(field(data, "From"), /boss@strict\.test.* <team@example\.test>$/);
  assert.match(field(data, "Reply-To"), /boss@strict\.test/);
});

test("automatic answers go to nobody, the list's own mail ends where it began, the same is sent once", async () => {
  const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
  const say = async (from: string, text: string): Promise<string> => {
    await talk.say(`MAIL FROM:<${from}>`);
    await talk.say(`RCPT TO:<${list}>`);
    return talk.message(text);
  };
  const before = sink.taken.length;
  assert.match(await say("", "From: anna@far.test\nSubject: bounce\n\nx\n"), /^250 /);
  assert.match(await say("anna@far.test", "From: anna@far.test\nAuto-Submitted: auto-replied\n\nx\n"), /^250 /);
  assert.match(await say("anna@far.test", "From: anna@far.test\nList-Id: <team.example.test>\n\nx\n"), /^554 5\.4\.6 /);
  assert.equal(sink.taken.length, before);
  const twice = "From: anna@far.test\nMessage-ID: <once@far.test>\nSubject: once\n\nx\n";
  await say("anna@far.test", twice);
  await say("anna@far.test", twice);
  await say("anna@far.test", "From: anna@far.test\nMessage-ID: <two@far.test>\nSubject: two\n\nx\n");
  assert.equal(field((await next("anna@far.test")).data, "Subject"), "[team] once");
  assert.equal(field((await next("anna@far.test")).data, "Subject"), "[team] two");
  await talk.quit();
});

test("what comes back for good three times pauses a member, whoever made the return path up is refused", async () => {
  await ask(dev.ready.data, "list-member add", { address: list, members: ["gone@far.test"] });
  await submit(dev.ready, { from: "u1@example.test", to: [list], subject: "to be bounced" });
  const { from } = await next("gone@far.test");
  const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
  const report =
    "From: mailer-daemon@far.test\nSubject: failure\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nno\n" +
    "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; far.test\n\nFinal-Recipient: rfc822; gone@far.test\nAction: failed\nStatus: 5.1.1\n\n--b--\n";
  for (let count = 1; count <= 3; count++) {
    await talk.say("MAIL FROM:<>");
    await talk.say(`RCPT TO:<${from}>`);
    assert.match(await talk.message(report), /^250 /);
    const member = (await members()).find(({ address }) => address === "gone@far.test");
    assert.deepEqual([member?.bounces, member?.paused], [count, count === 3]);
  }
  await talk.say("MAIL FROM:<>");
  await talk.say(`RCPT TO:<${bounce.replace(/-[a-z2-7]{12}@/, "-aaaaaaaaaaaa@")}>`);
  assert.match(await talk.message(report), /^550 5\.1\.1 /);
  await talk.quit();
  await mailOf(dev.ready, "u3@example.test", /gone@far\.test is paused on team@example\.test/);
});

test("posts that come together: one digest with the posts in it, sent once", async () => {
  await ask(dev.ready.data, "list-member add", { address: list, members: ["d@far.test"], delivery: "daily" });
  const path = `/lists/${encodeURIComponent(list)}`;
  const chosen = await api("u2@example.test", "PATCH", `${path}/membership`, { delivery: "weekly" });
  assert.equal(chosen.status, 404, "who is no member chooses nothing");
  assert.equal((await api("u1@example.test", "PATCH", `${path}/membership`, { delivery: "weekly" })).status, 200);
  await ask(dev.ready.data, "list change", { address: list, footer: "To leave: {leave}" });
  for (const subject of ["early", "late"]) await submit(dev.ready, { from: "u3@example.test", to: [list], subject });
  const single = await next("anna@far.test");
  assert.match(single.data, /_{47}\r?\nTo leave: team-unsubscribe@example\.test/);
  assert.match(field(single.data, "DKIM-Signature"), /d=example\.test/);
  assert.deepEqual(await ask(dev.ready.data, "list-post digest", { address: list }), { posts: 2 });
  assert.deepEqual(await ask(dev.ready.data, "list-post digest", { address: list }), { posts: 0 });
  const digest = await next("d@far.test");
  assert.match(digest.from, /^team-bounces\+b\d+-[a-z2-7]{12}@example\.test$/);
  assert.match(field(digest.data, "Subject"), /^\[team\] \d{4}-\d\d-\d\d: 2 messages$/);
  assert.match(field(digest.data, "List-Unsubscribe"), /lists\/leave\//);
  assert.match(field(digest.data, "DKIM-Signature"), /d=example\.test/);
  assert.deepEqual(
    [...digest.data.matchAll(/^Subject: \[team\] (early|late)\r?$/gm)].map(([, subject]) => subject),
    ["early", "late"],
  );
  const owner = await api("u3@example.test", "POST", `${path}/digest`, { period: "weekly" });
  assert.deepEqual(await owner.json(), { posts: 2 });
  await mailOf(dev.ready, "u1@example.test", /Subject: \[team\] .*: 2 messages/);
});

test("how posts come is chosen by mail: with the wish to join, by a command, and after a confirmation alone", async () => {
  const wayOf = async (address: string): Promise<string | undefined> =>
    (await members()).find((one) => one.address === address)?.delivery;
  const confirm = async (from: string, asked: RegExp): Promise<void> => {
    const { data } = await next(from);
    assert.match(field(data, "Subject"), asked);
    await answer(from, field(data, "Reply-To").replace(/[<>]/g, ""));
  };
  await answer("e@far.test", "team-subscribe+weekly@example.test");
  await confirm("e@far.test", /get the posts of the list team@example\.test together, each week$/);
  assert.match((await next("e@far.test")).data, /is a member .*each\s+Monday morning/s);
  assert.equal(await wayOf("e@far.test"), "weekly");
  await answer("anna@far.test", "team-request@example.test", "digest");
  await confirm("anna@far.test", /together, each day$/);
  assert.match(field((await next("anna@far.test")).data, "Subject"), /^How you get the posts/);
  assert.equal(await wayOf("anna@far.test"), "daily");
  // What is so already is not asked.
  await answer("anna@far.test", "team-subscribe+daily@example.test");
  assert.match(field((await next("anna@far.test")).data, "Subject"), /^You are a member/);
  await answer("anna@far.test", "team-request@example.test", "digest off");
  await confirm("anna@far.test", /get each post .* by itself$/);
  await next("anna@far.test");
  assert.equal(await wayOf("anna@far.test"), "each");
  await assert.rejects(answer("e@far.test", "team-subscribe+sometimes@example.test"), /550|5\.1\.1/);
});

test("an archive is for everybody where its list says so, and tells nobody's address", async () => {
  const path = `/lists/archive/${encodeURIComponent(list)}`;
  assert.equal((await http(path)).status, 404);
  await ask(dev.ready.data, "list change", { address: list, publicArchive: "yes" });
  const index = await (await http(path)).text();
  const [, post = ""] = new RegExp(`href="(${path}/\\d+)">late<`).exec(index) ?? [];
  assert.notEqual(post, "", index);
  const text = await (await http(post)).text();
  assert.match(text, /u3@…/);
  assert.ok(!text.includes("u3@example.test"));
  await ask(dev.ready.data, "list change", { address: list, archive: "no" });
  assert.equal((await http(path)).status, 404);
  assert.equal((await http(post)).status, 404);
});
