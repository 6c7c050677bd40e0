import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommand } from "./parse.ts";
import { CommandReader, strangerLimits, userLimits } from "./reader.ts";

/** The one command of a wire text, parsed; a refusal as its answer. Cut in pieces. */
function parse(wire: string, size = wire.length + 2, utf8 = false): unknown {
  const reader = new CommandReader(userLimits);
  const bytes = Buffer.from(`${wire}\r\n`, "latin1");
  for (let at = 0; ; ) {
    const step = reader.next();
    if (step.kind === "more") {
      assert.ok(at < bytes.length);
      reader.push(bytes.subarray(at, at + size));
      at += size;
    } else if (step.kind === "command") {
      const command = parseCommand(step.input, utf8);
      return command.name === "refused" ? `${command.tag} ${command.status} ${command.text}` : command;
    } else if (step.kind !== "continue") return `${step.tag} ${step.kind} ${step.text}`;
  }
}

const set = (...ranges: [number, number][]) => ({ kind: "ranges", ranges });
const star = 0x1_0000_0000;
const plainList = {
  select: { subscribed: false, remote: false, recursiveMatch: false, specialUse: false },
  returns: {
    subscribed: false,
    children: false,
    specialUse: false,
    status: undefined,
    myRights: false,
    metadata: undefined,
  },
};
const part = (part: number[], text = "", fields: string[] = []) => ({ part, text, fields });

const cases: readonly [wire: string, expected: object | string][] = [
  ["a capability", { tag: "a", name: "CAPABILITY" }],
  ["a NOOP ", { tag: "a", name: "NOOP" }],
  ["a NOOP x", "a BAD Unexpected text after the command"],
  ["done", { tag: "", name: "DONE" }],
  ["", "* BAD Empty command"],
  // A tag that nothing follows is answered under that tag: who waits for it hears of it.
  ["NOOP", "NOOP BAD Unknown command"],
  ["DONE ", { tag: "", name: "DONE" }],
  ["a+ NOOP", "* BAD Invalid tag"],
  ["a FOO", "a BAD Unknown command"],
  ["a UID NOOP", "a BAD Unknown command"],
  ["a UIDFETCH 1 UID", "a BAD Unknown command"],
  // rights, annotations
  [
    "a SETACL Team bob@x.test +lr",
    { tag: "a", name: "SETACL", mailbox: "Team", identifier: "bob@x.test", rights: "+lr" },
  ],
  ["a SETACL Team bob", "a BAD Missing argument"],
  [
    'a DELETEACL "Other Users/ann/Team" bob',
    { tag: "a", name: "DELETEACL", mailbox: "Other Users/ann/Team", identifier: "bob" },
  ],
  ["a LISTRIGHTS inbox bob", { tag: "a", name: "LISTRIGHTS", mailbox: "INBOX", identifier: "bob" }],
  ["a GETACL Team", { tag: "a", name: "GETACL", mailbox: "Team" }],
  ["a MYRIGHTS Team x", "a BAD Unexpected text after the command"],
  [
    'a GETMETADATA "" /Shared/Comment',
    { tag: "a", name: "GETMETADATA", mailbox: "", maxSize: undefined, depth: "0", entries: ["/shared/comment"] },
  ],
  [
    "a GETMETADATA (MAXSIZE 1024 DEPTH infinity) INBOX (/shared/a /private/b)",
    {
      tag: "a",
      name: "GETMETADATA",
      mailbox: "INBOX",
      maxSize: 1024,
      depth: "infinity",
      entries: ["/shared/a", "/private/b"],
    },
  ],
  [
    "a GETMETADATA INBOX (DEPTH 1) (/shared)",
    { tag: "a", name: "GETMETADATA", mailbox: "INBOX", maxSize: undefined, depth: "1", entries: ["/shared"] },
  ],
  ["a GETMETADATA (DEPTH 2) INBOX /shared/a", "a BAD Unknown GETMETADATA option"],
  ["a GETMETADATA INBOX ()", "a BAD Empty list"],
  [
    'a SETMETADATA INBOX (/private/comment "x y" /shared/Old NIL)',
    {
      tag: "a",
      name: "SETMETADATA",
      mailbox: "INBOX",
      entries: [
        { entry: "/private/comment", value: "x y" },
        { entry: "/shared/old", value: undefined },
      ],
    },
  ],
  [
    "a SETMETADATA INBOX (/private/comment {5+}\r\nl\xc3\xbcke)",
    { tag: "a", name: "SETMETADATA", mailbox: "INBOX", entries: [{ entry: "/private/comment", value: "lüke" }] },
  ],
  ["a SETMETADATA INBOX (/private/comment)", "a BAD Missing argument"],
  // access
  ["a001 LOGIN SMITH SESAME", { tag: "a001", name: "LOGIN", user: "SMITH", password: "SESAME" }],
  ['a LOGIN "a\\"b\\\\" ""', { tag: "a", name: "LOGIN", user: 'a"b\\', password: "" }],
  ["a LOGIN {4+}\r\nfr]d {3}\r\np w", { tag: "a", name: "LOGIN", user: "fr]d", password: "p w" }],
  ['a LOGIN "gr\xc3\xbcn" x', { tag: "a", name: "LOGIN", user: "grün", password: "x" }],
  ['a LOGIN "\xff" x', "a BAD Text is not valid UTF-8"],
  ["a LOGIN {3+}\r\na\0b x", "a BAD NUL is not allowed in a string"],
  ['a LOGIN "a\0b" x', "a BAD Character is not allowed in a quoted string"],
  ["a LOGIN a\0b x", "a BAD Missing argument"],
  ['a LOGIN "a x', "a BAD Quoted string has no end"],
  ['a LOGIN "a\\b" x', "a BAD Character is not allowed in a quoted string"],
  ["a LOGIN a", "a BAD Missing argument"],
  ["a LOGIN  a b", "a BAD Expected a string"],
  ["a LOGIN a b c", "a BAD Unexpected text after the command"],
  ["a LOGIN {1} b", "a BAD Expected a literal"],
  ["a LOGIN {1} {1+}\r\nb c", "a BAD Expected a literal"],
  ["a LOGIN {x{1+}\r\nb c", "a BAD Expected a literal"],
  ["a AUTHENTICATE plain", { tag: "a", name: "AUTHENTICATE", mechanism: "PLAIN", initial: undefined }],
  [
    "a AUTHENTICATE PLAIN AGEAYg==",
    { tag: "a", name: "AUTHENTICATE", mechanism: "PLAIN", initial: Buffer.from("\0a\0b") },
  ],
  ["a AUTHENTICATE EXTERNAL =", { tag: "a", name: "AUTHENTICATE", mechanism: "EXTERNAL", initial: Buffer.alloc(0) }],
  ["a AUTHENTICATE PLAIN A", "a BAD Initial response is not base64"],
  ["a ID NIL", { tag: "a", name: "ID", fields: undefined }],
  [
    'a ID ("name" "sodr" "version" NIL)',
    {
      tag: "a",
      name: "ID",
      fields: [
        ["name", "sodr"],
        ["version", undefined],
      ],
    },
  ],
  ["a ID ()", { tag: "a", name: "ID", fields: [] }],
  [`a ID ("${"x".repeat(31)}" NIL)`, "a BAD ID field is too long"],
  [`a ID (${Array(31).fill('"x" NIL').join(" ")})`, "a BAD List is too long"],
  ["a ENABLE condstore X-GOOD", { tag: "a", name: "ENABLE", capabilities: ["CONDSTORE", "X-GOOD"] }],
  ["a ENABLE", "a BAD Missing argument"],
  ["a COMPRESS deflate", { tag: "a", name: "COMPRESS", mechanism: "DEFLATE" }],
  // mailboxes
  ["a SELECT inbox", { tag: "a", name: "SELECT", mailbox: "INBOX", condstore: false, qresync: undefined }],
  [
    "a EXAMINE {3+}\r\na b (CONDSTORE)",
    { tag: "a", name: "EXAMINE", mailbox: "a b", condstore: true, qresync: undefined },
  ],
  [
    // RFC 7162 §3.2.5.1
    "A02 SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))",
    {
      tag: "A02",
      name: "SELECT",
      mailbox: "INBOX",
      condstore: false,
      qresync: {
        uidValidity: 67890007,
        modseq: Number.MAX_SAFE_INTEGER,
        knownUids: set([41, 41], [43, 211], [214, 541]),
        match: undefined,
      },
    },
  ],
  [
    "a SELECT x (QRESYNC (1 90060115194045000 1:29997 (5000,7500 15000,22500)))",
    {
      tag: "a",
      name: "SELECT",
      mailbox: "x",
      condstore: false,
      qresync: {
        uidValidity: 1,
        modseq: Number.MAX_SAFE_INTEGER,
        knownUids: set([1, 29997]),
        match: { sequences: set([5000, 5000], [7500, 7500]), uids: set([15000, 15000], [22500, 22500]) },
      },
    },
  ],
  [
    "a SELECT x (QRESYNC (1 2 (1 3)))",
    {
      tag: "a",
      name: "SELECT",
      mailbox: "x",
      condstore: false,
      qresync: {
        uidValidity: 1,
        modseq: 2,
        knownUids: undefined,
        match: { sequences: set([1, 1]), uids: set([3, 3]) },
      },
    },
  ],
  ["a SELECT x (QRESYNC (0 2))", "a BAD Zero is not allowed here"],
  ["a SELECT x (QRESYNC (1 2 1:*))", "a BAD Invalid sequence set"],
  ["a SELECT x (FOO)", "a BAD Unknown SELECT parameter"],
  ["a SELECT &x", "a NO [CANNOT] Not a valid mailbox name"],
  ["a SELECT {3+}\r\na\nb", "a NO [CANNOT] Not a valid mailbox name"],
  ["a SELECT Entw&APw-rfe", { tag: "a", name: "SELECT", mailbox: "Entwürfe", condstore: false, qresync: undefined }],
  ["a CREATE x/y/", { tag: "a", name: "CREATE", mailbox: "x/y", uses: [] }],
  ["a CREATE x (USE (\\Drafts \\sent))", { tag: "a", name: "CREATE", mailbox: "x", uses: ["drafts", "sent"] }],
  ["a CREATE x (USE (\\Foo))", "a NO [USEATTR] Unknown special use"],
  ["a CREATE x (FOO bar)", "a BAD Unknown CREATE parameter"],
  ["a DELETE x", { tag: "a", name: "DELETE", mailbox: "x" }],
  ["a RENAME Inbox old", { tag: "a", name: "RENAME", from: "INBOX", to: "old" }],
  ["a SUBSCRIBE x", { tag: "a", name: "SUBSCRIBE", mailbox: "x" }],
  ["a UNSUBSCRIBE x", { tag: "a", name: "UNSUBSCRIBE", mailbox: "x" }],
  ['a LIST "" ""', { tag: "a", name: "LIST", extended: false, reference: "", patterns: [""], ...plainList }],
  [
    "a LIST ~/Mail/ %",
    { tag: "a", name: "LIST", extended: false, reference: "~/Mail/", patterns: ["%"], ...plainList },
  ],
  [
    // RFC 5258 §5, RFC 5819 §3
    'A04 LIST (SUBSCRIBED RECURSIVEMATCH) "" ("INBOX" Drafts "Sent/%") RETURN (CHILDREN STATUS (MESSAGES UNSEEN) SPECIAL-USE)',
    {
      tag: "A04",
      name: "LIST",
      extended: true,
      reference: "",
      patterns: ["INBOX", "Drafts", "Sent/%"],
      select: { subscribed: true, remote: false, recursiveMatch: true, specialUse: false },
      returns: { ...plainList.returns, children: true, specialUse: true, status: ["MESSAGES", "UNSEEN"] },
    },
  ],
  ['a LIST () "" *', { tag: "a", name: "LIST", extended: true, reference: "", patterns: ["*"], ...plainList }],
  ['a LIST (RECURSIVEMATCH) "" *', "a BAD RECURSIVEMATCH needs another selection option"],
  ['a LIST (FOO) "" *', "a BAD Unknown LIST selection option"],
  ['a LIST "" * RETURN (FOO)', "a BAD Unknown LIST return option"],
  ['a LIST "" ()', "a BAD Empty list"],
  ['a LSUB "#news." "comp.%"', { tag: "a", name: "LSUB", reference: "#news.", pattern: "comp.%" }],
  [
    "A042 STATUS blurdybloop (UIDNEXT MESSAGES uidnext)",
    { tag: "A042", name: "STATUS", mailbox: "blurdybloop", items: ["UIDNEXT", "MESSAGES"] },
  ],
  ["a STATUS x ()", "a BAD Empty list"],
  ["a STATUS x (FOO)", "a BAD Unknown STATUS item"],
  ['a GETQUOTA ""', { tag: "a", name: "GETQUOTA", root: "" }],
  ["a GETQUOTAROOT INBOX", { tag: "a", name: "GETQUOTAROOT", mailbox: "INBOX" }],
  [
    'a SETQUOTA "" (STORAGE 512)',
    { tag: "a", name: "SETQUOTA", root: "", limits: [{ resource: "STORAGE", limit: 512 }] },
  ],
  // APPEND
  [
    'A003 APPEND saved (\\Seen $Forwarded) "17-Jul-1996 02:44:25 -0700" {5}\r\nHello',
    {
      tag: "A003",
      name: "APPEND",
      mailbox: "saved",
      messages: [
        {
          marks: { flags: 1, keywords: ["$Forwarded"] },
          receivedAt: Date.UTC(1996, 6, 17, 9, 44, 25),
          bytes: Buffer.from("Hello"),
          utf8: false,
          binary: false,
        },
      ],
    },
  ],
  [
    // RFC 3502 §7, RFC 6855 §4, RFC 3516 §4.4
    "a APPEND x {1+}\r\n1 (\\Recent a A) UTF8 (~{2+}\r\n22) ~{1+}\r\n\0",
    {
      tag: "a",
      name: "APPEND",
      mailbox: "x",
      messages: [
        {
          marks: { flags: 0, keywords: [] },
          receivedAt: undefined,
          bytes: Buffer.from("1"),
          utf8: false,
          binary: false,
        },
        {
          marks: { flags: 0, keywords: ["a"] },
          receivedAt: undefined,
          bytes: Buffer.from("22"),
          utf8: true,
          binary: true,
        },
        {
          marks: { flags: 0, keywords: [] },
          receivedAt: undefined,
          bytes: Buffer.from("\0"),
          utf8: false,
          binary: true,
        },
      ],
    },
  ],
  ["a APPEND x", "a BAD Missing argument"],
  ["a APPEND x {0+}\r\n", "a NO Message is empty: nothing appended"],
  ["a APPEND x (\\Foo) {1+}\r\n1", "a BAD Unknown system flag"],
  ['a APPEND x "31-Feb-1996 02:44:25 -0700" {1+}\r\n1', "a BAD Invalid date-time"],
  ['a APPEND x "text"', "a BAD Invalid date-time"],
  ["a APPEND x UTF8 ({1+}\r\n1)", "a BAD Expected a literal8"],
  // messages
  ["a EXPUNGE", { tag: "a", name: "EXPUNGE", set: undefined }],
  ["a UID EXPUNGE 3000:3002", { tag: "a", name: "EXPUNGE", set: set([3000, 3002]) }],
  ["a UID EXPUNGE", "a BAD Missing argument"],
  ["a COPY 2:4 MEETING", { tag: "a", name: "COPY", uid: false, set: set([2, 4]), mailbox: "MEETING" }],
  ["a UID MOVE 42:69 foo", { tag: "a", name: "MOVE", uid: true, set: set([42, 69]), mailbox: "foo" }],
  [
    "A003 STORE 2:4 +FLAGS (\\Deleted)",
    {
      tag: "A003",
      name: "STORE",
      uid: false,
      set: set([2, 4]),
      mode: "add",
      silent: false,
      marks: { flags: 8, keywords: [] },
      unchangedSince: undefined,
    },
  ],
  [
    "a UID STORE $ (UNCHANGEDSINCE 12121230045) -flags.silent \\Seen $MDNSent",
    {
      tag: "a",
      name: "STORE",
      uid: true,
      set: { kind: "saved" },
      mode: "remove",
      silent: true,
      marks: { flags: 1, keywords: ["$MDNSent"] },
      unchangedSince: 12121230045,
    },
  ],
  [
    "a STORE * FLAGS ()",
    {
      tag: "a",
      name: "STORE",
      uid: false,
      set: set([star, star]),
      mode: "replace",
      silent: false,
      marks: { flags: 0, keywords: [] },
      unchangedSince: undefined,
    },
  ],
  ["a STORE 1 FLAGS", "a BAD Expected FLAGS, +FLAGS or -FLAGS"],
  ["a STORE 1 FLAGS ", "a BAD Expected an atom"],
  ["a STORE 1 XFLAGS (a)", "a BAD Expected FLAGS, +FLAGS or -FLAGS"],
  ["a STORE 1 FLAGS (\\*)", "a BAD Expected an atom"],
  ["a STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS ()", "a BAD Number is too large"],
  [
    "a FETCH 2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])",
    {
      tag: "a",
      name: "FETCH",
      uid: false,
      set: set([2, 4]),
      items: [
        { kind: "flags" },
        {
          kind: "section",
          section: part([], "HEADER.FIELDS", ["DATE", "FROM"]),
          peek: false,
          partial: undefined,
          label: "BODY[HEADER.FIELDS (DATE FROM)]",
        },
      ],
      changedSince: undefined,
      vanished: false,
      partial: undefined,
    },
  ],
  [
    "a FETCH 1 all",
    {
      tag: "a",
      name: "FETCH",
      uid: false,
      set: set([1, 1]),
      items: [{ kind: "flags" }, { kind: "internaldate" }, { kind: "size" }, { kind: "envelope" }],
      changedSince: undefined,
      vanished: false,
      partial: undefined,
    },
  ],
  [
    "a UID FETCH 1 FULL",
    {
      tag: "a",
      name: "FETCH",
      uid: true,
      set: set([1, 1]),
      items: [
        { kind: "uid" },
        { kind: "flags" },
        { kind: "internaldate" },
        { kind: "size" },
        { kind: "envelope" },
        { kind: "body" },
      ],
      changedSince: undefined,
      vanished: false,
      partial: undefined,
    },
  ],
  [
    "s100 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
    {
      tag: "s100",
      name: "FETCH",
      uid: true,
      set: set([1, star]),
      items: [{ kind: "uid" }, { kind: "flags" }, { kind: "modseq" }],
      changedSince: 12345,
      vanished: true,
      partial: undefined,
    },
  ],
  [
    "a FETCH 1 (UID RFC822 RFC822.HEADER RFC822.TEXT RFC822.SIZE BODYSTRUCTURE MODSEQ EMAILID THREADID SAVEDATE UID)",
    {
      tag: "a",
      name: "FETCH",
      uid: false,
      set: set([1, 1]),
      items: [
        { kind: "uid" },
        { kind: "section", section: part([]), peek: false, partial: undefined, label: "RFC822" },
        { kind: "section", section: part([], "HEADER"), peek: true, partial: undefined, label: "RFC822.HEADER" },
        { kind: "section", section: part([], "TEXT"), peek: false, partial: undefined, label: "RFC822.TEXT" },
        { kind: "size" },
        { kind: "bodystructure" },
        { kind: "modseq" },
        { kind: "emailid" },
        { kind: "threadid" },
        { kind: "savedate" },
      ],
      changedSince: undefined,
      vanished: false,
      partial: undefined,
    },
  ],
  [
    'a FETCH 1 (BODY.PEEK[1.2.MIME]<0.2048> BODY[3.TEXT] BODY[4.1] BODY[5.HEADER.FIELDS.NOT ({3+}\r\nabc "x")] BODY[])',
    {
      tag: "a",
      name: "FETCH",
      uid: false,
      set: set([1, 1]),
      items: [
        {
          kind: "section",
          section: part([1, 2], "MIME"),
          peek: true,
          partial: { offset: 0, count: 2048 },
          label: "BODY[1.2.MIME]<0>",
        },
        { kind: "section", section: part([3], "TEXT"), peek: false, partial: undefined, label: "BODY[3.TEXT]" },
        { kind: "section", section: part([4, 1]), peek: false, partial: undefined, label: "BODY[4.1]" },
        {
          kind: "section",
          section: part([5], "HEADER.FIELDS.NOT", ["abc", "x"]),
          peek: false,
          partial: undefined,
          label: "BODY[5.HEADER.FIELDS.NOT (abc x)]",
        },
        { kind: "section", section: part([]), peek: false, partial: undefined, label: "BODY[]" },
      ],
      changedSince: undefined,
      vanished: false,
      partial: undefined,
    },
  ],
  [
    "a FETCH 1 (BINARY[1.2] BINARY.PEEK[3]<10.20> BINARY.SIZE[4] BINARY[])",
    {
      tag: "a",
      name: "FETCH",
      uid: false,
      set: set([1, 1]),
      items: [
        { kind: "binary", part: [1, 2], peek: false, partial: undefined, label: "BINARY[1.2]" },
        { kind: "binary", part: [3], peek: true, partial: { offset: 10, count: 20 }, label: "BINARY[3]<10>" },
        { kind: "binary-size", part: [4], label: "BINARY.SIZE[4]" },
        { kind: "binary", part: [], peek: false, partial: undefined, label: "BINARY[]" },
      ],
      changedSince: undefined,
      vanished: false,
      partial: undefined,
    },
  ],
  [
    "a FETCH 1 (BODY.PEEK[] BODY[])",
    {
      tag: "a",
      name: "FETCH",
      uid: false,
      set: set([1, 1]),
      items: [{ kind: "section", section: part([]), peek: false, partial: undefined, label: "BODY[]" }],
      changedSince: undefined,
      vanished: false,
      partial: undefined,
    },
  ],
  ["a FETCH 18446744073709551617 UID", "a BAD Invalid sequence set"],
  ["a FETCH 0 UID", "a BAD Invalid sequence set"],
  ["a FETCH 1 (ALL)", "a BAD Unknown FETCH item"],
  ["a FETCH 1 BODY[0]", "a BAD Zero is not allowed here"],
  ["a FETCH 1 BODY[MIME]", "a BAD MIME needs a part"],
  ["a FETCH 1 BODY[1.FOO]", "a BAD Unknown section"],
  ["a FETCH 1 BODY[1.]", "a BAD Expected a word"],
  ["a FETCH 1 BODY[1", "a BAD Expected ."],
  ["a FETCH 1 BODY[99999999999]", "a BAD Number is too large"],
  [`a FETCH 1 BODY[${Array(101).fill("1").join(".")}]`, "a BAD Part is too deep"],
  ["a FETCH 1 BODY[]<0.0>", "a BAD Partial count is zero"],
  ["a FETCH 1 BODY[]<0>", "a BAD Expected ."],
  ['a FETCH 1 BODY[HEADER.FIELDS ("a\\"b:")]', "a BAD Invalid header field name"],
  ["a FETCH 1 BODY[HEADER.FIELDS ()]", "a BAD Empty list"],
  ["a FETCH 1 ()", "a BAD Empty list"],
  ["a FETCH 1 (UID", "a BAD Missing argument"],
  ["a FETCH 1 UID (VANISHED)", "a BAD VANISHED needs UID FETCH and CHANGEDSINCE"],
  ["a FETCH 1 UID (FOO 1)", "a BAD Unknown FETCH modifier"],
  // RFC 8970
  [
    "a FETCH 1 (PREVIEW (LAZY) UID)",
    {
      tag: "a",
      name: "FETCH",
      uid: false,
      set: set([1, 1]),
      items: [{ kind: "preview" }, { kind: "uid" }],
      changedSince: undefined,
      vanished: false,
      partial: undefined,
    },
  ],
  ["a FETCH 1 PREVIEW (EAGER)", "a BAD Unknown PREVIEW modifier"],
  // RFC 9394
  [
    "a UID FETCH 25900:26600 UID (PARTIAL -200:-101)",
    {
      tag: "a",
      name: "FETCH",
      uid: true,
      set: set([25900, 26600]),
      items: [{ kind: "uid" }],
      changedSince: undefined,
      vanished: false,
      partial: { first: 101, last: 200, fromEnd: true },
    },
  ],
  ["a FETCH 1 UID (PARTIAL 0:10)", "a BAD Zero is not allowed here"],
  ["a FETCH 1 UID (PARTIAL -1:10)", "a BAD Expected -"],
  // RFC 8508
  [
    "a UID REPLACE 7 Drafts (\\Seen) {3+}\r\nabc",
    {
      tag: "a",
      name: "REPLACE",
      uid: true,
      set: set([7, 7]),
      mailbox: "Drafts",
      message: {
        marks: { flags: 1, keywords: [] },
        receivedAt: undefined,
        bytes: Buffer.from("abc"),
        utf8: false,
        binary: false,
      },
    },
  ],
  ["a REPLACE 1:2 Drafts {3+}\r\nabc", "a BAD REPLACE takes one message"],
  ["a REPLACE $ Drafts {3+}\r\nabc", "a BAD REPLACE takes one message"],
  ["a REPLACE 1 Drafts {3+}\r\nabc {3+}\r\nabc", "a BAD Unexpected text after the command"],
  ["a REPLACE 1 {6+}\r\nDrafts {3+}\r\nabc x", "a BAD Unexpected text after the command"],
  // RFC 8440, RFC 9590
  [
    'a LIST "" * RETURN (MYRIGHTS METADATA ("/shared/Comment" /private/x))',
    {
      tag: "a",
      name: "LIST",
      ...plainList,
      extended: true,
      reference: "",
      patterns: ["*"],
      returns: { ...plainList.returns, myRights: true, metadata: ["/shared/comment", "/private/x"] },
    },
  ],
  // RFC 9698
  ["a GETJMAPACCESS", { tag: "a", name: "GETJMAPACCESS" }],
  // RFC 5465
  ["a NOTIFY NONE", { tag: "a", name: "NOTIFY", groups: [], status: false }],
  [
    "a NOTIFY SET STATUS (selected-delayed (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (mailboxes (INBOX Lists/x) (messagenew messageexpunge)) (subtree Work NONE) (subscribed (SubscriptionChange MailboxName))",
    {
      tag: "a",
      name: "NOTIFY",
      status: true,
      groups: [
        {
          filter: { kind: "selected-delayed" },
          events: new Set(["MessageNew", "MessageExpunge", "FlagChange"]),
          items: [{ kind: "uid" }, { kind: "flags" }],
        },
        {
          filter: { kind: "mailboxes", names: ["INBOX", "Lists/x"] },
          events: new Set(["MessageNew", "MessageExpunge"]),
          items: [],
        },
        { filter: { kind: "subtree", names: ["Work"] }, events: new Set(), items: [] },
        { filter: { kind: "subscribed" }, events: new Set(["SubscriptionChange", "MailboxName"]), items: [] },
      ],
    },
  ],
  ["a NOTIFY SET (personal (MessageNew))", "a BAD MessageNew and MessageExpunge go together"],
  ["a NOTIFY SET (personal (FlagChange))", "a BAD FlagChange needs MessageNew and MessageExpunge"],
  ["a NOTIFY SET (personal (MessageNew (UID) MessageExpunge))", "a BAD Items are for the selected mailbox"],
  ["a NOTIFY SET (selected (MailboxName))", "a BAD The selected mailbox has events of messages only"],
  [
    "a NOTIFY SET (personal (AnnotationChange))",
    "a NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)] That event is not told of",
  ],
  ["a NOTIFY SET (everything (MailboxName))", "a BAD Unknown choice of mailboxes"],
  ["a NOTIFY SET", "a BAD Missing argument"],
  // RFC 7377
  [
    "a ESEARCH IN (mailboxes INBOX subtree-one (Work)) RETURN (COUNT) SEEN",
    {
      tag: "a",
      name: "ESEARCH",
      filters: [
        { kind: "mailboxes", names: ["INBOX"] },
        { kind: "subtree-one", names: ["Work"] },
      ],
      returns: {
        min: false,
        max: false,
        all: false,
        count: true,
        save: false,
        partial: undefined,
      },
      key: { kind: "flag", flag: 1 },
    },
  ],
  [
    "a ESEARCH ALL",
    { tag: "a", name: "ESEARCH", filters: [{ kind: "selected" }], returns: undefined, key: { kind: "all" } },
  ],
];
for (const [wire, expected] of cases) {
  test(JSON.stringify(wire.slice(0, 100)), () => {
    for (let size = 1; size <= wire.length + 2; size++)
      assert.deepEqual(parse(wire, size), expected, `in pieces of ${size}`);
  });
}

const day = (text: string): number => Date.parse(`${text} UTC`);
const seen = { kind: "flag", flag: 1 };
const all = { min: false, max: false, all: true, count: false, save: false, partial: undefined };
const keys: readonly [keys: string, expected: object | string][] = [
  [
    "FLAGGED SINCE 1-Feb-1994 NOT FROM Smith",
    {
      kind: "and",
      keys: [
        { kind: "flag", flag: 4 },
        { kind: "date", of: "received", from: day("1 Feb 1994") },
        { kind: "not", key: { kind: "header", name: "from", needle: "Smith" } },
      ],
    },
  ],
  ["ALL", { kind: "all" }],
  ["1:3,5", { kind: "sequence", set: set([1, 3], [5, 5]) }],
  ["$", { kind: "sequence", set: { kind: "saved" } }],
  ["UID 7:*", { kind: "uids", set: set([7, star]) }],
  ["UNSEEN", { kind: "not", key: seen }],
  ["NEW", { kind: "new" }],
  ["KEYWORD $Junk", { kind: "keyword", keyword: "$Junk" }],
  ["UNKEYWORD x", { kind: "not", key: { kind: "keyword", keyword: "x" } }],
  ["ON 1-Feb-1994", { kind: "date", of: "received", from: day("1 Feb 1994"), before: day("2 Feb 1994") }],
  ['SENTBEFORE "01-Feb-1994"', { kind: "date", of: "sent", before: day("1 Feb 1994") }],
  ["SAVEDSINCE 29-Feb-2024", { kind: "date", of: "saved", from: day("29 Feb 2024") }],
  ["SAVEDATESUPPORTED", { kind: "savedatesupported" }],
  ["SINCE 29-Feb-2023", "BAD Invalid date"],
  ["LARGER 10", { kind: "larger", bytes: 10 }],
  ["YOUNGER 3600", { kind: "younger", seconds: 3600 }],
  ["OLDER 0", "BAD Zero is not allowed here"],
  ["MODSEQ 620162338", { kind: "modseq", from: 620162338 }],
  ['MODSEQ "/flags/\\\\draft" all 620162338', { kind: "modseq", from: 620162338 }],
  [
    "EMAILID M1 THREADID T2",
    {
      kind: "and",
      keys: [
        { kind: "emailid", id: "M1" },
        { kind: "threadid", id: "T2" },
      ],
    },
  ],
  ['HEADER Message-ID "<a@b>"', { kind: "header", name: "message-id", needle: "<a@b>" }],
  ['HEADER X-Flag ""', { kind: "header", name: "x-flag", needle: "" }],
  ["TEXT {6+}\r\nstring", { kind: "text", needle: "string" }],
  ['BODY "gr\xc3\xbcn"', { kind: "body", needle: "grün" }],
  ['BODY "gr\xfcn"', "BAD Text is not in its charset"],
  ['CHARSET ISO-8859-1 BODY "gr\xfcn"', { kind: "body", needle: "grün" }],
  ["CHARSET UTF-8 TEXT {2}\r\n\xc3\xbc", { kind: "text", needle: "ü" }],
  ["CHARSET KLINGON TEXT x", "NO [BADCHARSET (US-ASCII UTF-8)] Unknown charset"],
  ["OR SEEN FLAGGED", { kind: "or", keys: [seen, { kind: "flag", flag: 4 }] }],
  [
    "OR OR ALL SEEN OR SEEN ALL",
    { kind: "or", keys: [{ kind: "or", keys: [{ kind: "all" }, seen] }, seen, { kind: "all" }] },
  ],
  ["OR SEEN OR SEEN OR SEEN ALL", { kind: "or", keys: [seen, seen, seen, { kind: "all" }] }],
  ["(SEEN)", seen],
  [
    "(SEEN (ALL 1))",
    { kind: "and", keys: [seen, { kind: "and", keys: [{ kind: "all" }, { kind: "sequence", set: set([1, 1]) }] }] },
  ],
  ["NOT (SEEN ALL)", { kind: "not", key: { kind: "and", keys: [seen, { kind: "all" }] } }],
  ["OR SEEN", "BAD Missing argument"],
  ["NOT", "BAD Missing argument"],
  ["()", "BAD Empty list"],
  ["(SEEN", "BAD Missing argument"],
  ["FOO", "BAD Unknown search key"],
  ["UNFOO", "BAD Unknown search key"],
  [`${"(".repeat(4000)}`, "BAD Search is nested too deep"],
  [`${"NOT ".repeat(4000)}ALL`, "BAD Search is nested too deep"],
  [`${"OR ".repeat(4000)}ALL`, "BAD Search is nested too deep"],
  [`${"OR ALL ".repeat(4000)}ALL`, "BAD Too many search keys"],
  [`${"ALL ".repeat(4000)}ALL`, "BAD Too many search keys"],
];
for (const [text, expected] of keys) {
  test(`search ${JSON.stringify(text.slice(0, 60))}`, () => {
    const wire = `a SEARCH ${text}`;
    const wanted =
      typeof expected === "string"
        ? `a ${expected}`
        : { tag: "a", name: "SEARCH", uid: false, returns: undefined, key: expected };
    for (let size = 1; size <= Math.min(wire.length + 2, 200); size++) assert.deepEqual(parse(wire, size), wanted);
  });
}

test("SEARCH RETURN, SORT and THREAD", () => {
  const cases: readonly [string, object | string][] = [
    ["UID SEARCH RETURN () ALL", { tag: "a", name: "SEARCH", uid: true, returns: all, key: { kind: "all" } }],
    [
      "SEARCH RETURN (MIN COUNT SAVE) CHARSET UTF-8 SEEN",
      {
        tag: "a",
        name: "SEARCH",
        uid: false,
        returns: { ...all, all: false, min: true, count: true, save: true },
        key: seen,
      },
    ],
    [
      "UID SEARCH RETURN (PARTIAL -1:-100 SAVE) ALL",
      {
        tag: "a",
        name: "SEARCH",
        uid: true,
        returns: { ...all, all: false, save: true, partial: { first: 1, last: 100, fromEnd: true } },
        key: { kind: "all" },
      },
    ],
    ["SEARCH RETURN (ALL PARTIAL 1:2) ALL", "a BAD PARTIAL and ALL do not go together"],
    ["SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL", "a BAD Unknown RETURN option"],
    ["SEARCH RETURN (FOO) ALL", "a BAD Unknown RETURN option"],
    ["SEARCH RETURN (toString) ALL", "a BAD Unknown RETURN option"],
    ["SEARCH RETURN (ALL)", "a BAD Missing argument"],
    [
      "UID SORT (REVERSE DATE SUBJECT) UTF-8 ALL",
      {
        tag: "a",
        name: "SORT",
        uid: true,
        returns: undefined,
        order: [
          { by: "date", reverse: true },
          { by: "subject", reverse: false },
        ],
        key: { kind: "all" },
      },
    ],
    [
      "SORT RETURN (COUNT) (ARRIVAL) US-ASCII SEEN",
      {
        tag: "a",
        name: "SORT",
        uid: false,
        returns: { ...all, all: false, count: true },
        order: [{ by: "arrival", reverse: false }],
        key: seen,
      },
    ],
    ["SORT (REVERSE) UTF-8 ALL", "a BAD Missing argument"],
    ["SORT (FOO) UTF-8 ALL", "a BAD Unknown sort key"],
    ["SORT (DATE) KLINGON ALL", "a NO [BADCHARSET (US-ASCII UTF-8)] Unknown charset"],
    ["THREAD REFERENCES UTF-8 SEEN", { tag: "a", name: "THREAD", uid: false, algorithm: "REFERENCES", key: seen }],
    [
      "UID THREAD ORDEREDSUBJECT UTF-8 ALL",
      { tag: "a", name: "THREAD", uid: true, algorithm: "ORDEREDSUBJECT", key: { kind: "all" } },
    ],
    ["THREAD JWZ UTF-8 ALL", "a BAD Unknown threading algorithm"],
  ];
  for (const [text, expected] of cases) assert.deepEqual(parse(`a ${text}`), expected);
});

test("names are UTF-8 once the client has enabled it", () => {
  assert.deepEqual(parse('a DELETE "Entw\xc3\xbcrfe"', 99, true), { tag: "a", name: "DELETE", mailbox: "Entwürfe" });
  assert.deepEqual(parse("a DELETE Q&A", 99, true), { tag: "a", name: "DELETE", mailbox: "Q&A" });
  assert.equal(parse('a DELETE "Entw\xc3\xbcrfe"'), "a NO [CANNOT] Not a valid mailbox name");
});

test("anything at all is a command or an answer that breaks no line, quickly", () => {
  const words =
    'a ;NOOP;LOGIN;FETCH;UID;SEARCH;STORE;APPEND;LIST;STATUS;SELECT;SORT;THREAD;ID;NOTIFY SET;ESEARCH IN;REPLACE 1;(;); ;1;*;:;,;$;BODY;[;];<0.1>;HEADER.FIELDS;";\\;{3+}\r\nabc;~{1+}\r\n\0;FLAGS;+FLAGS;\\Seen;NOT;OR;FROM;UTF-8;RETURN;1-Feb-1994;NIL;\xff;\0;99999999999999999999;x;(QRESYNC;UTF8;CHANGEDSINCE;(PARTIAL;-1:-9;PREVIEW (LAZY);(selected (MessageNew;MessageExpunge))'.split(
      ";",
    );
  let seed = 33;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  for (let round = 0; round < 60_000 * Number(process.env["FUZZ"] ?? 1); round++) {
    const reader = new CommandReader(random(2) ? strangerLimits : userLimits);
    let wire = `a ${words[1 + random(17)]}`;
    for (let count = random(16); count > 0; count--) wire += (random(3) ? " " : "") + words[random(words.length)];
    reader.push(Buffer.from(`${wire}\r\n`, "latin1"));
    for (let steps = 0; ; steps++) {
      assert.ok(steps < 100);
      const step = reader.next();
      if (step.kind === "more" || step.kind === "close") break;
      if (step.kind !== "command") continue;
      const command = parseCommand(step.input, random(2) === 0);
      if (command.name === "refused")
        assert.match(`${command.tag} ${command.status} ${command.text}`, /^[!-~]+ (?:BAD|NO) [ -~]+$/);
    }
  }
});
