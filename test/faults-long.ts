/**
 * `npm run faults`: breaks the disk under a running server. Every fifth fsync fails (strace), the disk is full and
 * is emptied again, the disk may only be read (small file systems in memory: needs root). Prints what happened; exit code 1 where mail was lost.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiTalk } from "./api-talk.ts";
import { angarium, type DevProcess, startDev } from "./dev-process.ts";
import { JmapTalk } from "./jmap-talk.ts";
import { Load } from "./load.ts";
import { deliver, imapSession, smtpSession } from "./wire.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function run(program: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${error?.message ?? stderr}`);
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "angarium-faults-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function withSmallDisk(options: string, work: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder);
    try {
      await work(folder);
    } finally {
      // Lazily: where something went wrong a server may still be at work in it, and its error is what counts.
      run("umount", "-l", folder);
    }
  });
}

async function settled(load: Load, dev: DevProcess, data: string): Promise<string> {
  await load.stop();
  const lost = await load.lost(dev.ready.ports["imap"]!);
  const { code } = await dev.stop();
  const verify = await angarium("verify", "--data", data);
  assert.deepEqual(lost, []);
  assert.equal(code, 0, "ends in order");
  assert.equal(verify.code, 0, verify.out + verify.err);
  return `${load.acknowledged.size} acknowledged, ${load.refusals.length} refused with 4xx, none lost`;
}

/** Runs until `seconds` are over while every fifth fsync and fdatasync of all threads fails. */
async function failingFsync(seconds: number): Promise<void> {
  if (spawnSync("strace", ["-V"]).status !== 0)
    throw new Error("This needs the program strace: install the package strace.");
  await withFolder(async (data) => {
    const dev = await startDev(["--data", data, "--cleartext-auth"]);
    const load = new Load(dev, 8);
    await load.until(100);
    const inject = "inject=fsync,fdatasync:error=EIO:when=20+5";
    const strace = spawn("strace", [
      "-f",
      "-qq",
      "-o",
      "/dev/null",
      "-e",
      "trace=fsync,fdatasync",
      "-e",
      inject,
      "-p",
      String(dev.child.pid),
    ]);
    await pause(seconds * 1000);
    assert.ok(
      load.refusals.length > 0,
      "no fsync failed: strace may not trace this process (needs root, or ptrace_scope 0)",
    );
    for (const refusal of load.refusals) assert.match(refusal, /^45[12] 4\.3\.[01] /);
    strace.kill("SIGINT");
    const mended = performance.now();
    await load.until(load.acknowledged.size + 100);
    const ms = Math.round(performance.now() - mended);
    console.log(`fsync EIO: ${await settled(load, dev, data)}; 100 messages within ${ms} ms after the disk was well`);
  });
}

/** JMAP, the API and so the webmail are told that there is no room, in a sentence. */
async function refusedOverHttp(dev: DevProcess): Promise<void> {
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  const jmap = await new JmapTalk(origin, "u4@example.test", "pw").open();
  const api = new ApiTalk(origin, { user: "u4@example.test", password: "pw" });
  const full = { type: "urn:angarium:problem:disk-full", status: 507 };
  const noise = randomBytes(1_000_000);
  const upload = await jmap.fetch(jmap.session.uploadUrl.replace("{accountId}", jmap.accountId), {
    method: "POST",
    body: noise,
  });
  const { detail, ...problem } = (await upload.json()) as { detail: string };
  assert.deepEqual(problem, full);
  assert.match(detail, /^The server's disk is full/);
  const bodyValues = { 1: { value: noise.toString("hex") } };
  const draft = { mailboxIds: { [await jmap.mailbox("drafts")]: true }, textBody: [{ partId: "1" }], bodyValues };
  const [answer] = await jmap.calls(["Email/set", { create: { e: draft } }]);
  assert.deepEqual(answer?.[1], { type: "serverUnavailable", description: detail, problem: full.type });
  const message = `From: u4@example.test\n\n${noise.toString("base64").replace(/.{76}/g, "$&\n")}`;
  const sent = await api.ask("POST", "/messages/raw", { to: ["x@far.test"], message });
  assert.deepEqual([sent.status, sent.body.type, sent.body.detail], [507, full.type, detail]);
}

async function diskFull(): Promise<void> {
  await withSmallDisk("size=24m", async (data) => {
    const dev = await startDev(["--data", data, "--cleartext-auth"]);
    const { smtp, imap } = dev.ready.ports as { smtp: number; imap: number };
    const load = new Load(dev, 4);
    const filler = await smtpSession(smtp);
    const noise = Array.from({ length: 4000 }, () => Math.random().toString(36)).join("\r\n");
    for (let answer = "250"; answer.startsWith("250"); )
      answer = await deliver(filler, "u4@example.test", `Subject: filler\r\n\r\n${noise}\r\n`);
    const refusals = await load.untilRefused(20);
    for (const refusal of refusals) assert.match(refusal, /^452 4\.3\.1 /);
    await refusedOverHttp(dev);
    const reader = await imapSession(imap, "u4@example.test");
    assert.match(await reader.imap("FETCH 1 BODY[HEADER]"), /Subject: filler/);
    assert.match(await reader.imap("STORE 1 +FLAGS.SILENT (\\Deleted)"), /OK/);
    assert.match(await reader.imap("EXPUNGE"), /\* 1 EXPUNGE.* OK/s);
    reader.close();
    run("mount", "-o", "remount,size=200m", data);
    const mended = performance.now();
    await load.until(load.acknowledged.size + 100);
    const ms = Math.round(performance.now() - mended);
    filler.close();
    console.log(`disk full: ${await settled(load, dev, data)}; 100 messages within ${ms} ms after there was room`);
  });
}

async function readOnlyDisk(): Promise<void> {
  await withSmallDisk("size=64m", async (data) => {
    await (await startDev(["--data", data])).stop();
    run("mount", "-o", "remount,ro", data);
    for (const words of [["dev"], ["start"], ["queue", "count"]]) {
      const { code, err } = await angarium(...words, "--data", data);
      assert.equal(code, 1);
      assert.match(err, /^angarium: The data folder \S+ cannot be used: [^\n]+\n$/);
    }
    console.log("read-only disk: refused with a sentence");
  });
}

await failingFsync(Number(process.argv[2] ?? 15));
if (process.getuid?.() !== 0)
  throw new Error("The small file systems need root: run this as root to see the full and the read-only disk.");
await diskFull();
await readOnlyDisk();
process.exit(0);
