/**
 * IMAP SEARCH beside another server that has no index, on the same mail in the same run, in turns, and beside a look into every message:
 * `node test/bench/search-beside.ts --ours PORT --theirs PORT [--count N] [--user U --pass P] [--only N] [--mail FOLDER] [--pids OURS,THEIRS] [--wait SECONDS]` (the last N
 * needles; .eml files in place of made-up mail; how long the index is waited for where a mailbox had to be filled, 90: with 0 it is behind; processes, by number or name, whose CPU is counted, on Linux, which other load on the machine does not change). Both must take LOGIN without TLS. Mailboxes that are full from a run before are asked at once. Not part of the tests.
 */
import { readdirSync, readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bodyContains, textContains } from "../../protocol/mime/search-text.ts";
import { seeded } from "../fuzz.ts";

const { values } = parseArgs({
  options: {
    ours: { type: "string" },
    theirs: { type: "string" },
    count: { type: "string", default: "10000" },
    user: { type: "string", default: "u1@example.test" },
    pass: { type: "string", default: "pw" },
    only: { type: "string" },
    mail: { type: "string" },
    pids: { type: "string" },
    wait: { type: "string", default: "90" },
  },
});
const count = Number(values.count);
const random = seeded(3);
const syllables = "ba ce di fo gu la me ni po ru sa te vi wo zu kra ble stri pno qua ent ing tion er an".split(" ");
const vocabulary = Array.from({ length: 20_000 }, () =>
  Array.from({ length: 1 + random(4) }, () => syllables[random(syllables.length)]).join(""),
);
/** A word by its rank, the frequent ones often. */
const anyWord = (): string => vocabulary[Math.floor(vocabulary.length ** (random(1_000_000) / 1_000_000)) - 1] ?? "ba";
const text = (words: number): string =>
  Array.from({ length: words }, (_, at) => anyWord() + (at % 12 === 11 ? "\r\n" : " ")).join("");

/** Needles that are in some messages only, with the share of them. */
const planted: readonly (readonly [needle: string, every: number])[] = [
  ["hippopotamus", count],
  ["Quarterly Budget", 500],
  ["order-4711-x", 97],
];
const files = values.mail === undefined ? [] : readdirSync(values.mail).map((name) => join(values.mail!, name));
const messages = Array.from({ length: count }, (_, at) => {
  // Both keep line ends as CRLF, and neither keeps an mbox's "From " line apart.
  if (files.length > 0) {
    const text = readFileSync(files[at % files.length]!, "latin1").replace(/\r?\n/g, "\r\n");
    return `X-Serial: ${at}\r\n${text}`;
  }
  const extra = planted.flatMap(([needle, every]) => (at % every === every >> 1 ? [needle] : [])).join(" ");
  return `From: ${anyWord()} <${anyWord()}@far.test>\r\nTo: u1@example.test\r\nSubject: ${text(5).trim()}\r\nMessage-ID: <${at}@bench.test>\r\nDate: Tue, 1 Dec 2026 10:00:00 +0000\r\n\r\n${text(450)} ${extra} ${text(50)}\r\n`;
});

class Imap {
  readonly #socket: Socket;
  #text = "";
  #wake: () => void = () => {};
  #tag = 0;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
      this.#wake();
    });
  }

  async #until(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#text);
      if (found !== null) {
        const said = this.#text.slice(0, found.index + found[0].length);
        this.#text = this.#text.slice(said.length);
        return said;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async run(command: string): Promise<string> {
    const tag = `t${++this.#tag}`;
    this.#socket.write(`${tag} ${command}\r\n`, "latin1");
    const said = await this.#until(new RegExp(`(?:^|\\n)${tag} [^\\r]*\\r\\n`));
    if (!said.includes(`${tag} OK`)) throw new Error(`${command.slice(0, 80)}: ${said.slice(-300)}`);
    return said;
  }

  async fill(): Promise<void> {
    for (let from = 0; from < messages.length; from += 100) {
      const tag = `t${++this.#tag}`;
      const some = messages.slice(from, from + 100).map((message) => ` {${message.length}+}\r\n${message}`);
      this.#socket.write(`${tag} APPEND Beside${some.join("")}\r\n`, "latin1");
      const said = await this.#until(new RegExp(`(?:^|\\n)${tag} [^\\r]*\\r\\n`));
      if (!said.includes(`${tag} OK`)) throw new Error(said.slice(-300));
    }
  }

  async search(key: string): Promise<{ readonly uids: string; readonly ms: number }> {
    const at = performance.now();
    const said = await this.run(`UID SEARCH ${key}`);
    return { ms: performance.now() - at, uids: /\* SEARCH([ \d]*)/.exec(said)?.[1]?.trim() ?? "" };
  }

  end(): void {
    this.#socket.destroy();
  }
}

/** Whether a mailbox had to be filled: where both are full from a run before, the index is there too. */
let filled = false;

async function open(port: string | undefined): Promise<Imap> {
  if (port === undefined) throw new Error("Name the ports: --ours PORT --theirs PORT");
  const client = new Imap(Number(port));
  await client.run(`LOGIN ${values.user} ${values.pass}`);
  const there = /MESSAGES (\d+)/.exec(await client.run("STATUS Beside (MESSAGES)").catch(() => ""))?.[1];
  if (there === String(count)) {
    await client.run("SELECT Beside");
    return client;
  }
  await client.run("CREATE Beside");
  filled = true;
  const at = performance.now();
  await client.fill();
  process.stdout.write(
    `port ${port}: ${count} messages appended in ${((performance.now() - at) / 1000).toFixed(1)} s\n`,
  );
  await client.run("SELECT Beside");
  return client;
}

// Ours is filled last: what it has had no time for is seen.
const theirs = await open(values.theirs);
const ours = await open(values.ours);
// The index follows behind: it is given the time it takes, mostly.
if (filled) {
  process.stdout.write(`waiting ${values.wait} s for the index\n`);
  await new Promise((resolve) => setTimeout(resolve, Number(values.wait) * 1000));
}

/** CPU of all threads of a process, in milliseconds. */
function cpuOf(pid: string | undefined): number {
  if (pid === undefined) return 0;
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]) / 1e6,
    0,
  );
}
/** A process by its number, or the newest one of that name: of the session that has just been opened. */
function pidOf(given: string | undefined): string | undefined {
  if (given === undefined || /^\d+$/.test(given)) return given;
  const named = (pid: string): boolean => {
    try {
      return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === given;
    } catch {
      return false; // it has ended
    }
  };
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && named(pid))
    .sort((one, other) => Number(one) - Number(other))
    .at(-1);
}
const [ourPid, theirPid] = (values.pids?.split(",") ?? []).map(pidOf);
const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[all.length >> 1] ?? 0;
const folded = messages.map((message) => message.toLowerCase());
/** Made-up mail is what it is; of real mail our own reading decides, so that of it the other server may find something else. */
function holds(at: number, kind: "TEXT" | "BODY", needle: string): boolean {
  if (files.length > 0)
    return (kind === "BODY" ? bodyContains : textContains)(Buffer.from(messages[at]!, "latin1"), needle);
  const message = folded[at]!;
  return (kind === "BODY" ? message.slice(message.indexOf("\r\n\r\n")) : message).includes(needle.toLowerCase());
}
// The last ones are of the very syllables that all words are made of: rare, in none, in many, in nearly all.
const ofMail =
  "zzqqxx,mentation,tionement,ment,ing,wha,order #,the price of the,click here,of the,href,account,e".split(",");
const ofWords = [
  "zzqqxx",
  "no such text here",
  ...planted.map(([one]) => one),
  `${vocabulary[300]} ${vocabulary[40]}`,
  vocabulary[12_345]!,
  "rupnoqua",
  "rume",
  "zuk",
  vocabulary[20]!,
  "e",
];
const needles = files.length > 0 ? ofMail : ofWords;
for (const needle of values.only === undefined ? needles : needles.slice(needles.length - Number(values.only)))
  for (const kind of ["TEXT", "BODY"] as const) {
    const key = `${kind} "${needle}"`;
    const [mine, other]: [number[], number[]] = [[], []];
    const [myCpu, otherCpu]: [number[], number[]] = [[], []];
    let same = true;
    let peerFound = "";
    const expected = messages.flatMap((_, at) => (holds(at, kind, needle) ? [at + 1] : []));
    for (let round = 0; round < 5; round++) {
      let before = cpuOf(ourPid);
      const own = await ours.search(key);
      myCpu.push(cpuOf(ourPid) - before);
      before = cpuOf(theirPid);
      const peer = await theirs.search(key);
      otherCpu.push(cpuOf(theirPid) - before);
      mine.push(own.ms);
      other.push(peer.ms);
      same &&= own.uids === expected.join(" ");
      peerFound = peer.uids;
    }
    const [a, b] = [median(mine), median(other)];
    process.stdout.write(
      `${key.padEnd(28)} ${String(expected.length).padStart(6)} found  ${a.toFixed(1).padStart(8)} ms  beside ${b.toFixed(0).padStart(7)} ms  ${(b / a).toFixed(0).padStart(6)} times as fast; the first time ${mine[0]!.toFixed(1).padStart(7)} beside ${other[0]!.toFixed(0).padStart(6)}, ${(other[0]! / mine[0]!).toFixed(0).padStart(4)} times${ourPid === undefined ? "" : `; CPU ${median(myCpu).toFixed(1)} (${myCpu[0]!.toFixed(1)}) beside ${median(otherCpu).toFixed(0)}, ${(median(otherCpu) / median(myCpu)).toFixed(0)} (${(otherCpu[0]! / myCpu[0]!).toFixed(0)}) times`}${same ? "" : "  DIFFERENT"}${peerFound === expected.join(" ") ? "" : `; the other finds ${peerFound.split(" ").length}`}\n`,
    );
  }
ours.end();
theirs.end();
