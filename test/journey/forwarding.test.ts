/** Mail that goes on from here to addresses elsewhere, and what comes back. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ask, submit } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { type Sink, startSink } from "../sink.ts";
import { give, SmtpTalk } from "../smtp-talk.ts";

let dev: DevProcess;
let sink: Sink;
before(async (t) => {
  const dns = join(await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]), "dns.json");
  await writeFile(dns, "{}");
  sink = await startSink();
  dev = await startDev(["--users", "2", "--dns", dns, "--deliver-to", `127.0.0.1:${sink.port}`]);
  await ask(dev.ready.data, "alias add", { address: "fwd@example.test", targets: ["x@far.test"] });
});
after(async () => {
  await dev.stop();
  await sink.close();
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
