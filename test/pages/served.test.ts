/** The pages as files: where they are, under which policy, compressed, and nothing beside them. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { startPages } from "./browser.ts";

/** A path as it stands: fetch would tidy it. */
function raw(port: number, path: string): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on("error", reject).end();
  });
}

test("the pages", async (t) => {
  const pages = await startPages(t);
  const port = pages.dev.ready.ports["http"] ?? 0;

  for (const base of ["/", "/admin/"])
    await t.test(`${base} has a strict policy and is asked for anew each time`, async () => {
      const response = await fetch(pages.origin + base);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type") ?? "", /^text\/html/);
      assert.equal(response.headers.get("cache-control"), "no-store");
      const policy = response.headers.get("content-security-policy") ?? "";
      for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"])
        assert.ok(policy.split("; ").includes(part), part);
      assert.doesNotMatch(policy.replace("style-src-attr 'unsafe-inline'", ""), /unsafe/);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
      assert.equal(response.headers.get("referrer-policy"), "no-referrer");
      assert.equal(response.headers.get("cross-origin-opener-policy"), "same-origin");
      assert.equal(response.headers.get("cross-origin-resource-policy"), "same-origin");
      const html = await response.text();
      assert.doesNotMatch(html, /<script>|<style>|\son\w+=/);
      const asset = /src="([^"]+assets\/[^"]+\.js)"/.exec(html)?.[1] ?? "";
      assert.ok(asset.startsWith(base));
      for (const coding of ["br", "gzip", "identity", "br;q=0"]) {
        const script = await fetch(pages.origin + asset, { headers: { "accept-encoding": coding } });
        assert.equal(script.headers.get("cache-control"), "public, max-age=31536000, immutable");
        assert.match(script.headers.get("content-type") ?? "", /^text\/javascript/);
        assert.equal(script.headers.get("content-encoding"), coding === "br" || coding === "gzip" ? coding : null);
        assert.match(await script.text(), /svelte|function/);
      }
    });

  await t.test("what is not of the page is not there", async () => {
    for (const path of [
      "/assets/../../package.json",
      "/assets/..%2f..%2fpackage.json",
      "/assets/%2e%2e/index.html",
      "/assets/..%5c..%5cpackage.json",
      "/assets//etc/passwd",
      "/assets/.sources",
      "/.sources",
      "/index.html.br",
      "/assets/index.js%00.css",
      "/admin/../package.json",
      "/admin/assets/..%2findex.html",
      "/webmail/src/main.ts",
    ]) {
      const { status, text } = await raw(port, path);
      assert.ok(status === 404 || status === 400, `${path}: ${status}`);
      assert.doesNotMatch(text, /"angarium"|<!doctype|root:/i, path);
    }
    assert.equal((await raw(port, "/admin")).status, 308);
  });

  await t.test("the console lets people sign in, and out", async () => {
    const { page, complaints } = await pages.person();
    await page.goto(`${pages.origin}/admin/`);
    await page.locator('input[name="username"]').fill("u1@example.test");
    await page.locator('input[name="password"]').fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("The address or the password is wrong.").waitFor();
    await page.locator('input[name="password"]').fill("pw");
    await page.keyboard.press("Enter");
    const me = page.getByRole("button", { name: "u1@example.test" });
    await me.waitFor();
    await page.reload();
    await me.click();
    await page.getByText("Sign out").click();
    await page.locator('input[name="password"]').waitFor();
    assert.deepEqual(complaints, []);
  });
});
