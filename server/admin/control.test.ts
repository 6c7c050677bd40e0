import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { FakeStore } from "../access/fake-store.ts";
import { quiet } from "../base/log.ts";
import type { Store } from "../store/store.ts";
import type { World } from "./command.ts";
import { controlAddress, controlPath, runCommand, serveControl } from "./control.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-control-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function makeWorld(change: object = {}): World {
  const store = Object.assign(new FakeStore(), change) as unknown as Store;
  return { store, queue: undefined, running: undefined, hostname: "mail.a.test", tlsa: () => [], now: Date.now };
}
const never = () => Promise.reject(new Error("the store was opened"));

test("commands run in the server that is there, else on the store", async () => {
  const world = makeWorld();
  const control = await serveControl({ dataFolder: folder, world, log: quiet });
  assert.equal(statSync(controlPath(folder)).mode & 0o777, 0o600);
  assert.equal((await runCommand(folder, "domain add", { name: "a.test" }, never)).kind, "done");
  assert.deepEqual(await runCommand(folder, "queue count", {}, never), { kind: "done", result: 0 });
  assert.deepEqual(await runCommand(folder, "nosuch", {}, never), {
    kind: "refused",
    why: 'There is no command "nosuch". See them all: angarium help',
  });
  assert.equal((await runCommand(folder, "domain add", { name: 5 }, never)).kind, "refused");
  await assert.rejects(serveControl({ dataFolder: folder, world, log: quiet }), /Another server is using/);
  await control.close();
  let closed = 0;
  const open = async () => ({ ...world, close: async () => void closed++ });
  const list = await runCommand(folder, "domain list", {}, open);
  assert.deepEqual(list, { kind: "done", result: [{ name: "a.test", kind: "local" }] });
  assert.equal(closed, 1);
});

test("long work tells how far it is; breakage is an error; a socket left behind does no harm", async () => {
  writeFileSync(controlPath(folder), ""); // as after kill -9
  const world = makeWorld({
    backup: async (_: string, progress: (done: number, total: number) => void) => {
      for (let i = 1; i <= 3; i++) progress(i, 3);
    },
    sealedCredentials: async () => [],
    verify: () => Promise.reject(new Error("disk")),
  });
  const control = await serveControl({ dataFolder: folder, world, log: quiet });
  const lines: string[] = [];
  const backup = await runCommand(folder, "backup", { folder: "/x" }, never, (line) => lines.push(line));
  assert.deepEqual(backup, { kind: "done", result: { backup: "/x" } });
  assert.deepEqual(lines, ["copied: 1 of 3", "copied: 2 of 3", "copied: 3 of 3"]);
  await assert.rejects(runCommand(folder, "verify", {}, never), /disk/);
  await control.close();
});

test("nonsense and floods are answered, and the server stays", async () => {
  const control = await serveControl({ dataFolder: folder, world: makeWorld(), log: quiet });
  using at = controlAddress(folder);
  const post = (body: string): Promise<string> =>
    new Promise((resolve) => {
      const outgoing = request({ socketPath: at.address, method: "POST", agent: false }, async (incoming) => {
        let text = "";
        for await (const chunk of incoming) text += chunk;
        resolve(`${incoming.statusCode} ${text}`);
      });
      outgoing.on("error", () => resolve("cut"));
      outgoing.end(body);
    });
  assert.match(await post("{"), /200 .*broken/);
  assert.match(await post("null"), /200 .*broken/);
  assert.match(await post('{"name":"__proto__"}'), /200 .*refused/);
  assert.match(await post("x".repeat(21_000_000)), /413|cut/);
  assert.deepEqual(await runCommand(folder, "queue count", {}, never), { kind: "done", result: 0 });
  await control.close();
});

test("a folder with a long name has its socket too, whatever the folder for temporary files is", async (t) => {
  const long = join(folder, "x".repeat(120));
  mkdirSync(long);
  const world = makeWorld();
  const control = await serveControl({ dataFolder: long, world, log: quiet });
  assert.equal(statSync(controlPath(long)).mode & 0o777, 0o600);
  const { TMPDIR } = process.env;
  t.after(() => void (TMPDIR === undefined ? delete process.env["TMPDIR"] : (process.env["TMPDIR"] = TMPDIR)));
  process.env["TMPDIR"] = folder;
  assert.deepEqual(await runCommand(long, "queue count", {}, never), { kind: "done", result: 0 });
  await assert.rejects(serveControl({ dataFolder: long, world, log: quiet }), /Another server is using/);
  await control.close();
  assert.equal(existsSync(controlPath(long)), false);
  writeFileSync(controlPath(long), ""); // as after kill -9
  await (await serveControl({ dataFolder: long, world, log: quiet })).close();
});
