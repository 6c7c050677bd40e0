// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables of Sieve are written.
/** Scripts that need a server around them: trace fields, mailboxes, the clock, notices, answers. Told as the outcomes of test/sieve/test-run.ts are. */

/** `ann` stands for the person, `{id:Work}` for the id of a mailbox; mailboxes Work and Old are there, and those that every account has. */
export type DeliveredCase = readonly [
  script: string,
  expected: string,
  more?: { readonly from?: string; readonly message?: string },
];

const holds = (needs: string, line: string): DeliveredCase => [
  `require [${needs}]; if ${line} { discard; }`,
  "discard",
];
const fails = (needs: string, line: string): DeliveredCase => [`require [${needs}]; if ${line} { discard; }`, "keep"];
const mailboxes = '"mailbox", "mailboxid", "special-use", "mboxmetadata", "servermetadata"';
const spam = '"spamtestplus", "virustest", "relational", "comparator-i;ascii-numeric"';

export const deliveredTables: { readonly [name: string]: readonly DeliveredCase[] } = {
  "trace fields": [
    holds('"index"', 'header :index 1 :contains "received" "by mail.example.test"'),
    holds('"index"', 'header :last :index 1 :contains "received" "by mail.example.test"'),
    holds('"relational"', 'header :count "ge" "received" "1"'),
    holds('"envelope"', 'address "return-path" "bob@sender.test"'),
    fails('"date"', 'date "received" "date" "1999-01-01"'),
    holds('"date", "relational"', 'date :value "ge" "received" "year" "2026"'),
    holds('"date", "index", "relational"', 'date :index 1 :value "ge" "received" "year" "2026"'),
  ],
  "environment, RFC 5183": [
    holds('"environment"', 'environment "domain" "example.test"'),
    holds('"environment"', 'environment "host" "mail.example.test"'),
    holds('"environment"', 'environment :matches "remote-ip" "127.*"'),
    holds('"environment"', 'environment "location" "MS"'),
    holds('"environment"', 'environment "phase" "during"'),
    holds('"environment"', 'environment "name" "angarium"'),
    holds('"environment"', 'environment :matches "version" "?*"'),
    fails('"environment"', 'environment "unknown" ""'),
    fails('"environment"', 'environment :matches "vnd.unknown" "*"'),
    fails('"environment"', 'environment :matches "imap.cause" "*"'),
  ],
  "envelope, RFC 5228 §5.4": [
    ['require "envelope"; if envelope "from" "" { discard; }', "discard", { from: "" }],
    ['require "envelope"; if envelope :matches "from" "*" { discard; }', "discard", { from: "" }],
    ['require "envelope"; if envelope :contains "from" "@" { discard; }', "keep", { from: "" }],
    ['require "envelope"; if envelope :localpart "from" "x.y" { discard; }', "discard", { from: "x.y@a.test" }],
    [
      'require ["envelope", "subaddress"]; if envelope :detail "from" "b" { discard; }',
      "discard",
      { from: "a+b@c.test" },
    ],
  ],
  "mailboxes: RFC 5490, RFC 8579, RFC 9042": [
    holds(mailboxes, 'mailboxexists "Work"'),
    holds(mailboxes, 'mailboxexists ["INBOX", "Old"]'),
    holds(mailboxes, 'mailboxidexists "{id:Work}"'),
    holds(mailboxes, 'mailboxidexists ["{id:Work}", "{id:Old}"]'),
    holds(mailboxes, 'specialuse_exists "\\\\Archive"'),
    holds(mailboxes, 'specialuse_exists ["\\\\Sent", "\\\\Junk"]'),
    holds(mailboxes, 'specialuse_exists "Archive" "\\\\archive"'),
    fails(mailboxes, 'mailboxexists "None"'),
    fails(mailboxes, 'mailboxexists ["Work", "None"]'),
    fails(mailboxes, 'mailboxidexists "F999999"'),
    fails(mailboxes, 'specialuse_exists "Work" "\\\\Archive"'),
    fails(mailboxes, 'metadata "Work" "/private/other" "x"'),
    fails(mailboxes, 'metadataexists "Work" "/private/comment"'),
    fails(mailboxes, 'servermetadata :is "/shared/other" ""'),
    fails(mailboxes, 'servermetadataexists "/shared/other"'),
    ['require ["fileinto", "mailboxid"]; fileinto :mailboxid "{id:Work}" "Elsewhere";', "fileinto Work"],
    ['require ["fileinto", "special-use"]; fileinto :specialuse "\\\\Archive" "Elsewhere";', "fileinto Archive"],
    ['require ["fileinto", "special-use"]; fileinto :specialuse "\\\\Flagged" "Work";', "fileinto Work"],
    ['require ["fileinto", "mailbox"]; fileinto :create "Made/By/Script";', "fileinto Made/By/Script"],
    [
      'require ["fileinto", "mailbox", "special-use"]; fileinto :create :specialuse "\\\\Important" "Made/Weighty";',
      "fileinto Made/Weighty",
    ],
    ['require "fileinto"; fileinto "INBOX";', "keep"],
    ['require "fileinto"; fileinto "inBox";', "keep"],
    ['require "fileinto"; fileinto "Not/There";', "keep"],
  ],
  "currentdate, RFC 5260 §5": [
    holds('"date", "relational"', 'currentdate :value "ge" "year" "2026"'),
    holds('"date"', 'currentdate :zone "+0000" :matches "iso8601" "????-??-??T??:??:??*"'),
    holds('"date"', 'currentdate "weekday" ["0", "1", "2", "3", "4", "5", "6"]'),
    holds('"date"', 'currentdate :zone "+0530" "zone" "+0530"'),
    fails('"date"', 'currentdate "year" "1999"'),
    fails('"date", "relational"', 'currentdate :value "lt" "date" "2026-01-01"'),
  ],
  "spamtest and virustest, RFC 5235": [
    holds(spam, 'virustest "0"'),
    holds(spam, 'not virustest :value "ge" :comparator "i;ascii-numeric" "3"'),
    holds(spam, 'not spamtest :value "ge" :comparator "i;ascii-numeric" "9"'),
    holds(spam, 'not spamtest :percent :value "gt" :comparator "i;ascii-numeric" "90"'),
    holds('"spamtest", "relational"', 'spamtest :count "le" "1"'),
  ],
  "duplicate, RFC 7352": [
    fails('"duplicate"', "duplicate"),
    fails('"duplicate"', 'duplicate :uniqueid "${unset} one"'),
    holds('"duplicate"', 'not duplicate :handle "h" :header "x-none"'),
    fails('"duplicate"', 'duplicate :seconds 60 :last :uniqueid "two"'),
  ],
  "editheader, RFC 5293": [
    ['require "editheader"; addheader "X-A" "b"; if header "x-a" "b" { discard; }', "discard"],
    ['require "editheader"; addheader :last "X-A" "b"; if exists "x-a" { discard; }', "discard"],
    ['require "editheader"; deleteheader "subject"; if not exists "subject" { discard; }', "discard"],
    ['require "editheader"; deleteheader :contains "subject" "none"; if exists "subject" { discard; }', "discard"],
    ['require "editheader"; deleteheader "received"; if exists "received" { discard; }', "discard"],
    [
      'require ["editheader", "index"]; addheader "X-A" "1"; addheader "X-A" "2"; deleteheader :index 1 "x-a"; if header "x-a" "2" { keep; } else { discard; }',
      "discard",
    ],
    [
      'require ["editheader", "variables"]; if header :matches "subject" "[*] *" { addheader "X-L" "${1}"; } if header "x-l" "tools" { discard; }',
      "discard",
    ],
  ],
  "replace, enclose, extracttext, RFC 5703": [
    ['require "replace"; replace :subject "new" "text"; if header "subject" "new" { discard; }', "discard"],
    ['require ["replace", "body"]; replace "text"; if body :contains "text" { discard; }', "discard"],
    ['require ["replace", "body"]; replace "text"; if body :contains "pill" { discard; }', "keep"],
    ['require ["enclose"]; enclose :subject "round" "look"; if header "subject" "round" { discard; }', "discard"],
    ['require ["enclose", "body"]; enclose "look"; if body :contains "look" { discard; }', "discard"],
    [
      'require ["enclose", "mime"]; enclose "look"; if header :mime :anychild :contenttype "content-type" "message/rfc822" { discard; }',
      "discard",
    ],
    [
      'require ["foreverypart", "extracttext", "variables", "fileinto"]; foreverypart { extracttext :first 5 "v"; } fileinto "${v}";',
      "fileinto Hello",
    ],
  ],
  "redirect and copy, RFC 5228 §4.2, RFC 3894": [
    ['redirect "one@far.test";', "redirect one@far.test"],
    ['redirect "one@far.test"; keep;', "redirect one@far.test; keep"],
    ['require "copy"; redirect :copy "one@far.test";', "redirect one@far.test; keep"],
    ['redirect "one@far.test"; redirect "two@far.test";', "redirect one@far.test; redirect two@far.test"],
    ['require "variables"; set "to" "three"; redirect "${to}@far.test";', "redirect three@far.test"],
    [
      'require ["copy", "fileinto"]; fileinto "Work"; redirect :copy "one@far.test";',
      "fileinto Work; redirect one@far.test",
    ],
    ['require "encoded-character"; redirect "four${hex:40}out.test";', "redirect four@out.test"],
  ],
  "reject and ereject, RFC 5429": [
    ['require "reject"; reject "no";', "reject no"],
    ['require "ereject"; ereject "no";', "ereject no"],
    ['require "ereject"; if header :contains "subject" "order" { ereject "no orders"; }', "ereject no orders"],
    ['require "ereject"; if header :contains "subject" "spam" { ereject "no spam"; }', "keep"],
    ['require ["reject", "variables"]; set "why" "busy"; reject "I am ${why}";', "reject I am busy"],
  ],
  "vacation, RFC 5230, RFC 6131": [
    ['require "vacation"; vacation "I am away";', "vacation 604800 I am away; keep"],
    ['require "vacation"; vacation :days 1 :subject "Gone" "away";', "vacation 86400 away; keep"],
    ['require "vacation-seconds"; vacation :seconds 60 "away";', "vacation 60 away; keep"],
    ['require ["vacation", "fileinto"]; fileinto "Work"; vacation "away";', "fileinto Work; vacation 604800 away"],
    ['require ["vacation", "fcc"]; vacation :fcc "Work" "away";', "vacation 604800 away (fcc Work); keep"],
    ['require "vacation"; if header :contains "subject" "nothing" { vacation "away"; }', "keep"],
  ],
  "enotify, RFC 5435, RFC 5436": [
    ['require "enotify"; notify "mailto:pager@far.test";', "notify pager@far.test 2; keep"],
    [
      'require "enotify"; notify :importance "3" :message "m" "mailto:pager@far.test"; discard;',
      "notify pager@far.test 3 m",
    ],
    [
      'require "enotify"; if valid_notify_method "mailto:pager@far.test" { notify "mailto:pager@far.test"; }',
      "notify pager@far.test 2; keep",
    ],
    ['require "enotify"; if notify_method_capability "xmpp:a@far.test" "online" "maybe" { discard; }', "keep"],
  ],
  "imap4flags, RFC 5232": [
    ['require "imap4flags"; setflag "\\\\Seen"; keep;', "keep [\\Seen]"],
    [
      'require "imap4flags"; setflag "\\\\Seen"; addflag ["\\\\Flagged", "work"]; keep;',
      "keep [\\Seen \\Flagged work]",
    ],
    ['require "imap4flags"; addflag ["a", "b"]; removeflag "a";', "keep [b]"],
    ['require ["imap4flags", "fileinto"]; addflag "a"; fileinto :flags "b" "Work";', "fileinto Work [b]"],
    ['require "imap4flags"; addflag "\\\\Deleted"; if hasflag "\\\\deleted" { discard; }', "discard"],
  ],
};
