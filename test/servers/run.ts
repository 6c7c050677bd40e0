/**
 * `npm run servers`: `angarium dev` beside other people's servers, mail going both ways: Debian's Postfix, Exim and Dovecot's LMTP
 * (packages postfix, exim4-daemon-light, dovecot-lmtpd; Postfix and Exim cannot be installed together: unpack Exim with `dpkg -x` and
 * copy its usr/sbin/exim4 to where it says). As root, without a network. Ends with 0 when all of it holds.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import { ask, freePort, has, journey, mailOf } from "../beside.ts";
import { startDev } from "../dev-process.ts";
import { type Peer, startDovecotLmtp, startExim, startPostfix } from "./peers.ts";

const folder = await mkdtemp(join(tmpdir(), "angarium-servers-"));
const digest = (text: string): string =>
  createHash("sha256").update(text.replaceAll("\r\n", "\n")).digest("base64url").slice(0, 12);
const bodyOf = (message: string): string => {
  const text = message.replaceAll("\r\n", "\n");
  return text.slice(text.indexOf("\n\n") + 2);
};
const letter = (from: string, to: string, name: string, body: string): string =>
  `From: <${from}>\r\nTo: <${to}>\r\nSubject: ${name}\r\nDate: Wed, 25 Nov 2026 22:00:00 +0000\r\nMessage-ID: <${name.replaceAll(" ", "-")}.${to}>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${body}`;

// The servers' own users have to come through.
await chmod(folder, 0o755);
const smtp = await freePort("127.0.0.1");
const dev = await startDev(["--users", "3", "--ports", `smtp=${smtp}`]);
const peers: Peer[] = [];
const one = "u1@example.test";
try {
  peers.push(await startPostfix(join(folder, "postfix"), smtp));
  peers.push(await startExim(join(folder, "exim"), smtp));
  peers.push(await startDovecotLmtp(join(folder, "dovecot")));
  for (const { domain, scheme, port } of peers)
    await ask(dev.ready.data, "route add", { to: `${scheme}:127.0.0.1:${port}`, domain });
  for (const peer of peers) {
    await letters(peer);
    await unknownThere(peer);
    if (peer.scheme === "smtp") {
      await arrivals(peer);
      await unknownHere(peer);
    }
    await successTold(peer);
  }
} finally {
  for (const peer of peers) await peer.stop();
  await dev.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Bodies that servers have been seen to spoil. */
function bodies(): readonly (readonly [name: string, body: string])[] {
  return [
    ["plain", "Hello.\r\n"],
    ["dots", ".\r\n..\r\n.a\r\n\r\n.\r\nend\r\n"],
    ["eight bits", "Grüße aus Köln: ŁŌVĘ 子\r\n"],
    ["long lines", `${"x".repeat(990)}\r\n${"y".repeat(998)}\r\n`],
    ["empty lines at the end", "a\r\n\r\n\r\n\r\n"],
    ["white space", " a \t\r\n\t\r\n   \r\nb  \r\n"],
    ["four megabytes", `${"0123456789abcdef".repeat(4)}\r\n`.repeat(65_000)],
  ];
}

function transport(port: number, login: boolean): ReturnType<typeof createTransport> {
  const auth = login ? { auth: { user: one, pass: dev.ready.password } } : {};
  return createTransport({ host: "127.0.0.1", port, tls: { rejectUnauthorized: false }, ...auth });
}

/** Our people write to theirs: every body arrives as it was written, signed, over TLS where the peer has it. */
async function letters(peer: Peer): Promise<void> {
  const to = `ann@${peer.domain}`;
  const submission = transport(dev.ready.ports["submission"] as number, true);
  for (const [name, body] of bodies()) {
    await submission.sendMail({ envelope: { from: one, to }, raw: letter(one, to, name, body) });
    const arrived = await peer.mail(new RegExp(`^Subject: ${name}$`, "m"));
    assert.equal(digest(bodyOf(arrived)), digest(body), `${peer.name} got another body: ${name}`);
    assert.match(arrived, /^DKIM-Signature: /m);
    if (peer.scheme === "smtp") assert.match(arrived, /ESMTPS/i, `${name} went to ${peer.name} without TLS`);
  }
  const many = ["ann", "bob"].map((person) => `${person}@${peer.domain}`);
  await submission.sendMail({
    envelope: { from: one, to: many },
    raw: letter(one, many[0] ?? "", "two at once", "x\r\n"),
  });
  await peer.mail(/^Subject: two at once$/m);
  submission.close();
  console.log(`${peer.name}: ${bodies().length} letters arrive there as they were written, one for two people`);
}

/** Nobody of that name there: our user is told, in the peer's words. */
async function unknownThere(peer: Peer): Promise<void> {
  const to = `nobody@${peer.domain}`;
  const submission = transport(dev.ready.ports["submission"] as number, true);
  await submission.sendMail({ envelope: { from: one, to }, raw: letter(one, to, "to nobody", "x\r\n") });
  submission.close();
  const bounce = await mailOf(dev.ready, one, new RegExp(`Final-Recipient: rfc822; *${to}`, "i"));
  assert.match(bounce, /^Action: failed\r?$/m);
  assert.match(bounce, /^Status: 5\.\d+\.\d+\r?$/m);
  assert.match(bounce, /^Diagnostic-Code: smtp; 55\d/m);
  console.log(`${peer.name}: who is unknown there is told to our sender`);
}

/** Their people write to ours: every body arrives, over TLS. */
async function arrivals(peer: Peer): Promise<void> {
  const theirs = transport(peer.port, false);
  const from = `ann@${peer.domain}`;
  for (const [name, body] of bodies()) {
    const subject = `${name} from ${peer.domain}`;
    await theirs.sendMail({ envelope: { from, to: one }, raw: letter(from, one, subject, body) });
    const arrived = await mailOf(dev.ready, one, new RegExp(`^Subject: ${subject}\\r?$`, "m"));
    assert.equal(digest(bodyOf(arrived)), digest(body), `another body came from ${peer.name}: ${name}`);
    assert.match(arrived, /with ESMTPS id/, `${name} came from ${peer.name} without TLS`);
  }
  theirs.close();
  console.log(`${peer.name}: ${bodies().length} letters come from there as they were written`);
}

/** Nobody of that name here: their server tells their sender, in our words. */
async function unknownHere(peer: Peer): Promise<void> {
  const theirs = transport(peer.port, false);
  const from = `bob@${peer.domain}`;
  await theirs.sendMail({
    envelope: { from, to: "nobody@example.test" },
    raw: letter(from, "nobody@example.test", "lost", "x\r\n"),
  });
  theirs.close();
  const bounce = await peer.mail(/No such address here/);
  assert.match(bounce, /5\.1\.1/);
  console.log(`${peer.name}: who is unknown here is told to their sender`);
}

/** NOTIFY=SUCCESS: exactly one word of success comes, from whoever had it last. */
async function successTold(peer: Peer): Promise<void> {
  const to = `bob@${peer.domain}`;
  const id = `success-${peer.domain}`;
  const submission = transport(dev.ready.ports["submission"] as number, true);
  await submission.sendMail({
    envelope: { from: one, to },
    dsn: { id, return: "headers", notify: ["success", "failure"], recipient: to },
    raw: letter(one, to, "asked for success", "x\r\n"),
  });
  submission.close();
  const report = await mailOf(dev.ready, one, new RegExp(`Original-Envelope-Id: ${id}`, "i"));
  const action = /^Action: (\w+)/m.exec(report)?.[1];
  assert.ok(action === "delivered" || action === "relayed", `told of ${action}`);
  const entries = await journey(dev.ready.data, to, has("delivered"));
  assert.ok(entries.length > 0);
  console.log(`${peer.name}: asked for success, our sender is told "${action}"`);
}
