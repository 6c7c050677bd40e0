/** The console as administrators use it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTransport } from "nodemailer";
import { hotp, totpSecret, totpStep } from "../../protocol/otp/totp.ts";
import { ApiTalk } from "../api-talk.ts";
import { ask } from "../beside.ts";
import { startSink } from "../sink.ts";
import { smtpSend } from "../smtp-send.ts";
import { accessible, desktop, eventually, type Person, phone, picture, startPages } from "./browser.ts";

test("the console", async (t) => {
  const slow = "421 4.7.28 Our system has detected an unusual rate of mail originating from your IP address\r\n";
  const sink = await startSink((command) => (command.startsWith("RCPT TO:<slow") ? slow : undefined));
  t.after(() => sink.close());
  const pages = await startPages(t, ["--cleartext-auth", "--users", "12", "--deliver-to", `127.0.0.1:${sink.port}`]);
  const { admin } = pages.dev.ready;

  async function enter({ page }: Person, user = admin.user, origin = pages.origin): Promise<void> {
    await page.goto(`${origin}/admin/`);
    await page.locator('input[name="username"]').fill(user);
    await page.locator('input[name="password"]').fill("pw");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  }

  const everyPage = [
    "Where is my mail?",
    "Queue",
    "Quarantine",
    "Stopped senders",
    "Reports",
    "Domains",
    "Accounts",
    "Invitations",
    "Groups",
    "Mailing lists",
    "Aliases",
    "Masked addresses",
    "Exports",
    "Tenants",
    "Set up a domain",
    "Your sending",
    "Sending",
    "Requirements",
    "Abuse desk",
    "Strikes",
    "Emails",
    "Templates",
    "Campaigns",
    "Suppression",
    "Events",
    "Webhooks",
    "Sources",
    "Pools",
    "Streams",
    "Senders",
    "Sending domains",
    "Seed mailboxes",
    "Probes",
    "Signing in",
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
  await t.test("pages are accessible: at a desk and on a phone, light and dark", async () => {
    const person = await pages.person();
    const { page, context, complaints } = person;
    await enter(person);
    const looks = [
      ["desktop", "light"],
      ["desktop", "dark"],
      ["phone", "light"],
    ] as const;
    /** One page in several looks, without going there again. */
    const look = async (title: string, wanted: readonly (typeof looks)[number][]): Promise<void> => {
      for (const [size, theme] of wanted) {
        await page.setViewportSize(size === "phone" ? phone : desktop);
        await page.emulateMedia({ colorScheme: theme });
        // Colours fade over: what counts is what they come to.
        await page.evaluate(async () => {
          await new Promise((frame) => requestAnimationFrame(frame));
          await Promise.all(document.getAnimations().map(({ finished }) => finished));
        });
        await accessible(page, `${title}: ${size}, ${theme}`);
        const over = await page.evaluate(() => {
          const { scrollWidth, scrollHeight } = document.documentElement;
          return { wide: scrollWidth > innerWidth, tall: scrollHeight > innerHeight };
        });
        assert.deepEqual(over, { wide: false, tall: false }, `${title} is larger than the window: ${size}`);
        if (title === "Overview") await picture(page, `console-overview-${size}-${theme}`);
      }
      await page.setViewportSize(desktop);
      await page.emulateMedia({ colorScheme: "light" });
    };
    await look("Overview", looks);
    for (const title of everyPage) {
      await page.getByRole("navigation").getByRole("link", { name: title, exact: true }).click();
      await page.getByRole("heading", { level: 1, name: title }).waitFor();
      await page.waitForFunction(() => !document.body.innerText.includes("Loading…"));
      await look(title, differentPages.includes(title) ? looks : looks.slice(0, 1));
    }
    await page.goto(`${pages.origin}/admin/#/reference`);
    await page.getByRole("searchbox").fill("webhooks post");
    await page.getByText("/api/v1/webhooks", { exact: true }).click();
    await page.getByRole("heading", { level: 3, name: "Body" }).waitFor();
    await accessible(page, "a request, unfolded");
    assert.deepEqual(complaints, []);
    await context.close();
  });

  await t.test("on a phone the menu opens, leads on and closes", async () => {
    const person = await pages.person({ size: "phone" });
    const { page, context, complaints } = person;
    await enter(person);
    await page.getByRole("button", { name: "Menu" }).click();
    await accessible(page, "menu of the phone");
    await page.getByRole("navigation").getByRole("link", { name: "Domains", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Domains" }).waitFor();
    await page.getByRole("navigation").waitFor({ state: "hidden" });
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
      await page.getByRole("heading", { level: 1, name: "Deleted" }).waitFor();
      await page.getByRole("button", { name: /What can be done/ }).click();
      await page.getByText("Undo").click();
      await page.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      await page.goto(`${pages.origin}/admin/#/domains`);
      await page.getByRole("heading", { level: 1, name: "Domains" }).waitFor();
      await page.getByRole("link", { name: "new.example" }).waitFor();
      await page.goto(`${pages.origin}/admin/#/audit`);
      await page.getByRole("heading", { level: 1, name: "Audit log" }).waitFor();
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
    await dialog.locator('[name="targets"]').fill("gmail: 20000\nother: 5000");
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

    // One rule slows down at the first reply and suspends at the next: both are seen.
    const run = (name: string, given: object) => ask(pages.dev.ready.data, name, given);
    await run("warmup resume", { subject: "mta1", provider: "gmail" });
    await run("pool add", { name: "new", sources: ["mta1"] });
    await run("stream add", { name: "notices", kind: "transactional", pool: "new" });
    await run("sending tenant add", { name: "shop", stream: "notices" });
    await run("sending domain add", { name: "example.test", tenant: "shop" });
    const program = new ApiTalk(pages.origin, { user: "u1@example.test", password: "pw" });
    for (const n of [1, 2, 3])
      await program.ok("POST", "/emails", {
        from: "u1@example.test",
        to: `slow${n}@gmail.com`,
        subject: "x",
        text: "x",
      });
    await eventually(
      async () => ((await run("shaping throttles", {})) as readonly unknown[]).length > 1,
      "Gmail's words are heard",
    );
    await page.reload();
    await page.getByText(/from source mta1: slowed to/).waitFor();
    await page.getByText(/from source mta1: suspended/).waitFor();
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
    await card.getByRole("button", { name: "Let somebody in" }).click();
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
    const talk = new ApiTalk(pages.origin, admin);
    const [made] = (await talk.ok("GET", "/exports")).items;
    await eventually(async () => (await talk.ok("GET", `/exports/${made.id}`)).state === "done", "the export is done");
    const archive = await (
      await fetch(`${pages.origin}/api/v1/exports/${made.id}/archive`, { headers: talk.headers })
    ).bytes();
    await page.goto(`${pages.origin}/admin/#/exports`);
    const back = page.getByRole("region", { name: "Bring in an export" });
    const file = { name: "u3.tar", mimeType: "application/x-tar", buffer: Buffer.from(archive) };
    await back.getByLabel("Bring in an export: file").setInputFiles(file);
    await back.getByText("One account was here already.").waitFor();
    await back
      .getByLabel("Bring in an export: file")
      .setInputFiles({ ...file, name: "no.tar", buffer: Buffer.from("x") });
    await back.getByText(/Begin it again when that is mended/).waitFor();
    await accessible(page, "exports brought in");
    await picture(page, "console-exports");
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
    await page.getByRole("heading", { level: 1, name: "Backups", includeHidden: true }).waitFor();
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

  await t.test(
    "an account that sends spam is stopped, its page says why, its limits are changed, and it is let go",
    async () => {
      const person = await pages.person({ size: "phone" });
      const { page, context, complaints } = person;
      await enter(person);
      const dialog = page.getByRole("dialog");
      const user = pages.dev.ready.users[8] ?? "";
      await page.goto(`${pages.origin}/admin/#/stopped-senders?add=1`);
      await dialog.locator('[name="account"]').fill(user);
      await dialog.locator('[name="why"]').fill("it sent swindles.");
      await dialog.getByRole("button").last().click();
      await page.getByText("it sent swindles", { exact: true }).waitFor();
      await accessible(page, "stopped senders with one");
      await page.goto(`${pages.origin}/admin/#/accounts/${user}`);
      await page.getByText(`An administrator has stopped what this account sends: it sent swindles.`).waitFor();
      await accessible(page, "an account that is stopped");
      const card = page.locator("section").filter({ has: page.getByRole("heading", { name: "Sending", exact: true }) });
      await card.getByRole("button", { name: "Change" }).click();
      await dialog.locator('[name="class"]').selectOption("trusted");
      await dialog.getByRole("button", { name: "Save" }).click();
      await dialog.waitFor({ state: "detached" });
      await page.getByRole("link", { name: "Look at it" }).click();
      await page.getByRole("button", { name: "Let it send again" }).click();
      await dialog.getByRole("button", { name: "Let it send again" }).click();
      await page.getByText("Nobody is stopped.").waitFor();
      assert.deepEqual(complaints, []);
      await context.close();
    },
  );

  await t.test("the limits and the branding of a tenant are written field by field", async () => {
    const person = await pages.person({ size: "phone" });
    const { page, context, complaints } = person;
    await enter(person);
    const dialog = page.getByRole("dialog");
    const talk = new ApiTalk(pages.origin, admin);
    await page.goto(`${pages.origin}/admin/#/tenants?add=1`);
    await dialog.locator('[name="name"]').fill("forms");
    await dialog.locator('[name="limits/maxStorageBytes"]').fill("much");
    await dialog.locator('[name="branding/color"]').fill("blue");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByText("Write a size, such as 5 GB.").waitFor();
    await accessible(page, "a tenant");
    await dialog.locator('[name="limits/maxStorageBytes"]').fill("2 GB");
    await dialog.locator('[name="branding/color"]').fill("#0a5fb4");
    await dialog.getByRole("button", { name: "Add" }).click();
    await page.getByRole("heading", { level: 1, name: "forms" }).waitFor();
    await page.getByRole("button", { name: "Change" }).first().click();
    await dialog.locator('[name="limits/maxDomains"]').fill("3");
    await dialog.locator('[name="branding/color"]').fill("");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "detached" });
    const tenant = await talk.ok("GET", "/tenants/forms");
    assert.deepEqual(tenant.limits, { maxDomains: 3, maxStorageBytes: 2 * 1024 ** 3 });
    assert.deepEqual(tenant.branding, {});
    assert.deepEqual(complaints, []);
    await context.close();
  });

  await t.test("many accounts from a file, mail from elsewhere, an invitation", async () => {
    const person = await pages.person();
    const { page, context, complaints } = person;
    await enter(person);
    const dialog = page.getByRole("dialog");
    await page.goto(`${pages.origin}/admin/#/accounts`);
    await page.getByRole("button", { name: "From a file" }).click();
    const csv = "address;displayName;colour\nmia@example.test;Mia;red\nbo@nowhere.test;Bo;blue\n";
    await dialog
      .locator("input[type=file]")
      .setInputFiles({ name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
    await dialog.getByText("2 lines with address, displayName. What is not known is left out: colour.").waitFor();
    await accessible(page, "accounts from a file");
    await dialog.getByRole("button", { name: "Make the accounts" }).click();
    await dialog.getByText("Line 3: The domain nowhere.test is not here.").waitFor();
    await page.keyboard.press("Escape");
    await dialog.getByText("They are not saved yet, and nobody can tell them again.").waitFor();
    await dialog.getByRole("button", { name: "Close without them" }).waitFor();
    const saving = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "Save the passwords" }).click();
    const chunks: Buffer[] = [];
    for await (const chunk of await (await saving).createReadStream()) chunks.push(chunk as Buffer);
    const [, made = ""] = /mia@example\.test,(.+)\r\n$/.exec(Buffer.concat(chunks).toString()) ?? [];
    assert.ok(made.length >= 10, "a password was made and saved");
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.getByRole("link", { name: "mia@example.test" }).click();

    await smtpSend(pages.dev.ready, undefined, ["u1@example.test"], { from: "far@far.test", subject: "came before" });
    const elsewhere = page.getByRole("listitem", { name: "u1@example.test at 127.0.0.1" });
    const begin = async (more: (() => Promise<void>) | undefined): Promise<void> => {
      await page.getByRole("button", { name: "Bring mail from elsewhere" }).click();
      await dialog.locator('[name="host"]').fill("127.0.0.1");
      await dialog.locator('[name="user"]').fill("u1@example.test");
      await dialog.locator('[name="password"]').fill("pw");
      await dialog.locator('[name="port"]').fill(String(pages.dev.ready.ports["imaps"]));
      await more?.();
      await dialog.getByRole("button", { name: "Begin" }).click();
    };
    await begin(() => dialog.locator('[name="host"]').fill("not a host"));
    await dialog.getByRole("alert").getByText('"not a host" is no host name.').waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await begin(undefined);
    await elsewhere.getByText(/its certificate.+When that is mended, run it again/).waitFor();
    await elsewhere.getByRole("button", { name: "Remove" }).click();
    await dialog.getByRole("button", { name: "Remove" }).click();
    await elsewhere.waitFor({ state: "detached" });
    await begin(async () => {
      await dialog.getByLabel("Take any certificate").check();
      await dialog.locator('[name="everyMs"]').fill("soon");
      await dialog.getByRole("button", { name: "Begin" }).click();
      await dialog.getByText("Write a time, such as 15 minutes.").waitFor();
      await dialog.locator('[name="everyMs"]').fill("15 min");
    });
    await elsewhere.getByText(/came\. Kept in step every 15 minutes: it looks again in 1[45] minutes\./).waitFor();
    await elsewhere.getByRole("button", { name: "Stop" }).click();
    await elsewhere.getByText(/^Stopped\. .+ Run it again, and it goes on where it was\./).waitFor();
    await smtpSend(pages.dev.ready, undefined, ["u1@example.test"], { from: "far@far.test", subject: "came later" });
    await elsewhere.getByRole("button", { name: "Run now" }).click();
    await elsewhere.getByText(/^One message came, .+ here already\. Kept in step/).waitFor();
    await accessible(page, "mail from elsewhere");

    // The password there is another one by now: it is said, and asked for.
    const talk = new ApiTalk(pages.origin, admin);
    const password = (fresh: string) => talk.ok("POST", "/accounts/u1@example.test/password", { password: fresh });
    await password("another one by now");
    await elsewhere.getByRole("button", { name: "Run now" }).click();
    await elsewhere.getByText(/refuses the name or the password/).waitFor();
    await elsewhere.getByRole("button", { name: "Another password" }).click();
    await dialog.getByText("Of u1@example.test at 127.0.0.1. What has come is not brought again.").waitFor();
    await accessible(page, "another password");
    await dialog.locator('[name="password"]').fill("another one by now");
    await dialog.getByRole("button", { name: "Run now" }).click();
    await elsewhere.getByText(/^Nothing new came, .+ here already\. Kept in step/).waitFor();
    assert.equal(await elsewhere.getByRole("button", { name: "Another password" }).count(), 0);
    await password("pw");

    const sent = (n: number) => `From a Thu Jan  1 00:00:00 2026\nFrom: a@b.test\nSubject: kept ${n}\n\nHello.\n\n`;
    const mbox = { name: "Kept.mbox", mimeType: "application/mbox", buffer: Buffer.from(sent(1) + sent(2)) };
    const files = page.getByRole("region", { name: "Mail from files" });
    for (const words of ["2 messages came.", "2 messages were here already, and no other came."]) {
      await files.getByLabel("Mail from files: file").setInputFiles(mbox);
      await files.getByText(words).waitFor();
    }
    // A file that broke off on its way goes on where it was, also after the page was left.
    const half = Buffer.from(sent(3) + sent(4));
    const about = { sizeBytes: half.length, account: "mia@example.test", name: "half.mbox" };
    const { id } = await talk.ok("POST", "/archives", about);
    const put = { method: "PUT", headers: talk.headers, body: half.subarray(0, 50) };
    await fetch(`${pages.origin}/api/v1/archives/${id}/bytes`, put);
    await page.reload();
    const broken = files.getByRole("listitem", { name: "half.mbox" });
    await broken.getByText(`50 B of ${half.length} B have been sent: it stopped there.`).waitFor();
    await accessible(page, "files of mail");
    const again = files.getByLabel("Mail from files: the same file again");
    const choose = async (name: string): Promise<void> => {
      const chooser = page.waitForEvent("filechooser");
      await broken.getByRole("button", { name: "Go on" }).click();
      await (await chooser).setFiles({ name, mimeType: "application/mbox", buffer: half });
    };
    await choose("other.mbox");
    await files.getByText("This is another file: half.mbox is wanted, as it was.").waitFor();
    await choose("half.mbox");
    await broken.getByText("2 messages came.").waitFor();
    assert.equal(await again.isVisible(), false);
    await broken.getByRole("button", { name: "Remove" }).click();
    await broken.waitFor({ state: "detached" });

    await page.goto(`${pages.origin}/admin/#/invitations?add=1`);
    await dialog.locator('[name="address"]').fill("new@example.test");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByText("/invitation#").waitFor();
    assert.equal(await dialog.getByText("Token").count(), 0, "it is in the link");
    await dialog.getByRole("button", { name: "I have kept it" }).click();
    await page.getByText("new@example.test").waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  await t.test("one's own account: a token, an app password, the second factor, a passkey", async () => {
    const person = await pages.person();
    const { page, context, complaints } = person;
    const cdp = await context.newCDPSession(page);
    await cdp.send("WebAuthn.enable");
    const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2",
        transport: "internal",
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
      },
    });
    // Passkeys are for names: 127.0.0.1 is none.
    const origin = pages.origin.replace("127.0.0.1", "localhost");
    await enter(person, "u5@example.test", origin);
    const dialog = page.getByRole("dialog");
    await page.goto(`${origin}/admin/#/me`);
    await page.getByRole("button", { name: "Make a token" }).click();
    await dialog.locator('[name="label"]').fill("my script");
    await dialog.locator('[name="scopes"]').fill("accounts:read");
    await dialog.getByRole("button", { name: "Add" }).click();
    const token = await dialog.getByText(/^[0-9a-f]{40,}$/).innerText();
    await dialog.getByRole("button", { name: "I have kept it" }).click();
    const withToken = (): Promise<number> =>
      fetch(`${pages.origin}/api/v1/accounts/me`, { headers: { authorization: `Bearer ${token}` } }).then(
        ({ status }) => status,
      );
    assert.equal(await withToken(), 200);
    await page.locator("tr", { hasText: "my script" }).getByRole("button").click();
    await dialog.getByRole("button", { name: "Remove" }).click();
    await page.getByText("my script").waitFor({ state: "detached" });
    assert.equal(await withToken(), 401);

    await page.getByRole("button", { name: "Make an app password" }).click();
    await dialog.locator('[name="label"]').fill("my phone");
    await dialog.getByLabel("imap").check();
    await accessible(page, "making an app password");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByRole("heading", { name: "Password" }).waitFor();
    await dialog.getByRole("button", { name: "I have kept it" }).click();
    await page.locator("tr", { hasText: "my phone" }).getByText("imap").waitFor();
    await page.getByRole("button", { name: "Change my phone" }).click();
    await dialog.getByText("What its account may send holds beside it", { exact: false }).waitFor();
    await dialog.locator('[name="messagesPerHour"]').fill("20");
    await accessible(page, "what may be sent by an app password");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.locator("tr", { hasText: "my phone" }).getByText("20 messages an hour").waitFor();

    await page.getByRole("button", { name: "Set up", exact: true }).click();
    const secret = totpSecret((await dialog.locator(".secret").innerText()).replaceAll(/\s/g, ""));
    const code = (): string => hotp(secret ?? Buffer.alloc(0), totpStep(Date.now()));
    await dialog.getByRole("textbox", { name: "Code" }).fill("12");
    await dialog.getByRole("button", { name: "Switch on" }).click();
    await dialog.getByText("The code is wrong.").waitFor();
    await accessible(page, "setting up the second factor");
    await dialog.getByRole("textbox", { name: "Code" }).fill(code());
    await dialog.getByRole("button", { name: "Switch on" }).click();
    await dialog.getByText("Keep these recovery codes now").waitFor();
    const recovery = await dialog.getByRole("listitem").allInnerTexts();
    assert.ok(recovery.length >= 8);
    await dialog.getByRole("button", { name: "I have kept them" }).click();
    await page.getByText(`${recovery.length} recovery codes are left`).waitFor();
    await page.getByRole("button", { name: "Switch off" }).click();
    await dialog.getByRole("textbox", { name: "Code" }).fill(recovery[0] ?? "");
    await dialog.getByRole("button", { name: "Switch off" }).click();
    await page.getByText("Off: whoever knows the password gets in.").waitFor();

    await page.getByRole("button", { name: "Add a passkey" }).click();
    await dialog.getByLabel("Name").fill("my laptop");
    await accessible(page, "naming a passkey");
    await dialog.getByRole("button", { name: "Go on" }).click();
    await page.getByText("my laptop", { exact: true }).waitFor();
    const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId });
    assert.equal(credentials.length, 1);
    await page.getByRole("button", { name: "Remove my laptop" }).click();
    await dialog.getByRole("button", { name: "Remove", exact: true }).click();
    await page.getByText("None yet. With one you sign in", { exact: false }).waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  await t.test("everything is reached by typing what it is", async () => {
    const person = await pages.person();
    const { page, context } = person;
    await enter(person);
    await page.keyboard.press("Control+k");
    await page.locator("dialog input:focus").waitFor();
    await page.keyboard.type("audit");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Audit log" }).waitFor();
    const here = page.getByRole("navigation").locator('[aria-current="page"]', { hasText: "Audit log" });
    const isSeen = (link: Element) => {
      const { left, top, height } = link.getBoundingClientRect();
      return link.contains(document.elementFromPoint(left + 4, top + height / 2));
    };
    await eventually(() => here.evaluate(isSeen), "the menu shows where one is, however long it is");
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

  await t.test("many domains: those whose DNS is so, and the one whose requirements are looked at", async () => {
    const talk = new ApiTalk(pages.origin, { user: admin.user, password: admin.password });
    await talk.ok("POST", "/domains", { name: "second.test" });
    // The server looks at it by itself, too, once a minute: what it finds is the same whoever has asked.
    assert.equal((await talk.ok("GET", "/domains/second.test/dns")).standing, "broken");
    const person = await pages.person();
    const { page, context } = person;
    await enter(person);
    await page.goto(`${pages.origin}/admin/#/domains`);
    await page.getByRole("link", { name: "second.test" }).waitFor();
    await page.getByLabel("DNS").selectOption("good");
    await page.getByText("No domain fits what is chosen above.").waitFor();
    await page.getByLabel("DNS").selectOption("broken");
    await page.getByRole("link", { name: "second.test" }).waitFor();
    await page.goto(`${pages.origin}/admin/#/requirements`);
    // The list of domains has such a field too: until the page has turned that one would be written into.
    await page.getByRole("heading", { level: 1, name: "Requirements" }).waitFor();
    await page.getByLabel("Search").fill("second");
    await eventually(async () => (await page.locator("tbody tr").count()) === 1, "one domain fits");
    await page.getByRole("link", { name: "second.test" }).click();
    await page.getByRole("heading", { level: 1, name: "Requirements of second.test" }).waitFor();
    await page.getByRole("button", { name: "Test unsubscribing" }).waitFor();
    await accessible(page, "requirements of a domain");
    assert.deepEqual(person.complaints, []);
    await context.close();
    await talk.ask("DELETE", "/domains/second.test");
  });

  await t.test("routes of outbound mail are made field by field", async () => {
    const talk = new ApiTalk(pages.origin, { user: admin.user, password: admin.password });
    const person = await pages.person();
    const { page, context } = person;
    await enter(person);
    await page.goto(`${pages.origin}/admin/#/settings`);
    await page.getByRole("button", { name: "Add one" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page
      .getByRole("group", { name: /^Routes/ })
      .getByRole("alert")
      .waitFor();
    const first = page.getByRole("group", { name: /^Routes.*, 1$/ });
    await first.getByLabel("To", { exact: true }).fill("smtp:10.0.0.5:25");
    await first.getByLabel("Domain").fill("corp.test");
    await first.getByLabel("TLS", { exact: true }).selectOption("verified");
    await accessible(page, "a route that is written");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    const saved = { to: "smtp:10.0.0.5:25", domain: "corp.test", tls: "verified" };
    assert.deepEqual((await talk.ok("GET", "/settings")).routes, [saved]);
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await eventually(async () => (await talk.ok("GET", "/settings")).routes.length === 0, "the route goes");
    assert.deepEqual(person.complaints, []);
    await context.close();
  });

  await t.test("a tenant's people see its brand", async () => {
    const talk = new ApiTalk(pages.origin, { user: admin.user, password: admin.password });
    const branding = { productName: "Acme Mail", color: "#c2410c", supportEmail: "help@acme.test" };
    await talk.ok("POST", "/tenants", { name: "acme", branding });
    await talk.ok("POST", "/domains", { name: "acme.test", tenant: "acme" });
    await talk.ok("POST", "/accounts", { name: "boss@acme.test", password: "pw" });
    const person = await pages.person();
    const { page, context } = person;
    await enter(person, "boss@acme.test");
    await eventually(async () => (await page.title()).includes("Acme Mail"), "its name is the page's");
    await page.getByRole("navigation").getByText("Acme Mail").waitFor();
    await page.goto(`${pages.origin}/`);
    await page.getByRole("navigation").getByText("Acme Mail").waitFor();
    await page.getByRole("button", { name: "Account boss@acme.test" }).click();
    await page.getByRole("menuitem", { name: "Get help" }).waitFor();
    assert.deepEqual(person.complaints, []);
    await context.close();
  });
});
