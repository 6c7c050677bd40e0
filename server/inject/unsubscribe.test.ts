import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { splitHeader } from "../../protocol/mime/header.ts";
import type { Sender } from "../dispatch/sender.ts";
import { leaveByMail, leavingToken, readLeaving, unsubscribeFields } from "./unsubscribe.ts";

const mac = (text: string) => createHmac("sha256", "secret").update(text).digest();
const leaving = {
  tenant: "shop",
  stream: "marketing",
  list: "",
  campaign: "mai",
  id: "0a1b",
  address: "ünal@far.test",
};

test("a link says what it was made of, and nobody can change a letter of it", () => {
  const token = leavingToken(leaving, mac);
  assert.match(token, /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{22}$/);
  assert.deepEqual(readLeaving(token, mac), leaving);
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === "A" ? "B" : "A";
    assert.equal(readLeaving(token.slice(0, at) + other + token.slice(at + 1), mac), undefined, `letter ${at}`);
  }
  for (const wrong of [
    "",
    ".",
    "a.b",
    `${token}.x`,
    token.slice(0, -1),
    `${token}A`,
    "x".repeat(10_000),
    `a.${"é".repeat(22)}`,
  ])
    assert.equal(readLeaving(wrong, mac), undefined);
});

const sender: Sender = {
  ...leaving,
  list: undefined,
  marketing: true,
  author: "shop.test",
  lifetimeMs: undefined,
  park: undefined,
  rankOf: () => 1,
};
const to = (local: string) => ({ local, domain: "far.test", orcpt: undefined, notify: undefined });
const header = (text: string) => splitHeader(Buffer.from(text), 0, text.length);
const ask = { mac, base: "https://mail.test", mailHost: "" };

test("only marketing to one person gets a link, and only where it brings none", () => {
  const mail = { id: "0a1b", recipients: [to("anna")] };
  const plain = header("From: a@b\r\n\r\n");
  const fields = unsubscribeFields(sender, mail, plain, ask);
  const token = /^List-Unsubscribe: <https:\/\/mail\.test\/unsubscribe\/([^>]+)>\r\n/.exec(fields)?.[1] ?? "";
  assert.equal(readLeaving(token, mac)?.address, "anna@far.test");
  assert.match(fields, /\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n$/);
  assert.equal(unsubscribeFields({ ...sender, marketing: false }, mail, plain, ask), "");
  assert.equal(unsubscribeFields(sender, { ...mail, recipients: [to("a"), to("b")] }, plain, ask), "");
  assert.equal(unsubscribeFields(sender, mail, header("List-Unsubscribe: <mailto:x@y>\r\n\r\n"), ask), "");
});

test("who knows no link leaves by mail: the subject is the token, folded or not, and nobody can make one", async () => {
  const mail = { id: "0a1b", recipients: [to("anna")] };
  const fields = unsubscribeFields(sender, mail, header("From: a@b\r\n\r\n"), { ...ask, mailHost: "rp.shop.test" });
  const token =
    /,\r\n <mailto:unsubscribe@rp\.shop\.test\?subject=([^>]+)>\r\nList-Unsubscribe-Post/.exec(fields)?.[1] ?? "";
  const left: unknown[] = [];
  const parts = {
    mac,
    suppression: { list: async () => [], add: async (scope: string, to: unknown) => void left.push([scope, to]) },
    store: { trace: async () => [], addSendingEvents: async () => undefined },
    now: () => 0,
  } as unknown as Parameters<typeof leaveByMail>[1];
  const say = (subject: string, local = "unsubscribe"): Promise<boolean> =>
    leaveByMail({ bytes: Buffer.from(`Subject: ${subject}\r\n\r\n`), recipients: [to(local)] }, parts);
  for (const wrong of ["", "unsubscribe", `${token}A`, token.replace(/^./, "_")])
    assert.equal(await say(wrong), false, wrong);
  assert.equal(await say(token, "anna"), false);
  assert.deepEqual(left, []);
  assert.equal(await say(token), true);
  assert.equal(await say(`${token.slice(0, 40)}\r\n ${token.slice(40)}`, "Unsubscribe"), true);
  assert.deepEqual(left, Array(2).fill(["stream:shop/marketing", ["anna@far.test"]]));
});
