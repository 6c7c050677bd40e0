/** DKIM keys as production has them: nothing is signed with a key that DNS does not show, and a rotation goes on by itself. */
import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { ask, submit } from "../beside.ts";
import { type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";
import { type Sink, startSink, type Taken } from "../sink.ts";

type Key = { readonly selector: string; readonly state: string; readonly name: string; readonly record: string };

let dev: DevProcess;
let sink: Sink;
let file: string;
const zone = new Map<string, string>();
/** What DNS shows from now on; never half a file. */
async function publish(): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(Object.fromEntries([...zone].map(([name, TXT]) => [name, { TXT }]))));
  await rename(`${file}.new`, file);
}

before(async (t) => {
  file = join(await temporaryFolder(t as Parameters<typeof temporaryFolder>[0]), "dns.json");
  await publish();
  sink = await startSink();
  dev = await startDev(["--users", "1", "--dns", file, "--dkim", "seen", "--deliver-to", `127.0.0.1:${sink.port}`]);
});
after(async () => {
  await dev.stop();
  await sink.close();
});

const keys = async (): Promise<readonly Key[]> =>
  (await ask(dev.ready.data, "domain dkim list", { name: "example.test" })) as readonly Key[];
/** Waits (DNS is looked at every second) until the keys are in these states. */
async function until(...wanted: readonly string[]): Promise<readonly Key[]> {
  for (;;) {
    const found = await keys();
    if (found.map(({ state }) => state).join() === wanted.join()) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
/** Logs are written a moment later. */
async function logged(sentence: RegExp): Promise<void> {
  while (!sentence.test(dev.log())) await new Promise((resolve) => setTimeout(resolve, 50));
}
let letters = 0;
async function send(): Promise<Taken> {
  await submit(dev.ready, { from: "u1@example.test", to: ["x@far.test"], subject: `letter ${++letters}` });
  return sink.next();
}
/** The selectors of the signatures that hold by what DNS shows now. */
async function verified({ data }: Taken): Promise<readonly string[]> {
  const { results } = await dkimVerify(Buffer.from(data, "latin1"), {
    resolver: async (name: string) => {
      const record = zone.get(name);
      if (record === undefined) throw Object.assign(new Error(name), { code: "ENOTFOUND" });
      return [[record]];
    },
  });
  return results.map(({ status, selector }) => (status.result === "pass" ? String(selector) : "")).sort();
}

test("from a new installation over its first keys to the next ones", async () => {
  const first = await until("publish", "publish");
  assert.doesNotMatch((await send()).data, /^DKIM-Signature:/m, "a key that nobody sees does not sign");
  await logged(/waits to be published: r\d+\._domainkey\.example\.test/);

  for (const { name, record } of first) zone.set(name, record);
  await publish();
  await until("used", "used");
  const old = await sent(first);

  await ask(dev.ready.data, "domain dkim rotate", { name: "example.test" });
  const both = await until("used", "used", "publish", "publish");
  await sent(first);
  const [rsa, ed25519] = both.slice(2);
  zone.set(rsa!.name, rsa!.record);
  await publish();
  await until("retired", "used", "used", "publish");
  await sent([rsa!, first[1]!]);
  zone.set(ed25519!.name, ed25519!.record);
  await publish();
  await until("retired", "retired", "used", "used");
  await sent([rsa!, ed25519!]);
  assert.equal((await verified(old)).length, 2, "what the old keys signed holds as long as they are in DNS");

  zone.delete(rsa!.name);
  await publish();
  const gone = await until("retired", "retired", "publish", "used");
  await sent([ed25519!]);
  await logged(/is gone from DNS: mail is not signed with it until it is back/);
  zone.set(gone[2]!.name, gone[2]!.record);
  await publish();
  await until("retired", "retired", "used", "used");
});

/** Mail that is sent now is signed with exactly these keys (in a moment). */
async function sent(wanted: readonly Key[]): Promise<Taken> {
  const names = wanted.map(({ selector }) => selector).sort();
  for (;;) {
    const letter = await send();
    const held = await verified(letter);
    if (held.join() === names.join()) return letter;
  }
}
