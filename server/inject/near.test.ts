import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlainText, sameButForWords } from "./near.ts";

const page = (name: string, order: string, more = ""): string =>
  `<p>Dear ${name},</p><p>your order ${order} of 17 items is on its way.${more} <a href="https://shop.test/orders/${order}?u=${name}">See it</a></p>`;

test("texts that differ by names, dates and numbers alone are near", () => {
  for (const [one, other] of [
    ["", ""],
    ["Message 17", "Message 18"],
    ["Message 17", "Message 171"],
    [
      "Dear Anna, your order 17, total 23 EUR, comes on 2026-11-26 at 10:30.",
      "Dear Anna Luise Müller, your order 18, total 5 EUR, comes on 2026-12-01 at 9:15.",
    ],
    ["Dear Anna,\n\nhello there", "Dear ,\n\nhello there"],
    [page("Anna", "17"), page("Bert", "4711")],
    [page("Anna", "17"), page("Anna", "17", " It is fragile.")],
  ] as const) {
    assert.ok(sameButForWords(one, other), `${one} | ${other}`);
    assert.ok(sameButForWords(other, one), `${other} | ${one}`);
  }
});

test("markup, addresses, places on the web and many words are a text of its own", () => {
  const known = page("Anna", "17");
  for (const other of [
    page("<b>Anna</b>", "17"),
    page("Anna", "17", " See www.other"),
    page("Anna", "17", " Write to a@b"),
    page("Anna", "17", " See other.example"),
    page("Anna", "17", ' <img src="x">'),
    page("Anna", "17", " word".repeat(50)),
    known.replace("shop.test", "shop.tech"),
    known.replace("shop.test", "ashop.test"),
    known.replace("https", "http"),
    known.replace("</p>", ""),
    "",
    known.slice(0, 40),
  ])
    for (const [one, two] of [
      [known, other],
      [other, known],
    ] as const)
      assert.ok(!sameButForWords(one, two), `${one} | ${two}`);
  assert.ok(!isPlainText("http://x"));
  assert.ok(isPlainText("€ 17,50"));
});

test("whatever is cut out or put in, the answer comes, and never takes a link along", () => {
  const known = page("Anna", "17");
  for (let at = 0; at <= known.length; at++) {
    const link = `${known.slice(0, at)}evil.example${known.slice(at)}`;
    assert.ok(!sameButForWords(known, link), link);
    sameButForWords(known, known.slice(at));
    sameButForWords(known, known.slice(0, at));
  }
});
