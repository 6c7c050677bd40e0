import assert from "node:assert/strict";
import { test } from "node:test";
import { splitHeader } from "../../protocol/mime/header.ts";
import type { GroupPosting } from "../access/directory.ts";
import type { Received } from "../receive/received.ts";
import { refusedByGroup } from "./group-posting.ts";

const members = ["anna@a.test", "bo@elsewhere.example"];
const login = (name: string): Received["account"] => ({ id: 1, name }) as Received["account"];

for (const [what, who, mail, from, isForged, expected] of [
  ["a member who has logged in", "members", { account: login("anna@a.test") }, "anna@a.test", false, "may"],
  ["another who has logged in", "members", { account: login("eve@a.test") }, "anna@a.test", false, "no"],
  ["anybody of the domain", "people", { account: login("eve@a.test") }, "eve@a.test", false, "may"],
  ["another domain's person", "people", { account: login("eve@b.test") }, "eve@b.test", false, "no"],
  ["a member elsewhere", "members", {}, "Bo@Elsewhere.example", false, "may"],
  ["a member elsewhere, forged", "members", {}, "bo@elsewhere.example", true, "no"],
  ["a member's address from outside", "members", {}, "anna@a.test", false, "no"],
  ["a person's address from outside", "people", {}, "anna@a.test", false, "no"],
  ["nobody's From", "members", {}, "", false, "no"],
  ["a notice of ours", "people", { via: "local" }, "mailer-daemon@a.test", false, "may"],
] as const)
  test(`${who}: ${what}: ${expected}`, () => {
    const bytes = Buffer.from(`From: <${from}>\r\n\r\n`);
    const given = { account: undefined, via: "smtp", ...mail } as Pick<Received, "account" | "via">;
    const policy: GroupPosting = { who, members, domain: "a.test" };
    const refusal = refusedByGroup(given, splitHeader(bytes, 0, bytes.length), policy, isForged);
    assert.equal(refusal === undefined ? "may" : "no", expected);
  });
