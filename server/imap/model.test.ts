/**
 * Several sessions do random things to one mailbox. Each keeps what it was told in a mirror, as a client does; sequence numbers must never
 * lie, and after NOOP all must see what a simple model says is there.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freshStore, type TestStore } from "./fake-store.ts";
import { type Client, type ImapWorld, imapWorld } from "./fake-world.ts";

let kept: TestStore;
let world: ImapWorld;
before(async () => {
  kept = await freshStore();
  world = await imapWorld(kept.store, kept.accounts);
});
after(async () => {
  await world.close();
  await kept.close();
});

/** Deterministic: mulberry32. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

type Seen = { uid: number | undefined; flags: string | undefined };

/** What a client believes, from what it was told. */
class Mirror {
  messages: Seen[] = [];
  readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  async run(command: string): Promise<string> {
    const lines = await this.client.run(command);
    const answer = lines.pop() ?? "";
    for (const line of lines) this.#hear(line, command);
    return answer;
  }

  #hear(line: string, command: string): void {
    const [, number, word] = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)/.exec(line) ?? [];
    const at = Number(number);
    if (word === "EXISTS") {
      assert.ok(at >= this.messages.length, `${command}: ${line} with ${this.messages.length} messages`);
      while (this.messages.length < at) this.messages.push({ uid: undefined, flags: undefined });
    } else if (word === "EXPUNGE") {
      assert.doesNotMatch(command, /^(FETCH|STORE|SEARCH)/, line);
      assert.ok(at >= 1 && at <= this.messages.length, `${command}: ${line} with ${this.messages.length} messages`);
      this.messages.splice(at - 1, 1);
    } else if (word === "FETCH") {
      const seen = this.messages[at - 1];
      assert.ok(seen !== undefined, `${command}: ${line} with ${this.messages.length} messages`);
      const uid = /UID (\d+)/.exec(line)?.[1];
      if (uid !== undefined) {
        assert.ok(seen.uid === undefined || seen.uid === Number(uid), `${command}: ${line}, but it was ${seen.uid}`);
        seen.uid = Number(uid);
      }
      const flags = /FLAGS \(([^)]*)\)/.exec(line)?.[1];
      if (flags !== undefined) seen.flags = plain(flags);
    } else {
      const vanished = /^\* VANISHED (\S+)$/.exec(line)?.[1];
      if (vanished === undefined) return;
      assert.doesNotMatch(command, /^(FETCH|STORE|SEARCH)/, line);
      const gone = new Set(numbers(vanished));
      const before = this.messages.length;
      this.messages = this.messages.filter(({ uid }) => uid === undefined || !gone.has(uid));
      const unknown = gone.size - (before - this.messages.length);
      if (unknown === 0) return;
      // Of messages whose UIDs it never asked for, the client knows only that they are fewer now.
      const first = this.messages.findIndex(({ uid }) => uid === undefined);
      const left = this.messages.length - first - unknown;
      assert.ok(first >= 0 && left >= 0, `${command}: ${line} names what was not there`);
      this.messages.length = first;
      for (let at = 0; at < left; at++) this.messages.push({ uid: undefined, flags: undefined });
    }
  }

  /** What it would show its user. */
  async all(): Promise<string> {
    await this.run("NOOP");
    if (this.messages.length > 0) await this.run("FETCH 1:* (UID FLAGS)");
    return this.messages.map(({ uid, flags }) => `${uid} ${flags}`).join("\n");
  }
}

function plain(flags: string): string {
  return flags
    .split(" ")
    .filter((flag) => flag !== "" && flag !== "\\Recent")
    .sort()
    .join(" ");
}

function* numbers(set: string): Generator<number> {
  for (const range of set.split(",")) {
    const [low, high] = range.split(":").map(Number) as [number, number | undefined];
    for (let at = low; at <= (high ?? low); at++) yield at;
  }
}

const choices = ["\\Seen", "\\Flagged", "\\Deleted", "$Work"];
const message = "Subject: random\r\n\r\nText\r\n";
let round = 0;

async function sessions(count: number): Promise<{ box: string; mirrors: Mirror[] }> {
  const box = `Random${round++}`;
  const mirrors: Mirror[] = [];
  for (let at = 0; at < count; at++) {
    const mirror = new Mirror(await world.user());
    // One with VANISHED, the others without.
    if (at === 0) await mirror.run("ENABLE QRESYNC");
    if (at === 0) await mirror.run(`CREATE ${box}`);
    if (at === 0) await mirror.run(`CREATE ${box}/Other`);
    await mirror.run(`SELECT ${box}`);
    mirrors.push(mirror);
  }
  return { box, mirrors };
}

/** One random command on messages of this session's own view. */
function commandFor(mirror: Mirror, box: string, roll: (sides: number) => number): string {
  const size = mirror.messages.length;
  const some = size === 0 ? "1" : `${1 + roll(size)}:${1 + roll(size)}`;
  const flags = choices.filter(() => roll(2) === 0).join(" ");
  switch (roll(9)) {
    case 0:
    case 1:
      return `APPEND ${box} (${flags}) {${message.length}+}\r\n${message}`;
    case 2:
      return `STORE ${some} ${["+", "-", ""][roll(3)]}FLAGS${roll(2) === 0 ? ".SILENT" : ""} (${flags})`;
    case 3:
      return "EXPUNGE";
    case 4:
      return `COPY ${some} ${roll(2) === 0 ? box : `${box}/Other`}`;
    case 5:
      return `MOVE ${some} ${roll(4) === 0 ? box : `${box}/Other`}`;
    case 6:
      return `FETCH ${some} (UID FLAGS)`;
    case 7:
      return "NOOP";
    default:
      return `UID SEARCH ${flags.includes("Seen") ? "SEEN" : "ALL"}`;
  }
}

const seeds = Number(process.env["FUZZ"] ?? 1) * 3;
for (let seed = 1; seed <= seeds; seed++) {
  test(`one after the other, seed ${seed}`, async () => {
    const roll = dice(seed);
    const { box, mirrors } = await sessions(3);
    const truth = new Map<number, Set<string>>();
    let next = 1;
    for (let step = 0; step < 150; step++) {
      const mirror = mirrors[roll(mirrors.length)] as Mirror;
      // So that the model knows what numbers mean: STORE, COPY and MOVE speak of UIDs that the session has.
      // (Twice: the first may bring news of more.)
      for (let times = 0; times < 2; times++) {
        if (mirror.messages.some(({ uid }) => uid === undefined)) await mirror.run("FETCH 1:* (UID)");
      }
      const command = commandFor(mirror, box, roll);
      const chosen = /^(?:STORE|COPY|MOVE) (\d+):(\d+)/.exec(command);
      const uids: number[] = [];
      if (chosen !== null) {
        const [low, high] = [Number(chosen[1]), Number(chosen[2])].sort((a, b) => a - b) as [number, number];
        for (const { uid } of mirror.messages.slice(low - 1, high))
          if (truth.has(uid as number)) uids.push(uid as number);
      }
      const empty = mirror.messages.length === 0;
      const answer = await mirror.run(command);
      if (answer.startsWith("BAD")) {
        assert.ok(empty, `${command}: ${answer}`);
        continue;
      }
      const flags =
        /\(([^()]*)\)/
          .exec(command)?.[1]
          ?.split(" ")
          .filter((flag) => flag !== "") ?? [];
      const into = /^(?:COPY|MOVE) \S+ (\S+)$/.exec(command)?.[1] === box;
      const place = (marks: Iterable<string>): unknown => truth.set(next++, new Set(marks));
      if (command.startsWith("APPEND")) place(flags);
      else if (command === "EXPUNGE") {
        for (const [uid, marks] of truth) if (marks.has("\\Deleted")) truth.delete(uid);
      } else if (command.startsWith("STORE")) {
        const mode = /([+-]?)FLAGS/.exec(command)?.[1];
        for (const uid of uids) {
          const marks = truth.get(uid) as Set<string>;
          if (mode === "") marks.clear();
          for (const flag of flags) mode === "-" ? marks.delete(flag) : marks.add(flag);
        }
      } else if (chosen !== null) {
        if (into) for (const uid of uids) place(truth.get(uid) as Set<string>);
        if (command.startsWith("MOVE")) for (const uid of uids) truth.delete(uid);
      }
    }
    const expected = [...truth].map(([uid, marks]) => `${uid} ${[...marks].sort().join(" ")}`).join("\n");
    for (const mirror of mirrors) assert.equal(await mirror.all(), expected);
  });

  test(`all at once, seed ${seed}`, async () => {
    const roll = dice(seed * 1000);
    const { box, mirrors } = await sessions(4);
    const work = async (mirror: Mirror): Promise<void> => {
      for (let step = 0; step < 60; step++) {
        const answer = await mirror.run(commandFor(mirror, box, roll));
        assert.doesNotMatch(answer, /SERVERBUG|UNAVAILABLE/);
      }
    };
    await Promise.all(mirrors.map(work));
    const [first, ...others] = await Promise.all(mirrors.map((mirror) => mirror.all()));
    for (const other of others) assert.equal(other, first);
    const fresh = new Mirror(await world.user());
    await fresh.run(`SELECT ${box}`);
    assert.equal(await fresh.all(), first);
  });
}
