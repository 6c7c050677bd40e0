import assert from "node:assert/strict";
import { test } from "node:test";
import { baseSubject } from "../mime/subject.ts";
import { threadLine } from "./response.ts";
import { orderedSubject, references, type ThreadRow } from "./thread.ts";

type Short = readonly [uid: number, id: string, refs: string, subject?: string, sentAt?: number];

function rows(list: readonly Short[]): ThreadRow[] {
  return list.map(([uid, id, refs, subject = "", sentAt = uid]) => {
    const base = baseSubject(subject);
    return {
      uid,
      messageId: id === "" ? undefined : id,
      references: refs.split(" ").filter((ref) => ref !== ""),
      baseSubject: base.text,
      isReply: base.isReply,
      sentAt,
    };
  });
}

const same = (uid: number): number => uid;
function whole<T>(work: Iterator<undefined, T>): T {
  for (let step = work.next(); ; step = work.next()) if (step.done === true) return step.value;
}
const thread = (list: readonly Short[]): string => threadLine(whole(references(rows(list), same))).slice(9, -2);

const cases: readonly [name: string, messages: readonly Short[], expected: string][] = [
  // RFC 5256 §4, the example of the THREAD response.
  [
    "the RFC's",
    [
      [2, "2", ""],
      [3, "3", ""],
      [6, "6", "3"],
      [4, "4", "3 6"],
      [23, "23", "3 6 4"],
      [44, "44", "3 6"],
      [7, "7", "3 6 44"],
      [96, "96", "3 6 44 7"],
    ],
    "(2)(3 6 (4 23)(44 7 96))",
  ],
  ["nothing", [], ""],
  [
    "a chain",
    [
      [1, "1", ""],
      [2, "2", "1"],
      [3, "3", "1 2"],
    ],
    "(1 2 3)",
  ],
  [
    "a chain that came backwards",
    [
      [1, "3", "1 2", "", 3],
      [2, "2", "1", "", 2],
      [3, "1", "", "", 1],
    ],
    "(3 2 1)",
  ],
  [
    "siblings by date",
    [
      [1, "1", ""],
      [2, "2", "1", "", 30],
      [3, "3", "1", "", 20],
    ],
    "(1 (3)(2))",
  ],
  [
    "children of a message nobody has",
    [
      [2, "2", "x"],
      [3, "3", "x"],
    ],
    "((2)(3))",
  ],
  ["one child of a message nobody has", [[2, "2", "x"]], "(2)"],
  [
    "a chain of messages nobody has",
    [
      [2, "2", "a b c"],
      [3, "3", "a b d"],
      [4, "4", "a"],
    ],
    "((2)(3)(4))",
  ],
  [
    "a gap in the middle closes",
    [
      [1, "1", ""],
      [2, "2", "1 x"],
      [3, "3", "1 x"],
    ],
    "(1 (2)(3))",
  ],
  [
    "own References are believed before others'",
    [
      [1, "1", ""],
      [2, "2", "1"],
      [3, "3", "9 2"],
    ],
    "(1 2 3)",
  ],
  [
    "others' References where there are none",
    [
      [1, "1", ""],
      [2, "2", ""],
      [3, "3", "1 2"],
    ],
    "(1 2 3)",
  ],
  [
    "one that came later and names nobody stays first",
    [
      [1, "w", ""],
      [2, "y", "w x"],
      [3, "x", ""],
    ],
    "(1)(3 2)",
  ],
  [
    "a loop is not made",
    [
      [1, "1", "2"],
      [2, "2", "1"],
    ],
    "(2 1)",
  ],
  ["a message is not its own parent", [[1, "1", "1"]], "(1)"],
  [
    "a loop of three",
    [
      [1, "1", "3"],
      [2, "2", "1"],
      [3, "3", "2"],
    ],
    "(3 1 2)",
  ],
  [
    "an id twice",
    [
      [1, "1", ""],
      [2, "1", ""],
      [3, "3", "1"],
    ],
    "(1 3)(2)",
  ],
  [
    "no ids",
    [
      [1, "", ""],
      [2, "", "x"],
      [3, "", "x"],
    ],
    "(1)((2)(3))",
  ],
  // Step 5: subjects.
  [
    "a reply without References",
    [
      [1, "1", "", "Hi"],
      [2, "2", "", "Re: hi"],
    ],
    "(1 2)",
  ],
  [
    "a reply that is older",
    [
      [1, "1", "", "Re: Hi", 1],
      [2, "2", "", "Hi", 2],
    ],
    "(2 1)",
  ],
  [
    "two of one subject",
    [
      [1, "1", "", "Hi"],
      [2, "2", "", "hi"],
    ],
    "((1)(2))",
  ],
  [
    "three of one subject",
    [
      [1, "1", "", "Hi"],
      [2, "2", "", "hi"],
      [3, "3", "", "HI"],
    ],
    "((1)(2)(3))",
  ],
  [
    "two replies",
    [
      [1, "1", "", "Re: Hi"],
      [2, "2", "", "Re: hi"],
    ],
    "((1)(2))",
  ],
  [
    "no subject joins nothing",
    [
      [1, "1", "", ""],
      [2, "2", "", "Re:"],
    ],
    "(1)(2)",
  ],
  [
    "into a thread nobody began",
    [
      [2, "2", "x", "Re: a"],
      [3, "3", "x", "Re: a"],
      [4, "4", "", "Re: a"],
    ],
    "((2)(3)(4))",
  ],
  [
    "two threads nobody began",
    [
      [2, "2", "x", "a"],
      [3, "3", "x", "a"],
      [4, "4", "y", "a"],
      [5, "5", "y", "a"],
    ],
    "((2)(3)(4)(5))",
  ],
  [
    "a first that is a reply, and its root later",
    [
      [1, "1", "", "Re: a", 1],
      [2, "2", "", "Re: a", 2],
      [3, "3", "", "a", 3],
    ],
    "(3 (1)(2))",
  ],
];
for (const [name, messages, expected] of cases)
  test(`references: ${name}`, () => assert.equal(thread(messages), expected));

test("ordered subject", () => {
  // RFC 5256 §3: groups by their first date, members by date.
  const list: readonly Short[] = [
    [1, "", "", "b", 50],
    [2, "", "", "a", 20],
    [3, "", "", "Re: B", 10],
    [4, "", "", "[x] A", 30],
    [5, "", "", "c", 40],
    [6, "", "", "b (fwd)", 60],
  ];
  assert.equal(threadLine(orderedSubject(rows(list), same)), "* THREAD (3 (1)(6))(2 4)(5)\r\n");
  assert.equal(threadLine(orderedSubject([], same)), "* THREAD\r\n");
  assert.equal(
    threadLine(orderedSubject(rows(list), (uid) => uid + 100)),
    "* THREAD (103 (101)(106))(102 104)(105)\r\n",
  );
});

/** Every message once, and nothing else. */
function numbersOf(line: string): number[] {
  return (
    line
      .match(/\d+/g)
      ?.map(Number)
      .sort((a, b) => a - b) ?? []
  );
}

const large = 100_000;
const shapes: readonly [name: string, make: (uid: number) => Short][] = [
  ["one chain", (uid) => [uid, `${uid}`, uid > 1 ? `${uid - 1}` : ""]],
  ["one chain that came backwards", (uid) => [uid, `${uid}`, uid < large ? `${uid + 1}` : "", "", large - uid]],
  ["a chain of messages nobody has", (uid) => [uid, "", `x${uid} x${uid + 1}`]],
  ["one parent of all", (uid) => [uid, `${uid}`, uid > 1 ? "1" : ""]],
  ["one subject", (uid) => [uid, `${uid}`, "", uid % 3 ? "Re: a" : "a"]],
  ["two places for each message, one subject", (uid) => [uid, `${uid}`, `p${uid >> 1}`, "a"]],
  ["loops tried all the time", (uid) => [uid, `${uid}`, uid % 2 ? `${uid - 2}` : `1 ${uid - 1} ${large - uid} 1`]],
];
for (const [name, make] of shapes) {
  test(`100,000 messages: ${name}`, () => {
    const list = rows(Array.from({ length: large }, (_, at) => make(at + 1)));
    const start = process.cpuUsage();
    const line = threadLine(whole(references(list, same)));
    const { user } = process.cpuUsage(start);
    assert.equal(numbersOf(line).length, large);
    // Quadratic would be minutes.
    assert.ok(user < 8_000_000, `${user / 1000} ms`);
  });
}

test("whatever the References say, each message is there once and parentheses pair", () => {
  let seed = 17;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 3000 * Number(process.env["FUZZ"] ?? 1); round++) {
    const count = 1 + random(12);
    const list = Array.from({ length: count }, (_, at): Short => {
      const refs = Array.from({ length: random(4) }, () => `${random(16)}`).join(" ");
      return [at + 1, random(5) ? `${random(14)}` : "", refs, ["", "a", "Re: a", "b"][random(4)]!, random(20)];
    });
    const line = threadLine(whole(references(rows(list), same)));
    assert.deepEqual(
      numbersOf(line),
      list.map(([uid]) => uid),
      JSON.stringify(list),
    );
    // RFC 5256 §5: thread-list = "(" (thread-members / thread-nested) ")".
    let text = line.slice(9, -2);
    for (let before = ""; before !== text; ) {
      before = text;
      text = text.replace(/\((?:\d+ )*(?:\d+|(?:L){2,})\)/g, "L");
    }
    assert.match(text, /^L+$/, line);
  }
});
