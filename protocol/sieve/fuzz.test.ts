// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables of Sieve are written.
/** Random scripts: the door answers a script or mistakes within it, and a run ends, whatever comes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzRounds, seeded } from "../../test/fuzz.ts";
import { sample, surroundings } from "../../test/sieve/test-run.ts";
import { SieveMessage } from "./message.ts";
import { compileScript, runScripts } from "./sieve.ts";

const words = [
  'require ["fileinto","variables","imap4flags","date","relational","body","mime","foreverypart","regex","editheader","vacation","reject","enotify","duplicate","include","ihave","envelope","copy","index","extracttext","replace","enclose","encoded-character"];',
  "if",
  "elsif",
  "else",
  "not",
  "allof",
  "anyof",
  "(",
  ")",
  "{",
  "}",
  "[",
  "]",
  ",",
  ";",
  "true",
  "false",
  "header",
  "address",
  "exists",
  "size",
  "body",
  "date",
  "string",
  "hasflag",
  "envelope",
  "duplicate",
  "set",
  "keep;",
  "discard;",
  "stop;",
  "fileinto",
  "redirect",
  "vacation",
  "notify",
  "addheader",
  "deleteheader",
  "foreverypart",
  "break;",
  "extracttext",
  "replace",
  "enclose",
  "setflag",
  "addflag",
  "include",
  "ihave",
  ":is",
  ":contains",
  ":matches",
  ":regex",
  ":count",
  ":value",
  ":over",
  ":under",
  ":comparator",
  ":mime",
  ":anychild",
  ":index",
  ":last",
  ":raw",
  ":text",
  ":copy",
  ":flags",
  ":days",
  ":lower",
  '"subject"',
  '"from"',
  '"*a*"',
  '"${1}"',
  '"${a}"',
  '"gt"',
  '"a"',
  '"(a|b)*c"',
  '"x@y.test"',
  '"mailto:a@b.test"',
  "1",
  "10K",
  '"i;octet"',
  '"i;ascii-casemap"',
  '"${hex:40}"',
  '"',
  "text:\n",
  "\n.\n",
  "#",
  "/*",
  "*/",
  "\\",
  "é",
  "\0",
];

function tryScript(source: string): void {
  const compiled = compileScript(source);
  if (compiled.kind === "mistakes") {
    assert.ok(compiled.mistakes.length > 0);
    const lines = source.split("\n");
    for (const { line, column, message } of compiled.mistakes) {
      assert.ok(line >= 1 && line <= lines.length && column >= 1 && column <= [...lines[line - 1]!].length + 1, source);
      assert.notEqual(message, "");
    }
    return;
  }
  const outcome = runScripts([{ name: "fuzz", script: compiled }], new SieveMessage(Buffer.from(sample)), surroundings);
  assert.ok(outcome.actions.length <= 32);
  if (outcome.failures.length > 0) assert.ok(outcome.keeps, source);
}

test("random words", () => {
  const random = seeded(7);
  for (let i = 0; i < fuzzRounds(15_000); i++) {
    const parts: string[] = random(2) === 0 ? [words[0]!] : [];
    for (let n = random(25); n > 0; n--) parts.push(words[random(words.length)]!);
    tryScript(parts.join(" "));
  }
});

test("a good script with something changed", () => {
  const good = [
    words[0]!,
    'if allof (header :matches "subject" "*order*", not size :over 1M) { set "a" "${1}"; fileinto :flags ["a","b"] "Work/${a}"; }',
    'elsif anyof (address :domain "from" "x.test", date :value "gt" "date" "year" "2000") { redirect :copy "a@b.test"; }',
    'else { vacation :days 3 :subject "x" "text"; foreverypart { if header :mime :type "content-type" "text" { extracttext :first 10 "t"; } } }',
    'addheader "X" "y"; deleteheader :index 1 :contains "received" "z"; if body :regex "pil+" { stop; } keep;',
  ].join("\n");
  const random = seeded(11);
  for (let i = 0; i < fuzzRounds(8000); i++) {
    let script = good;
    for (let n = 1 + random(3); n > 0; n--) {
      const at = random(script.length);
      const change = random(3);
      if (change === 0) script = script.slice(0, at) + script.slice(at + 1 + random(10));
      else if (change === 1) script = script.slice(0, at) + words[random(words.length)] + script.slice(at);
      else script = script.slice(0, at) + String.fromCharCode(random(128)) + script.slice(at + 1);
    }
    tryScript(script);
  }
});

test("nothing takes longer than its bounds let it", () => {
  const hostile = [
    `require "regex"; if header :regex "subject" "${"(a*)*".repeat(100)}b" { discard; }`,
    `if header :matches "subject" "${"*a".repeat(1000)}*b" { discard; }`,
    `require ["variables","regex"]; set "p" "${"(x|a)*".repeat(50)}$"; if header :regex "subject" "\${p}" { discard; }`,
    `require ["foreverypart","mime"]; foreverypart { foreverypart { foreverypart { if header :mime :anychild "a" "b" { discard; } } } }`,
    `require "body"; ${'if body :matches "*a*b*c*d*e*f" { discard; }'.repeat(200)}`,
  ];
  const nested = Array.from(
    { length: 40 },
    (_, i) => `--b${i}\r\nContent-Type: multipart/mixed; boundary=b${i + 1}\r\n\r\n`,
  ).join("");
  const messages = [
    `Subject: ${"a".repeat(60_000)}\r\n\r\n${"abcde".repeat(100_000)}`,
    `Content-Type: multipart/mixed; boundary=b0\r\n\r\n${nested}`,
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n${"--b\r\n\r\nx\r\n".repeat(3000)}`,
  ];
  for (const script of hostile)
    for (const message of messages) {
      const compiled = compileScript(script);
      assert.ok(compiled.kind === "script", script.slice(0, 80));
      const began = process.cpuUsage();
      runScripts([{ name: "x", script: compiled }], new SieveMessage(Buffer.from(message)), surroundings);
      const used = process.cpuUsage(began);
      const ms = (used.user + used.system) / 1000;
      assert.ok(ms < 3000, `${script.slice(0, 60)} took ${ms} ms`);
    }
});
