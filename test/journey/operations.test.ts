/** What docs/operations.md promises to administrators: backup and restore while the server runs, health, metrics. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { bring, has, journey, mailOf, submit } from "../beside.ts";
import { angarium, startDev, temporaryFolder } from "../dev-process.ts";
import { startSink } from "../sink.ts";
import { idOf } from "../smtp-talk.ts";

const u1 = "u1@example.test";

test("backup while it runs, restore elsewhere, verify; nothing is missing, the queue included", async (t) => {
  const folder = await temporaryFolder(t);
  const data = join(folder, "data");
  let open = false;
  const sink = await startSink((command) => (!open && command.startsWith("RCPT") ? "451 4.3.2 later\r\n" : undefined));
  t.after(() => sink.close());
  const options = ["--users", "2", "--deliver-to", `127.0.0.1:${sink.port}`];
  const dev = await startDev([...options, "--data", data]);
  try {
    await bring(dev.ready, { from: "a@far.test", to: [u1], subject: "to be kept" });
    await submit(dev.ready, { from: u1, to: ["x@far.test"], subject: "to be sent" });
    await journey(data, idOf("to be sent"), has("deferred"));
    const backup = await angarium("backup", join(folder, "backup"), "--data", data);
    assert.equal(backup.code, 0, backup.err);
    const again = await angarium("backup", join(folder, "backup"), "--data", data);
    assert.equal(again.code, 1, "a backup is not written over another");
  } finally {
    await dev.kill();
  }
  const restored = join(folder, "restored");
  const restore = await angarium("restore", join(folder, "backup"), "--data", restored, "--hold");
  assert.equal(restore.code, 0, restore.err);
  assert.equal(
    (await angarium("restore", join(folder, "backup"), "--data", data)).code,
    1,
    "nor over data that are there",
  );
  const verify = await angarium("verify", "--data", restored);
  assert.equal(verify.code, 0, verify.err);
  assert.ok(verify.err.split("\n").length < 110, "progress is not a flood");
  assert.equal((await angarium("queue", "count", "--data", restored)).out, "1\n");
  assert.match(restore.out, /nothing leaves it until you let it go.*outgoing release --data/s);
  const inPlace = join(folder, "in-place");
  const sends = await angarium("restore", join(folder, "backup"), "--data", inPlace);
  assert.match(sends.out, /What waits in it is sent then.*outgoing hold --data/s);
  const outgoing = JSON.parse((await angarium("outgoing", "show", "--json", "--data", inPlace)).out) as object;
  assert.deepEqual(outgoing, { held: false, queuedRecipients: 1, putOff: 0, putOffOverdue: 0 });

  open = true;
  const second = await startDev([...options, "--data", restored]);
  try {
    await mailOf(second.ready, u1, /^Subject: to be kept/m);
    // It may have been sent by the original: it is held, and what is written here as well.
    await submit(second.ready, { from: u1, to: ["y@far.test"], subject: "written on the copy" });
    const retry = await angarium("queue", "retry", "--all", "--data", restored);
    assert.equal(retry.code, 0, retry.err);
    assert.match((await angarium("status", "--data", restored)).out, /Nothing leaves this server since .* restored/);
    const waits = JSON.parse((await angarium("queue", "list", "--json", "--data", restored)).out) as {
      readonly recipients: readonly { readonly why: string; readonly state: string }[];
    }[];
    for (const { why, state } of waits.flatMap(({ recipients }) => recipients))
      assert.match(`${state}: ${why}`, /^scheduled: Nothing leaves/);
    const release = await angarium("outgoing", "release", "--json", "--data", restored);
    assert.deepEqual(JSON.parse(release.out), { held: false, queuedRecipients: 2, putOff: 0, putOffOverdue: 0 });
    assert.deepEqual([(await sink.next()).to, (await sink.next()).to].flat().sort(), ["x@far.test", "y@far.test"]);
    assert.equal((await angarium("outgoing", "release", "--data", restored)).code, 1, "nothing is held any more");
  } finally {
    await second.stop();
  }
});

test("health, readiness and metrics", async () => {
  const dev = await startDev(["--users", "1"]);
  try {
    await bring(dev.ready, { from: "a@far.test", to: [u1], subject: "counted" });
    await assert.rejects(
      bring(dev.ready, { from: "a@far.test", to: ["nobody@example.test"], subject: "x" }),
      /550 5\.1\.1/,
    );
    const get = async (path: string): Promise<string> => {
      const answer = await fetch(`http://127.0.0.1:${dev.ready.ports["http"]}${path}`);
      assert.equal(answer.status, 200);
      return answer.text();
    };
    assert.equal(await get("/healthz"), "ok\n");
    assert.equal(await get("/readyz"), "ready\n");
    const metrics = await get("/metrics");
    for (const line of [
      'angarium_messages_total{stage="accepted"} 1',
      'angarium_messages_total{stage="filed"} 1',
      "angarium_smtp_messages_total 1",
      "angarium_smtp_refused_recipients_total 1",
      "angarium_queue_recipients 0",
      "angarium_queue_memory_recipients 0",
    ])
      assert.ok(metrics.includes(`\n${line}\n`), line);
  } finally {
    await dev.stop();
  }
});
