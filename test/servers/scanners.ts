/**
 * `npm run scanners`: `angarium dev` asks Debian's opendkim (a milter) and Rspamd (over HTTP) about what comes in (packages opendkim,
 * rspamd). As root, without a network. Ends with 0 when all of it holds.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { dkimSign } from "mailauth/lib/dkim/sign.js";
import { ask, type Entry, freePort } from "../beside.ts";
import { type DevProcess, startDev } from "../dev-process.ts";
import { SmtpTalk } from "../smtp-talk.ts";

const folder = await mkdtemp(join(tmpdir(), "angarium-scanners-"));
await chmod(folder, 0o755);
const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
try {
  await withOpendkim();
  await withRspamd();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function withOpendkim(): Promise<void> {
  const port = await freePort("127.0.0.1");
  const keys = join(folder, "keys");
  await writeFile(keys, `s._domainkey.far.test v=DKIM1; k=rsa; p=${publicKey.replace(/-----[^-]+-----|\s/g, "")}\n`);
  const settings = join(folder, "opendkim.conf");
  await writeFile(
    settings,
    `Mode v\nSocket inet:${port}@127.0.0.1\nTestPublicKeys ${keys}\nOn-BadSignature reject\nOn-KeyNotFound tempfail\nSyslog no\nUserID root\nRequireSafeKeys false\n`,
  );
  const child = spawn("opendkim", ["-f", "-x", settings], { stdio: ["ignore", "inherit", "inherit"] });
  await beside(child, port, ["--milter", `tcp:127.0.0.1:${port}`], async (dev) => {
    const text =
      "From: <ann@far.test>\r\nTo: <u1@example.test>\r\nSubject: signed\r\nDate: Wed, 25 Nov 2026 22:00:00 +0000\r\n\r\nHello.\r\n";
    const key = { signingDomain: "far.test", selector: "s", privateKey };
    const { signatures } = await dkimSign(text, { ...key, signatureData: [key] });
    assert.match(await give(dev, `${signatures}${text}`), /^250/);
    assert.match(
      await give(dev, `${signatures}${text.replace("Hello.", "Hullo.")}`),
      /^554 5\.7\.1 bad DKIM signature/i,
    );
    assert.match(await give(dev, text), /^250/);
  });
  console.log("opendkim: a good signature and none are let in, a bad one is refused in its words");
}

async function withRspamd(): Promise<void> {
  const port = await freePort("127.0.0.1");
  const home = join(folder, "rspamd");
  for (const part of ["db", "run"]) await mkdir(join(home, part), { recursive: true });
  await chmod(home, 0o777);
  const settings = join(home, "rspamd.conf");
  await writeFile(
    settings,
    `options { enable_test_patterns = true; pidfile = "${home}/pid"; dns { nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; } }
logging { type = "file"; filename = "${home}/log"; level = "warning"; }
worker "normal" { bind_socket = "127.0.0.1:${port}"; count = 1; }
actions { reject = 15; add_header = 6; greylist = 4; }
`,
  );
  for (const part of [home, join(home, "db"), join(home, "run")]) await chown(part, 0, 0);
  const child = spawn("rspamd", ["-f", "-i", "-c", settings], { stdio: ["ignore", "inherit", "inherit"] });
  await beside(child, port, ["--rspamd", `http://127.0.0.1:${port}`], async (dev) => {
    const letter = (mark: string): string =>
      `From: <ann@far.test>\r\nTo: <u1@example.test>\r\nSubject: x\r\n\r\n${mark}C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n`;
    assert.match(await give(dev, letter("AJS*")), /^250/);
    assert.match(await give(dev, letter("YJS*")), /^250/);
    assert.match(await give(dev, letter("XJS*")), /^554 5\.7\.1 .*Rspamd/i);
    const filed = ((await ask(dev.ready.data, "trace", { key: "u1@example.test" })) as Entry[]).filter(
      ({ stage }) => stage === "filed",
    );
    assert.deepEqual(
      filed.map(({ detail }) => detail["into"]),
      ["inbox", "junk"],
    );
  });
  console.log("Rspamd: what it would mark is in Junk, what it would reject is refused");
}

async function beside(
  child: ChildProcess,
  port: number,
  options: readonly string[],
  work: (dev: DevProcess) => Promise<void>,
): Promise<void> {
  const dev = await startDev(["--users", "1", ...options]);
  try {
    await listening(child, port);
    await work(dev);
  } finally {
    await dev.stop();
    child.kill("SIGTERM");
  }
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    assert.equal(child.exitCode, null, `${child.spawnfile} ended`);
    const socket = connect(port, "127.0.0.1");
    const there = await new Promise((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("error", () => resolve(false));
    });
    socket.destroy();
    if (there) return;
    await pause(100);
  }
  throw new Error(`${child.spawnfile} does not listen`);
}

async function give(dev: DevProcess, text: string): Promise<string> {
  const talk = await SmtpTalk.open(dev.ready.ports["smtp"] ?? 0);
  await talk.say("MAIL FROM:<ann@far.test>");
  await talk.say("RCPT TO:<u1@example.test>");
  const reply = await talk.message(text.replaceAll("\r\n", "\n").replace(/\n$/, ""));
  await talk.quit();
  return reply;
}
