import assert from "node:assert/strict";
import { test } from "node:test";
import { dkimVerify } from "mailauth/lib/dkim/verify.js";
import { quiet } from "../base/log.ts";
import type { Answer, Resolver } from "../net/resolver.ts";
import type { DkimKey } from "./dkim-keys.ts";
import { ensureDkimKeys, makeDkimKeys, readDkimKeys } from "./dkim-keys.ts";
import { dkimSignature } from "./dkim-signature.ts";
import { defaultDkimSettings, makeKeyKeeper } from "./key-keeper.ts";
import { nextStep, type RotationSettings, type View } from "./rotate.ts";

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.parse("2026-01-02T03:04:05Z");
const settings: RotationSettings = { rotateAfterMs: 30 * day, settleMs: 6 * hour, keepRetiredMs: 14 * day };
const made = (await makeDkimKeys(start)).keys.filter(({ algorithm }) => algorithm === "rsa-sha256");
const rsa = (state: DkimKey["state"], since: number, selector = "a"): DkimKey => ({
  ...made[0]!,
  state,
  since,
  selector,
});
const other = { ...(await makeDkimKeys(start)).keys[1]!, state: "used" as const, since: start };

const steps: readonly [name: string, keys: [DkimKey["state"], since: number][], views: View[], now: number, string][] =
  [
    ["not in DNS", [["publish", 0]], ["none"], hour, "publish / unpublished"],
    ["another key in DNS", [["publish", 0]], ["another"], hour, "publish / wrong"],
    ["DNS does not answer", [["publish", 0]], ["trouble"], hour, "publish /"],
    ["the first key signs at once", [["publish", 0]], ["ours"], hour, "used / seen used"],
    [
      "the next one waits",
      [
        ["used", 0],
        ["publish", 0],
      ],
      ["ours", "ours"],
      hour,
      "used seen / seen",
    ],
    [
      "still waits",
      [
        ["used", 0],
        ["seen", 0],
      ],
      ["ours", "ours"],
      6 * hour - 1,
      "used seen /",
    ],
    [
      "takes over",
      [
        ["used", 0],
        ["seen", 0],
      ],
      ["ours", "ours"],
      6 * hour,
      "retired used / used retired",
    ],
    [
      "not while DNS is silent",
      [
        ["used", 0],
        ["seen", 0],
      ],
      ["ours", "trouble"],
      9 * hour,
      "used seen /",
    ],
    [
      "gone again before it signed",
      [
        ["used", 0],
        ["seen", 0],
      ],
      ["ours", "none"],
      9 * hour,
      "used publish /",
    ],
    ["vanished while it signs", [["used", 0]], ["none"], hour, "publish / vanished"],
    [
      "the next one steps in",
      [
        ["used", 0],
        ["seen", hour],
      ],
      ["none", "ours"],
      2 * hour,
      "retired used / vanished used retired",
    ],
    ["trouble is no vanishing", [["used", 0]], ["trouble"], hour, "used /"],
    [
      "retired stays",
      [
        ["used", 0],
        ["retired", 0],
      ],
      ["ours", "ours"],
      13 * day,
      "used retired /",
    ],
    [
      "retired, gone early",
      [
        ["used", 0],
        ["retired", 0],
      ],
      ["ours", "none"],
      13 * day,
      "used retired / gone-early",
    ],
    [
      "retired long enough",
      [
        ["used", 0],
        ["retired", 0],
      ],
      ["ours", "ours"],
      14 * day,
      "used removed / removable",
    ],
    [
      "removed but there",
      [
        ["used", 0],
        ["removed", 0],
      ],
      ["ours", "ours"],
      hour,
      "used removed / lingers",
    ],
    [
      "removed and gone",
      [
        ["used", 0],
        ["removed", 0],
      ],
      ["ours", "none"],
      hour,
      "used / forgotten",
    ],
    ["old: the next is wanted", [["used", 0]], ["ours"], 30 * day, "used / wanted"],
    [
      "old, the next waits already",
      [
        ["used", 0],
        ["publish", 0],
      ],
      ["ours", "none"],
      30 * day,
      "used publish / unpublished",
    ],
  ];
for (const [name, keys, views, now, expected] of steps)
  test(`step: ${name}`, () => {
    const own = keys.map(([state, since], index) => rsa(state, start + since, `s${index}`));
    const view = (selector: string): View => views[own.findIndex((key) => key.selector === selector)] ?? "ours";
    const step = nextStep([...own, other], view, start + now, { ...settings });
    const states = step.keys.filter(({ algorithm }) => algorithm === "rsa-sha256").map(({ state }) => state);
    const said = step.events.map(({ kind }) => kind);
    if (step.wanted.some(({ algorithm }) => algorithm === "rsa-sha256")) said.push("wanted" as never);
    assert.equal(`${states.join(" ")} / ${said.join(" ")}`.trim(), expected.trim());
  });

test("keys for marketing follow one another by themselves, and sign no more where they are not wanted", () => {
  const own = rsa("used", start, "r1");
  const both = ["", "marketing"] as const;
  const ours = (): View => "ours";
  const step = nextStep([own, other], ours, start, settings, both);
  assert.deepEqual(step.wanted, [
    { algorithm: "rsa-sha256", use: "marketing" },
    { algorithm: "ed25519-sha256", use: "marketing" },
  ]);
  const bulk = { ...rsa("used", start, "rm1"), use: "marketing" as const };
  const next = { ...rsa("seen", start, "rm2"), use: "marketing" as const };
  const after = nextStep([own, other, bulk, next], ours, start + settings.settleMs, settings, both);
  const states = ({ keys }: typeof after) => keys.map(({ selector, state }) => `${selector} ${state}`);
  assert.deepEqual(states(after).slice(0, 1).concat(states(after).slice(2)), ["r1 used", "rm1 retired", "rm2 used"]);
  const without = nextStep([own, other, bulk], ours, start, settings);
  assert.deepEqual(states(without).slice(2), ["rm1 retired"]);
  assert.equal(without.keys[2]?.privateKey, "");
  assert.deepEqual(without.wanted, []);
});

test("keys change by themselves while mail flows: every message verifies by what DNS shows then, and a week later", async () => {
  let now = start;
  const zone = new Map<string, string>(); // what the world sees
  let broken = false;
  const values = new Map<string, unknown>();
  const store = {
    setting: async (key: string) => structuredClone(values.get(key)),
    swapSetting: async (key: string, before: unknown, value: unknown) => {
      if (JSON.stringify(values.get(key)) !== JSON.stringify(before)) return false;
      values.set(key, structuredClone(value));
      return true;
    },
    domains: async () => [{ name: "example.test", kind: "local" as const, settings: {} }],
  };
  const resolver = {
    txt: async (name: string): Promise<Answer<string>> => {
      if (broken) return { kind: "trouble", reason: "timeout" };
      const record = zone.get(name);
      return record === undefined
        ? { kind: "none", exists: false, secure: false, ttlSeconds: 1 }
        : { kind: "found", records: [record], secure: false, ttlSeconds: 1 };
    },
  };
  const keeper = makeKeyKeeper({
    store,
    resolver,
    settings: { ...defaultDkimSettings, ...settings },
    now: () => now,
    log: quiet,
  });
  values.set("dkim/example.test", await makeDkimKeys(now));
  const keysNow = async () => (await readDkimKeys(store, "example.test"))!.keys;

  const verify = async (bytes: string): Promise<string[]> => {
    const { results } = await dkimVerify(Buffer.from(bytes), {
      resolver: async (name: string) => {
        const record = zone.get(name);
        if (record === undefined) throw Object.assign(new Error(name), { code: "ENOTFOUND" });
        return [[record]];
      },
      curTime: new Date(now + 1000),
    });
    return results.map(({ algo, status }) => `${algo} ${status.result}`);
  };

  /** What an administrator does, an hour late: publishes what waits, removes what may go. */
  const todo: { at: number; act: () => void }[] = [];
  const administer = async (): Promise<void> => {
    for (const { selector, record, state } of await keysNow()) {
      const name = `${selector}._domainkey.example.test`;
      if (state === "publish" && !zone.has(name)) todo.push({ at: now + 5 * hour, act: () => zone.set(name, record) });
      if (state === "removed") todo.push({ at: now + 5 * hour, act: () => zone.delete(name) });
    }
    while (todo.length > 0 && todo[0]!.at <= now) todo.shift()!.act();
  };

  const sent: { at: number; bytes: string; selectors: string }[] = [];
  const selectors = new Set<string>();
  const pass = ["rsa-sha256 pass", "ed25519-sha256 pass"];
  let checked = 0;
  let states = new Set<string>();
  for (let tick = 0; tick < 24 * 100; tick++, now += hour) {
    broken = tick % 17 < 3;
    await administer();
    await keeper.lookAtAll();
    const keys = await keysNow();
    states = new Set([...states, ...keys.map(({ state }) => state)]);
    if (tick % 3 !== 0) continue;
    const signing = keys.filter(({ state }) => state === "used");
    for (const { selector, privateKey } of signing) {
      assert.notEqual(privateKey, "");
      assert.ok(zone.has(`${selector}._domainkey.example.test`), "never signs with a key that the world cannot see");
    }
    if (now < start + 12 * hour) continue; // not published yet
    assert.equal(signing.length, 2);
    const text = `From: u1@example.test\r\nSubject: ${tick}\r\n\r\nhello\r\n`;
    const fields = dkimSignature({ bytes: Buffer.from(text), domain: "example.test", keys: signing, signedAt: now });
    for (const { selector } of signing) selectors.add(selector);
    sent.push({ at: now, bytes: fields + text, selectors: signing.map(({ selector }) => selector).join() });
    if (tick % 12 === 0) assert.deepEqual(await verify(fields + text), pass);
    while (sent.length > 0 && sent[0]!.at <= now - 7 * day) {
      const { bytes, selectors } = sent.shift()!;
      if (sent[0]?.selectors === selectors && checked++ % 8 !== 0) continue; // all at the changes, some in between
      assert.deepEqual(await verify(bytes), pass, "a week later");
    }
  }
  assert.ok(selectors.size >= 6, `${selectors.size} keys have signed`);
  assert.deepEqual([...states].sort(), ["publish", "removed", "retired", "seen", "used"]);
  assert.ok((await keysNow()).length <= 6, "what is over is forgotten");
});

test("a rotation that is asked for begins at once, and once", async () => {
  const values = new Map<string, unknown>();
  const store = {
    setting: async (key: string) => structuredClone(values.get(key)),
    swapSetting: async (key: string, before: unknown, value: unknown) => {
      if (JSON.stringify(values.get(key)) !== JSON.stringify(before)) return false;
      values.set(key, structuredClone(value));
      return true;
    },
    domains: async () => [{ name: "example.test", kind: "local" as const, settings: {} }],
  };
  const resolver = { txt: async () => assert.fail("nobody asks") };
  const assumed = { ...defaultDkimSettings, settleMs: 0, assumePublished: true };
  const keeper = makeKeyKeeper({ store, resolver, settings: assumed, now: () => start, log: quiet });
  values.set("dkim/example.test", await makeDkimKeys(start));
  await keeper.lookAtAll();
  const states = async () =>
    (await readDkimKeys(store, "example.test"))!.keys.map(({ selector, state }) => `${selector} ${state}`);
  assert.deepEqual(await states(), ["r20260102 used", "e20260102 used"]);
  await keeper.rotate("example.test");
  assert.deepEqual(await states(), ["r20260102 retired", "e20260102 retired", "r20260102b used", "e20260102b used"]);

  const hidden = makeKeyKeeper({
    store,
    resolver: { txt: async () => ({ kind: "none", exists: false, secure: false, ttlSeconds: 1 }) },
    settings: { ...defaultDkimSettings },
    now: () => start,
    log: quiet,
  });
  await Promise.all([hidden.rotate("example.test"), hidden.rotate("example.test"), hidden.lookAtAll()]);
  const [, , usedRsa, usedEd, ...waiting] = await states();
  assert.deepEqual([usedRsa, usedEd], ["r20260102b publish", "e20260102b publish"], "not in DNS: they sign no more");
  assert.deepEqual(waiting, ["r20260102c publish", "e20260102c publish"]);
});

test("who has just published a key and asks is not told what the resolver remembers", async () => {
  const made = await makeDkimKeys(start);
  let kept: unknown = made;
  let changes = 0;
  const store = {
    setting: async () => kept,
    swapSetting: async (_key: string, _before: unknown, value: unknown) => (kept = value) === value,
    domains: async () => [{ name: "example.test", kind: "local" as const, settings: {} }],
  };
  const shown = async (name: string): Promise<Answer<string>> => {
    const key = made.keys.find(({ selector }) => name.startsWith(`${selector}.`))!;
    return { kind: "found", records: [key.record], secure: false, ttlSeconds: 1 };
  };
  const keeper = makeKeyKeeper({
    store,
    resolver: {
      txt: async () => ({ kind: "none", exists: false, secure: false, ttlSeconds: 900 }),
      fresh: { txt: shown } as unknown as Resolver,
    },
    settings: defaultDkimSettings,
    changed: () => void changes++,
    now: () => start,
    log: quiet,
  });
  await keeper.lookAtAll();
  const states = async () => (await readDkimKeys(store, "example.test"))!.keys.map(({ state }) => state);
  assert.deepEqual([await states(), changes], [["publish", "publish"], 0]);
  await keeper.look("example.test");
  assert.deepEqual([await states(), changes], [["used", "used"], 1]);
});

test("where zones take updates nobody has to do anything: published, used, replaced, taken out", async () => {
  let now = start;
  const zone = new Map<string, string>();
  const values = new Map<string, unknown>();
  const store = {
    setting: async (key: string) => structuredClone(values.get(key)),
    swapSetting: async (key: string, before: unknown, value: unknown) => {
      if (JSON.stringify(values.get(key)) !== JSON.stringify(before)) return false;
      values.set(key, structuredClone(value));
      return true;
    },
    domains: async () => [{ name: "example.test", kind: "local" as const, settings: {} }],
  };
  const resolver = {
    txt: async (name: string): Promise<Answer<string>> => {
      const record = zone.get(name);
      return record === undefined
        ? { kind: "none", exists: false, secure: false, ttlSeconds: 1 }
        : { kind: "found", records: [record], secure: false, ttlSeconds: 1 };
    },
  };
  let refuses = true;
  const updates = {
    add: async (name: string, text: string) => {
      if (refuses) throw new Error("refused");
      zone.set(name, text);
    },
    remove: async (name: string, text: string) => void (zone.get(name) === text && zone.delete(name)),
  };
  const keeper = makeKeyKeeper({
    store,
    resolver,
    settings: { ...defaultDkimSettings, ...settings },
    zone: updates,
    now: () => now,
    log: quiet,
  });
  values.set("dkim/example.test", await makeDkimKeys(now));
  await keeper.lookAtAll();
  refuses = false;
  for (let hours = 0; hours < 24 * 60; hours += 6, now += 6 * hour) await keeper.lookAtAll();
  const states = (await readDkimKeys(store, "example.test"))!.keys.map(({ state }) => state);
  assert.deepEqual(states, ["used", "used"], "the first ones are gone, and so are their records");
  assert.equal(zone.size, 2);
});

test("two nodes that look after the keys of one store make one set of keys, and lose none", async () => {
  const now = start;
  const values = new Map<string, unknown>();
  const zone = new Map<string, string>();
  const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const store = {
    async setting(key: string) {
      await pause();
      return structuredClone(values.get(key));
    },
    async swapSetting(key: string, before: unknown, value: unknown) {
      await pause();
      if (JSON.stringify(values.get(key)) !== JSON.stringify(before)) return false;
      values.set(key, structuredClone(value));
      return true;
    },
    domains: async () => [{ name: "example.test", kind: "local" as const, settings: {} }],
  };
  const resolver = {
    txt: async (name: string): Promise<Answer<string>> => {
      await pause();
      const record = zone.get(name);
      return record === undefined
        ? { kind: "none", exists: false, secure: false, ttlSeconds: 1 }
        : { kind: "found", records: [record], secure: false, ttlSeconds: 1 };
    },
  };
  const [one, two] = await Promise.all([
    ensureDkimKeys(store, "example.test", now),
    ensureDkimKeys(store, "example.test", now),
  ]);
  assert.deepEqual(one, two, "both nodes go on with the keys of the first");
  const node = () =>
    makeKeyKeeper({ store, resolver, settings: { ...defaultDkimSettings, ...settings }, now: () => now, log: quiet });
  const [first, second] = [node(), node()];
  await Promise.all([first.rotate("example.test"), second.rotate("example.test")]);
  const publish = async (): Promise<void> => {
    for (const { selector, record } of (await readDkimKeys(store, "example.test"))!.keys)
      zone.set(`${selector}._domainkey.example.test`, record);
  };
  await publish();
  await Promise.all([first.lookAtAll(), second.lookAtAll()]);
  const before = (await readDkimKeys(store, "example.test"))!.keys;
  assert.deepEqual(
    before.map(({ state }) => state),
    ["used", "used"],
  );
  await Promise.all([first.rotate("example.test"), second.rotate("example.test")]);
  const after = (await readDkimKeys(store, "example.test"))!.keys;
  assert.deepEqual(
    after.map(({ state }) => state),
    ["used", "used", "publish", "publish"],
    "one new key for each algorithm",
  );
});
