/** ARCHITECTURE.md, law 4: what the store has acknowledged survives `kill -9`, in the middle of whatever it was doing. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { openSqliteStore } from "../server/store/client.ts";
import { killedMessage } from "./store-kill-child.ts";

const rounds = Number(process.env["ROUNDS"] ?? 3);
const acknowledgedPerRound = 800;

test(`killed ${rounds} times under load, it has all it acknowledged`, async () => {
  const dir = mkdtempSync(join(tmpdir(), "angarium-kill-"));
  try {
    const fresh = await openSqliteStore({ dir });
    await fresh.putDomain({ name: "kill.test", kind: "local", settings: {} });
    const person = { name: "k@kill.test", displayName: "", role: "user", quotaBytes: 0 } as const;
    const made = await fresh.createAccount(person, [], 1);
    const account = made.kind === "done" ? made.account.id : assert.fail();
    await fresh.close();

    const mail = new Map<number, number>();
    const queued = new Map<string, number>();
    for (let round = 0; round < rounds; round++) {
      await load(dir, round * 1_000_000, acknowledgedPerRound + round * 37, (kind, place, number) => {
        if (kind === "mail") mail.set(Number(place), number);
        else queued.set(place, number);
      });

      const store = await openSqliteStore({ dir });
      const numbers = new Set<number>();
      for (let from: number | undefined = 1; from !== undefined; ) {
        const page = await store.fetch(account, 1, [[from, 0xffffffff]], ["bytes", "facts"]);
        for (const row of page.rows) {
          const number = Number.parseInt(row.messageId ?? "", 10);
          assert.ok(Buffer.from(killedMessage(number).bytes).equals(row.bytes!), `the bytes of ${number}`);
          assert.ok(!numbers.has(number), `${number} is there once`);
          numbers.add(number);
          if (mail.has(row.uid)) assert.equal(number, mail.get(row.uid), `UID ${row.uid}`);
        }
        from = page.next;
      }
      for (const [uid, number] of mail)
        assert.ok(numbers.has(number), `${number}, acknowledged as UID ${uid}, is there`);
      const waiting = new Map((await store.queueList({ limit: 1_000_000 })).map((one) => [one.id, one]));
      for (const [id, number] of queued) {
        const message = waiting.get(id);
        assert.ok(message !== undefined, `${number}, acknowledged as ${id}, is queued`);
        const bytes = await store.content(message.content);
        assert.ok(Buffer.from(killedMessage(number).bytes).equals(bytes!), `the bytes of ${id}`);
      }
      assert.deepEqual(await store.verify(), []);
      await store.close();
    }
    assert.ok(mail.size > 500 && queued.size > 50);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

/** Runs the victim until it has acknowledged so many, and kills it. What it said until it died counts. */
async function load(
  dir: string,
  first: number,
  count: number,
  acknowledged: (kind: string, place: string, number: number) => void,
): Promise<void> {
  const script = new URL("./store-kill-child.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, dir, `${first}`], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [kind, place, number] = line.split(" ");
    // A last line that was torn apart acknowledges nothing.
    if (kind === undefined || place === undefined || !/^\d+$/.test(number ?? "")) continue;
    acknowledged(kind, place, Number(number));
    if (++seen === count) child.kill("SIGKILL");
  }
  assert.deepEqual(await exited, [null, "SIGKILL"]);
}
