/** Mail that goes on from here to addresses elsewhere, and what comes back. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { authenticate } from "mailauth";
import { ApiTalk } from "../api-talk.ts";
import { ask, type Entry, has, journey, submit } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { JmapTalk } from "../jmap-talk.ts";
import { type Sink, startSink, type Taken } from "../sink.ts";
import { give, SmtpTalk } from "../smtp-talk.ts";

let dev: DevProcess;
let sink: Sink;
/** Takes seven bits only. */
let old: Sink;
before(async (t) => {
  const dns = join(await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]), "dns.json");
  await writeFile(dns, "{}");
  sink = await startSink();
  old = await startSink((line) => (/^EHLO/.test(line) ? "250-old.test\r\n250 PIPELINING\r\n" : undefined));
  dev = await startDev(["--users", "2", "--cleartext-auth", "--dns", dns]);
  await ask(dev.ready.data, "alias add", { address: "fwd@example.test", targets: ["x@far.test"] });
  await ask(dev.ready.data, "alias add", { address: "old@example.test", targets: ["x@old.test"] });
  await ask(dev.ready.data, "route add", { to: `smtp:127.0.0.1:${old.port}`, domain: "old.test" });
  await ask(dev.ready.data, "route add", { to: `smtp:127.0.0.1:${sink.port}` });
});
after(async () => {
  await dev.stop();
  await sink.close();
  await old.close();
});

const talk = (): Promise<SmtpTalk> => SmtpTalk.open(dev.ready.ports["smtp"]!);

test("forwarded under a return path of ours; its bounce finds the first sender; forged ones are refused", async () => {
  const client = await talk();
  await give(client, { from: "Alice@b.test", to: ["fwd@example.test"], subject: "forwarded" });
  const { from, to, data } = await sink.next();
  assert.match(from, /^SRS0=[a-z2-7]{7}=[a-z2-7]{2}=b\.test=Alice@example\.test$/);
  assert.deepEqual(to, ["x@far.test"]);
  assert.match(data, /^Delivered-To: fwd@example\.test$/m);
  assert.doesNotMatch(data, /^Return-Path:/m);

  await give(client, { from: "", to: [from], subject: "bounce" });
  const back = await sink.next();
  assert.deepEqual([back.from, back.to], ["", ["Alice@b.test"]]);
  await give(client, { from: "", to: [from.toLowerCase()], subject: "bounce in lower case" });
  assert.deepEqual((await sink.next()).to, ["alice@b.test"]);

  await client.say("MAIL FROM:<>");
  assert.match(await client.say(`RCPT TO:<${from.replace("b.test", "c.test")}>`), /^550 5\.1\.1 .*not made here/);
  assert.match(await client.say(`RCPT TO:<${from.replace("=Alice", "=Bob")}>`), /^550 5\.1\.1 /);
  assert.match(await client.say("RCPT TO:<SRS0=aaaaaaa=aa=b.test=alice@example.test>"), /^550 5\.1\.1 /);
  assert.match(await client.say(`RCPT TO:<${from.replace("example.test", "other.test")}>`), /^550 5\.7\.1 /);
  await client.quit();
});

test("what another forwarder rewrote is not rewritten twice over", async () => {
  const client = await talk();
  const theirs = "SRS0=abcd=XY=first.test=anna@forwarder.test";
  await give(client, { from: theirs, to: ["fwd@example.test"], subject: "chain" });
  const { from } = await sink.next();
  assert.match(from, /^SRS1=[a-z2-7]{7}=forwarder\.test==abcd=XY=first\.test=anna@example\.test$/);
  await give(client, { from: "", to: [from], subject: "bounce of a chain" });
  assert.deepEqual((await sink.next()).to, [theirs]);
  await client.quit();
});

test("a loop ends at its first turn", async () => {
  const client = await talk();
  await give(client, { from: "a@b.test", to: ["fwd@example.test"], subject: "round" });
  const { data } = await sink.next();
  await client.say("MAIL FROM:<a@b.test>");
  await client.say("RCPT TO:<fwd@example.test>");
  assert.match(await client.message(data.replaceAll("\r\n", "\n")), /^554 5\.4\.6 /);
  await client.quit();
});

test("own people's mail to such an alias keeps its return path: SPF holds for it", async () => {
  await submit(dev.ready, { from: "u1@example.test", to: ["fwd@example.test"], subject: "own" });
  const { from, data } = await sink.next();
  assert.equal(from, "u1@example.test");
  assert.match(data, /^DKIM-Signature: [\s\S]*?a=rsa-sha256;[\s\S]*^DKIM-Signature: [\s\S]*?a=ed25519-sha256;/m);
});

type Verified = { readonly dkim: readonly string[]; readonly arc: string };
/** What a receiver makes of it, by the keys that our domain publishes. */
async function verified({ data }: Taken): Promise<Verified> {
  const published = (await ask(dev.ready.data, "domain dkim list", { name: "example.test" })) as readonly {
    readonly name: string;
    readonly record: string;
  }[];
  const { dkim, arc } = await authenticate(Buffer.from(data, "latin1"), {
    ip: "192.0.2.1",
    sender: "a@far.test",
    disableDmarc: true,
    disableBimi: true,
    resolver: async (name: string) => {
      const key = published.find((one) => one.name === name);
      if (key === undefined) throw Object.assign(new Error(name), { code: "ENOTFOUND" });
      return [[key.record]];
    },
  } as never);
  const { results } = dkim as unknown as {
    readonly results: readonly { readonly signingDomain: string; readonly status: { readonly result: string } }[];
  };
  return {
    dkim: results.map(({ signingDomain, status }) => `${signingDomain} ${status.result}`),
    arc: String((arc as { status: { result: string } }).status.result),
  };
}
const bothHold = ["example.test pass", "example.test pass"];
const eightBit = (from: string, to: string, subject: string, body = "grüße und noch vieles, vieles mehr"): string =>
  `From: ${from}\nTo: ${to}\nSubject: ${subject}\nMessage-ID: <${subject}@client.test>\nDate: Mon, 01 Jun 2026 12:00:00 +0000\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${body}`;

async function send(from: string, to: string, text: string, auth: boolean): Promise<void> {
  const client = await SmtpTalk.open(dev.ready.ports[auth ? "submission" : "smtp"]!);
  if (auth) assert.match(await client.login(from, "pw"), /^235/);
  await client.say(`MAIL FROM:<${from}> BODY=8BITMIME`);
  await client.say(`RCPT TO:<${to}>`);
  assert.match(await client.message(text), /^250/);
  await client.quit();
}
const told = (entries: readonly Entry[]): unknown =>
  entries.find(({ stage }) => stage === "delivered")?.detail["unsigned"];

test("a server without 8BITMIME gets seven bits, and our signatures hold there: by submission, JMAP, the API and to an alias", async () => {
  const me = "u1@example.test";
  await send(me, "x@far.test", eightBit(me, "x@far.test", "s8"), true);
  const whole = await sink.next();
  assert.match(whole.data, /gr\xc3\xbc/);
  assert.deepEqual((await verified(whole)).dkim, bothHold, "where eight bits are taken nothing is converted");

  const jmap = await new JmapTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, me, "pw").open();
  const identityId = (await jmap.call("Identity/get", { ids: null })).list[0].id;
  const api = new ApiTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, { user: me, password: "pw" });
  const ways: readonly [name: string, run: (text: string) => Promise<unknown>][] = [
    ["submission", (text) => send(me, "x@old.test", text, true)],
    ["alias", (text) => send(me, "old@example.test", text, true)],
    [
      "jmap",
      async (text) => {
        const emailId = await jmap.import(text.replaceAll("\n", "\r\n"));
        const { created } = await jmap.call("EmailSubmission/set", { create: { s: { identityId, emailId } } });
        assert.ok(created?.s);
      },
    ],
    ["api", (text) => api.ok("POST", "/messages/raw", { to: ["x@old.test"], message: text })],
  ];
  for (const [name, run] of ways) {
    await run(eightBit(me, "x@old.test", `o-${name}`));
    const got = await old.next();
    assert.match(got.data, /^Content-Transfer-Encoding: quoted-printable\r$[\s\S]*gr=C3=BC=C3=9Fe und/m, name);
    assert.doesNotMatch(got.commands[0]!, /BODY=/, name);
    assert.deepEqual((await verified(got)).dkim, bothHold, name);
    const entries = await journey(dev.ready.data, `<o-${name}@client.test>`, has("delivered"));
    assert.deepEqual(told(entries), [], name);
  }
  // What the API writes is in seven bits from the start, each copy for itself.
  const people = ["ä", "ö"].map((name, n) => ({ to: `p${n}@old.test`, variables: { name } }));
  await api.ok("POST", "/emails/batch", {
    from: me,
    subject: "Für {{name}}",
    text: "Grüße, {{name}}!",
    recipients: people,
  });
  for (let n = 0; n < people.length; n++) assert.deepEqual((await verified(await old.next())).dkim, bothHold);
});

test("what others have signed breaks on such a way, and the journey says whose; our seal on it is made anew", async () => {
  const theirs =
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=far.test; s=x; h=From;\n bh=AAAA; b=AAAA\n" +
    // Our name, and not our signature: it is signed by nobody.
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.test; s=x; h=From;\n bh=AAAA; b=AAAA\n";
  await send("a@far.test", "old@example.test", theirs + eightBit("a@far.test", "old@example.test", "foreign"), false);
  const got = await old.next();
  assert.match(got.data, /gr=C3=BC=C3=9Fe/);
  const { dkim, arc } = await verified(got);
  assert.equal(arc, "pass");
  assert.ok(!dkim.some((one) => one.endsWith(" pass")), dkim.join());
  assert.equal(got.data.match(/^ARC-Seal:/gm)?.length, 1);
  const entries = await journey(dev.ready.data, "<foreign@client.test>", has("delivered"));
  assert.deepEqual(told(entries), ["far.test", "example.test"]);
});

test("lines of more than 998 octets: of our own people encoded before they are signed, of others left alone", async () => {
  const me = "u1@example.test";
  const body = "é and so on ".repeat(200);
  await send(me, "x@far.test", eightBit(me, "x@far.test", "long", body), true);
  const ours = await sink.next();
  assert.deepEqual((await verified(ours)).dkim, bothHold);
  assert.ok(ours.data.split("\r\n").every((line) => line.length <= 998));
  assert.match(ours.data, /^Content-Transfer-Encoding: quoted-printable\r$/m);
  await send("a@far.test", "fwd@example.test", eightBit("a@far.test", "fwd@example.test", "long-foreign", body), false);
  assert.ok((await sink.next()).data.includes(Buffer.from(body).toString("latin1")));
});
