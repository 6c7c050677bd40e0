/** The REST API as a program meets it: who may, what is wrong, pages, tags, the file that describes it. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ApiTalk, type Said } from "../api-talk.ts";
import { type DevProcess, startDev } from "../dev-process.ts";

describe("the REST API", () => {
  let dev: DevProcess;
  let origin: string;
  let admin: ApiTalk;
  let user: ApiTalk;
  before(async () => {
    dev = await startDev(["--users", "5", "--cleartext-auth"]);
    origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
    admin = new ApiTalk(origin, dev.ready.admin);
    user = new ApiTalk(origin, { user: "u1@example.test", password: "pw" });
  });
  after(() => dev.stop());

  test("says who asks, and refuses who does not say it", async () => {
    const me = await admin.ok("GET", "/me");
    assert.equal(me.name, "admin@example.test");
    assert.equal(me.role, "platform");
    assert.equal((await user.ok("GET", "/me")).role, "user");
    const nobody = await new ApiTalk(origin).get("/me");
    assert.equal(nobody.status, 401);
    assert.match(nobody.headers.get("www-authenticate") ?? "", /Basic .*Bearer/);
    await new ApiTalk(origin, { user: "u1@example.test", password: "wrong" }).no(401, "GET", "/me");
    await new ApiTalk(origin, { token: "0".repeat(64) }).no(401, "GET", "/me");
  });

  test("users see themselves and nobody else", async () => {
    assert.equal((await user.ok("GET", "/accounts/me")).name, "u1@example.test");
    await user.no(404, "GET", "/accounts/u2@example.test");
    await user.no(403, "GET", "/accounts");
    assert.equal((await admin.ok("GET", "/accounts/u2@example.test")).name, "u2@example.test");
  });

  test("lists come in pages", async () => {
    const names: string[] = [];
    let pages = 0;
    for (let path: string | undefined = "/accounts?limit=2"; path !== undefined; ) {
      const said: Said = await admin.get(path);
      assert.equal(said.status, 200);
      names.push(...said.body.items.map(({ name }: { name: string }) => name));
      const link: RegExpExecArray | null = /^<\/api\/v1([^>]*)>; rel="next"$/.exec(said.headers.get("link") ?? "");
      assert.equal(link === null, said.body.next === null);
      path = link?.[1];
      pages++;
    }
    assert.equal(pages, 3);
    assert.deepEqual(names, ["admin@example.test", ...[1, 2, 3, 4, 5].map((n) => `u${n}@example.test`)]);
  });

  test("a page follows the one before, also where what it ended with has gone", async () => {
    for (const label of ["a", "b", "c", "d"]) await user.ok("POST", "/accounts/me/tokens", { label });
    const first = await user.ok("GET", "/accounts/me/tokens?limit=2");
    await user.ok("DELETE", `/accounts/me/tokens/${first.items[1].id}`);
    await user.ok("POST", "/accounts/me/tokens", { label: "e" });
    const second = await user.ok("GET", `/accounts/me/tokens?limit=2&cursor=${first.next}`);
    assert.deepEqual(
      [...first.items, ...second.items].map(({ label }) => label),
      ["d", "c", "b", "a"],
    );
    assert.equal(second.next, null);
  });

  test("what is wrong is told field by field", async () => {
    const problem = await admin.no(400, "GET", "/accounts?limit=0&shoe=1");
    assert.deepEqual(problem.errors.map(({ parameter }: { parameter: string }) => parameter).sort(), ["limit", "shoe"]);
    await admin.no(400, "GET", "/accounts?cursor=!");
    for (const [path, parameter] of [
      ["/me?shoe=1", "shoe"],
      ["/accounts?limit=1&limit=2", "limit"],
      ["/accounts?search=%00", "search"],
      [`/accounts?cursor=${Buffer.from("\0").toString("base64url")}`, "cursor"],
    ])
      assert.equal((await admin.no(400, "GET", path!)).errors[0].parameter, parameter);
    await admin.no(404, "GET", "/accounts/a%00@example.test");
    const nul = { displayName: "x", branding: { productName: "a\0b" } };
    assert.equal((await admin.no(422, "PATCH", "/accounts/me", nul)).errors[0].pointer, "#/branding/productName");
    assert.equal(
      (await admin.ok("PATCH", "/accounts/me", { displayName: "\\u0000 in letters" })).displayName,
      "\\u0000 in letters",
    );
    await admin.no(404, "GET", "/nothing");
    const said = await admin.ask("DELETE", "/me");
    assert.equal(said.status, 405);
    assert.equal(said.headers.get("allow"), "GET, HEAD, OPTIONS");
  });

  test("what has not changed is not sent again", async () => {
    const first = await admin.get("/domains/example.test");
    const etag = first.headers.get("etag") ?? "";
    assert.match(etag, /^"[\w-]+"$/);
    const second = await admin.get("/domains/example.test", { "if-none-match": etag });
    assert.equal(second.status, 304);
    assert.equal(second.body, "");
  });

  test("the cookie of our pages is for our pages", async () => {
    const login = await fetch(`${origin}/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "u1@example.test", password: "pw" }),
    });
    const cookie = (login.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const page = new ApiTalk(origin);
    assert.equal((await page.ok("GET", "/me", undefined, { cookie })).by, "cookie");
    await page.no(403, "GET", "/me", undefined, { cookie, origin: "https://evil.test" });
    await page.no(403, "GET", "/me", undefined, { cookie, "sec-fetch-site": "cross-site" });
  });

  test("the OpenAPI file describes what is there", async () => {
    const { body, headers } = await new ApiTalk(origin).get("/openapi.json");
    assert.match(headers.get("content-type") ?? "", /^application\/json/);
    assert.equal(body.openapi, "3.1.0");
    const text = JSON.stringify(body);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      assert.ok(body.components.schemas[name as string], `${name} is missing`);
    const ids = Object.values(body.paths as object).flatMap((path) =>
      Object.values(path as object).map(({ operationId }) => operationId),
    );
    assert.equal(new Set(ids).size, ids.length);
    assert.ok(body.paths["/accounts/{account}"].get.parameters.length > 0);
  });
});
