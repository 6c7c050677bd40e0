import assert from "node:assert/strict";
import { test } from "node:test";
import fastify from "fastify";
import { type PublicPost, serveArchives, withoutAddresses } from "./archive-pages.ts";

test("addresses lose their domains, wherever they stand", () => {
  for (const [text, shown] of [
    ["anna@example.org", "anna@…"],
    ["Anna <anna.b+c@mail.example.org>, x@münchen.example!", "Anna <anna.b+c@…>, x@…!"],
    ['mailto:a@b.cd?x (a@b.cd) "a@b.cd"', 'mailto:a@…?x (a@…) "a@…"'],
    ["no address: a @ b, @here, x@y", "no address: a @ b, @here, x@y"],
  ] as const)
    assert.equal(withoutAddresses(text), shown);
  const long = `${"a".repeat(100_000)}@`;
  assert.equal(withoutAddresses(long), long);
});

test("pages show what is open, page after page, and nothing of a writer's markup", async () => {
  const posts: readonly PublicPost[] = Array.from({ length: 120 }, (_, i) => ({
    id: 120 - i,
    author: "eve@far.test",
    subject: `<script>${120 - i}</script>`,
    at: 0,
  }));
  const app = fastify();
  serveArchives(app, {
    path: "/lists/archive/",
    list: async (address) =>
      address === "team@example.test"
        ? { address, name: "T & <b>", description: "<i>", join: "team-subscribe@example.test" }
        : undefined,
    posts: async (_, limit, before) => posts.filter(({ id }) => before === undefined || id < before).slice(0, limit),
    read: async (_, id) => {
      const found = posts.find((one) => one.id === id);
      return found && { ...found, text: "<img src=x> me@far.test", files: ["<a>.pdf"] };
    },
  });
  const get = async (path: string) => {
    const { statusCode, body, headers } = await app.inject(`/lists/archive/${path}`);
    return { statusCode, body, headers };
  };
  const first = await get("team%40example.test");
  assert.equal(first.statusCode, 200);
  assert.match(String(first.headers["content-security-policy"]), /default-src 'none'/);
  assert.equal(first.body.match(/<li>/g)?.length, 50);
  assert.ok(!/<script>|<i>|<b>|far\.test/.test(first.body), "nothing of it is markup, no domain stands there");
  assert.match(first.body, /href="\?before=71"/);
  const last = await get("TEAM%40example.test?before=21");
  assert.equal(last.body.match(/<li>/g)?.length, 20);
  assert.ok(!last.body.includes("?before="));
  const one = await get("team%40example.test/7");
  assert.match(one.body, /&lt;img src=x&gt; me@…/);
  assert.match(one.body, /&lt;a&gt;\.pdf/);
  for (const path of [
    "other%40example.test",
    "other%40example.test/7",
    "team%40example.test/999",
    "team%40example.test/x",
    "team%40example.test/7%2f..",
    "%2e%2e",
  ])
    assert.equal((await get(path)).statusCode, 404, path);
  assert.equal((await get("team%40example.test?before=1;drop")).statusCode, 200);
  await app.close();
});
