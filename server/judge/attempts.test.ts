import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../protocol/mime/header.ts";
import type { Log } from "../base/log.ts";
import type { Received } from "../receive/received.ts";
import type { PeerRow } from "../store/peers.ts";
import { StoreTrouble } from "../store/trouble.ts";
import { guarded } from "./attempts.ts";
import type { Judge } from "./judge.ts";

class Poison extends Error {}

function world() {
  const rows = new Map<string, PeerRow>();
  const told: string[] = [];
  const log = { error() {}, info() {}, warn() {}, debug() {} } as unknown as Log;
  const make = (judge: Judge) =>
    guarded(judge, {
      store: {
        peers: async (kind) => [...rows.values()].filter((row) => row.kind === kind),
        putPeers: async (given) => {
          for (const row of given) rows.set(row.key, row);
        },
      },
      now: () => 1000,
      log,
      tell: (subject) => told.push(subject),
      tellOf: (error) => (error instanceof Poison ? "poison" : undefined),
    });
  return { make, told };
}

const mail = (text: string): Received =>
  ({ id: "id", envelopeFrom: "", remote: { address: "192.0.2.1", port: 1 }, bytes: Buffer.from(text) }) as Received;
const header = splitHeader(Buffer.from("\r\n"), 0, 2);
const breaking: Judge = (given) => {
  if (given.bytes.includes("bad")) throw new Error("broken");
  return { kind: "accept", notes: [] };
};

test("a message that breaks the judge is for later twice, then kept unopened, over restarts too", async () => {
  const { make, told } = world();
  const first = await make(breaking);
  await assert.rejects(async () => first(mail("bad"), header), /broken/);
  await assert.rejects(async () => first(mail("bad"), header), /broken/);
  const second = await make(breaking);
  const verdict = await second(mail("bad"), header);
  assert.equal(verdict.kind, "quarantine");
  assert.equal("unopened" in verdict && verdict.unopened, true);
  assert.equal(told.length, 1);
  assert.equal((await second(mail("bad"), header)).kind, "quarantine");
  assert.equal((await second(mail("good"), header)).kind, "accept");
});

test("one that has killed its threads already is kept at once", async () => {
  const { make } = world();
  const judge = await make(async () => {
    throw new Poison("killed");
  });
  assert.equal((await judge(mail("x"), header)).kind, "quarantine");
});

test("trouble of the store is nobody's fault", async () => {
  const { make } = world();
  const judge = await make(async () => {
    throw new StoreTrouble("io", "no disk");
  });
  for (let i = 0; i < 5; i++) await assert.rejects(async () => judge(mail("x"), header), /no disk/);
});
