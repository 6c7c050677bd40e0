/** The webmail beside the mail: contacts, filters, vacation, identities; signing in with a second factor is in the journey of accounts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiTalk } from "../api-talk.ts";
import { dangerous } from "../attachments/dangerous.ts";
import { messageWith } from "../attachments/message.ts";
import { ask } from "../beside.ts";
import { JmapTalk } from "../jmap-talk.ts";
import { smtpSend } from "../smtp-send.ts";
import { SmtpTalk } from "../smtp-talk.ts";
import { accessible, eventually, held, picture, startPages } from "./browser.ts";
import { ordinaryDay, seedMail } from "./seed.ts";

const macro = dangerous.find(({ danger }) => danger === "macro")!;

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
    await page.locator('input:focus:not([type="search"])').waitFor();
    await page.keyboard.type("Nadia Haddad");
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
    await eventually(
      async () => (await page.locator(".letter .chips li:not(.typing)").count()) === 2,
      "both of the group are written to",
    );
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

  await t.test("a filter is applied to what is in the inbox already, and that is taken back", async () => {
    const talk = await new JmapTalk(pages.origin, user, "pw").open();
    const [inbox, archive] = await Promise.all([talk.mailbox("inbox"), talk.mailbox("archive")]);
    const where = async (mailbox: string): Promise<readonly string[]> => {
      const filter = { inMailbox: mailbox };
      const answers = await talk.calls(
        ["Email/query", { filter, sort: [{ property: "receivedAt" }] }, "q"],
        ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["subject"] }, "g"],
      );
      return answers[1]![1].list.map(({ subject }: { subject: string }) => subject);
    };
    const before = [await where(inbox), await where(archive)];
    const smtp = await SmtpTalk.open(pages.dev.ready.ports["smtp"] ?? 0);
    // Its name, not its address, has the word: the script compares addresses.
    for (const from of ["Bills <accounts@bank.test>", "billing@bank.test", "billing@bank.test"]) {
      await smtp.say(`MAIL FROM:<${/[^<]+@bank.test/.exec(from)?.[0]}>`);
      await smtp.say(`RCPT TO:<${user}>`);
      const at = "Date: Wed, 25 Nov 2026 10:00:00 +0000";
      await smtp.message(
        `From: ${from}\nTo: me\nSubject: ${from}\n${at}\nMessage-ID: <${Math.random()}@b.test>\n\nhello`,
      );
    }
    await page.goto(`${pages.origin}/#/settings/filters`);
    await page.getByRole("button", { name: "New filter" }).click();
    await page.getByLabel("Name", { exact: true }).fill("The bank");
    await page.getByLabel("With what").fill("BILL");
    await page.getByLabel("Folder", { exact: true }).selectOption({ label: "Archive" });
    await page.getByLabel("Apply it to what is in the inbox too").check();
    await picture(page, "filter-applied");
    await page.getByRole("button", { name: "Save" }).click();
    const done = note("2 messages in the inbox were sorted.");
    await done.waitFor();
    assert.deepEqual(await where(inbox), [...before[0]!, "Bills <accounts@bank.test>"]);
    await done.getByRole("button", { name: "Undo" }).click();
    const back = async () => (await where(inbox)).length === before[0]!.length + 3;
    await eventually(back, "they are in the inbox again");
    assert.deepEqual(await where(archive), before[1]);
    await page.getByRole("button", { name: "Apply The bank to what is in the inbox" }).click();
    await done.waitFor();
    await page.getByRole("button", { name: "Apply The bank to what is in the inbox" }).click();
    await note("0 messages in the inbox were sorted.").waitFor();
    await page.getByRole("button", { name: "Delete The bank" }).click();
    await note("The filter was deleted.").waitFor();
  });

  await t.test("what was kept back is released, senders are blocked and let in again", async () => {
    const smtp = await SmtpTalk.open(pages.dev.ready.ports["smtp"] ?? 0);
    for (const subject of ["Minutes", "Offer"]) {
      await smtp.say("MAIL FROM:<clerk@office.test>");
      await smtp.say(`RCPT TO:<${user}>`);
      const file = messageWith(macro, { from: "clerk@office.test", to: user, id: `${subject}@office.test` });
      await smtp.message(file.toString("latin1").replaceAll("\r\n", "\n").replace("A file for you", subject));
    }
    await page.goto(`${pages.origin}/#/settings/junk`);
    const kept = page.locator(".kept");
    await kept.filter({ hasText: "Minutes" }).getByText("is an Office document with macros").waitFor();
    assert.equal(await kept.filter({ hasText: "Minutes" }).locator(".why").count(), 1, "nothing is said for it");
    await accessible(page, "settings of junk");
    await picture(page, "junk");
    await kept.filter({ hasText: "Minutes" }).getByRole("button", { name: "Move to inbox" }).click();
    await note("It is in your inbox.").waitFor();
    await kept.filter({ hasText: "Offer" }).getByRole("button", { name: "Remove it" }).click();
    await page.getByText("Nothing is kept back.").waitFor();
    const blocked = page.locator("form").first();
    await blocked.getByLabel("Address or domain").fill("pushy");
    await blocked.getByRole("button", { name: "Add" }).click();
    await blocked.getByRole("alert").waitFor();
    await blocked.getByLabel("Address or domain").fill("Pushy.example");
    await blocked.getByRole("button", { name: "Add" }).click();
    await page.getByText("pushy.example", { exact: true }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Remove pushy.example" }).click();
    await note("pushy.example is removed from the list.").waitFor();
    await page.goto(`${pages.origin}/`);
    await page.locator("[data-row]", { hasText: "Minutes" }).waitFor();
  });

  await t.test("vacation and a signature", async () => {
    await page.goto(`${pages.origin}/#/settings/vacation`);
    await page.getByLabel("Answer messages while I am away").check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("textarea:focus[aria-describedby=vacation-problem]").waitFor();
    await page.locator("#vacation-problem", { hasText: "Write what is to be answered." }).waitFor();
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

    // Who one writes as is changed: their signature stands in the place of the other, what was written stays.
    await page.getByRole("button", { name: "New identity" }).click();
    await page.getByLabel("Your name").fill("The choir");
    await page.getByLabel("Signature", { exact: true }).fill("Tuesdays at eight");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("The choir").waitFor();
    await page.keyboard.press("c");
    const letter = page.locator(".letter");
    await letter.locator('[contenteditable="true"]').focus();
    await page.keyboard.press("ControlOrMeta+Home");
    await page.keyboard.type("Come and sing.");
    for (const [name, has, hasNot] of [
      ["The choir", "Tuesdays at eight", "Harbour Street 4"],
      ["Ann Example", "Harbour Street 4", "Tuesdays at eight"],
    ] as const) {
      await letter.locator("select").selectOption({ label: `${name} <${user}>` });
      await letter.getByText(has).waitFor();
      assert.equal(await letter.getByText(hasNot).count(), 0);
      assert.equal(await letter.getByText("Come and sing.").count(), 1);
    }
    await letter.getByLabel("Throw away").click();
    await page.getByRole("button", { name: "Change" }).last().click();
    await page.getByRole("button", { name: "Delete this identity" }).click();
    await page.getByText("The choir").waitFor({ state: "detached" });
  });

  await t.test("whoever gets all other mail of a domain answers as whom it came to", async () => {
    const { admin } = pages.dev.ready;
    const api = new ApiTalk(pages.origin, admin);
    await api.ok("PATCH", "/domains/example.test", { catchAll: user });
    await page.getByRole("button", { name: "New identity" }).click();
    await page.getByLabel("Your name").fill("Ann at large");
    await page.getByLabel("Address", { exact: true }).fill("*@example.test");
    await page.getByRole("button", { name: "Save" }).click();
    // Not the note: that of the identity before may be there still.
    await page.getByText("Ann at large").waitFor();
    await smtpSend(pages.dev.ready, undefined, ["shop@example.test"], {
      from: "Guest <guest@far.test>",
      subject: "An order for the shop",
    });
    await page.goto(`${pages.origin}/#/inbox`);
    await page.locator("[data-row]", { hasText: "An order for the shop" }).click();
    await page.getByRole("heading", { name: "An order for the shop" }).waitFor();
    await page.keyboard.press("r");
    const letter = page.locator(".letter");
    const address = letter.getByLabel("Address", { exact: true });
    await eventually(async () => (await address.inputValue()) === "shop@example.test", "as whom it came to");
    await picture(page, "composer-of-a-domain");
    const send = letter.getByRole("button", { name: "Send", exact: true });
    await address.fill("shop@elsewhere.test");
    await send.click();
    await letter.getByText("Say which address of example.test you write as.").waitFor();
    await address.fill("sales@example.test");
    await send.click();
    const talk = await new JmapTalk(pages.origin, user, "pw").open();
    const sent = await talk.mailbox("sent");
    const from = async (): Promise<string | undefined> => {
      const { ids } = await talk.call("Email/query", { filter: { inMailbox: sent, subject: "An order" } });
      const { list } = await talk.call("Email/get", { ids, properties: ["from"] });
      return list[0]?.from[0].email;
    };
    await eventually(
      async () => (await from()) === "sales@example.test",
      "the answer is in Sent, from the address that was said",
    );
    await api.ok("PATCH", "/domains/example.test", { catchAll: null });
  });

  await t.test(
    "mailboxes of another: seen without reload, read, marked, moved, searched and answered as their rights allow",
    async () => {
      const [, other = ""] = pages.dev.ready.users;
      const talk = await seedMail(pages.origin, other, "pw", [
        {
          from: "Guest <guest@x.test>",
          subject: "Plans of the team",
          text: "Only to be read.",
          ago: 3,
          mailbox: "Team",
        },
        { from: "Nora <nora@x.test>", subject: "An offer for us", text: "Twelve chairs.", ago: 2 },
        { from: "Nora <nora@x.test>", subject: "Chairs again", text: "Thirteen chairs.", ago: 1 },
      ]);
      const [boxes] = await talk.calls(["Mailbox/get", { ids: null }]);
      const idOf = (name: string) =>
        boxes?.[1].list.find((box: { role: string; name: string }) => [box.role, box.name].includes(name)).id;
      const [, number = ""] =
        /^A(\d+)$/.exec(
          (
            await (
              await fetch(`${pages.origin}/.well-known/jmap`, {
                headers: { authorization: `Basic ${btoa(`${user}:pw`)}` },
              })
            ).json()
          ).primaryAccounts["urn:ietf:params:jmap:mail"],
        ) ?? [];
      const all = {
        mayReadItems: true,
        maySetSeen: true,
        maySetKeywords: true,
        mayAddItems: true,
        mayRemoveItems: true,
      };
      await page.goto(`${pages.origin}/#/`);
      await page.locator("[data-row]").first().waitFor();
      const [shared] = await talk.calls([
        "Mailbox/set",
        {
          update: {
            [idOf("Team")]: { [`shareWith/P${number}`]: { mayReadItems: true } },
            [idOf("inbox")]: { [`shareWith/P${number}`]: all },
            [idOf("trash")]: { [`shareWith/P${number}`]: all },
          },
        },
      ]);
      assert.deepEqual(shared?.[1].notUpdated ?? {}, {});
      const nav = page.locator("nav");
      await nav.getByText(`Shared by ${other}`).waitFor();
      const inList = (text: string) => page.locator("[data-row]", { hasText: text });

      await nav.getByRole("link", { name: "Team" }).click();
      await inList("Plans of the team").click();
      await page.getByText("Only to be read.").last().waitFor();
      await page.locator("header small", { hasText: "Read only" }).waitFor();
      const bar = page.getByRole("toolbar", { name: "What to do with the conversation" });
      assert.equal(
        await bar.getByRole("button", { name: "Delete" }).count(),
        0,
        "nothing is offered that is not granted",
      );
      await page.keyboard.press("s");
      await note("The owner of this mailbox has not granted you this.").waitFor();
      await accessible(page, "a mailbox of another");
      await picture(page, "shared-read-only");

      await nav.getByRole("link", { name: "Inbox" }).last().click();
      await inList("An offer for us").click();
      await page.getByText("Twelve chairs.").last().waitFor();
      await page.keyboard.press("s");
      const marks = async (subject: string) => {
        const answers = await talk.calls(
          ["Email/query", { filter: { subject } }, "q"],
          [
            "Email/get",
            { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["keywords", "mailboxIds"] },
            "e",
          ],
        );
        const [first] = answers[1]?.[1].list ?? [];
        return first === undefined
          ? "gone"
          : [...Object.keys(first.keywords).sort(), ...Object.keys(first.mailboxIds)].join();
      };
      await eventually(
        async () => (await marks("offer")) === `$flagged,$seen,${idOf("inbox")}`,
        "read and starred for its owner",
      );
      await bar.getByRole("button", { name: "Delete" }).click();
      const deleted = await held(note("Moved to the trash."));
      await eventually(
        async () => (await marks("offer")) === `$flagged,$seen,${idOf("trash")}`,
        "in the owner's trash",
      );
      await deleted.getByRole("button", { name: "Undo" }).click();
      await eventually(async () => (await marks("offer")) === `$flagged,$seen,${idOf("inbox")}`, "and back");

      const box = page.getByRole("combobox", { name: "Search" });
      assert.equal(await box.getAttribute("placeholder"), `Search the mail of ${other}`);
      await box.fill("chairs");
      await box.press("Enter");
      await inList("Chairs again").click();
      await page.getByText("Thirteen chairs.").last().waitFor();
      await picture(page, "shared-search");
      // Their owner lets them be answered in their name: this makes an identity.
      const granted = await talk.fetch(`/api/v1/accounts/${other}/shares/${user}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ rights: "write", sendAs: true }),
      });
      assert.equal(granted.status, 200, await granted.text());
      await page.keyboard.press("r");
      await page.locator(".letter .chips", { hasText: "Nora" }).waitFor();
      const from = page.locator(".letter select");
      assert.match((await from.locator("option:checked").textContent()) ?? "", new RegExp(other.replace(".", "\\.")));
      await page.locator(".letter").getByLabel("Throw away").click();

      // Only on behalf: the letter, its copy and who gets it say who wrote it.
      const less = await talk.fetch(`/api/v1/accounts/${other}/shares/${user}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ rights: "write", sendOnBehalf: true }),
      });
      assert.equal(less.status, 200, await less.text());
      await page.reload();
      await page.locator("[data-row]").first().waitFor();
      await page.keyboard.press("c");
      const letter = page.locator(".letter");
      await from.selectOption({ label: `${user} on behalf of ${other}` });
      await letter.getByLabel("To", { exact: true }).fill(`${other},`);
      await letter.getByLabel("Subject").fill("From all of us");
      await letter.getByLabel("Text of the message").click();
      await page.keyboard.type("Come tomorrow.");
      await picture(page, "behalf-written");
      await letter.getByRole("button", { name: "Send", exact: true }).click();
      await note("Sent.").first().waitFor();
      await page.goto(`${pages.origin}/#/`);
      await nav.getByRole("link", { name: "Sent" }).first().click();
      await inList("From all of us").click();
      await page.locator("article.unfolded").getByText(`me on behalf of ${other}`).waitFor();
      await picture(page, "behalf-read");
      // And the list where it came.
      await nav.getByRole("link", { name: "Inbox" }).last().click();
      await inList("From all of us").getByText(`me on behalf of ${other}`).waitFor();

      // To one's own mail, and with undo back again.
      await nav.getByRole("link", { name: "Inbox" }).last().click();
      await inList("Chairs again").click();
      await page.keyboard.press("v");
      await page.locator("dialog input").fill("Archive");
      await page.keyboard.press("Enter");
      const moved = await held(note("Moved to Archive."));
      await eventually(async () => (await marks("again")) === "gone", "gone from the owner's mail");
      await moved.getByRole("button", { name: "Undo" }).click();
      await eventually(async () => (await marks("again")) === `$seen,${idOf("inbox")}`, "back in the owner's inbox");
    },
  );

  await t.test("one's own mailbox is shared by address, the rights changed and taken back", async () => {
    const [, other = ""] = pages.dev.ready.users;
    const talk = await new JmapTalk(pages.origin, other, "pw").open();
    const [, owner] = Object.entries(talk.session.primaryAccounts as object)[0] ?? [];
    const rights = async () => {
      await talk.open();
      const account = Object.keys(talk.session.accounts).find((id) => id !== owner);
      if (account === undefined) return "none";
      const [boxes] = await talk.calls(["Mailbox/get", { accountId: account, ids: null }]);
      // It may go between the two.
      return (boxes?.[1].list ?? [])
        .map(
          ({ name, myRights }: { name: string; myRights: { [right: string]: boolean } }) =>
            `${name} ${Object.keys(myRights)
              .filter((one) => myRights[one])
              .join()}`,
        )
        .join("; ");
    };
    await page.goto(`${pages.origin}/#/`);
    await page.locator("nav").getByRole("link", { name: "Archive" }).first().click();
    await page.keyboard.press("Control+k");
    await page.locator("dialog input").fill("Share this mailbox");
    await page.keyboard.press("Enter");
    const dialog = page.locator("dialog");
    await dialog.getByText("It is shared with nobody.").waitFor();
    await dialog.getByLabel("Address of somebody here").fill("nobody@example.test");
    await dialog.getByRole("button", { name: "Share", exact: true }).click();
    await dialog.getByText("There is nobody here with the address nobody@example.test.").waitFor();
    await dialog.getByLabel("Address of somebody here").fill(other);
    await dialog.getByRole("button", { name: "Share", exact: true }).click();
    const may = dialog.getByLabel(`What ${other} may do`);
    await may.waitFor();
    await eventually(async () => (await rights()) === "Archive mayReadItems", "to be read");
    await may.selectOption("write");
    await eventually(async () => (await rights()).includes("mayRemoveItems"), "to be changed");
    assert.equal(await may.inputValue(), "write");
    await accessible(page, "sharing a mailbox");
    await picture(page, "share");
    await dialog.getByRole("button", { name: `No longer share with ${other}` }).click();
    await eventually(async () => ["none", ""].includes(await rights()), "no longer shared");
    await page.keyboard.press("Escape");
  });

  await t.test("an assistant writes for one until that is taken back, and the audit log shows it", async () => {
    const [, other = ""] = pages.dev.ready.users;
    const login = { user: other, password: "pw" };
    const sends = () => smtpSend(pages.dev.ready, login, [user], { from: user, subject: "By an assistant" });
    await assert.rejects(sends(), /may not send as/);
    await page.goto(`${pages.origin}/#/settings/helpers`);
    await page.getByText("Nobody but you.").waitFor();
    const add = async (address: string) => {
      await page.getByLabel("Address of somebody here").fill(address);
      await page.getByRole("button", { name: "Add" }).click();
    };
    await add("nobody@example.test");
    await page.getByText("There is nobody here with the address nobody@example.test.").waitFor();
    await add(other);
    const writing = page.getByLabel(`How ${other} may write`);
    await writing.selectOption({ label: "On your behalf: readers see both of you" });
    await eventually(
      () =>
        sends().then(
          () => true,
          () => false,
        ),
      "on behalf",
    );
    const talk = await new JmapTalk(pages.origin, user, "pw").open();
    const [, got] = await talk.calls(
      ["Email/query", { filter: { subject: "By an assistant" } }, "q"],
      [
        "Email/get",
        { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["from", "sender"] },
        "e",
      ],
    );
    const { from, sender } = got?.[1].list[0] ?? {};
    assert.deepEqual([from[0].email, sender[0].email], [user, other]);
    await accessible(page, "assistants");
    await picture(page, "assistants");
    await page.getByLabel(`What ${other} may do in your mailbox`).selectOption("none");
    const shares = async () => (await (await talk.fetch("/api/v1/accounts/me/shares")).json()).items;
    await eventually(async () => (await shares())[0]?.rights === "none", "writing alone");
    assert.equal((await shares())[0].sendOnBehalf, true);
    await page.getByRole("button", { name: `No longer share with ${other}` }).click();
    await page.getByText("Nobody but you.").waitFor();
    await assert.rejects(sends(), /may not send as/);
    await held(note(`${other} works in your mailbox no more.`)).then((one) =>
      one.getByRole("button", { name: "Undo" }).click(),
    );
    await eventually(async () => (await shares())[0]?.sendOnBehalf === true, "given again");
    await page.getByRole("button", { name: `No longer share with ${other}` }).click();
    await page.getByText("Nobody but you.").waitFor();
    const noted = (await ask(pages.dev.ready.data, "audit list", { actor: user, target: other })) as {
      readonly action: string;
      readonly via: string;
    }[];
    assert.ok(noted.length >= 4 && noted.every(({ action }) => /share/.test(action)), JSON.stringify(noted));
  });

  assert.deepEqual(complaints, []);
});
