/**
 * Random operations on the store and on a plain in-memory model, with equal results: whatever the tests with names
 * forgot. `SEED=n` tells the same story again, `TURNS=n` a longer one.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Flag, type MailboxId, type Marks, type Store, type UidRange } from "../../server/store/store.ts";
import {
  expectKind,
  inboxOf,
  letter,
  made,
  newAccount,
  noon,
  type Open,
  type Opened,
  randomFrom,
  recount,
  rows,
  snapshot,
} from "./world.ts";

type Message = { uid: number; flags: number; keywords: Set<string>; modseq: number; size: number; email: number };
type Box = { id: MailboxId; uidNext: number; messages: Message[]; gone: { uid: number; modseq: number }[] };

const turns = Number(process.env["TURNS"] ?? 300);
const words = ["Alpha", "Beta", "Gamma", "$Label1", "NonJunk"];
const flags = Object.values(Flag);

export function modelContract(open: Open, stories: number): void {
  describe("random operations against a model", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    for (const seed of process.env["SEED"] ? [Number(process.env["SEED"])] : [1, 2, 3].slice(0, stories))
      test(`seed ${seed}, ${turns} turns`, () => story(store, seed));
  });
}

async function story(store: Store, seed: number): Promise<void> {
  const random = randomFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const { id } = await newAccount(store);
  const boxes: Box[] = [];
  for (const box of [await inboxOf(store, id), await made(store, id, "A"), await made(store, id, "B")])
    boxes.push({ id: box, uidNext: 1, messages: [], gone: [] });
  let highest = Math.max(...(await store.mailboxes(id)).map(({ highestModseq }) => highestModseq));

  const someMarks = (): Marks => ({
    flags: flags.filter(() => random(3) === 0).reduce((sum, flag) => sum | flag, 0),
    keywords: words.filter(() => random(4) === 0).map((word) => (random(2) ? word : word.toLowerCase())),
  });
  const someUids = (box: Box): UidRange[] => {
    if (random(5) === 0) return [[1, 0xffffffff]];
    const ranges: UidRange[] = [];
    for (let low = 1 + random(6); low < box.uidNext + 2 && ranges.length < 5; ) {
      const high = low + random(4);
      ranges.push([low, high]);
      low = high + 2 + random(1 + box.uidNext);
    }
    return ranges;
  };
  const within = (box: Box, ranges: readonly UidRange[]) =>
    box.messages.filter(({ uid }) => ranges.some(([low, high]) => uid >= low && uid <= high));
  const grows = (modseq: number) => {
    assert.ok(modseq > highest, `modseq ${modseq} after ${highest}`);
    highest = modseq;
  };
  const shown = (list: readonly { uid: number; flags: number; keywords: readonly string[] | Set<string> }[]) =>
    list.map((one) => [one.uid, one.flags, [...one.keywords].map((word) => word.toLowerCase()).sort()]);
  const remove = (box: Box, gone: readonly Message[], modseq: number) => {
    box.messages = box.messages.filter((message) => !gone.includes(message));
    box.gone.push(...gone.map(({ uid }) => ({ uid, modseq })));
  };
  const add = (box: Box, message: Omit<Message, "uid">): Message => {
    const added = { ...message, keywords: new Set(message.keywords), uid: box.uidNext };
    box.uidNext += 1;
    box.messages.push(added);
    return added;
  };
  const lower = (keywords: readonly string[]) => keywords.map((word) => word.toLowerCase());

  const acts: readonly (() => Promise<void>)[] = [
    async function append() {
      const box = pick(boxes);
      const messages = Array.from({ length: 1 + random(4) }, () => ({
        ...letter({ body: "x".repeat(random(300)) }),
        marks: someMarks(),
        receivedAt: noon,
      }));
      const done = expectKind(await store.append(id, box.id, messages), "done");
      grows(done.modseq);
      for (const [at, { bytes, marks }] of messages.entries()) {
        const added = add(box, {
          flags: marks.flags,
          keywords: new Set(lower(marks.keywords)),
          modseq: done.modseq,
          size: bytes.length,
          email: done.emails[at] ?? -1,
        });
        assert.equal(done.uids[at], added.uid);
      }
      const found = await rows(store, id, box.id);
      for (const message of box.messages) message.modseq = found.find(({ uid }) => uid === message.uid)?.modseq ?? -1;
    },
    async function setFlags() {
      const box = pick(boxes);
      const uids = someUids(box);
      const marks = someMarks();
      const mode = pick(["add", "remove", "replace"] as const);
      const conditional = random(3) === 0;
      const unchangedSince = Math.max(0, highest - random(6));
      const chosen = within(box, uids);
      const changeable = conditional ? chosen.filter(({ modseq }) => modseq <= unchangedSince) : chosen;
      const done = expectKind(
        await store.setFlags(id, box.id, { uids, mode, marks, ...(conditional ? { unchangedSince } : {}) }),
        "done",
      );
      let touched = false;
      for (const message of changeable) {
        const was = JSON.stringify([message.flags, [...message.keywords].sort()]);
        const given = lower(marks.keywords);
        if (mode === "replace") {
          message.flags = marks.flags;
          message.keywords = new Set(given);
        } else if (mode === "add") {
          message.flags |= marks.flags;
          for (const word of given) message.keywords.add(word);
        } else {
          message.flags &= ~marks.flags;
          for (const word of given) message.keywords.delete(word);
        }
        if (was === JSON.stringify([message.flags, [...message.keywords].sort()])) continue;
        touched = true;
        const told = done.changed.find(({ uid }) => uid === message.uid);
        assert.ok(told && told.modseq > highest, "a change is told, with a greater mod-sequence");
        message.modseq = told.modseq;
      }
      if (touched) grows(done.modseq);
      assert.deepEqual(
        done.modified,
        chosen.filter((message) => !changeable.includes(message)).map(({ uid }) => uid),
      );
      assert.deepEqual(
        shown(done.changed),
        shown(changeable.filter(({ uid }) => done.changed.some((told) => told.uid === uid))),
      );
    },
    async function copy() {
      const [from, to] = [pick(boxes), pick(boxes)];
      if (to.messages.length > 300) return;
      const uids = someUids(from);
      const chosen = within(from, uids);
      const done = expectKind(await store.copy(id, from.id, uids, to.id), "done");
      assert.deepEqual(
        done.from,
        chosen.map(({ uid }) => uid),
      );
      if (chosen.length > 0) grows(done.modseq);
      assert.deepEqual(
        done.to,
        chosen.map((message) => add(to, { ...message, modseq: done.modseq }).uid),
      );
      await adopt(to);
    },
    async function move() {
      const [from, to] = [pick(boxes), pick(boxes)];
      if (from === to) return;
      const uids = someUids(from);
      const chosen = within(from, uids);
      const done = expectKind(await store.move(id, from.id, uids, to.id), "done");
      assert.deepEqual(
        done.from,
        chosen.map(({ uid }) => uid),
      );
      if (chosen.length > 0) grows(done.modseq);
      assert.deepEqual(
        done.to,
        chosen.map((message) => add(to, { ...message, modseq: done.modseq }).uid),
      );
      remove(from, chosen, done.modseq);
      await adopt(to);
    },
    async function expunge() {
      const box = pick(boxes);
      const uids = random(3) === 0 ? undefined : someUids(box);
      const force = uids !== undefined && random(3) === 0;
      const chosen = (uids === undefined ? box.messages : within(box, uids)).filter(
        (message) => force || (message.flags & Flag.deleted) !== 0,
      );
      const done = expectKind(await store.expunge(id, box.id, uids, force), "done");
      assert.deepEqual(
        done.uids,
        chosen.map(({ uid }) => uid),
      );
      if (chosen.length > 0) grows(done.modseq);
      remove(box, chosen, done.modseq);
    },
    async function away() {
      const box = pick(boxes);
      const since = random(highest + 1);
      const told = expectKind(await store.changesSince(id, box.id, since), "done");
      assert.deepEqual(shown(told.changed), shown(box.messages.filter(({ modseq }) => modseq > since)));
      assert.deepEqual(
        told.vanished,
        box.gone
          .filter(({ modseq }) => modseq > since)
          .map(({ uid }) => uid)
          .sort((a, b) => a - b),
      );
      assert.equal(told.uidNext, box.uidNext);
    },
    async function look() {
      const box = pick(boxes);
      const found = await rows(store, id, box.id);
      assert.deepEqual(shown(found), shown(box.messages));
      assert.deepEqual(
        found.map(({ modseq, email, sizeBytes }) => [modseq, email, sizeBytes]),
        box.messages.map(({ modseq, email, size }) => [modseq, email, size]),
      );
      const opened = await snapshot(store, id, box.id);
      assert.equal(opened.mailbox.uidNext, box.uidNext);
      assert.ok(opened.mailbox.highestModseq <= highest);
      const word = pick(words);
      assert.deepEqual(
        (await store.search(id, box.id, { kind: "keyword", keyword: word })).uids,
        box.messages.filter(({ keywords }) => keywords.has(word.toLowerCase())).map(({ uid }) => uid),
      );
      const flag = pick(flags);
      const found2 = await store.search(id, box.id, { kind: "not", key: { kind: "flag", flag } }, true);
      const matching = box.messages.filter((message) => (message.flags & flag) === 0);
      assert.deepEqual(
        found2.uids,
        matching.map(({ uid }) => uid),
      );
      assert.equal(found2.highestModseq, Math.max(0, ...matching.map(({ modseq }) => modseq)));
    },
  ];
  /** Mod-sequences of new rows are the store's to give, as long as they grow. */
  const adopt = async (box: Box) => {
    const found = await rows(store, id, box.id);
    for (const message of box.messages) message.modseq = found.find(({ uid }) => uid === message.uid)?.modseq ?? -1;
  };

  for (let turn = 0; turn < turns; turn++) {
    const act = pick(acts);
    try {
      await act();
      if (turn % 50 === 49) await recount(store, id);
    } catch (cause) {
      throw new Error(`seed ${seed}, turn ${turn}: ${act.name}: ${(cause as Error).message}`, { cause });
    }
  }
  await recount(store, id);
}
