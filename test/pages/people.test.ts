/** The webmail beside the mail: contacts, filters, vacation, identities; signing in with a second factor is in the journey of accounts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SmtpTalk } from "../smtp-talk.ts";
import { accessible, picture, startPages } from "./browser.ts";
import { ordinaryDay, seedMail } from "./seed.ts";

test("beside the mail", async (t) => {
  const pages = await startPages(t);
  const [user = ""] = pages.dev.ready.users;
  await seedMail(pages.origin, user, "pw", ordinaryDay.slice(0, 3));
  const { page, signIn, complaints } = await pages.person();
  await signIn();
  await page.locator("[data-row]").first().waitFor();
  const note = (text: string) => page.locator(".toast", { hasText: text });

  await t.test("contacts: written, imported, put into a group, written to", async () => {
    await page.goto(`${pages.origin}/#/contacts`);
    await page.getByRole("button", { name: "New contact" }).click();
    await page.getByLabel("Name").fill("Nadia Haddad");
    await page.getByLabel("Email").first().fill("nadia@harbour.test");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Nadia Haddad" }).waitFor();
    await page.locator('input[type="file"]').setInputFiles({
      name: "people.vcf",
      mimeType: "text/vcard",
      buffer: Buffer.from(
        "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:i1\r\nFN:Imported Ines\r\nEMAIL:ines@weber.test\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nUID:i2\r\nFN:Tomás\r\nEMAIL:tomas@studio.test\r\nEND:VCARD\r\n",
      ),
    });
    await note("2 contacts imported.").waitFor();
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("menuitem", { name: "New group" }).click();
    await page.getByLabel("Name").fill("Neighbours");
    await page.getByLabel("Imported Ines").check();
    await page.getByLabel("Tomás").check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Neighbours" }).waitFor();
    await accessible(page, "contacts");
    await picture(page, "contacts");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      (async () => {
        await page.getByRole("button", { name: "More" }).click();
        await page.getByRole("menuitem", { name: "Export as vCards" }).click();
      })(),
    ]);
    let text = "";
    for await (const chunk of await download.createReadStream()) text += String(chunk);
    for (const part of ["FN:Nadia Haddad", "FN:Neighbours", "KIND:group", "MEMBER:i1"])
      assert.ok(text.includes(part), part);
    await page.keyboard.press("c");
    await page.locator(".letter").getByLabel("To", { exact: true }).fill("nei");
    await page.getByRole("option", { name: /Neighbours/ }).click();
    assert.equal(await page.locator(".letter .chips li:not(.typing)").count(), 2);
    await page.locator(".letter").getByLabel("Throw away").click();
  });

  await t.test("a filter made by clicking sorts the next message", async () => {
    await page.goto(`${pages.origin}/#/settings/filters`);
    await page.getByRole("button", { name: "New filter" }).click();
    await page.getByLabel("With what").fill("news@list.test");
    await page.getByLabel("Folder", { exact: true }).selectOption({ label: "Archive" });
    await page.getByRole("button", { name: "One more action" }).click();
    await page.getByLabel("What is done").last().selectOption("star");
    await accessible(page, "a filter");
    await picture(page, "filter");
    await page.getByRole("button", { name: "Save" }).click();
    await note("The filter is in force").waitFor();
    const smtp = await SmtpTalk.open(pages.dev.ready.ports["smtp"] ?? 0);
    await smtp.say("MAIL FROM:<news@list.test>");
    await smtp.say(`RCPT TO:<${user}>`);
    await smtp.message(
      "From: news@list.test\nTo: me\nSubject: Sorted away\nDate: Wed, 25 Nov 2026 10:00:00 +0000\nMessage-ID: <s@list.test>\n\nhello",
    );
    await page.goto(`${pages.origin}/`);
    await page.getByRole("link", { name: "Archive" }).click();
    await page.locator("[data-row]", { hasText: "Sorted away" }).locator(".star.on").waitFor();
  });

  await t.test("vacation and a signature", async () => {
    await page.goto(`${pages.origin}/#/settings/vacation`);
    await page.getByLabel("Answer messages while I am away").check();
    await page.getByLabel("Answer", { exact: true }).fill("Back on Monday.");
    await page.getByRole("button", { name: "Save" }).click();
    await note("Messages are answered while you are away.").waitFor();
    await page.goto(`${pages.origin}/#/settings/identities`);
    await page.getByRole("button", { name: "Change" }).first().click();
    await page.getByLabel("Your name").fill("Ann Example");
    await page.getByLabel("Signature", { exact: true }).fill("Ann\nHarbour Street 4");
    await page.getByRole("button", { name: "Save" }).click();
    await note("Saved.").waitFor();
    await accessible(page, "settings");
    await picture(page, "settings");
    await page.keyboard.press("c");
    await page.locator(".letter").getByText("Harbour Street 4").waitFor();
    await page.locator(".letter").getByLabel("Throw away").click();
  });

  assert.deepEqual(complaints, []);
});
