/** The console as administrators use it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, type Person, picture, startPages } from "./browser.ts";

test("the console", async (t) => {
  const pages = await startPages(t, ["--cleartext-auth", "--users", "12"]);
  const { admin } = pages.dev.ready;

  async function enter({ page }: Person, user = admin.user): Promise<void> {
    await page.goto(`${pages.origin}/admin/`);
    await page.locator('input[name="username"]').fill(user);
    await page.locator('input[name="password"]').fill("pw");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  }

  for (const [size, theme] of [
    ["desktop", "light"],
    ["desktop", "dark"],
    ["phone", "light"],
  ] as const)
    await t.test(`pages are accessible: ${size}, ${theme}`, async () => {
      const person = await pages.person({ size, theme });
      const { page, context, complaints } = person;
      await enter(person);
      await accessible(page, "overview");
      await picture(page, `console-overview-${size}-${theme}`);
      for (const title of ["Domains", "Accounts", "Audit log", "API reference"]) {
        if (size === "phone") await page.getByRole("button", { name: "Menu" }).click();
        await page.getByRole("navigation").getByRole("link", { name: title, exact: true }).click();
        await page.getByRole("heading", { level: 1, name: title }).waitFor();
        await page.getByText("Loading…").waitFor({ state: "detached" });
        await accessible(page, title);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert.equal(wide, false, `${title} is wider than the window`);
      }
      assert.deepEqual(complaints, []);
      await context.close();
    });

  await t.test("accounts are found, and the address keeps what was searched", async () => {
    const person = await pages.person();
    const { page, context, complaints } = person;
    await enter(person);
    await page.goto(`${pages.origin}/admin/#/accounts`);
    await page.getByRole("searchbox").fill("u12");
    await page.getByRole("row").nth(2).waitFor({ state: "detached" });
    await page.reload();
    const rows = page.getByRole("row");
    await page.getByRole("link", { name: "u12@example.test" }).waitFor();
    assert.equal(await rows.count(), 2);
    await page.getByRole("link", { name: "u12@example.test" }).click();
    await page.getByRole("heading", { level: 1, name: "u12@example.test" }).waitFor();
    await page.getByText("Storage used").waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  await t.test("everything is reached by typing what it is", async () => {
    const person = await pages.person();
    const { page, context } = person;
    await enter(person);
    await page.keyboard.press("Control+k");
    await page.keyboard.type("audit");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Audit log" }).waitFor();
    await context.close();
  });

  await t.test("people without a domain to administer see their own pages only", async () => {
    const person = await pages.person();
    const { page, context } = person;
    await enter(person, "u1@example.test");
    assert.equal(await page.getByRole("navigation").getByRole("link", { name: "Accounts" }).count(), 0);
    await page.goto(`${pages.origin}/admin/#/accounts`);
    await page.getByText("There is no such page here").waitFor();
    await context.close();
  });
});
