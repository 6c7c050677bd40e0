import assert from "node:assert/strict";
import { test } from "node:test";
import { maxLinks, maxTargetChars, rewriteLinks } from "./links.ts";

const shown = (page: string): string => rewriteLinks(page, (target) => `[${target}]`) ?? "stays";

const cases: readonly [name: string, page: string, expected: string][] = [
  ["in double quotes", '<p>é<a href="https://x.test/a">y</a>', '<p>é<a href="[https://x.test/a]">y</a>'],
  ["in single quotes", "<a class=b href='http://x.test/a' id=c>", "<a class=b href='[http://x.test/a]' id=c>"],
  ["in none", "<A HREF=https://x.test/a?b=1 x>", "<A HREF=[https://x.test/a?b=1] x>"],
  ["with blanks", '<a\n href = " https://x.test/a\n" >', '<a\n href = "[https://x.test/a]" >'],
  ["with entities", '<a href="https://x.test/?a=1&amp;b=%20&#x32;">', '<a href="[https://x.test/?a=1&b=%202]">'],
  ["an entity first", '<a href="&#104;ttps://x.test/">', '<a href="[https://x.test/]">'],
  [
    "names that begin like entities",
    '<a href="https://x.test/?copy=1&copy=2">',
    '<a href="[https://x.test/?copy=1&copy=2]">',
  ],
  ["an area", '<map><area href="https://x.test/"/></map>', '<map><area href="[https://x.test/]"/></map>'],
  [
    "the first of two",
    '<a href="https://x.test/" href="https://y.test/">',
    '<a href="[https://x.test/]" href="https://y.test/">',
  ],
  [
    "several",
    '<a href="https://x.test/1"><b><a href="https://x.test/2">',
    '<a href="[https://x.test/1]"><b><a href="[https://x.test/2]">',
  ],
  ["other words", '<a href="https://ü.test/ä b">', '<a href="[https://xn--tda.test/%C3%A4%20b]">'],
  ["a picture", '<img src="https://x.test/a.png">', "stays"],
  ["a style", '<link href="https://x.test/a.css">', "stays"],
  ["a form", '<form action="https://x.test/">', "stays"],
  [
    "mail, telephone, places",
    '<a href="mailto:a@b.test"><a href="tel:1"><a href="#x"><a href="cid:a"><a href="/a">',
    "stays",
  ],
  ["no scheme", '<a href="//x.test/"><a href="https:x.test">', "stays"],
  ["a script's", '<script>"<a href=\\"https://x.test/\\">"</script>', "stays"],
  ["a comment's", '<!--[if mso]><a href="https://x.test/"><![endif]-->', "stays"],
  ["marked", '<a href="https://x.test/" data-tracking="Off">', "stays"],
  ["marked first", "<a data-tracking=off href=https://x.test/>", "stays"],
  [
    "marked otherwise",
    '<a data-tracking="on" href="https://x.test/">',
    '<a data-tracking="on" href="[https://x.test/]">',
  ],
  ["no value", "<a href><a href=>", "stays"],
  ["no end", '<a href="https://x.test/', "stays"],
  ["no end of a tag", '<a href="https://x.test/"', "stays"],
  ["no address", '<a href="https://"><a href="https://x test/">', "stays"],
];
for (const [name, page, expected] of cases) test(`a link, ${name}`, () => assert.equal(shown(page), expected));

test("bounds: long links stay, and so do those beyond the number", () => {
  assert.equal(shown(`<a href="https://x.test/${"a".repeat(maxTargetChars)}">`), "stays");
  let count = 0;
  rewriteLinks('<a href="https://x.test/">'.repeat(maxLinks + 5), () => `${++count}`);
  assert.equal(count, maxLinks);
});

test("whatever the page, what is no link stays byte for byte, and each link is one that was there", () => {
  const pieces = [
    "<a",
    "<area",
    " href=",
    '"',
    "'",
    "https://x.test/?a=",
    "&amp;",
    "&",
    ">",
    "/>",
    "<!--",
    "-->",
    "<script>",
    "</script>",
  ];
  pieces.push(
    " data-tracking=off",
    "é",
    "\n",
    " ",
    "<",
    "=",
    "&#x110000;",
    "&#0;",
    "<svg>",
    "<![CDATA[",
    "]]>",
    "<title>",
    "\0",
    "\ud800",
  );
  pieces.push(
    '<a href="https://x.test/?a=1',
    "<a x href='https://x.test/?a=&#34;",
    "<a href=https://x.test/?a=",
    '">',
    "'>",
  );
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  let changed = 0;
  for (let run = 0; run < 20_000; run++) {
    const page = Array.from({ length: random(14) }, () => pieces[random(pieces.length)]).join("");
    const asked: string[] = [];
    const made = rewriteLinks(page, (target) => {
      asked.push(target);
      return `\u0001${asked.length}\u0002`;
    });
    assert.equal(made === undefined, asked.length === 0);
    if (made === undefined) continue;
    changed++;
    // Each change takes the place of one stretch: what is around them is the page.
    const kept = made.split(/\u0001\d+\u0002/);
    let at = 0;
    for (const [index, part] of kept.entries()) {
      const found = index === 0 ? 0 : page.indexOf(part, at);
      assert.equal(page.slice(found, found + part.length), part, JSON.stringify(page));
      at = found + part.length;
    }
    assert.ok(kept.at(-1) === "" || page.endsWith(kept.at(-1)!), JSON.stringify(page));
    for (const target of asked) assert.match(target, /^https:\/\/x\.test\/\?a=/);
  }
  assert.ok(changed > 1000, `${changed}`);
});
