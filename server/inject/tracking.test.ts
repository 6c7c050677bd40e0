import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { decodeText } from "../../protocol/mime/decode.ts";
import { splitHeader } from "../../protocol/mime/header.ts";
import { parseMessage } from "../../protocol/mime/parse.ts";
import { emptyModel } from "../dispatch/model.ts";
import { schemas } from "../dispatch/schema.ts";
import { type Sender, type SendingWish, senderOf } from "../dispatch/sender.ts";
import { wishOf } from "../submit/sending-fields.ts";
import { maxTrackedBytes, readTrace, traceToken, trackedMessage } from "./tracking.ts";

const mac = (text: string) => createHmac("sha256", "secret").update(text).digest();
const trace = { tenant: "shop", stream: "news", campaign: "mai", id: "0a1b", address: "ünal@far.test" };
const target = "https://shop.test/a?b=1&c=ü";

test("a token says what it was made of, the same each time, shows nobody whom it is of, and nobody can change a letter of it", () => {
  const token = traceToken({ ...trace, target }, mac);
  assert.equal(traceToken({ ...trace, target }, mac), token);
  assert.deepEqual(readTrace(token, mac), { ...trace, target });
  assert.deepEqual(readTrace(traceToken({ ...trace, target: undefined }, mac), mac), { ...trace, target: undefined });
  assert.doesNotMatch(Buffer.from(token, "base64url").toString("latin1"), /shop|far\.test|news/);
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === "A" ? "B" : "A";
    assert.equal(readTrace(token.slice(0, at) + other + token.slice(at + 1), mac), undefined, `letter ${at}`);
  }
  for (const wrong of ["", ".", "a", `${token}A`, token.slice(0, -1), `${token}=`, "x".repeat(100_000), "é".repeat(60)])
    assert.equal(readTrace(wrong, mac), undefined);
  assert.equal(
    readTrace(token, (text) => mac(`${text}!`)),
    undefined,
  );
});

const sender: Sender = {
  tenant: "shop",
  stream: "news",
  marketing: true,
  campaign: undefined,
  list: undefined,
  author: "shop.test",
  lifetimeMs: undefined,
  park: undefined,
  rankOf: () => 1,
};
const to = (local: string) => ({ local, domain: "far.test", orcpt: undefined, notify: undefined });
const base = "https://links.shop.test";
const both = { opens: true, clicks: true };

async function tracked(text: string, what = both, recipients = [to("anna")]): Promise<Buffer | undefined> {
  const bytes = Buffer.from(text.replace(/\n/g, "\r\n"));
  const header = splitHeader(bytes, 0, bytes.length);
  return trackedMessage(bytes, header, sender, what, { id: "0a1b", recipients }, { mac, base });
}
const htmlOf = (bytes: Buffer): string => {
  const root = parseMessage(bytes);
  return decodeText(bytes, root.parts.find(({ contentType }) => contentType.subtype === "html") ?? root, 1e6);
};
const targets = (html: string): readonly (string | undefined)[] =>
  [...html.matchAll(/https:\/\/links\.shop\.test\/[co]\/([\w-]+)/g)].map(
    ([, token = ""]) => readTrace(token, mac)?.target,
  );

const letter = (html: string, more = ""): string =>
  `From: a@shop.test\nSubject: x\n${more}MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n` +
  `--b\nContent-Type: text/plain\n\nGo to https://shop.test/plain\n--b\nContent-Type: text/html; charset=utf-8\n\n${html}\n--b--\n`;

test("links lead by us to where they led, a picture is at the end, and all else stays", async () => {
  const html = '<html><body><p title="é">Ä <a class=x href="https://shop.test/?a=1&amp;b=2">go</a></p></body></html>';
  const made = await tracked(letter(html));
  assert.ok(made !== undefined);
  const page = htmlOf(made);
  assert.deepEqual(targets(page), ["https://shop.test/?a=1&b=2", undefined]);
  assert.equal(
    page
      .replace(/https:\/\/links[^"]+\/c\/[^"]+/, "https://shop.test/?a=1&amp;b=2")
      .replace(/<img src="https:\/\/links[^"]+\.gif" width="1" height="1" alt="" style="border:0">\r\n/, "")
      .trimEnd(),
    html,
  );
  const text = made.toString();
  assert.match(text, /\r\nGo to https:\/\/shop\.test\/plain\r\n/);
  assert.equal(
    text.slice(0, text.indexOf("--b\r\nContent-Type: text/html")),
    letter(html).replace(/\n/g, "\r\n").slice(0, text.indexOf("--b\r\nContent-Type: text/html")),
  );
  assert.ok(text.split("\r\n").every((line) => line.length <= 998));
});

test("opens alone leave links, clicks alone bring no picture; of several people nobody is named", async () => {
  const html = '<a href="https://shop.test/">go</a>';
  assert.match(
    htmlOf((await tracked(letter(html), { opens: true, clicks: false }))!),
    /"https:\/\/shop\.test\/"[\s\S]*\/o\//,
  );
  assert.doesNotMatch(htmlOf((await tracked(letter(html), { opens: false, clicks: true }))!), /<img/);
  const token = /\/c\/([\w-]+)/.exec(htmlOf((await tracked(letter(html), both, [to("a"), to("b")]))!))?.[1] ?? "";
  assert.equal(readTrace(token, mac)?.address, "");
});

test("links to unsubscribe stay, and what must not be touched does", async () => {
  const clicks = { opens: false, clicks: true };
  const stays = async (html: string, more?: string) =>
    assert.equal(await tracked(letter(html, more), clicks), undefined, html);
  await stays(`<a href="${base}/unsubscribe/abc.def">x</a>`);
  await stays(`<a href="${base}/c/abc">x</a>`);
  await stays(
    '<a href="https://shop.test/leave?x=1&amp;y=2">x</a>',
    "List-Unsubscribe: <mailto:x@y.test>,\n <https://shop.test/leave?x=1&y=2>\n",
  );
  for (const way of ["unsubscribe?id=1", "opt-out", "optout/1", "newsletter/abmelden", "Unsubscribe"])
    await stays(`<a href="https://shop.test/${way}">x</a>`);
  await stays('<a data-tracking="off" href="https://shop.test/">x</a>');
  await stays("no link");
  await stays(`<a href="https://shop.test/">${"x".repeat(maxTrackedBytes)}</a>`);
  const plain = 'From: a@shop.test\nContent-Type: text/plain\n\n<a href="https://shop.test/">x</a>\n';
  assert.equal(await tracked(plain, both), undefined);
  const signed = letter('<a href="https://shop.test/">x</a>').replace("alternative", "signed");
  assert.equal(await tracked(signed, both), undefined);
});

test("off unless asked for: of marketing by the tenant, of a stream by its own word, of a message by its own", () => {
  const tenant = (tracking: string) => new Map([["shop", schemas.tenant.parse({ tracking })]]);
  const stream = new Map([
    ["quiet", schemas.stream.parse({ kind: "marketing", tracking: "none" })],
    ["loud", schemas.stream.parse({ kind: "transactional", tracking: "opens" })],
  ]);
  const of = (tracking: string, wish: SendingWish) => {
    const found = senderOf({ ...emptyModel, tenant: tenant(tracking), stream }, "shop.test", wish, "shop");
    return found === undefined || "code" in found ? assert.fail() : found.tracking;
  };
  assert.equal(of("none", { stream: "marketing" }), undefined);
  assert.deepEqual(of("both", { stream: "marketing" }), both);
  assert.equal(of("both", { stream: "transactional" }), undefined);
  assert.equal(of("both", { stream: "quiet" }), undefined);
  assert.deepEqual(of("none", { stream: "loud" }), { opens: true, clicks: false });
  assert.deepEqual(of("clicks", { stream: "marketing", tracking: { opens: true } }), both);
  assert.equal(of("both", { stream: "marketing", tracking: { opens: false, clicks: false } }), undefined);
  assert.deepEqual(of("none", { tracking: { clicks: true } }), { opens: false, clicks: true });
});

test("over SMTP a field says it, and what it does not name is not counted", () => {
  const said = (value: string) => {
    const text = `X-Angarium-Tracking: ${value}\r\n\r\n`;
    return wishOf(splitHeader(Buffer.from(text), 0, text.length)).tracking;
  };
  assert.deepEqual(said("opens, Clicks"), both);
  assert.deepEqual(said("clicks"), { opens: false, clicks: true });
  assert.deepEqual(said("none"), { opens: false, clicks: false });
});
