import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { bearerFailure, parseOauthBearer, parseXoauth2 } from "./bearer.ts";

const oauth = (text: string) => parseOauthBearer(Buffer.from(text.replaceAll("|", "\x01")));
const xoauth = (text: string) => parseXoauth2(Buffer.from(text.replaceAll("|", "\x01")));
const token = "vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg==";

test("the example of RFC 7628 §4.1, and what clients make of it", () => {
  const user = "user@example.com";
  assert.deepEqual(oauth(`n,a=${user},|host=server.example.com|port=143|auth=Bearer ${token}||`), { user, token });
  assert.deepEqual(oauth(`n,,|auth=bearer ${token}||`), { user: "", token });
  assert.deepEqual(oauth(`n,a=a=2Cb=3Dc,|auth=Bearer ${token}||`), { user: "a,b=c", token });
  assert.deepEqual(xoauth(`user=${user}|auth=Bearer ${token}||`), { user, token });
});

for (const wrong of [
  "",
  "n,,",
  `n,,|auth=Bearer ${token}|`,
  `auth=Bearer ${token}||`,
  `p=tls-unique,,|auth=Bearer ${token}||`,
  `n,a=x=41,|auth=Bearer ${token}||`,
  "n,,|auth=Basic abc||",
  "n,,|auth=Bearer a b||",
  "n,,|auth=Bearer é||",
  `n,,|auth=Bearer ${token}|auth=Bearer ${token}||`,
  "n,,|host=a||",
  `n,,|h st=a|auth=Bearer ${token}||`,
  `n,,|auth=Bearer ${"a".repeat(17_000)}||`,
  `n,,\0|auth=Bearer ${token}||`,
])
  test(`no OAUTHBEARER message: ${wrong.slice(0, 50)}`, () => assert.equal(oauth(wrong), undefined));

for (const wrong of ["", "user=a||", `user=a|auth=Bearer ${token}|`, `user=${"a".repeat(2000)}|auth=Bearer ${token}||`])
  test(`no XOAUTH2 message: ${wrong.slice(0, 50)}`, () => assert.equal(xoauth(wrong), undefined));

test("random bytes are no message, and break nothing", () => {
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.from(Array.from({ length: randomInt(40) }, () => "n,a=\x01uthB er".charCodeAt(randomInt(13))));
    const [one, other] = [parseOauthBearer(bytes), parseXoauth2(bytes)];
    assert.ok(one === undefined || /^[a-zA-Z]+=*$/.test(one.token));
    assert.ok(other === undefined || other.token.length > 0);
  }
});

test("a failure names where a token can be had", () => {
  assert.deepEqual(JSON.parse(bearerFailure("https://a.test/x").toString()), {
    status: "invalid_token",
    "openid-configuration": "https://a.test/x",
  });
  assert.deepEqual(JSON.parse(bearerFailure(undefined).toString()), { status: "invalid_token" });
});
