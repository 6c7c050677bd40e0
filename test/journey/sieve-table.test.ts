// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables of Sieve are written.
/**
 * Every case of the tables of scripts through the doors: put by ManageSieve, where a wrong one is refused with line and column, then a message
 * over LMTP, and what is read back over JMAP or taken by the next server.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type DevProcess, startDev } from "../dev-process.ts";
import { JmapTalk } from "../jmap-talk.ts";
import { ManageSieveTalk } from "../managesieve-talk.ts";
import { commandTables } from "../sieve/command-cases.ts";
import { mistakeCases } from "../sieve/mistake-cases.ts";
import { tables } from "../sieve/test-cases.ts";
import { sample } from "../sieve/test-run.ts";
import { type Sink, startSink, type Taken } from "../sink.ts";
import { SmtpTalk } from "../smtp-talk.ts";
import { deliveredTables } from "./sieve-table-cases.ts";

type Case = {
  readonly name: string;
  readonly script: string;
  /** As `show` of test/sieve/test-run.ts tells an outcome, or the mistake that PUTSCRIPT is refused with. */
  readonly expected: string;
  readonly message: string;
  readonly from: string;
  readonly library: { readonly [name: string]: string };
  readonly isWrong: boolean;
};

const plain = { from: "bob@sender.test", library: {}, isWrong: false };
const arriving = sample.replace(/^Return-Path.*\r\n(?:Received.*\r\n)+/, "");

/** What differs by nature once a message has come in (trace fields, the clock, what the sample world pretends): such lines have cases of their own in `deliveredTables`. */
const isOfTheSampleWorld = (needs: readonly string[], line: string): boolean =>
  /received|return-path|currentdate|environment|mailbox|specialuse|metadata|duplicate|seen|size :under 10\b|"x-none" "0"/i.test(
    line,
  ) ||
  (needs.includes("date") && !/:zone|:originalzone|weekday|x-none|"subject"/.test(line));

const cases: Case[] = [];
for (const { name, needs, options, yes, no } of tables) {
  if (options?.world !== undefined) continue;
  const required = needs.map((need) => `"${need}"`).join(", ");
  for (const [lines, expected] of [[yes, "discard"] as const, [no, "keep"] as const])
    for (const line of lines)
      if (!isOfTheSampleWorld(needs, line))
        cases.push({
          ...plain,
          name: `${name}: ${line}`,
          script: `${needs.length === 0 ? "" : `require [${required}];\n`}if ${line} { discard; }`,
          expected,
          message: options?.message ?? arriving,
        });
}
for (const [name, rows] of Object.entries(commandTables))
  for (const [script, expected, options] of rows) {
    const library = Object.entries(options?.library ?? {});
    const isPersonal = library.every(([key, source]) => key.startsWith("personal ") && source !== "foo;");
    if (typeof script !== "string" || options?.world !== undefined || !isPersonal) continue;
    cases.push({
      ...plain,
      name: `${name}: ${script.slice(0, 150)}`,
      script,
      expected,
      message: options?.message ?? arriving,
      library: Object.fromEntries(library.map(([key, source]) => [key.slice(9), source])),
      isWrong: expected.startsWith("line "),
    });
  }
for (const [script, expected] of mistakeCases)
  cases.push({ ...plain, name: `wrong: ${script.slice(0, 100)}`, script, expected, message: "", isWrong: true });
for (const [name, rows] of Object.entries(deliveredTables))
  for (const [script, expected, more] of rows)
    cases.push({ ...plain, name: `${name}: ${script.slice(0, 150)}`, script, expected, message: arriving, ...more });

/** What is to be seen outside of an outcome: mailboxes, flags, who gets mail, the reply to the message. */
type Seen = { readonly boxes: string[]; readonly flags: string[]; readonly sent: string[]; readonly reply: string };

const flagOf = (word: string): string => word.toLowerCase().replace(/^\\/, "$");

function expectedOf({ expected, from }: Case): Seen {
  const boxes = new Set<string>();
  const flags = new Set<string>();
  const sent = new Set<string>();
  let reply = "250";
  const inOne = expected.replace(/\r?\n/g, " ");
  for (const word of inOne === "discard" ? [] : inOne.split("; ")) {
    const filed = /^(?:fileinto (.*?)|(keep))(?: \((?:create|id=|\\)[^)]*\))*(?: \[([^\]]*)\])?$/.exec(word);
    if (filed !== null) {
      // RFC 8621 §4.1.1: what is marked as deleted is not shown over JMAP.
      if (filed[3]?.includes("\\Deleted")) continue;
      boxes.add(filed[2] === undefined ? filed[1]! : "INBOX");
      for (const flag of filed[3]?.split(" ") ?? []) flags.add(flagOf(flag));
    } else if (word.startsWith("redirect ")) sent.add(word.slice(9));
    else if (word.startsWith("notify ")) for (const to of word.split(" ")[1]!.split(",")) sent.add(to);
    else if (word.startsWith("ereject ")) reply = "550";
    else if (/^(?:reject|vacation) /.test(word)) {
      sent.add(from);
      const copy = / \(.*\bfcc ([^ )]+)(?: \[([^\]]*)\])?\)/.exec(word);
      if (copy !== null) boxes.add(copy[1]!);
      if (copy?.[2] !== undefined) flags.add(flagOf(copy[2]));
    }
  }
  return { boxes: [...boxes].toSorted(), flags: [...flags].toSorted(), sent: [...sent].toSorted(), reply };
}

/** What the sample's sender asks of delivery reports. */
const asked = { mail: " RET=HDRS ENVID=QQ314", rcpt: " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;ann@elsewhere.test" };

/** A recipient with what the next server is asked of delivery reports, as `show` tells a redirection. */
function withAsked(to: string, { commands }: Taken): string {
  const rcpt = commands.find((command) => command.includes(`<${to}>`)) ?? "";
  const notify = / NOTIFY=(\S+)/.exec(rcpt)?.[1];
  const ret = / RET=(\S+)/.exec(commands[0] ?? "")?.[1]?.toLowerCase();
  return [to, notify, ret].filter((word) => word !== undefined).join(" ");
}

let dev: DevProcess;
let sink: Sink;
const lanes = 12;
const seen = new Map<Case, Seen | string>();
const wanted = new Map<Case, Seen | string>();

/** One person's connections: runs cases one after the other. */
class Lane {
  readonly user: string;
  readonly #sieve: ManageSieveTalk;
  readonly #lmtp: SmtpTalk;
  readonly #jmap: JmapTalk;
  #paths = new Map<string, string>();

  private constructor(user: string, sieve: ManageSieveTalk, lmtp: SmtpTalk, jmap: JmapTalk) {
    this.user = user;
    this.#sieve = sieve;
    this.#lmtp = lmtp;
    this.#jmap = jmap;
  }

  static async open(user: string): Promise<Lane> {
    const { ports } = dev.ready;
    const sieve = await ManageSieveTalk.login(ports["sieve"]!, user);
    const lmtp = await SmtpTalk.open(ports["lmtp"]!);
    await lmtp.say("LHLO client.test");
    const jmap = await new JmapTalk(`http://127.0.0.1:${ports["http"]}`, user, "pw").open();
    const lane = new Lane(user, sieve, lmtp, jmap);
    await lane.#learn(await jmap.call("Mailbox/get", { properties: ["name", "parentId"] }));
    for (const path of ["Work", "Old"]) await lane.#make(path);
    return lane;
  }

  async #learn({ list }: { list: { id: string; name: string; parentId: string | null }[] }): Promise<void> {
    const byId = new Map(list.map((one) => [one.id, one]));
    const path = (id: string): string => {
      const { name, parentId } = byId.get(id)!;
      return parentId === null ? (name.toLowerCase() === "inbox" ? "INBOX" : name) : `${path(parentId)}/${name}`;
    };
    this.#paths = new Map(list.map(({ id }) => [id, path(id)]));
  }

  /** The id of a mailbox by its path, which is made with those above it; undefined where no mailbox can be called so. */
  async #make(path: string): Promise<string | undefined> {
    for (const [id, known] of this.#paths) if (known === path) return id;
    const slash = path.lastIndexOf("/");
    const parentId = slash < 0 ? null : await this.#make(path.slice(0, slash));
    if (parentId === undefined) return undefined;
    const answer = await this.#jmap.call("Mailbox/set", { create: { m: { name: path.slice(slash + 1), parentId } } });
    const id: string | undefined = answer.created?.m?.id;
    if (id !== undefined) this.#paths.set(id, path);
    return id;
  }

  /** The words of a case for this person, and with addresses outside that are only this case's. */
  #mine(text: string, number: number): string {
    const local = this.user.slice(0, this.user.indexOf("@"));
    return text
      .replace(/\bann\b/g, local)
      .replace(/(@|%40)((?:b|d|else|far)\.test)/g, `$1c${number}.$2`)
      .replace(/\{id:(\w+)\}/g, (_, path: string) => [...this.#paths].find(([, known]) => known === path)?.[0] ?? "");
  }

  async run(given: Case, number: number): Promise<void> {
    const one: Case = {
      ...given,
      script: given.isWrong ? given.script : this.#mine(given.script, number),
      expected: this.#mine(given.expected, number),
    };
    const length = Buffer.byteLength(one.script);
    if (one.isWrong) {
      wanted.set(given, given.expected);
      const { reply } = await this.#sieve.say(`PUTSCRIPT "wrong" {${length}+}\r\n${one.script}`);
      seen.set(given, reply);
      return;
    }
    const told = expectedOf(one);
    // What is filed where no mailbox can be goes to its default place.
    const boxes = new Set<string>();
    for (const path of told.boxes)
      boxes.add(/:create/.test(one.script) || (await this.#make(path)) !== undefined ? path : "INBOX");
    const want = { ...told, boxes: [...boxes].toSorted() };
    wanted.set(given, want);
    for (const [name, source] of Object.entries(one.library))
      await this.#sieve.say(`PUTSCRIPT "${name}" {${Buffer.byteLength(source)}+}\r\n${source}`);
    const put = await this.#sieve.activate(one.script);
    if (!put.startsWith("OK")) {
      seen.set(given, put);
      return;
    }
    const letter = this.#mine(one.message, number).replace("<m1@sender.test>", `<c${number}@sender.test>`);
    // RFC 5230 §4.6: what a list sent is not answered.
    const message = one.expected.includes("vacation ") ? letter.replace(/^List-Id:.*\r\n/m, "") : letter;
    const asks = one.script.includes("envelope-dsn") ? asked : { mail: "", rcpt: "" };
    await this.#lmtp.say(`MAIL FROM:<${one.from}>${asks.mail}`);
    await this.#lmtp.say(`RCPT TO:<${this.user.replace("@", "+lists@")}>${asks.rcpt}`);
    await this.#lmtp.say("DATA");
    const reply = await this.#lmtp.say(`${message.replace(/^\./gm, "..")}.`);
    for (const name of Object.keys(one.library)) await this.#sieve.say(`DELETESCRIPT "${name}"`);
    const there = await this.#empty(/:create/.test(one.script));
    const sentNow = (): string[] =>
      sink.taken
        .filter(({ data, to }) => data.includes(`c${number}@sender.test`) || to.some((x) => x.includes(`@c${number}.`)))
        // What the sender has asked for is no doing of the script.
        .filter(({ data }) => asks.rcpt === "" || !/report-type="?delivery-status/i.test(data))
        .flatMap((taken) => taken.to.map((to) => (one.script.includes("redirect-dsn") ? withAsked(to, taken) : to)))
        .toSorted();
    // What is to go out is waited for here; what should not have gone out is seen at the end.
    for (let turn = 0; turn < 250 && sentNow().length < want.sent.length; turn++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    seen.set(given, {
      ...there,
      reply: reply.slice(0, 3),
      get sent() {
        return sentNow();
      },
    });
  }

  /** What lies in the mailboxes, those included that a script may have made; then nothing does. Letters about scripts that failed (one a day) are passed over. */
  async #empty(mayMake: boolean): Promise<{ boxes: string[]; flags: string[] }> {
    const all = { resultOf: "q", name: "Email/query", path: "/ids" };
    const answers = await this.#jmap.calls(
      ["Email/query", {}, "q"],
      ["Email/get", { "#ids": all, properties: ["mailboxIds", "keywords", "subject"] }],
      ["Email/set", { "#destroy": all }],
      ...(mayMake ? [["Mailbox/get", { properties: ["name", "parentId"] }] as [string, object]] : []),
    );
    if (mayMake) await this.#learn(answers[3]![1]);
    const list: { id: string; mailboxIds: object; keywords: object; subject: string | null }[] = answers[1]![1].list;
    const mail = list.filter(({ subject }) => subject !== "Your Sieve script has failed");
    const boxes = new Set(mail.flatMap(({ mailboxIds }) => Object.keys(mailboxIds).map((id) => this.#paths.get(id)!)));
    const flags = new Set(mail.flatMap(({ keywords }) => Object.keys(keywords)));
    return { boxes: [...boxes].toSorted(), flags: [...flags].toSorted() };
  }

  close(): void {
    this.#sieve.close();
    void this.#lmtp.quit();
  }
}

before(async () => {
  const ownUser = cases.filter(({ expected }) => expected.includes("vacation ")).length;
  sink = await startSink();
  const users = String(lanes + ownUser);
  dev = await startDev(["--users", users, "--cleartext-auth", "--deliver-to", `127.0.0.1:${sink.port}`]);
  let nextUser = 0;
  let nextCase = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      const lane = await Lane.open(dev.ready.users[nextUser++]!);
      for (let number = nextCase++; number < cases.length; number = nextCase++) {
        const one = cases[number]!;
        // Who was answered once is not answered again: each such case has a person of its own.
        const isAnswer = one.expected.includes("vacation ");
        const mine = isAnswer ? await Lane.open(dev.ready.users[nextUser++]!) : lane;
        await mine.run(one, number);
        if (isAnswer) mine.close();
      }
      lane.close();
    }),
  );
});
after(async () => {
  await dev.stop();
  await sink.close();
});

test("there are more than 400 cases", () => {
  const names = new Set(cases.map(({ script, expected, message }) => `${script}\n${expected}\n${message}`));
  assert.ok(names.size >= 400, `${names.size} different cases`);
  assert.equal(seen.size, cases.length, "each was run");
});

describe("through ManageSieve and delivery", () => {
  for (const one of cases)
    test(one.name, () => {
      const was = seen.get(one);
      if (!one.isWrong) return assert.deepEqual({ ...(was as Seen) }, wanted.get(one));
      assert.match(String(was), /^NO /);
      // PUTSCRIPT tells each mistake on a line of its own.
      for (const mistake of one.expected.split(" | "))
        assert.ok(String(was).includes(JSON.stringify(mistake).slice(1, -1)), String(was));
    });
});
