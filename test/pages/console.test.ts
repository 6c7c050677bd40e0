/** The console as administrators use it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTransport } from "nodemailer";
import { smtpSend } from "../smtp-send.ts";
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

  const everyPage = [
    "Where is my mail?",
    "Queue",
    "Quarantine",
    "Domains",
    "Accounts",
    "Groups",
    "Mailing lists",
    "Aliases",
    "Masked addresses",
    "Exports",
    "Tenants",
    "Set up a domain",
    "Your sending",
    "Sending",
    "Campaigns",
    "Suppression",
    "Events",
    "Webhooks",
    "Sources",
    "Pools",
    "Streams",
    "Senders",
    "Sending domains",
    "Bans",
    "Administrators",
    "Audit log",
    "Certificates",
    "Backups",
    "Deleted",
    "Settings",
    "API reference",
    "My account",
  ];
  /** One of each kind. */
  const differentPages = [
    "Where is my mail?",
    "Domains",
    "Set up a domain",
    "Sending",
    "Settings",
    "API reference",
    "My account",
  ];
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
      for (const title of size === "phone" || theme === "dark" ? differentPages : everyPage) {
        if (size === "phone") await page.getByRole("button", { name: "Menu" }).click();
        await page.getByRole("navigation").getByRole("link", { name: title, exact: true }).click();
        await page.getByRole("heading", { level: 1, name: title }).waitFor();
        await page.waitForFunction(() => !document.body.innerText.includes("Loading…"));
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
    // Before the list is there one row less is no answer.
    await page.getByRole("link", { name: "u11@example.test" }).waitFor();
    await page.getByRole("searchbox").fill("u12");
    await page.getByRole("link", { name: "u11@example.test" }).waitFor({ state: "detached" });
    await page.waitForURL(/u12/);
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

  await t.test(
    "a domain is set up from nothing, its records are checked, and it is deleted and comes back",
    async () => {
      const person = await pages.person();
      const { page, context, complaints } = person;
      await enter(person);
      await page.getByRole("button", { name: "Set up a domain" }).click();
      await page.getByRole("button", { name: "Go on" }).click();
      await page.getByText("Write something here.").waitFor();
      await page.getByLabel("Name").fill("not a domain");
      await page.getByRole("button", { name: "Go on" }).click();
      await page.locator('input[name="name"][aria-invalid="true"]').waitFor();
      await page.getByLabel("Name").fill("new.example");
      await page.getByRole("button", { name: "Go on" }).click();
      await page.getByText("Mail to or from this domain does not work yet").waitFor();
      await page.getByText("Nobody can send mail to this domain.").waitFor();
      await accessible(page, "records");
      await picture(page, "console-dns");
      await page.getByRole("button", { name: "Go on" }).click();
      await page.getByLabel("Name", { exact: true }).fill("ann@new.example");
      await page.getByRole("button", { name: "Make the account" }).click();
      await page.getByText("Keep this password now").waitFor();

      await page.goto(`${pages.origin}/admin/#/domains/new.example`);
      await page.getByRole("button", { name: "Delete" }).click();
      await page.getByText("This takes with it: 1").waitFor();
      await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
      await page.getByRole("heading", { level: 1, name: "Domains" }).waitFor();
      await page.goto(`${pages.origin}/admin/#/deletions`);
      await page.getByRole("button", { name: /What can be done/ }).click();
      await page.getByText("Undo").click();
      await page.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      await page.goto(`${pages.origin}/admin/#/domains`);
      await page.getByRole("link", { name: "new.example" }).waitFor();
      await page.goto(`${pages.origin}/admin/#/audit`);
      await page.getByText("new.example").first().waitFor();
      assert.deepEqual(complaints, []);
      await context.close();
    },
  );

  await t.test("an address to send from is added, warmed up, paused and let go on", async () => {
    const person = await pages.person();
    const { page, context, complaints } = person;
    await enter(person);
    await page.goto(`${pages.origin}/admin/#/sources?add=1`);
    const dialog = page.getByRole("dialog");
    await dialog.locator('[name="name"]').fill("mta1");
    await dialog.locator('[name="warmup"]').selectOption("normal");
    await dialog.locator('[name="targets"]').fill('{"gmail": 20000, "other": 5000}');
    await dialog.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "mta1" }).waitFor();
    await page.goto(`${pages.origin}/admin/#/sending`);
    await page.getByText("Source mta1").waitFor();
    await accessible(page, "sending");
    await picture(page, "console-sending");
    await page.getByRole("button", { name: /What can be done about Gmail/ }).click();
    await page.getByRole("menuitem", { name: "Pause" }).click();
    await dialog.getByRole("button", { name: "Do it" }).click();
    await page.getByText(/Paused until/).waitFor();
    await accessible(page, "sending, paused");
    assert.deepEqual(complaints, []);
    await context.close();
  });

  await t.test("where mail is, in words: for administrators, and for people about their own", async () => {
    const { ports, users } = pages.dev.ready;
    const mail = createTransport({ host: "127.0.0.1", port: ports["smtp"], ignoreTLS: true });
    await mail.sendMail({ from: "ann@sender.example", to: users[0], subject: "Minutes of Tuesday", text: "Hello." });
    await mail.sendMail({ from: "ann@sender.example", to: users[1], subject: "For somebody else", text: "Hello." });
    for (const user of [admin.user, users[0]]) {
      const person = await pages.person({ size: "phone" });
      const { page, context, complaints } = person;
      await enter(person, user);
      await page.goto(`${pages.origin}/admin/#/mail`);
      await page.getByText("Minutes of Tuesday").waitFor();
      assert.equal(await page.getByText("For somebody else").count(), user === admin.user ? 1 : 0);
      await page.getByText("Minutes of Tuesday").click();
      await page.getByRole("heading", { name: "Its journey" }).waitFor();
      await page
        .getByText(/put into inbox/i)
        .first()
        .waitFor();
      await accessible(page, "journey");
      assert.deepEqual(complaints, []);
      await context.close();
    }
  });

  await t.test("a list's post is let through, a mailbox gets somebody who works in it, mail is exported", async () => {
    const person = await pages.person();
    const { page, context, complaints } = person;
    await enter(person);
    const dialog = page.getByRole("dialog");
    await page.goto(`${pages.origin}/admin/#/lists`);
    await page.getByRole("button", { name: "Make a mailing list" }).first().click();
    await dialog.locator('[name="address"]').fill("team@example.test");
    await dialog.getByRole("button").last().click();
    await page.getByRole("heading", { level: 1, name: "team@example.test" }).waitFor();
    await smtpSend(pages.dev.ready, undefined, ["team@example.test"], { from: "far@far.test", subject: "let me in" });
    await page.reload();
    await page.getByText("let me in").waitFor();
    await accessible(page, "a list with a post that waits");
    await picture(page, "console-list");
    await page.getByRole("button", { name: "Approve" }).click();
    await dialog.getByRole("button", { name: "Do it" }).click();
    await dialog.waitFor({ state: "hidden" });
    await page.getByText("let me in").waitFor({ state: "detached" });

    await page.goto(`${pages.origin}/admin/#/accounts/u3@example.test`);
    const card = page.locator("section", { has: page.getByRole("heading", { name: "Who works in this mailbox" }) });
    await card.getByRole("button", { name: "Add" }).click();
    await dialog.locator('[name="person"]').fill("u4@example.test");
    await dialog.getByRole("button", { name: "Add" }).click();
    await page.getByRole("button", { name: "Remove u4@example.test" }).click();
    await dialog.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Remove u4@example.test" }).waitFor({ state: "detached" });

    await page.goto(`${pages.origin}/admin/#/exports?add=1`);
    await dialog.locator('[name="account"]').fill("u3@example.test");
    await dialog.getByRole("button").last().click();
    await page.getByRole("heading", { level: 1, name: "u3@example.test" }).waitFor();
    await page.getByRole("link", { name: "Open it in a new window" }).waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  await t.test("an address is banned and let in again; a backup is begun; the audit log names the ban", async () => {
    const person = await pages.person({ size: "phone", theme: "dark" });
    const { page, context, complaints } = person;
    await enter(person);
    const dialog = page.getByRole("dialog");
    await page.goto(`${pages.origin}/admin/#/bans?add=1`);
    await dialog.locator('[name="address"]').fill("192.0.2.77");
    await dialog.locator('[name="reason"]').fill("knocks at night");
    await accessible(page, "banning");
    await dialog.getByRole("button").last().click();
    await page.getByText("knocks at night").waitFor();
    await accessible(page, "bans with one");
    await page.getByRole("button", { name: /192\.0\.2\.77/ }).click();
    await page
      .getByRole("menuitem")
      .or(page.getByRole("button", { name: "Remove", exact: true }))
      .last()
      .click();
    await dialog.getByRole("button").last().click();
    await page.getByText("knocks at night").waitFor({ state: "detached" });

    await page.goto(`${pages.origin}/admin/#/backups?add=1`);
    await dialog.getByRole("button").last().click();
    await page
      .getByText(/^\d{8}T\d{6}Z$/)
      .first()
      .waitFor();
    await page.getByText("done", { exact: true }).waitFor();
    await accessible(page, "backups with one");

    await page.goto(`${pages.origin}/admin/#/audit`);
    await page.getByText("192.0.2.77").first().waitFor();
    await accessible(page, "audit log");
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
