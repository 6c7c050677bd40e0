// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables of Sieve are written.
/** What scripts make of the message: RFC 5293, RFC 5703 §5 to §7. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runText, sample } from "../../test/sieve/test-run.ts";
import { parseMessage } from "../mime/parse.ts";

const edit = 'require ["editheader", "fileinto", "variables", "index"];';
const small = "Subject: one\r\nX-A: 1\r\nX-A: 2\r\nx-a: 3\r\nReceived: x\r\nReturn-Path: <a@b.test>\r\n\r\nbody\r\n";

const cases: readonly [script: string, expected: string][] = [
  ['addheader "X-New" "value";', `X-New: value\r\n${small}`],
  ['addheader :last "X-New" "value";', small.replace("\r\n\r\n", "\r\nX-New: value\r\n\r\n")],
  ['addheader "X-New" "äöü";', `X-New: =?utf-8?b?w6TDtsO8?=\r\n${small}`],
  ['addheader "X-New" "one\r\nInjected: two";', `X-New: one Injected: two\r\n${small}`],
  ['deleteheader "X-A";', small.replaceAll(/x-a: \d\r\n/gi, "")],
  ['deleteheader :index 2 "X-A";', small.replace("X-A: 2\r\n", "")],
  ['deleteheader :index 1 :last "X-A";', small.replace("x-a: 3\r\n", "")],
  ['deleteheader "X-A" "2";', small.replace("X-A: 2\r\n", "")],
  ['deleteheader :contains "X-A" ["1", "3"];', small.replace("X-A: 1\r\n", "").replace("x-a: 3\r\n", "")],
  ['deleteheader :matches "subject" "o?e";', small.replace("Subject: one\r\n", "")],
  ['deleteheader :index 1 :is "X-A" "2";', ""],
  ['deleteheader "received"; deleteheader "Return-Path";', ""],
  ['deleteheader "x-none";', ""],
  [
    'deleteheader "subject"; addheader "Subject" "two"; if header "subject" "two" { addheader "X-Seen" "yes"; }',
    `X-Seen: yes\r\nSubject: two\r\n${small.replace("Subject: one\r\n", "")}`,
  ],
  [
    'if header :matches "subject" "*" { deleteheader "subject"; addheader :last "Subject" "[list] ${1}"; }',
    small.replace("Subject: one\r\n", "").replace("\r\n\r\n", "\r\nSubject: [list] one\r\n\r\n"),
  ],
];

for (const [script, expected] of cases)
  test(script, () => {
    const ran = runText(edit + script, { message: small });
    assert.equal(ran.text, "keep");
    assert.equal(ran.message, expected);
  });

test("an action takes the message as it is at that time, RFC 5293 §3", () => {
  assert.equal(runText(`${edit} fileinto "x"; addheader "A" "b";`, { message: small }).message, "");
  assert.match(runText(`${edit} addheader "A" "b"; fileinto "x";`, { message: small }).message, /^A: b\r\n/);
});

test("a script that fails leaves the message as it was", () => {
  const ran = runText(`require "ihave"; ${edit} addheader "A" "b"; error "no";`, { message: small });
  assert.equal(ran.text, "keep; failed: the script gave up: no");
  assert.equal(ran.message, "");
});

test("fields without end are bounded", () => {
  const ran = runText(`${edit} ${'addheader "A" "b";'.repeat(101)}`, { message: small });
  assert.equal(ran.text, "keep; failed: a script may add 100 header fields");
});

const mixed = [
  "From: a@b.test",
  "Subject: pictures",
  'Content-Type: multipart/mixed; boundary="x"',
  "",
  "--x",
  "Content-Type: text/plain",
  "",
  "see",
  "--x",
  "Content-Type: image/gif",
  "Content-Disposition: attachment; filename=a.exe",
  "",
  "GIF",
  "--x",
  "Content-Type: text/html",
  "",
  "<b>",
  "--x--",
  "",
].join("\r\n");

test("replace a part, RFC 5703 §5", () => {
  const { text, message } = runText(
    'require ["foreverypart", "mime", "replace"]; foreverypart { if header :mime :param "filename" :matches "Content-Disposition" "*.exe" { replace "taken out"; } }',
    { message: mixed },
  );
  assert.equal(text, "keep");
  const tree = parseMessage(Buffer.from(message));
  assert.deepEqual(
    tree.parts.map(({ contentType: { type, subtype } }) => `${type}/${subtype}`),
    ["text/plain", "text/plain", "text/html"],
  );
  assert.match(message, /\r\n\r\ntaken out\r\n--x\r\n/);
  assert.doesNotMatch(message, /GIF|a\.exe/);
  assert.match(message, /^From: a@b\.test\r\nSubject: pictures\r\n/);
});

test("replace the whole message", () => {
  const { message } = runText('require "replace"; replace :subject "gone" :from "me <me@b.test>" "nothing here";', {
    message: mixed,
  });
  assert.equal(
    message,
    "Original-Subject: pictures\r\nSubject: gone\r\nOriginal-From: a@b.test\r\nFrom: me <me@b.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\nnothing here",
  );
});

test("replace with a MIME entity", () => {
  const { message } = runText('require "replace"; replace :mime "Content-Type: text/html\r\n\r\n<i>";', {
    message: mixed,
  });
  assert.match(
    message,
    /^From: a@b\.test\r\nSubject: pictures\r\nMIME-Version: 1\.0\r\nContent-Type: text\/html\r\n\r\n<i>$/,
  );
});

test("enclose, RFC 5703 §6: the text, and the message as it was; of its fields those that are named", () => {
  const { message } = runText(
    'require "enclose"; enclose :subject "Warning" :headers ["X-Priority", "list-id", "X-None", "Content-Type"] text:\nBeware: ü\n.\n;',
  );
  const tree = parseMessage(Buffer.from(message));
  assert.deepEqual(
    tree.parts.map(({ contentType: { type, subtype } }) => `${type}/${subtype}`),
    ["text/plain", "message/rfc822"],
  );
  const [header] = message.split("\r\n\r\n");
  assert.deepEqual(header!.replace(/boundary=.*/, "boundary").split("\r\n"), [
    ...sample.split("\r\n").slice(0, 3),
    "X-Priority: 3",
    "List-Id: Tools <tools.lists.test>",
    "Original-Subject: [tools] Your =?utf-8?q?n=C3=A4chste?= order no. 4711",
    "Subject: Warning",
    "From: <ann+lists@example.test>",
    "Date: Wed, 25 Nov 2026 17:05:09 +0000",
    "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary",
  ]);
  const inner = tree.parts[1]!;
  assert.equal(Buffer.from(message).subarray(inner.bodyStart, inner.end).toString(), sample);
  assert.ok(message.includes("Beware"));
});

test("enclose without more than a text takes the subject; From and Date where they are named", () => {
  const plain = runText('require "enclose"; enclose "look";').message;
  assert.match(plain, /\r\nSubject: \[tools\] Your .*\r\nFrom: <ann\+lists@example\.test>\r\nDate: Wed, 25/);
  assert.doesNotMatch(plain, /Original-Subject/);
  const named = runText('require "enclose"; enclose :headers ["From", "Date"] "look";').message;
  assert.match(
    named,
    /\r\nFrom: Bob Builder <Bob@Sender\.test>\r\nSubject: .*\r\nDate: Tue, 24 Nov 2026 09:14:00 \+0100\r\nMIME/,
  );
});

test("what is enclosed is not sent on so, RFC 5703 §6; what a redirect sends was changed before", () => {
  const script = (before: string): string =>
    `require ["enclose", "editheader"]; ${before} enclose "look"; addheader "X-After" "yes"; redirect "else@far.test";`;
  assert.equal(runText(script("")).message, "", "as it came");
  assert.equal(runText(script('addheader "X-Before" "yes";')).message, `X-Before: yes\r\n${sample}`);
});

test("loops go on over what they replaced", () => {
  const { text } = runText(
    'require ["foreverypart", "mime", "replace", "fileinto", "copy", "variables", "extracttext"]; foreverypart { if header :mime :type "content-type" "image" { replace "new text"; } extracttext "t"; if not string "t" "" { if string :contains "${t}" ["see", "<b>"] { fileinto :copy "${t}"; } } }',
    { message: mixed },
  );
  assert.equal(text, "fileinto see; fileinto <b>; keep");
});
