/** The parts of the webmail that need no browser: what is read, what is written, what is doubted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cardFault } from "../../protocol/jmap/contact-card.ts";
import { compileScript } from "../../protocol/sieve/sieve.ts";
import type { Sentence } from "../../ui/words.svelte.ts";
import { formatAddress, isAddress, parseAddress, splitAddresses } from "../../webmail/src/compose/addresses.ts";
import { readMailto } from "../../webmail/src/compose/mailto.ts";
import { dayText, photoOf, placeOf } from "../../webmail/src/contacts/card-text.ts";
import { readVcards, vcardText, writeVcards } from "../../webmail/src/contacts/vcard.ts";
import type { EmailHead } from "../../webmail/src/jmap/types.ts";
import { writerFor } from "../../webmail/src/reading/behalf.ts";
import { isHeavy } from "../../webmail/src/reading/render/heavy.ts";
import { doubtOf } from "../../webmail/src/reading/render/links.ts";
import { isTracker } from "../../webmail/src/reading/render/remote.ts";
import { blocksOf, piecesOf } from "../../webmail/src/reading/render/text.ts";
import { type Action, type Condition, type Rule, readRules, writeRules } from "../../webmail/src/settings/rules.ts";
import { shortDate } from "../../webmail/src/shell/dates.ts";
import { nameOf, speakers } from "../../webmail/src/shell/people.ts";
import { authenticationOf } from "../../webmail/src/trust/authentication.ts";
import { doubtsOf } from "../../webmail/src/trust/doubts.ts";
import { hopsOf } from "../../webmail/src/trust/journey.ts";
import { seen } from "../../webmail/src/trust/turns.ts";
import { unsubscribeOf } from "../../webmail/src/trust/unsubscribe.ts";
import { ar } from "../../webmail/src/words/ar.ts";
import { de } from "../../webmail/src/words/de.ts";
import { en } from "../../webmail/src/words/en.ts";
import { es } from "../../webmail/src/words/es.ts";
import { fr } from "../../webmail/src/words/fr.ts";
import { ja } from "../../webmail/src/words/ja.ts";

const headers = (...lines: readonly string[]) => ({
  headers: lines.map((line) => ({ name: line.slice(0, line.indexOf(":")), value: line.slice(line.indexOf(":") + 1) })),
});
const from = (name: string | null, email: string) => ({ from: [{ name, email }] });

test("who wrote for whom: the Sender, where it is another than the author and no list", () => {
  const sales = [{ name: "Sales", email: "sales@x.test" }];
  const anna = [{ name: "Anna", email: "anna@x.test" }];
  const alone = { from: sales, sender: anna, "header:List-Id": null, "header:List-Post": null };
  assert.deepEqual(writerFor(alone), anna[0]);
  assert.equal(writerFor({ ...alone, sender: [{ name: null, email: "SALES@x.test" }] }), undefined);
  assert.equal(writerFor({ ...alone, "header:List-Id": " <chairs.x.test>" }), undefined);
  assert.equal(writerFor({ ...alone, "header:List-Post": " <mailto:chairs@x.test>" }), undefined);
  assert.equal(writerFor({ ...alone, sender: null }), undefined);
  assert.equal(writerFor({ ...alone, from: null }), undefined);
  const names = { me: "me", onBehalf: (who: string, whom: string) => `${who} for ${whom}` };
  const said = (emails: readonly object[], ...own: readonly string[]) =>
    speakers(emails as readonly EmailHead[], new Set(own), names);
  assert.equal(said([alone]), "Anna for Sales");
  assert.equal(said([alone, { ...alone, sender: null }]), "Anna for Sales, Sales");
  assert.equal(said([alone], "anna@x.test", "sales@x.test"), "me for Sales", "one's own letter as somebody else");
  assert.equal(said([{ ...alone, sender: null }], "sales@x.test"), "me");
  assert.equal(said([{ from: from("Bob Brown", "b@x.test").from }, alone]), "Bob, Anna for Sales");
});

test("what no page can draw is known without parsing it", () => {
  const attributes = (count: number, value: string) =>
    `<p ${Array.from({ length: count }, (_, i) => `a${i}=${value}`).join(" ")}>x</p>`;
  for (const heavy of [
    "<div>".repeat(1_100),
    "<table><tr><td>".repeat(1_100),
    "<b><i><a href=x><p>".repeat(400),
    "<br>".repeat(50_000),
    "x".repeat(3_000_000),
    attributes(900, "x"),
    attributes(900, '"x y z"'),
  ])
    assert.ok(isHeavy(heavy), heavy.slice(0, 40));
  for (const light of [
    "<div><table><tr><td>x</td></tr></table></div>".repeat(5_000),
    "<p>x<li>x<td>x".repeat(5_000),
    `<p title="${"x ".repeat(300_000)}">x</p>`,
    attributes(100, "x".repeat(100)),
    "<br".repeat(10_000),
    "</div>".repeat(5_000),
  ])
    assert.ok(!isHeavy(light), light.slice(0, 40));
});

test("addresses as people paste them", () => {
  assert.deepEqual(splitAddresses('"Smith, Ann" <a@x.test>, b@y.test; c@z.test\n d@w.test ,').map(parseAddress), [
    { name: "Smith, Ann", email: "a@x.test" },
    { name: null, email: "b@y.test" },
    { name: null, email: "c@z.test" },
    { name: null, email: "d@w.test" },
  ]);
  assert.equal(formatAddress({ name: 'Smith, "Ann"', email: "a@x.test" }), '"Smith, \\"Ann\\"" <a@x.test>');
  for (const good of ["a@b.test", "jürgen+x@müller.test", "a@[192.0.2.1]"]) assert.ok(isAddress(good), good);
  for (const bad of ["a", "a@", "@b.test", "a b@c.test", "a@b..test", "a@b", "<a@b.test>"])
    assert.ok(!isAddress(bad), bad);
});

test("links to write a letter: a plus is one, and what is wrong breaks nothing", () => {
  const of = (href: string) => {
    const { to, cc, bcc, subject, body } = readMailto(href);
    return [...[to, cc, bcc].map((people) => people.map(({ email }) => email).join()), subject, body];
  };
  assert.deepEqual(of("mailto:ann+list@x.test?CC=bob+a@x.test&subject=1+1%20=%202&body=a%0D%0Ab"), [
    "ann+list@x.test",
    "bob+a@x.test",
    "",
    "1+1 = 2",
    "a\r\nb",
  ]);
  assert.deepEqual(of("mailto:a@x.test%2Cb@x.test?to=c@x.test&bcc=d@x.test"), [
    "a@x.test,b@x.test,c@x.test",
    "",
    "d@x.test",
    "",
    undefined,
  ]);
  assert.deepEqual(of("mailto:%zz@x.test?subject=100%&attach=/etc/passwd#x"), [
    "%zz@x.test",
    "",
    "",
    "100%",
    undefined,
  ]);
});

test("vCards of three versions are read, and what is written is read again", () => {
  const cards = readVcards(
    "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:u1\r\nFN:Ann Smith\\, MD\r\nN:Smith;Ann;;;\r\nEMAIL;TYPE=work:ann@x.te\r\n st\r\nitem1.TEL;TYPE=cell:+1 555\r\nNOTE:two\\nlines\r\nEND:VCARD\r\n" +
      "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=utf-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg\nEMAIL;INTERNET;HOME:j@x.test\nEND:VCARD\n" +
      "BEGIN:VCARD\nVERSION:3.0\nUID:g1\nX-ADDRESSBOOKSERVER-KIND:group\nFN:Both\nX-ADDRESSBOOKSERVER-MEMBER:u1\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\n",
  );
  assert.equal(cards.length, 3);
  const [ann, joerg, both] = cards;
  assert.equal(ann?.name?.full, "Ann Smith, MD");
  assert.deepEqual(ann?.emails, { email1: { address: "ann@x.test", contexts: { work: true } } });
  assert.equal(ann?.notes?.["note1"]?.note, "two\nlines");
  assert.equal(joerg?.name?.full, "Jörg Müller");
  assert.deepEqual(both?.members, { u1: true });
  assert.deepEqual(readVcards(writeVcards(cards)), cards);
  for (const line of writeVcards([{ uid: "x", name: { full: "é".repeat(200) } }]).split("\r\n"))
    assert.ok(Buffer.byteLength(line) <= 75, line);
});

test("vCards of Apple and Google lose nothing on their way in and out", () => {
  const cards = readVcards(
    "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//macOS 14//EN\r\nN:Lovelace;Ada;King;Lady;FRS\r\nFN:Lady Ada Lovelace\r\nORG:Analytical Engines\\, Ltd;Notes;\r\nTITLE:Countess\r\nitem1.EMAIL;type=INTERNET;type=pref:ada@x.test\r\nitem1.X-ABLabel:_$!<Other>!$_\r\nTEL;type=CELL;type=VOICE:+44 1\r\nitem2.ADR;type=HOME:;;12 St James\\, Sq;London;;SW1;UK\r\nitem2.X-ABADR:gb\r\nBDAY;X-APPLE-OMIT-YEAR=1604:1604-12-10\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQ\r\n SkZJRg==\r\nX-SOCIALPROFILE;type=twitter;x-user=ada:http://twitter.com/ada\r\nUID:A-1\r\nEND:VCARD\r\n" +
      "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Engineers;;;;\r\nFN:Engineers\r\nX-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:A-1\r\nUID:G-1\r\nEND:VCARD\r\n" +
      "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bob\r\nN:;Bob;;;\r\nEMAIL;TYPE=INTERNET;TYPE=WORK:bob@x.test\r\nNOTE:one\\ntwo\r\nBDAY:19700131\r\nURL:https\\://bob.test/\r\nCATEGORIES:myContacts,Friends\r\nEND:VCARD\r\n",
  );
  const [ada, group, bob] = cards;
  assert.deepEqual(
    ada?.name?.components?.map(({ kind, value }) => `${kind} ${value}`),
    ["title Lady", "given Ada", "given2 King", "surname Lovelace", "credential FRS"],
  );
  assert.deepEqual(ada?.emails, { email1: { address: "ada@x.test", pref: 1, label: "Other" } });
  assert.deepEqual(ada?.phones, { tel1: { number: "+44 1", features: { mobile: true } } });
  assert.deepEqual(ada?.organizations, { org1: { name: "Analytical Engines, Ltd", units: [{ name: "Notes" }] } });
  assert.equal(placeOf(ada?.addresses?.["adr1"] ?? {}), "12 St James, Sq\nLondon SW1\nUK");
  assert.deepEqual(ada?.anniversaries, { bday1: { kind: "birth", date: { month: 12, day: 10 } } });
  assert.equal(dayText({ month: 12, day: 10 }, "en"), "December 10");
  assert.equal(ada === undefined ? "" : photoOf(ada), "data:image/jpeg;base64,/9j/4AAQSkZJRg==");
  assert.deepEqual(
    ada?.vCardProps?.map(([name]) => name),
    ["x-abadr", "x-socialprofile"],
  );
  assert.deepEqual(group?.members, { "A-1": true });
  assert.deepEqual(bob?.keywords, { myContacts: true, Friends: true });
  for (const [i, card] of readVcards(writeVcards(cards)).entries())
    assert.deepEqual({ ...card, uid: "" }, { ...cards[i], uid: "" });
  for (const card of cards) assert.equal(cardFault({ ...card }), undefined);
  assert.equal(vcardText(Uint8Array.of(0x4d, 0xfc)), "M\u00fc");
  assert.equal(vcardText(Buffer.from("\ufeffM\u00fc", "utf16le")), "M\u00fc");
});

test("filters become a script that compiles, whatever is written into them, and are read again", () => {
  const nasty = 'a"b\\c\r\n} stop; #';
  const conditions: Condition[] = (["from", "to", "subject", "list", "body"] as const).flatMap((field) =>
    (["contains", "not-contains", "is"] as const).map((is) => ({ field, is, value: nasty })),
  );
  const actions: Action[] = [
    { kind: "move", mailbox: nasty },
    { kind: "copy", mailbox: "A/B" },
    { kind: "seen" },
    { kind: "star" },
    { kind: "forward", address: "x@y.test" },
    { kind: "trash" },
    { kind: "stop" },
  ];
  const rules: Rule[] = [
    { id: "1", name: nasty, on: true, all: true, conditions, actions },
    { id: "2", name: "off", on: false, all: false, conditions: [{ field: "size", is: "larger", value: "x" }], actions },
    {
      id: "3",
      name: "any",
      on: true,
      all: false,
      conditions: [{ field: "size", is: "larger", value: "500" }],
      actions: [{ kind: "stop" }],
    },
  ];
  for (const include of [undefined, 'theirs "quoted"']) {
    const script = writeRules(rules, include);
    const compiled = compileScript(script, (_where, name) => (name === include ? "keep;" : undefined));
    assert.equal(compiled.kind, "script", JSON.stringify(compiled));
    assert.deepEqual(readRules(script), { rules, include });
  }
});

test("who sent it, by what the server says that it has found, and by no field of the message", () => {
  const passed =
    "mx.test; dkim=pass (1024 bits; x) header.d=mail.bank.test; spf=fail smtp.mailfrom=a@b.test; dmarc=none header.from=bank.test policy.aligned=dkim";
  const kind = (authenticationResults: string | null | undefined, sender = "x@bank.test") => {
    const email = { ...headers(`Authentication-Results: ${passed}`), ...from(null, sender) };
    return authenticationOf(authenticationResults === undefined ? email : { ...email, authenticationResults }).kind;
  };
  assert.equal(kind(passed), "verified");
  assert.equal(kind("mx.test; dmarc=fail header.from=bank.test"), "forged");
  const signed = (d: string, dmarc: string) => kind(`mx.test; dkim=pass header.d=${d}; dmarc=${dmarc}`);
  assert.equal(signed("bank.test", "none"), "verified");
  assert.equal(signed("notbank.test", "none"), "unknown");
  // Only the server knows which names are of one organisation: whoever has a page at a host of pages is not the host.
  assert.equal(signed("mallory.bank.test", "none"), "unknown");
  assert.equal(signed("test", "none"), "unknown");
  assert.equal(signed("bank.test", "fail"), "forged");
  assert.equal(kind("mx.test; dkim=policy header.d=bank.test; dmarc=none"), "unknown");
  assert.equal(kind("mx.test; spf=none; dmarc=none"), "unknown");
  // What its header says of results anybody may have written.
  assert.equal(kind(null), "unchecked");
  assert.equal(kind(undefined), "unchecked");
  const written = (how: string) => ({ authenticationResults: `mx.test; ${how}`, ...from(null, "x@mx.test") });
  assert.equal(authenticationOf(written('auth=pass smtp.mailfrom="x@mx.test"')).kind, "ours");
  assert.equal(authenticationOf(written("x-local=pass")).kind, "server");
  assert.equal(authenticationOf(written("x-local=fail; auth=none")).kind, "unknown");
});

test("a vCard that is a weapon costs no time", () => {
  const card = (inner: string) => readVcards(`BEGIN:VCARD\r\nFN:Ann\r\n${inner}\r\nEND:VCARD\r\n`);
  for (const inner of [
    `TEL${";TYPE=x".repeat(300_000)}:1`,
    `TEL;X=${'"a'.repeat(300_000)}:1`,
    "TEL:1\r\n".repeat(300_000),
    "a.EMAIL:a@b.c\r\n".repeat(200_000),
    `NOTE;ENCODING=QUOTED-PRINTABLE:${"=0D=0A=\r\n".repeat(100_000)}`,
  ])
    assert.equal(card(inner)[0]?.name?.full, "Ann");
  assert.equal(Object.keys(card("TEL:1\r\n".repeat(3_000))[0]?.phones ?? {}).length, 1_999);
});

test("names are shown as they are written, and never as nothing", () => {
  const as = (name: string) => nameOf({ name, email: "z@x.test" });
  assert.equal(as("Invoice\u202egpj.exe"), "Invoicegpj.exe");
  for (const nothing of [
    "",
    " ",
    "\u200b\u200d\u2060\ufeff",
    "\u3164\u115f",
    "\u2800",
    "\u{e0041}",
    '"\u00a0"',
    "\u0301\u0489",
  ])
    assert.equal(as(nothing), "z@x.test", JSON.stringify(nothing));
  for (const name of ["Ann", "李", "👩‍👧", "...", "é", "क्‍ष"]) assert.equal(as(name), name);
  assert.equal(as("W".repeat(40_000)), `${"W".repeat(100)}…`);
  assert.equal(as("😀".repeat(40_000)), `${"😀".repeat(100)}…`);
  assert.equal(seen("\u3164"), undefined);
  assert.equal(seen(" שלום\u200f! "), "שלום\u200f!", "a mark of direction says what it should in a subject");
});

test("in a list a letter of today shows its hour, and one of this week its day, though the clocks were changed", (t) => {
  const zone = process.env["TZ"];
  process.env["TZ"] = "Europe/Berlin";
  t.after(() => {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  });
  for (const [now, at, expected] of [
    ["2027-10-31T23:50", "2027-10-31T23:30", "23:30"],
    ["2027-10-31T23:50", "2027-10-31T10:10", "10:10"],
    ["2027-10-31T23:50", "2027-11-01T00:10", "1 Nov"],
    ["2027-11-01T12:00", "2027-10-31T23:59", "Sun"],
    ["2027-11-01T12:00", "2027-10-26T00:00", "Tue"],
    ["2027-11-01T12:00", "2027-10-25T23:30", "25 Oct"],
    ["2027-03-28T12:00", "2027-03-29T00:10", "29 Mar"],
    ["2027-03-29T12:00", "2027-03-22T23:30", "22 Mar"],
    ["2027-03-29T12:00", "2027-03-23T00:10", "Tue"],
    ["2028-01-01T00:10", "2027-12-31T23:50", "Fri"],
  ] as const)
    assert.equal(shortDate(new Date(at).toISOString(), "en-GB", Date.parse(now)), expected, `${at} at ${now}`);
});

test("look-alikes, names that are addresses, answers that go elsewhere", () => {
  const known = new Set(["example.test", "mybank.test"]);
  const kinds = (name: string | null, email: string, replyTo?: string) =>
    doubtsOf(
      { ...from(name, email), replyTo: replyTo === undefined ? null : [{ name: null, email: replyTo }] },
      known,
      new Set(["ann smith"]),
    ).map(({ kind }) => kind);
  assert.deepEqual(kinds(null, "x@exarnple.test"), ["look-alike"]);
  assert.deepEqual(kinds(null, "x@examp1e.test"), ["look-alike"]);
  assert.deepEqual(kinds(null, "x@еxample.test"), ["look-alike"]);
  assert.deepEqual(kinds(null, "x@mail.example.test"), []);
  assert.deepEqual(kinds(null, "x@other.test"), []);
  assert.deepEqual(kinds("ceo@example.test", "x@other.test"), ["name-is-address"]);
  assert.deepEqual(kinds("Ann Smith", "x@other.test"), ["name-of-ours"]);
  assert.deepEqual(kinds(null, "x@other.test", "y@third.test"), ["reply-elsewhere"]);
  assert.deepEqual(kinds(null, "x@news.other.test", "y@other.test"), []);
});

test("the way of a message, and whether each hop was encrypted", () => {
  const hops = hopsOf(
    headers(
      "Received: from mx.a.test (mx.a.test [192.0.2.1])\r\n by mx.b.test with ESMTPS (TLSv1.3 TLS_AES_128_GCM_SHA256) id 1; Wed, 25 Nov 2026 10:00:01 +0000",
      "Received: from laptop ([10.0.0.1]) by mx.a.test with SMTP; Wed, 25 Nov 2026 10:00:00 +0000 (UTC)",
      "Received: by laptop with JMAP id 0; Wed, 25 Nov 2026 09:59:59 +0000",
    ),
  );
  assert.deepEqual(
    hops.map(({ from: host, by, encrypted }) => [host, by, encrypted]),
    [
      [undefined, "laptop", undefined],
      ["laptop", "mx.a.test", false],
      ["mx.a.test", "mx.b.test", true],
    ],
  );
  assert.equal(hops[2]?.at, Date.parse("2026-11-25T10:00:01Z"));
});

test("how to leave a list", () => {
  const fields = [
    "List-Unsubscribe: <https://l.test/u/1>,\r\n <mailto:u@l.test?subject=out>",
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
  ];
  assert.deepEqual(
    unsubscribeOf(headers(...fields)).map(({ kind }) => kind),
    ["one-click", "mail"],
  );
  assert.deepEqual(unsubscribeOf(headers("List-Unsubscribe: <http://l.test/plain>, <javascript:alert(1)>")), []);
});

test("links that go elsewhere", () => {
  const cases: readonly [href: string, text: string, kind: string][] = [
    ["https://bank.test/login", "bank.test", "fine"],
    ["https://www.bank.test/login", "https://bank.test/other", "fine"],
    ["https://login.bank.test/", "bank.test", "fine"],
    ["https://evil.test/", "https://bank.test/login", "other-host"],
    ["https://bank.test.evil.test/", "bank.test", "other-host"],
    ["https://bank.test@evil.test/", "click here", "odd"],
    ["http://192.0.2.1/", "click here", "odd"],
    ["https://bаnk.test/", "click here", "look-alike"],
    ["https://evil.test/", "click here", "fine"],
  ];
  for (const [href, text, kind] of cases) assert.equal(doubtOf(href, text).kind, kind, href);
});

test("pictures that only tell who reads", () => {
  assert.ok(isTracker("https://x.test/a.gif", "1", "1", ""));
  assert.ok(isTracker("https://x.test/logo.gif", null, null, "display:none"));
  assert.ok(isTracker("https://x.test/logo.gif", null, null, "width:1px;height:1px"));
  assert.ok(isTracker("https://x.test/open/123.gif", null, null, ""));
  assert.ok(!isTracker("https://x.test/boat.jpg", "520", "180", ""));
  assert.ok(!isTracker("https://x.test/boat.jpg", null, null, "width:100%"));
});

test("plain text: quotes, signature, links", () => {
  assert.deepEqual(
    blocksOf("a\r\n> b\n>> c\n-- \nAnn").map(({ depth, kind }) => [depth, kind]),
    [
      [0, "text"],
      [1, "text"],
      [2, "text"],
      [0, "signature"],
    ],
  );
  const kinds = (text: string) =>
    blocksOf(text)
      .map(({ depth, kind }) => (depth > 0 ? "quote" : kind))
      .join();
  assert.equal(kinds("Yes.\n\nOn 3 May 2026, Ann <ann@x.test>\nwrote:\n\n> a"), "text,intro,quote");
  assert.equal(kinds("Yes.\n-- \nBob\n\nAm 3. Mai schrieb Ann:\n> a"), "text,signature,intro,quote");
  assert.equal(kinds("These two words:\n> a"), "text,quote", "a sentence of one's own");
  assert.deepEqual(
    piecesOf("see (https://x.test/a_(b)), or mail a@b.test.").filter(({ kind }) => kind === "link"),
    [
      { kind: "link", text: "https://x.test/a_(b)", href: "https://x.test/a_(b)" },
      { kind: "link", text: "a@b.test", href: "mailto:a@b.test" },
    ],
  );
});

test("every language says every sentence, with the same names in it", () => {
  const names = (sentence: Sentence) =>
    [...new Set((typeof sentence === "string" ? sentence : sentence.other).match(/\{\w+\}/g) ?? [])].sort();
  for (const [code, words] of Object.entries({ de, es, fr, ja, ar })) {
    assert.deepEqual(Object.keys(words).sort(), Object.keys(en).sort(), code);
    for (const [key, sentence] of Object.entries(words) as [keyof typeof en, Sentence][]) {
      assert.deepEqual(names(sentence), names(en[key]), `${code} ${key}`);
      if (typeof sentence === "string") continue;
      for (const form of Object.values(sentence))
        assert.ok(
          names(form).every((name) => names(en[key]).includes(name)),
          `${code} ${key}`,
        );
    }
  }
});
