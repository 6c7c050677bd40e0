// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how variables of Sieve are written.
/** What scripts do: a script and, in one line, what comes of it; after the examples and sentences of the RFCs: run by themselves and through delivery. */
import type { RunOptions } from "./test-run.ts";

export type CommandCase = readonly [script: string | readonly string[], expected: string, options?: RunOptions];

const vars = 'require ["variables", "fileinto"];';
const value = (set: string): string => `${vars} ${set} fileinto "\${a}";`;
const flags = 'require ["imap4flags", "fileinto", "variables"];';

export const commandTables: { readonly [name: string]: readonly CommandCase[] } = {
  "keep, discard, stop, RFC 5228 §4": [
    ["", "keep"],
    ["# nothing but a comment", "keep"],
    ["/* a comment\nof two lines */ keep;", "keep"],
    ["keep;", "keep"],
    ["keep; keep;", "keep"],
    ["discard;", "discard"],
    ["discard; keep;", "keep"],
    ["keep; discard;", "keep"],
    ["stop; discard;", "keep"],
    ["if true { stop; } discard;", "keep"],
    ["if true { discard; stop; } keep;", "discard"],
    ["KEEP;", "keep"],
    ["If Not False { Discard; }", "discard"],
  ],
  "fileinto, RFC 5228 §4.1, RFC 3894, RFC 5490": [
    ['require "fileinto"; fileinto "Work";', "fileinto Work"],
    ['require ["fileinto"]; fileinto "Work"; keep;', "fileinto Work; keep"],
    ['require "fileinto"; fileinto "Work"; fileinto "Work";', "fileinto Work"],
    ['require "fileinto"; fileinto "a"; fileinto "b";', "fileinto a; fileinto b"],
    ['require ["fileinto", "copy"]; fileinto :copy "Work";', "fileinto Work; keep"],
    ['require ["fileinto", "copy"]; fileinto :copy "Work"; discard;', "fileinto Work"],
    ['require ["fileinto", "mailbox"]; fileinto :create "New";', "fileinto New (create)"],
    ['require ["fileinto", "mailboxid"]; fileinto :mailboxid "2" "Work";', "fileinto Work (id=2)"],
    ['require ["fileinto", "special-use"]; fileinto :specialuse "\\\\Junk" "Junk";', "fileinto Junk (\\Junk)"],
    ['require "fileinto"; fileinto text:\nWork\n.\n;', 'line 1, column 30: "Work\n" is no name of a mailbox'],
  ],
  "if, elsif, else, RFC 5228 §3.1": [
    ["if true { discard; } else { keep; }", "discard"],
    ["if false { discard; } else { keep; }", "keep"],
    ["if false { keep; } elsif true { discard; } else { keep; }", "discard"],
    ["if false { discard; } elsif false { discard; }", "keep"],
    ["if false {} elsif false { keep; } else { discard; }", "discard"],
    ['if header "subject" "x" { keep; } elsif header :contains "subject" "order" { discard; }', "discard"],
    ["if true { if true { if not true { keep; } else { discard; } } }", "discard"],
    ["if true {} else { discard; }", "keep"],
  ],
  "redirect, RFC 5228 §4.2": [
    ['redirect "far@else.test";', "redirect far@else.test"],
    ['redirect "far@else.test"; keep;', "redirect far@else.test; keep"],
    ['require "copy"; redirect :copy "far@else.test";', "redirect far@else.test; keep"],
    ['redirect "a@b.test"; redirect "a@b.test";', "redirect a@b.test"],
    ['redirect "Ann <a@b.test>";', "redirect a@b.test"],
    // RFC 6009 §3.
    ['require ["copy","redirect-dsn"]; redirect :copy :notify "NEVER" "a@b.test";', "redirect a@b.test NEVER; keep"],
    [
      'require "redirect-dsn"; redirect :notify "success,Delay" :ret "hdrs" "a@b.test";',
      "redirect a@b.test SUCCESS,DELAY hdrs",
    ],
    [
      'redirect "1@b.test"; redirect "2@b.test"; redirect "3@b.test"; redirect "4@b.test"; redirect "5@b.test"; redirect "6@b.test";',
      "keep; failed: a script may redirect a message to 5 addresses",
    ],
    [
      'require "variables"; set "a" "nobody"; redirect "${a}";',
      'keep; failed: "nobody" is no mail address to redirect to',
    ],
  ],
  "reject and ereject, RFC 5429": [
    ['require "reject"; reject "no thanks";', "reject no thanks"],
    ['require "ereject"; ereject "no thanks";', "ereject no thanks"],
    ['require "reject"; reject text:\nline one\n..dot\n.\n;', "reject line one\n.dot\n"],
    ['require "reject"; reject "a"; discard;', "reject a"],
    ['require "reject"; reject "a"; keep;', "keep; failed: a rejected message cannot be given to keep"],
    ['require "reject"; keep; reject "a";', "keep; failed: a message cannot be rejected after keep"],
    ['require "reject"; reject "a"; reject "b";', "keep; failed: a message is rejected once"],
    [
      'require ["reject", "fileinto"]; fileinto "x"; reject "a";',
      "keep; failed: a message cannot be rejected after fileinto",
    ],
    [
      'require ["ereject", "vacation"]; ereject "a"; vacation "b";',
      "keep; failed: a rejected message cannot be given to vacation",
    ],
    [
      'require ["reject"]; reject "a"; redirect "a@b.test";',
      "keep; failed: a rejected message cannot be given to redirect",
    ],
  ],
  "set, RFC 5229 §4": [
    [value('set "a" "Work";'), "fileinto Work"],
    [value('set "A" "x"; set "b" "${A}y"; set "a" "${B}z";'), "fileinto xyz"],
    [value('set "a" "juMBlEd lETteRS"; set :length "a" "${a}";'), "fileinto 15"],
    [value('set :lower "a" "juMBlEd lETteRS";'), "fileinto jumbled letters"],
    [value('set :upper "a" "juMBlEd lETteRS";'), "fileinto JUMBLED LETTERS"],
    [value('set :upperfirst "a" "juMBlEd lETteRS";'), "fileinto JuMBlEd lETteRS"],
    [value('set :lowerfirst "a" "JUMBLED";'), "fileinto jUMBLED"],
    [value('set :upperfirst :lower "a" "juMBlEd lETteRS";'), "fileinto Jumbled letters"],
    [value('set :lower :upperfirst "a" "juMBlEd lETteRS";'), "fileinto Jumbled letters"],
    [value('set :quotewildcard "a" "Rock*?\\\\";'), "fileinto Rock\\*\\?\\\\"],
    [value('set :length "a" "äöü😀";'), "fileinto 4"],
    [value('set :quotewildcard :length "a" "**";'), "fileinto 4"],
    [value('set "a" "x"; set "a" "${a}${a}";'), "fileinto xx"],
    [value('set "a" "${unknown}z";'), "fileinto z"],
    [
      value('if header :matches "subject" "[*] *" { set "a" "${1}/${2}/${3}"; }'),
      "fileinto tools/Your nächste order no. 4711/",
    ],
    [value('if header :matches "subject" "*" { set "a" "${0}"; }'), "fileinto [tools] Your nächste order no. 4711"],
    [value('if string :matches "foobarbaz" "*bar*" { set "a" "${1}-${2}"; }'), "fileinto foo-baz"],
    [value('if string :matches "aXbXc" "*X*" { set "a" "${1}-${2}"; }'), "fileinto a-bXc"],
    [value('if string :matches "abc" "??*" { set "a" "${1}-${2}-${3}"; }'), "fileinto a-b-c"],
    [value('if string :matches "abc" "a*c*" { set "a" "<${1}><${2}>"; }'), "fileinto <b><>"],
    [value('if string :matches "one" "*" {} if string :matches "x" "y*" {} set "a" "${1}";'), "fileinto one"],
    [value('if string :matches "Äb" "?*" { set "a" "${1}"; }'), "fileinto Ä"],
    [value('if not string :matches "x" "y" { set "a" "<${0}>"; }'), "fileinto <>"],
    [`require ["regex"]; ${value('if string :regex "k=v" "(.*)=(.*)" { set "a" "${2}${1}"; }')}`, "fileinto vk"],
    [`require ["regex"]; ${value('if string :regex "aaa" "(a+?)(a*)" { set "a" "${1}-${2}"; }')}`, "fileinto a-aa"],
    [`require ["regex"]; ${value('if string :regex "ac" "a(b)?c" { set "a" "<${1}>"; }')}`, "fileinto <>"],
    [`require ["regex"]; ${value('set :quoteregex "a" "a.b*c";')}`, "fileinto a\\.b\\*c"],
    [`require ["enotify"]; ${value('set :encodeurl "a" "a b/ü";')}`, "fileinto a%20b%2F%C3%BC"],
  ],
  "flags, RFC 5232": [
    [`${flags} keep :flags "\\\\Seen";`, "keep [\\Seen]"],
    [`${flags} fileinto :flags ["\\\\Flagged", "$Work"] "Work";`, "fileinto Work [\\Flagged $Work]"],
    [`${flags} setflag "\\\\Deleted"; fileinto "Work";`, "fileinto Work [\\Deleted]"],
    [`${flags} setflag "\\\\seen \\\\SEEN"; keep;`, "keep [\\Seen]"],
    [`${flags} addflag "\\\\Flagged"; addflag ["\\\\Seen", "x"]; keep;`, "keep [\\Flagged \\Seen x]"],
    [`${flags} setflag ["a", "b", "c"]; removeflag "B"; keep;`, "keep [a c]"],
    [`${flags} addflag "\\\\Flagged";`, "keep [\\Flagged]"],
    [`${flags} setflag "a"; setflag "b"; keep;`, "keep [b]"],
    [`${flags} addflag "v" "a"; addflag "v" "b"; keep :flags "\${v}";`, "keep [a b]"],
    [`${flags} set "v" "x y"; removeflag "v" "x"; keep :flags "\${v}";`, "keep [y]"],
    [`${flags} setflag "a b"; if hasflag "A" { discard; }`, "discard"],
    [`${flags} setflag "a b"; if hasflag ["x", "b"] { discard; }`, "discard"],
    [`${flags} if hasflag "a" { discard; }`, "keep"],
    [`${flags} setflag "v" "\\\\Seen"; if hasflag :contains "v" "see" { discard; }`, "discard"],
    [`${flags} setflag ["one", "two"]; if hasflag :matches "t*" { discard; }`, "discard"],
    [
      `require "relational"; require "comparator-i;ascii-numeric"; ${flags} setflag ["1", "2", "3"]; if hasflag :count "ge" :comparator "i;ascii-numeric" "2" { discard; }`,
      "discard",
    ],
    [`${flags} setflag "v" "a"; if hasflag ["w", "v"] "a" { discard; }`, "discard"],
    [`${flags} setflag "\\\\Bogus ok"; keep;`, "keep [ok]"],
    [`${flags} keep :flags "";`, "keep"],
    [`${flags} addflag "a"; fileinto :flags "b" "W"; keep;`, "fileinto W [b]; keep [a]"],
  ],
  "vacation, RFC 5230 and RFC 6131": [
    ['require "vacation"; vacation "I am away.";', "vacation 604800 I am away.; keep"],
    ['require "vacation"; vacation :days 2 "x";', "vacation 172800 x; keep"],
    ['require "vacation"; vacation :days 0 "x";', "vacation 86400 x; keep"],
    ['require "vacation"; vacation :days 365 "x";', "vacation 2592000 x; keep"],
    ['require "vacation-seconds"; vacation :seconds 1800 "x";', "vacation 1800 x; keep"],
    ['require ["vacation", "vacation-seconds"]; vacation :seconds 0 "x";', "vacation 0 x; keep"],
    [
      'require "vacation"; vacation :addresses ["me@a.test", "i@b.test"] :subject "Away" :from "Ann <ann@example.test>" "x";',
      "vacation 604800 x (Away, Ann <ann@example.test>, me@a.test, i@b.test); keep",
    ],
    [
      'require "vacation"; vacation :mime "Content-Type: text/html\r\n\r\nx";',
      "vacation 604800 Content-Type: text/html\r\n\r\nx (mime); keep",
    ],
    ['require "vacation"; vacation "a"; discard;', "vacation 604800 a"],
    ['require "vacation"; vacation "a"; vacation "b";', "keep; failed: a script may ask for one vacation answer"],
    ['require ["vacation", "fcc"]; vacation :fcc "Sent" "a";', "vacation 604800 a (fcc Sent); keep"],
    [
      'require ["vacation", "fcc", "mailbox", "imap4flags"]; vacation :fcc "Sent" :create :flags "\\\\Seen" "a";',
      "vacation 604800 a (fcc Sent [\\Seen]); keep",
    ],
    [
      'require ["vacation", "variables"]; if header :matches "subject" "[*]*" { vacation :subject "Re: ${1}" "${2}"; }',
      "vacation 604800  Your nächste order no. 4711 (Re: tools); keep",
    ],
  ],
  "notify, RFC 5435 and RFC 5436": [
    ['require "enotify"; notify "mailto:ann@else.test";', "notify ann@else.test 2; keep"],
    ['require "enotify"; notify :importance "1" :message "New!" "mailto:a@b.test";', "notify a@b.test 1 New!; keep"],
    [
      'require "enotify"; notify "mailto:a@b.test?body=some%20text&to=c%40d.test";',
      "notify a@b.test,c@d.test 2 some text; keep",
    ],
    [
      'require ["enotify", "variables"]; set "a" "x:y"; notify "${a}";',
      'keep; failed: "x:y" is no mailto: address to notify',
    ],
    ['require "enotify"; notify :options ["a=b"] :from "me@b.test" "mailto:a@b.test"; discard;', "notify a@b.test 2"],
  ],
  "include, RFC 6609": [
    ['require "include"; include "spam"; keep;', "keep", { library: { "personal spam": "discard;" } }],
    ['require "include"; include "spam";', "discard", { library: { "personal spam": "discard;" } }],
    ['require "include"; include :global "spam";', "discard", { library: { "global spam": "discard;" } }],
    ['require "include"; include "none";', 'keep; failed: there is no personal script "none" to include'],
    ['require "include"; include :optional "none";', "keep"],
    [
      'require "include"; include "a"; discard;',
      "discard",
      { library: { "personal a": 'require "include"; return; keep;' } },
    ],
    ['require "include"; include "a"; discard;', "keep", { library: { "personal a": "stop;" } }],
    [
      `require "include"; ${'include "a"; '.repeat(20)}`,
      "keep",
      { library: { "personal a": `#${"x".repeat(20_000)}\nkeep;` } },
    ],
    [
      'require "include"; include "a"; include "b"; discard;',
      "keep; failed: the scripts that are included may have 262144 octets together",
      { library: { "personal a": `#${"x".repeat(140_000)}\n`, "personal b": `#${"x".repeat(140_000)}\n` } },
    ],
    [
      'require "include"; include "a"; include "b";',
      'keep; failed: in the included script "b", line 1, column 186: the regular expressions of this script are too large together',
      {
        library: Object.fromEntries(
          ["a", "b"].map((name) => [
            `personal ${name}`,
            `require "regex"; ${'if header :regex "x" "(a{1,200}){1,9}" { keep; } '.repeat(10)}`,
          ]),
        ),
      },
    ],
    [
      'require "include"; include "a";',
      'keep; failed: the script "a" includes itself, or scripts include each other too deep',
      { library: { "personal a": 'require "include"; include "a";' } },
    ],
    [
      'require "include"; include "a";',
      'keep; failed: in the included script "a", line 1, column 1: there is no command "foo"',
      { library: { "personal a": "foo;" } },
    ],
    [
      'require ["include", "variables", "fileinto"]; global "box"; set "box" "Work"; include "a";',
      "fileinto Work",
      { library: { "personal a": 'require ["include", "variables", "fileinto"]; global ["box"]; fileinto "${box}";' } },
    ],
    [
      'require ["include", "variables", "fileinto"]; include "a"; fileinto "${global.box}";',
      "fileinto Up",
      { library: { "personal a": 'require ["include", "variables"]; set "global.box" "Up";' } },
    ],
    [
      'require ["include", "variables", "fileinto"]; set "v" "mine"; include "a"; fileinto "${v}";',
      "fileinto mine",
      { library: { "personal a": 'require ["variables"]; set "v" "theirs";' } },
    ],
    [
      'require ["include", "fileinto"]; include :once "a"; include :once "a"; keep;',
      "fileinto x; keep",
      { library: { "personal a": 'require "fileinto"; fileinto "x";' } },
    ],
    ['require ["include"]; return; discard;', "keep"],
  ],
  "ihave and error, RFC 5463": [
    ['require ["ihave"]; if ihave "fileinto" { fileinto "x"; }', "fileinto x"],
    ['require ["ihave"]; if not ihave "wonders" { discard; }', "discard"],
    ['require ["ihave"]; if ihave "wonders" { wonder :really "x"; } else { discard; }', "discard"],
    ['require ["ihave"]; if allof (ihave "wonders", wonder "x") { discard; }', "keep"],
    ['require ["ihave"]; if ihave ["fileinto", "copy"] { fileinto :copy "x"; } else { nonsense; }', "fileinto x; keep"],
    ['require ["ihave"]; discard; error "I give up";', "keep; failed: the script gave up: I give up"],
    ['require ["ihave"]; if true { discard; } else { error "no"; }', "discard"],
  ],
  "foreverypart, RFC 5703": [
    ['require ["foreverypart"]; foreverypart { discard; }', "discard"],
    ['require ["foreverypart"]; foreverypart { break; discard; }', "keep"],
    [
      'require ["foreverypart"]; foreverypart :name "o" { foreverypart :name "i" { break :name "o"; } discard; }',
      "discard",
    ],
    [
      'require ["foreverypart", "mime", "fileinto"]; foreverypart { if header :mime :type "content-type" "text" { fileinto "t"; } }',
      "fileinto t",
    ],
    [
      'require ["foreverypart", "extracttext", "variables", "fileinto"]; foreverypart { extracttext :first 5 :upper "v"; } fileinto "${v}";',
      "fileinto HELLO",
    ],
  ],
  "several scripts": [
    [["discard;", "keep;"], "discard"],
    [["keep;", "discard;"], "discard"],
    [["", "discard;"], "discard"],
    [['require "fileinto"; fileinto "x";', "discard;"], "fileinto x"],
    [['require ["fileinto", "copy"]; fileinto :copy "x";', "discard;"], "fileinto x"],
    [["stop;", "discard;"], "discard"],
    [['require "imap4flags"; addflag "a";', ""], "keep [a]"],
    [['require "ihave"; error "x";', "discard;"], "failed: the script gave up: x"],
    [["", 'require ["ihave", "fileinto"]; fileinto "y"; error "x";'], "keep; failed: the script gave up: x"],
    [
      ['require ["fileinto", "copy"]; fileinto :copy "x";', 'require "ihave"; error "x";'],
      "fileinto x; keep; failed: the script gave up: x",
    ],
  ],
  bounds: [
    [
      `require ["fileinto"]; ${Array.from({ length: 40 }, (_, i) => `fileinto "m${i}";`).join("")}`,
      "keep; failed: a script may ask for 32 actions",
    ],
    [
      `${vars} set "a" "0123456789"; ${'set "a" "${a}${a}${a}${a}";'.repeat(8)} set :length "a" "\${a}"; fileinto "\${a}";`,
      "fileinto 16384",
    ],
    [
      `${vars} set "a" "0123456789"; ${'set "a" "${a}${a}${a}${a}";'.repeat(8)} ${Array.from({ length: 20 }, (_, i) => `set "v${i}" "\${a}";`).join("")}`,
      "keep; failed: the variables of the script hold too much",
    ],
    [
      `require ["regex"]; ${'if header :regex "subject" "(.*.*.*.*)*x{200}" { discard; }'.repeat(200)}`,
      "keep; failed: the script does more work than one message is allowed",
      { message: `Subject: ${"a".repeat(3000)}\r\n\r\n` },
    ],
  ],
};
