/**
 * `npm run clamav`: the server beside Debian's real ClamAV (package clamav-daemon) with a signature of our own, so that nothing is
 * fetched. Shows a message refused by it, one let through, and what happens while it is down. Exit code 0: as expected.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startDev } from "./dev-process.ts";
import { SmtpTalk } from "./smtp-talk.ts";

if (spawnSync("clamd", ["--version"]).status !== 0) {
  process.stderr.write("There is no clamd here. Install it: apt-get install clamav-daemon\n");
  process.exit(1);
}
const folder = await mkdtemp(join(tmpdir(), "angarium-clamav-"));
const socket = join(folder, "clamd.sock");
const mark = "ANGARIUM-HARMLESS-SIGNATURE-TEST";
await writeFile(join(folder, "own.ndb"), `Angarium.Test:0:*:${Buffer.from(mark).toString("hex")}\n`);
await writeFile(
  join(folder, "clamd.conf"),
  `Foreground yes\nLocalSocket ${socket}\nDatabaseDirectory ${folder}\nPidFile ${join(folder, "clamd.pid")}\nLogFile ${join(folder, "clamd.log")}\n`,
);
const clamd = spawn("clamd", ["--config-file", join(folder, "clamd.conf")], {
  stdio: ["ignore", "inherit", "inherit"],
});
const dev = await startDev(["--users", "1", "--clamav", `unix:${socket}`]);
try {
  for (let tries = 0; !existsSync(socket); tries++) {
    assert.ok(tries < 300 && clamd.exitCode === null, "clamd starts within 30 s");
    await wait(100);
  }
  const send = async (body: string): Promise<string> => {
    const talk = await SmtpTalk.open(dev.ready.ports["smtp"] ?? 0);
    await talk.say("MAIL FROM:<ann@far.test>");
    await talk.say("RCPT TO:<u1@example.test>");
    const reply = await talk.message(`From: <ann@far.test>\nSubject: x\n\n${body}`);
    await talk.quit();
    process.stdout.write(`${JSON.stringify(body)}: ${reply}\n`);
    return reply;
  };
  assert.match(await send("hello"), /^250/);
  assert.match(await send(`hello ${mark}`), /^554 5\.7\.1 ClamAV found Angarium\.Test/);
  clamd.kill("SIGTERM");
  await new Promise((resolve) => clamd.once("exit", resolve));
  assert.match(await send("hello"), /^451 4\.7\.1 ClamAV could not be asked/);
} finally {
  await dev.stop();
  clamd.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
}
