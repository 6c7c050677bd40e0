// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables of Sieve are written.
/** Scripts that are wrong: where, and what was expected. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileScript } from "./sieve.ts";
import { runText } from "./test-run.ts";

const cases: readonly [script: string, expected: string][] = [
  ["keep", 'line 1, column 5: ";" or a block after the command keep was expected, not the end of the script'],
  ["\n\n  foo;", 'line 3, column 3: there is no command "foo"'],
  ["if true keep;", "line 1, column 1: a block was expected after if"],
  ['"x";', "line 1, column 1: a command was expected, not a string"],
  ["keep;;", 'line 1, column 6: a command was expected, not ";"'],
  ["if true { keep;", 'line 1, column 9: this block has no end: "}" was expected'],
  ["}", 'line 1, column 1: a command was expected, not "}"'],
  ['redirect "a@b.test', 'line 1, column 10: this string has no end: a closing " was expected'],
  ["/* x", "line 1, column 1: this comment has no end: */ was expected"],
  ["reject text: x\n.\n;", "line 1, column 13: the end of the line was expected after text:"],
  ["reject text:\nx\n", "line 1, column 8: this text: has no end: a line with a single dot was expected"],
  ["size :over 1X;", "line 1, column 13: a number may end with K, M or G and nothing else"],
  ["if size :over 99999999999G { }", "line 1, column 15: this number is too large"],
  ["if size :over { }", "line 1, column 4: size lacks an argument: a number was expected"],
  ["if size 1 { }", "line 1, column 4: :over or :under was expected after size"],
  ["if size :over :under 1 { }", "line 1, column 15: :under and :over exclude each other"],
  ['if header :is :contains "a" "b" {}', "line 1, column 15: :contains and :is exclude each other"],
  ['if header :is :is "a" "b" {}', "line 1, column 15: :is is given twice"],
  ['if header "a" {}', "line 1, column 4: header lacks an argument: a string or a list of strings was expected"],
  ['if header "a" "b" "c" {}', "line 1, column 19: header takes no more arguments than 2"],
  ['if header "a" :is "b" {}', "line 1, column 15: :is stands before the other arguments of header"],
  ['if header :foo "a" "b" {}', "line 1, column 11: header takes no :foo"],
  ['if header :comparator "i;klingon" "a" "b" {}', 'line 1, column 23: there is no comparator "i;klingon"'],
  [
    'if header :comparator "i;ascii-numeric" "a" "b" {}',
    'line 1, column 23: the comparator i;ascii-numeric needs require "comparator-i;ascii-numeric"',
  ],
  [
    'require "comparator-i;ascii-numeric"; if header :contains :comparator "i;ascii-numeric" "a" "b" {}',
    "line 1, column 49: the comparator i;ascii-numeric cannot be used with :contains",
  ],
  ['if header :count "eq" "a" "1" {}', 'line 1, column 11: :count needs require "relational"'],
  [
    'require "relational"; if header :count "eg" "a" "1" {}',
    'line 1, column 40: "gt", "ge", "lt", "le", "eq" or "ne" was expected after :count',
  ],
  ['if address :user "from" "x" {}', 'line 1, column 12: :user needs require "subaddress"'],
  ['if envelope "from" "x" {}', 'line 1, column 4: envelope needs require "envelope"'],
  [
    'require "envelope"; if envelope "subject" "x" {}',
    'line 1, column 33: "subject" is no part of the envelope: "from" or "to" was expected',
  ],
  ['fileinto "x";', 'line 1, column 1: fileinto needs require "fileinto"'],
  ['require "fileinto"; fileinto ["a"];', "line 1, column 30: a string was expected as argument 1 of fileinto"],
  ['require "fileinto"; fileinto "";', 'line 1, column 30: "" is no name of a mailbox'],
  ['require "fileinto"; fileinto :copy "a";', 'line 1, column 30: :copy needs require "copy"'],
  ['require "fileinto"; fileinto :flags "x" "a";', 'line 1, column 30: :flags needs require "imap4flags"'],
  ['require "magic";', 'line 1, column 9: there is no extension "magic"'],
  ['require ["fileinto", "magic"];', 'line 1, column 22: there is no extension "magic"'],
  ['keep; require "fileinto";', "line 1, column 7: require stands at the top of a script, before every other command"],
  ["require [];", 'line 1, column 10: a string was expected, not "]"'],
  ['require ["a" "b"];', 'line 1, column 14: "," or "]" after a string of a list was expected, not a string'],
  ["elsif true {}", "line 1, column 1: elsif stands after the block of an if or elsif only"],
  ["else {}", "line 1, column 1: else stands after the block of an if or elsif only"],
  ["if true {} else {} else {}", "line 1, column 20: else stands after the block of an if or elsif only"],
  ["if true;", "line 1, column 1: a block was expected after if"],
  ["if {}", "line 1, column 1: one test was expected after if"],
  ["if not {}", "line 1, column 4: one test was expected after not"],
  ["if allof true {}", "line 1, column 4: a list of tests in parentheses was expected after allof"],
  ["if allof (true {}", 'line 1, column 16: "," or ")" after a test was expected, not "{"'],
  ["if anyof () {}", 'line 1, column 11: a test was expected, not ")"'],
  ["if keep {}", 'line 1, column 4: there is no test "keep"'],
  ["true;", "line 1, column 1: true is a test: it stands after if, elsif or another test"],
  ["keep { }", 'line 1, column 1: keep takes no block: ";" was expected'],
  ["stop 1;", "line 1, column 6: stop takes no more arguments than 0"],
  ['redirect "nobody";', 'line 1, column 10: "nobody" is no mail address to redirect to'],
  [
    'require "vacation"; vacation :days 1 :seconds 2 "x";',
    'line 1, column 38: :seconds needs require "vacation-seconds"',
  ],
  [
    'require "vacation-seconds"; vacation :days 1 :seconds 2 "x";',
    "line 1, column 46: :seconds and :days exclude each other",
  ],
  ['require "vacation"; vacation :days "x" "x";', "line 1, column 36: a number was expected after :days"],
  ['require "vacation"; vacation :from "x y z" "x";', 'line 1, column 36: "x y z" is no mail address'],
  ['require ["vacation","fcc","mailbox"]; vacation :create "x";', "line 1, column 48: :create stands with :fcc only"],
  ['require "enotify"; notify "tel:1";', 'line 1, column 27: "tel:1" is no mailto: address to notify'],
  [
    'require "enotify"; notify :importance "4" "mailto:a@b.test";',
    'line 1, column 39: "1", "2" or "3" was expected after :importance',
  ],
  ['require "variables"; set "1a" "x";', 'line 1, column 26: "1a" is no name of a variable'],
  ['require "variables"; set "a b" "x";', 'line 1, column 26: "a b" is no name of a variable'],
  ['require "variables"; set "${a}" "x";', "line 1, column 26: the name of a variable cannot hold variables"],
  ['require "variables"; set :lower :upper "a" "x";', "line 1, column 33: :upper and :lower exclude each other"],
  [
    'require "variables"; set "a" "${x.y}";',
    'line 1, column 30: the namespace of the variable "x.y" is not known here',
  ],
  ['require "variables"; set "a" "${99}";', "line 1, column 30: match variables go up to ${31}"],
  [
    'require "regex"; if header :regex "a" "(" {}',
    'line 1, column 39: this regular expression is wrong at its character 2: ")" was expected',
  ],
  [
    'require "regex"; if header :regex "a" "*" {}',
    "line 1, column 39: this regular expression is wrong at its character 1: there is nothing to repeat",
  ],
  [
    'require "regex"; if header :regex "a" "[b" {}',
    'line 1, column 39: this regular expression is wrong at its character 3: "]" was expected',
  ],
  [
    'require "regex"; if header :regex "a" "(x{255}){255}" {}',
    "line 1, column 39: this regular expression is too large",
  ],
  [
    'require "date"; if date "date" "century" "x" {}',
    'line 1, column 32: "century" is no part of a date: year, month, day, date, julian, hour, minute, second, time, iso8601, std11, zone, weekday are',
  ],
  [
    'require "date"; if currentdate :zone "CET" "hour" "x" {}',
    'line 1, column 38: "CET" is no time zone: "+0200" is one',
  ],
  ['require "index"; if header :index 0 "a" "b" {}', "line 1, column 35: :index counts from 1"],
  ['require "index"; if header :last "a" "b" {}', "line 1, column 21: :last stands with :index only"],
  [
    'require "body"; if body :content "a/b/c" "x" {}',
    'line 1, column 34: "a/b/c" is no content type: "", "text" or "text/plain" was expected',
  ],
  [
    'require "mime"; if header :anychild "a" "b" {}',
    "line 1, column 20: :anychild and the options of :mime stand with :mime only",
  ],
  ['require "foreverypart"; break;', "line 1, column 25: break stands within a foreverypart only"],
  [
    'require "foreverypart"; foreverypart { break :name "x"; }',
    'line 1, column 40: there is no loop called "x" around this break',
  ],
  [
    'require ["extracttext","variables"]; extracttext "a";',
    "line 1, column 38: extracttext stands within a foreverypart only",
  ],
  ['require "editheader"; addheader "a b" "x";', 'line 1, column 33: "a b" is no name of a header field'],
  ['require "include"; include "../x";', 'line 1, column 20: "../x" is no name of a script'],
  ['require ["include"]; global "x";', 'line 1, column 22: global needs require "variables"'],
  [
    'require "imap4flags"; addflag "v" "x";',
    'line 1, column 31: the name of a variable here needs require "variables"',
  ],
  [
    'require "encoded-character"; redirect "${unicode:110000}";',
    "line 1, column 39: ${unicode:110000} is no Unicode character",
  ],
  [
    'require ["mailboxid","special-use","fileinto"]; fileinto :mailboxid "1" :specialuse "x" "a";',
    "line 1, column 69: :mailboxid and :specialuse exclude each other",
  ],
  [`${"if true {".repeat(40)}`, "line 1, column 292: blocks and tests are nested more than 32 deep"],
  [`if ${"not ".repeat(40)}true {}`, "line 1, column 132: blocks and tests are nested more than 32 deep"],
  ["\u00e4;", "line 1, column 1: the character U+00E4 is not expected here"],
  ["/* 😀 */ foo;", 'line 1, column 9: there is no command "foo"'],
  ["keep\0;", "line 1, column 5: a NUL character is not allowed in a script"],
  [
    "if true { foo; } bar;",
    'line 1, column 11: there is no command "foo" | line 1, column 18: there is no command "bar"',
  ],
];

for (const [script, expected] of cases)
  test(script.slice(0, 100), () => {
    assert.equal(runText(script).text, expected);
  });

test("mistakes are told in their order, and not without end", () => {
  const result = compileScript("foo;\n".repeat(1000));
  assert.ok(result.kind === "mistakes");
  assert.equal(result.mistakes.length, 20);
  assert.deepEqual(result.mistakes[19], { line: 20, column: 1, message: 'there is no command "foo"' });
});

test("regular expressions that are too large together", () => {
  const result = compileScript(`require "regex"; ${'if header :regex "a" "(x{250}){10}" {}\n'.repeat(40)}`);
  assert.ok(result.kind === "mistakes" && /too large together/.test(result.mistakes[0]!.message));
});

test("a script that is too long is none", () => {
  const result = compileScript(`# ${"x".repeat(300_000)}`);
  assert.ok(result.kind === "mistakes" && /octets/.test(result.mistakes[0]!.message));
});
