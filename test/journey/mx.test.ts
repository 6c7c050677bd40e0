/** Mail that goes by MX: which host gets it, and what its sender hears where nobody does. All DNS comes from a file. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ask, bring, freePort, has, journey, mailOf, submit } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { type Sink, startSink } from "../sink.ts";
import { idOf, SmtpTalk } from "../smtp-talk.ts";

const first = "127.0.0.2";
const second = "127.0.0.3";
/** Containers may have no IPv6 at all, not even loopback. */
const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));
/** Nobody listens here. */
const dead = "127.0.0.9";
const names = {
  "mx1.test": { A: first },
  "mx2.test": { A: second },
  "mx6.test": { AAAA: "::1" },
  "dead.test": { A: dead },
  "mail.near.test": { A: "127.0.0.1" },
  "otherwise.test": { A: "127.0.0.1" },
  "preference.test": { MX: ["20 mx2.test", "10 mx1.test"] },
  "down.test": { MX: ["10 dead.test", "20 mx2.test"] },
  "plain.test": { A: second },
  "six.test": { MX: "10 mx6.test" },
  "null.test": { MX: "0 ." },
  "self.test": { MX: ["10 mail.near.test", "20 mx2.test"] },
  "disguised.test": { MX: "10 otherwise.test" },
  "backup.test": { MX: ["10 mx1.test", "20 mail.near.test"] },
  "sick.test": { servfail: true },
  "alldown.test": { MX: "10 dead.test" },
};

let dev: DevProcess;
const sinks: { [host: string]: Sink } = {};
let port: number;

before(async (t) => {
  const ours = [first, second, ...(hasIpv6 ? ["::1"] : [])];
  port = await freePort("127.0.0.1", dead, ...ours);
  const noSuchUser = (command: string): string | undefined =>
    command.startsWith("RCPT TO:<nobody@") ? "550 5.1.1 unknown here\r\n" : undefined;
  for (const host of ours) sinks[host] = await startSink(noSuchUser, { host, port });
  const folder = await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]);
  const file = join(folder, "dns.json");
  await writeFile(file, JSON.stringify(names));
  const options = ["--domain", "near.test", "--users", "2", "--trust", "127.0.0.4/32"];
  dev = await startDev([...options, "--dns", file, "--mx-port", String(port), "--ports", `smtp=${port}`]);
});
after(async () => {
  await dev?.stop();
  for (const sink of Object.values(sinks)) await sink.close();
});

const u1 = "u1@near.test";
const send = (to: string, subject: string): Promise<string> => submit(dev.ready, { from: u1, to: [to], subject });

type Way = readonly [name: string, domain: string, host: string, mx: string];
const ways: readonly Way[] = [
  ["the best preference", "preference.test", first, "mx1.test"],
  ["the next host where the first is down", "down.test", second, "mx2.test"],
  ["no MX record: the domain's own address", "plain.test", second, "plain.test"],
  ...(hasIpv6 ? ([["IPv6", "six.test", "::1", "mx6.test"]] satisfies Way[]) : []),
  ["an address literal", `[${second}]`, second, second],
];
for (const [name, domain, host, mx] of ways)
  test(name, async () => {
    await send(`x@${domain}`, name);
    const taken = await sinks[host]!.next();
    assert.deepEqual([taken.from, taken.to], [u1, [`x@${domain}`]]);
    const told = await journey(dev.ready.data, idOf(name), has("delivered"));
    const { host: said, address, port: to, tls, reply } = told.at(-1)!.detail;
    assert.deepEqual([said, address, to, tls, reply], [mx, host, port, "none", "250 2.0.0 taken"]);
  });

if (!hasIpv6)
  test("IPv6 is tried even where this machine has none, and mail waits", async () => {
    await send("x@six.test", "IPv6");
    const told = await journey(dev.ready.data, idOf("IPv6"), has("deferred"));
    assert.match(JSON.stringify(told.at(-1)!.detail["tries"]), /mx6\.test.*::1/);
    await ask(dev.ready.data, "queue delete", { domain: "six.test" });
  });

const nobody: readonly [name: string, address: string, status: RegExp][] = [
  ["a null MX", "x@null.test", /^5\.1\.10$/],
  ["a domain that is not there", "x@nowhere.test", /^5\.1\.2$/],
  ["ourselves as the best host", "x@self.test", /^5\.4\.6$/],
  ["ourselves under another name", "x@disguised.test", /^5\.4\.6$/],
  ["a recipient that the host refuses", "nobody@preference.test", /^5\.1\.1$/],
];
for (const [name, address, status] of nobody)
  test(`${name}: the sender is told (RFC 3464)`, async () => {
    await send(address, name);
    const notice = await mailOf(
      dev.ready,
      u1,
      new RegExp(`^Final-Recipient: rfc822; ?${address.replaceAll(".", "\\.")}`, "m"),
    );
    assert.match(notice, /^Return-Path: <>/);
    assert.match(notice, /^Content-Type: multipart\/report;[\s\S]*?report-type="?delivery-status/im);
    assert.match(notice, /^Action: failed/m);
    assert.match(/^Status: (\S+)/m.exec(notice)?.[1] ?? "", status);
    assert.match(notice, new RegExp(`^Message-ID: ${idOf(name)}`, "m"), "the message itself is in it");
    await journey(dev.ready.data, idOf(name), has("bounced", "notified"));
  });

test("what is not known now is tried later", async () => {
  for (const [domain, reply] of [
    ["sick.test", /^451 4\.4\.3 /],
    ["alldown.test", /^451 4\.4\.1 .*dead\.test \[127\.0\.0\.9\]/],
  ] as const) {
    await send(`x@${domain}`, `later ${domain}`);
    const told = await journey(dev.ready.data, idOf(`later ${domain}`), has("deferred"));
    assert.match(String(told.at(-1)!.detail["reply"]), reply);
  }
  const list = (await ask(dev.ready.data, "queue list")) as { recipients: { lastReply: string; attempts: number }[] }[];
  assert.equal(list.length, 2);
});

test("backup MX: the better hosts are asked and served", async () => {
  await ask(dev.ready.data, "domain add", { name: "backup.test", relay: true, relayRecipients: "callout" });
  const talk = await SmtpTalk.open(dev.ready.ports["smtp"]!);
  await talk.say("MAIL FROM:<a@elsewhere.test>");
  assert.match(
    await talk.say("RCPT TO:<nobody@backup.test>"),
    /^550 5\.1\.1 The recipient's server says: unknown here/,
  );
  await talk.quit();
  await bring(dev.ready, { from: "a@elsewhere.test", to: ["x@backup.test"], subject: "backup" });
  assert.deepEqual((await sinks[first]!.next()).to, ["x@backup.test"]);
});

test("nobody is told of what the null sender sent, and a stranger's notice leaves from the null sender", async () => {
  const trusted = "127.0.0.4";
  await bring(dev.ready, { from: "", to: ["nobody@preference.test"], subject: "backscatter" }, trusted);
  const told = await journey(dev.ready.data, idOf("backscatter"), has("bounced", "notified"));
  assert.equal(told.find(({ stage }) => stage === "notified")!.detail["sent"], false);
  assert.equal(told.filter(({ stage }) => stage === "queued").length, 1);

  await bring(dev.ready, { from: "stranger@plain.test", to: ["x@null.test"], subject: "strange" }, trusted);
  const notice = await sinks[second]!.next();
  assert.deepEqual([notice.from, notice.to], ["", ["stranger@plain.test"]]);
  assert.match(notice.data, /^Status: 5\.1\.10/m);
  const refuse = { from: "stranger@plain.test", to: ["x@null.test"], subject: "quiet" };
  await bring(dev.ready, { ...refuse, rcpt: "NOTIFY=NEVER" }, trusted);
  const quiet = await journey(dev.ready.data, idOf("quiet"), has("bounced"));
  assert.ok(!has("notified")(quiet));
});
