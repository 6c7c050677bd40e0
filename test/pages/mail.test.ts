/** The webmail as people use it: reading, sorting, writing, by mouse and by keyboard, at a desk and on a phone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryFolder } from "../dev-process.ts";
import type { JmapTalk } from "../jmap-talk.ts";
import { accessible, eventually, held, note, picture, row, startPages } from "./browser.ts";
import { boat, deliverBoat, ordinaryDay, seedMail, seedZone } from "./seed.ts";

async function inbox(talk: JmapTalk): Promise<readonly string[]> {
  const [boxes] = await talk.calls(["Mailbox/get", { ids: null }]);
  const id = boxes?.[1].list.find((box: { role: string }) => box.role === "inbox").id;
  const [, emails] = await talk.calls(
    ["Email/query", { filter: { inMailbox: id } }, "q"],
    ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["subject"] }, "e"],
  );
  return emails?.[1].list.map((email: { subject: string }) => email.subject);
}

test("the webmail", async (t) => {
  const zone = await seedZone(await temporaryFolder(t));
  const pages = await startPages(t, ["--cleartext-auth", "--users", "3", "--dns", zone]);
  const [user = "", friend = ""] = pages.dev.ready.users;
  const day = ordinaryDay.filter((seed) => !boat(seed));
  const talk = await seedMail(pages.origin, user, "pw", day);
  await deliverBoat(pages.dev, user);
  const ann = await pages.person();
  // Seconds of undo are long for a test.
  await ann.context.addInitScript(() => localStorage.setItem("angarium.undoSend", "5"));
  await ann.signIn();
  await row(ann, "Boat trip").waitFor();

  await t.test("lists conversations, unread first seen, with counts", async () => {
    await row(ann, "Boat trip")
      .filter({ hasText: /Nadia, me\s*3/ })
      .waitFor();
    assert.equal(await row(ann, "Boat trip").locator(".dot").count(), 1);
    await eventually(async () => (await ann.page.title()) === "(4) Inbox · Angarium", "its unread are counted");
    await accessible(ann.page, "the list");
    await picture(ann.page, "inbox");
  });

  await t.test("reads a conversation: the newest message is open, read is said to the server", async () => {
    await row(ann, "Boat trip").click();
    await ann.page.getByText("Perfect, see you there.").last().waitFor();
    await ann.page.getByText("Really from harbour.test").last().waitFor();
    // What was imported may say anything of itself.
    assert.equal(await ann.page.getByText("Really from harbour.test").count(), 1);
    await ann.page.getByText("Not checked here").waitFor();
    assert.equal(await ann.page.locator("article.unfolded").count(), 2);
    await row(ann, "Boat trip").locator(".dot").waitFor({ state: "detached" });
    await accessible(ann.page, "a conversation");
  });

  await t.test(
    "shows HTML in a frame: nothing is fetched from elsewhere, trackers are counted, links say where they go",
    async () => {
      const asked: string[] = [];
      ann.page.on("request", (request) => asked.push(request.url()));
      await row(ann, "New timetable").click();
      const frame = ann.page.frameLocator('iframe[title="Text of the message"]');
      await frame.getByText("Three new islands").waitFor();
      // As it was laid out: DOMPurify takes what is no address for a bad one.
      assert.equal(await frame.locator('table[width="600"][align="center"] img[height="180"]').count(), 1);
      await ann.page.getByText("1 tracker blocked").waitFor();
      await ann.page.getByText("1 picture from elsewhere is not loaded").waitFor();
      await frame.getByText("https://ferryline.test/account").click();
      await ann.page.getByText("the link goes to evil.test").waitFor();
      await picture(ann.page, "link");
      await ann.page.keyboard.press("Escape");
      assert.deepEqual(
        asked.filter((url) => !url.startsWith(pages.origin) && !/^(?:data|blob):/.test(url)),
        [],
      );
    },
  );

  await t.test("warns of look-alikes", async () => {
    await row(ann, "mailbox is almost full").click();
    await ann.page.getByText("The domain exarnple.test looks like example.test").waitFor();
    await ann.page.getByText("Not checked here").waitFor();
    await ann.page.getByText("Came unencrypted").waitFor();
  });

  await t.test("archives by key, and takes it back", async () => {
    await ann.page.keyboard.press("e");
    const archived = await held(note(ann, "Archived."));
    await eventually(async () => !(await inbox(talk)).includes("Your mailbox is almost full"), "it is archived");
    await archived.getByText("Undo").click();
    await eventually(async () => (await inbox(talk)).includes("Your mailbox is almost full"), "it is back");
    await row(ann, "mailbox is almost full").waitFor();
  });

  await t.test("stars, selects several, deletes them together, takes them back", async () => {
    await row(ann, "Rechnung").locator(".star").click();
    await row(ann, "Rechnung").locator(".star.on").waitFor();
    await row(ann, "Rechnung").locator(".box").click();
    await row(ann, "Drawings")
      .locator(".box")
      .click({ modifiers: ["ControlOrMeta"] });
    await ann.page.getByText("2 selected").waitFor();
    await ann.page.locator("header.choosing").getByLabel("Delete").click();
    await note(ann, "2 conversations moved to the trash.").waitFor();
    await eventually(async () => !(await inbox(talk)).some((one) => /Rechnung|Drawings/.test(one)), "both are gone");
    await ann.page.keyboard.press("z");
    await eventually(
      async () => (await inbox(talk)).filter((one) => /Rechnung|Drawings/.test(one)).length === 2,
      "both are back",
    );
    // What is said of several holds for each of them.
    for (const [subject, modifiers] of [
      ["Rechnung", []],
      ["Drawings", ["ControlOrMeta"]],
    ] as const)
      await row(ann, subject)
        .locator(".box")
        .click({ modifiers: [...modifiers] });
    await ann.page.getByText("2 selected").waitFor();
    await ann.page.keyboard.press("u");
    for (const subject of ["Rechnung", "Drawings"]) await row(ann, subject).locator(".dot").waitFor();
    await ann.page.keyboard.press("Shift+I");
    for (const subject of ["Rechnung", "Drawings"])
      await row(ann, subject).locator(".dot").waitFor({ state: "detached" });
    await ann.page.keyboard.press("Escape");
  });

  /** However a part of this ends, the next one begins in the inbox. */
  const backToInbox = async (): Promise<void> => void (await ann.page.goto(`${pages.origin}/#/`));

  await t.test("all of a long folder, what nobody has scrolled to as well: read, moved, and taken back", async (t) => {
    t.after(backToInbox);
    const letters = Array.from({ length: 140 }, (_, i) => ({
      from: "News <news@list.test>",
      subject: `Issue ${i}`,
      text: "What is new.",
      ago: i,
      mailbox: "Gazette",
    }));
    await seedMail(pages.origin, user, "pw", letters);
    const count = async (filter: { readonly [condition: string]: unknown }): Promise<number> =>
      (await talk.call("Email/query", { filter, calculateTotal: true })).total;
    const { list } = await talk.call("Mailbox/get", { ids: null });
    const gazette = list.find(({ name }: { name: string }) => name === "Gazette").id;
    const unread = { inMailbox: gazette, notKeyword: "$seen" };
    await ann.page.getByRole("link", { name: /^Gazette/ }).click();
    await row(ann, "Issue 0").waitFor();
    const chooseAll = async (): Promise<void> => {
      await ann.page.locator(".total", { hasText: "140" }).waitFor();
      await ann.page.keyboard.press("*");
      await ann.page.keyboard.press("a");
      await ann.page.getByRole("button", { name: "Select all 140 conversations" }).click();
      await ann.page.getByText("140 selected").waitFor();
    };
    await ann.page.getByRole("button", { name: "What to do with Gazette" }).click();
    await ann.page.getByRole("menuitem", { name: "Mark all as read" }).click();
    const allRead = await held(note(ann, "140 messages were marked as read."));
    // It is said, and can be taken back, from the moment on that it is asked for.
    await eventually(async () => (await count(unread)) === 0, "all are read at the server");
    await allRead.getByRole("button", { name: "Undo" }).click();
    await eventually(async () => (await count(unread)) === 140, "all are unread again");
    await chooseAll();
    await picture(ann.page, "all-chosen");
    await ann.page.keyboard.press("Shift+I");
    await eventually(async () => (await count(unread)) === 0, "all are read");
    await ann.page.keyboard.press("Escape");
    await chooseAll();
    await ann.page.keyboard.press("e");
    await note(ann, "140 conversations archived.").waitFor();
    await eventually(async () => (await count({ inMailbox: gazette })) === 0, "all are archived");
    await ann.page.getByText("Nothing here.").waitFor();
    await ann.page.keyboard.press("z");
    await eventually(async () => (await count({ inMailbox: gazette })) === 140, "all are back");
    await row(ann, "Issue 0").waitFor();
  });

  await t.test("a read receipt that is asked for is sent when the reader says so, once", async () => {
    const fields = ["Disposition-Notification-To: <late@x.test>"];
    await seedMail(pages.origin, user, "pw", [
      { from: "Late <late@x.test>", subject: "Tell me", text: "hello", ago: 0, fields },
    ]);
    await row(ann, "Tell me").click();
    await ann.page.getByRole("button", { name: "Send a read receipt" }).click();
    await note(ann, "The sender was told").waitFor();
    const [, emails] = await talk.calls(
      ["Email/query", { filter: { subject: "Tell me" } }, "q"],
      ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["keywords"] }, "e"],
    );
    assert.equal(emails?.[1].list[0].keywords.$mdnsent, true);
    assert.equal(await ann.page.getByRole("button", { name: "Send a read receipt" }).count(), 0);
  });

  await t.test("new mail appears by itself", async () => {
    // It comes while the page looks at another change: the list is of the moment before it, the counts are of the one after.
    const come = Promise.withResolvers<void>();
    let asked = false;
    await ann.page.route("**/jmap/api", async (route) => {
      const body = route.request().postData() ?? "";
      if (body.includes('"Mailbox/get"')) await come.promise;
      if (asked || !body.includes('"collapseThreads":true')) return route.continue();
      asked = true;
      const response = await route.fetch();
      await seedMail(pages.origin, user, "pw", [
        { from: "Late <late@x.test>", subject: "Just now", text: "hello", ago: 0 },
      ]);
      come.resolve();
      return route.fulfill({ response });
    });
    const { ids } = await talk.call("Email/query", { filter: { subject: "Rechnung" } });
    await talk.call("Email/set", { update: { [ids[0]]: { "keywords/$flagged": null } } });
    await row(ann, "Just now").waitFor();
    await ann.page.getByRole("status").getByText("New message from Late: Just now").waitFor();
    await ann.page.unrouteAll({ behavior: "wait" });
  });

  await t.test("why it is in junk, and one click out of it", async (t) => {
    t.after(backToInbox);
    await ann.page.getByRole("link", { name: /^Junk/ }).click();
    await row(ann, "You have WON").click();
    await ann.page.getByText("It promises money that nobody has asked for.").waitFor();
    await picture(ann.page, "junk");
    await ann.page.getByRole("button", { name: "Not junk" }).last().click();
    await eventually(async () => (await inbox(talk)).includes("You have WON"), "it is in the inbox");
    await ann.page.keyboard.press("g");
    await ann.page.keyboard.press("i");
    await row(ann, "You have WON").waitFor();
  });

  await t.test("writes, saves the draft, sends, and it arrives", async () => {
    await ann.page.keyboard.press("c");
    const letter = ann.page.locator(".letter");
    await letter.getByLabel("To", { exact: true }).fill(`${friend},`);
    await letter.getByLabel("Subject").fill("Lunch?");
    await letter.getByLabel("Text of the message").click();
    await ann.page.keyboard.type("Shall we eat together at noon?");
    await letter.getByText("Saved").waitFor();
    await accessible(ann.page, "a letter");
    await picture(ann.page, "compose");
    await ann.page.keyboard.press("Control+Enter");
    await note(ann, "Sent.").waitFor();
    const bob = await new (talk.constructor as typeof JmapTalk)(pages.origin, friend, "pw").open();
    await eventually(async () => (await inbox(bob)).includes("Lunch?"), "the letter arrives after the seconds of undo");
    // Gone with them: the next Undo that is in sight is the next letter's.
    await note(ann, "Sent.").waitFor({ state: "detached" });
    const [own] = await talk.calls(["Email/query", { filter: { subject: "Lunch?" } }]);
    assert.equal(own?.[1].ids.length, 1, "it was sent once");
    const [, emails] = await bob.calls(
      ["Email/query", { filter: { subject: "Lunch?" } }, "q"],
      ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, fetchAllBodyValues: true }, "e"],
    );
    assert.deepEqual(
      emails?.[1].list[0].textBody.map((part: { type: string }) => part.type),
      ["text/plain"],
    );
    assert.match(JSON.stringify(emails?.[1].list[0].bodyValues), /Shall we eat together at noon\?/);
  });

  await t.test("takes a sent letter back", async () => {
    await ann.page.keyboard.press("c");
    const letter = ann.page.locator(".letter");
    await letter.getByLabel("To", { exact: true }).fill(`${friend},`);
    await letter.getByLabel("Subject").fill("Not this one");
    await ann.page.evaluate(() => localStorage.setItem("angarium.undoSend", "60"));
    await letter.getByRole("button", { name: "Send", exact: true }).click();
    await note(ann, "Sent.").last().getByText("Undo").click();
    await letter.getByLabel("Subject").waitFor();
    assert.equal(await letter.getByLabel("Subject").inputValue(), "Not this one");
    await letter.getByLabel("Throw away").click();
    await note(ann, "The draft was thrown away.").waitFor();
  });

  await t.test("a letter survives a crash of the page", async () => {
    await ann.page.keyboard.press("c");
    await ann.page.locator(".letter").getByLabel("Subject").fill("Half a letter");
    const order: string[] = [];
    ann.page.on("request", (request) => order.push(`asks ${new URL(request.url()).pathname}`));
    ann.page.on("response", (response) => order.push(`has ${new URL(response.url()).pathname}`));
    await ann.page.reload();
    await ann.page.getByText("was recovered").waitFor();
    const [asked, had] = [order.indexOf("asks /jmap/api"), order.indexOf("has /.well-known/jmap")];
    assert.ok(asked >= 0 && asked < had, "what the last start asked goes beside the session, not after it");
    assert.equal(await ann.page.locator(".letter").getByLabel("Subject").inputValue(), "Half a letter");
    await ann.page.locator(".letter").getByLabel("Throw away").click();
  });

  await t.test("searches with operators and shows what was found", async () => {
    await ann.page.keyboard.press("/");
    await ann.page.keyboard.type("from:nadia forecast");
    await ann.page.keyboard.press("Enter");
    await ann.page.locator("[data-row] mark", { hasText: "forecast" }).first().waitFor();
    assert.equal(await ann.page.locator("[data-row]").count(), 1);
    await ann.page.getByRole("status").getByText("1 message found.").waitFor();
    await picture(ann.page, "search");
    await ann.page.getByLabel("Search mail").fill("from:me to:nadia");
    await ann.page.keyboard.press("Enter");
    await ann.page.getByRole("status").getByText("1 message found.").waitFor();
    await row(ann, "I will bring the thermos").waitFor();
    await ann.page.getByLabel("End the search").click();
    await row(ann, "Boat trip").waitFor();
  });

  await t.test("the palette finds commands, the help sheet lists keys", async () => {
    await ann.page.keyboard.press("Control+k");
    await ann.page.keyboard.type("archive");
    await ann.page.getByRole("option", { name: /Go to Archive/ }).waitFor();
    await accessible(ann.page, "the palette");
    await ann.page.keyboard.press("Control+a");
    await ann.page.keyboard.type("vacat");
    await ann.page.getByRole("option", { name: "Settings: Vacation" }).waitFor();
    await ann.page.keyboard.press("Escape");
    await ann.page.keyboard.press("?");
    await ann.page.getByRole("heading", { name: "Keyboard shortcuts" }).waitFor();
    await accessible(ann.page, "the help sheet");
    await ann.page.keyboard.press("Escape");
  });

  await t.test("makes a label, drops a conversation on it", async () => {
    await ann.page.getByRole("button", { name: "New folder or label" }).click();
    await ann.page.getByLabel("Name").fill("Kitchen");
    await ann.page.keyboard.press("Enter");
    const target = ann.page.getByRole("link", { name: "Kitchen" });
    await target.waitFor();
    await row(ann, "Drawings").dragTo(target);
    await note(ann, "Moved to Kitchen.").waitFor();
    await target.click();
    await row(ann, "Drawings").waitFor();
  });

  await t.test("dark, and on a phone", async () => {
    for (const look of [{ theme: "dark" }, { size: "phone" }, { size: "phone", theme: "dark" }] as const) {
      const other = await pages.person(look);
      await other.signIn();
      await row(other, "Boat trip").click();
      await other.page.getByText("Perfect, see you there.").last().waitFor();
      await accessible(other.page, JSON.stringify(look));
      await picture(other.page, `conversation-${Object.values(look).join("-")}`);
      if ("size" in look) {
        await other.page.getByRole("button", { name: "Back", exact: true }).click();
        await row(other, "New timetable").waitFor();
        await other.page.getByLabel("Open the list of mailboxes").click();
        await other.page.getByRole("link", { name: "Sent" }).click();
        await row(other, "Re: Boat trip").waitFor();
        await accessible(other.page, "sent mail on a phone");
      }
      assert.deepEqual(other.complaints, []);
      await other.context.close();
    }
  });

  await t.test("right to left in Arabic, at a desk and on a phone; German", async () => {
    for (const look of [{ language: "ar" }, { language: "ar", size: "phone" }] as const) {
      const other = await pages.person(look);
      await other.signIn();
      await row(other, "Boat trip").waitFor();
      assert.equal(await other.page.evaluate(() => document.documentElement.dir), "rtl");
      await accessible(other.page, JSON.stringify(look));
      await picture(other.page, `list-${Object.values(look).join("-")}`);
      await row(other, "Boat trip").click();
      await other.page.getByText("من harbour.test حقا").last().waitFor();
      await picture(other.page, `conversation-${Object.values(look).join("-")}`);
      assert.deepEqual(other.complaints, []);
      await other.context.close();
    }
    const german = await pages.person({ language: "de-AT" });
    await german.signIn();
    await german.page.getByRole("link", { name: "Posteingang" }).waitFor();
    await german.context.close();
  });

  await t.test("the session ends: the door opens, what was written is still there", async () => {
    await ann.page.keyboard.press("c");
    await ann.page.locator(".letter").getByLabel("Subject").fill("Still here");
    await ann.page.locator(".letter").getByText("Saved").waitFor();
    const letter = ann.page.locator(".letter");
    const endsWhile = async (text: string) => {
      await ann.context.clearCookies();
      await letter.getByLabel("Text of the message").click();
      await ann.page.keyboard.type(text);
      await ann.page.getByText("Your session has ended. Sign in again: what you were writing is still here.").waitFor();
    };
    await endsWhile("And more of it.");
    await ann.page.locator('input[name="password"]').fill("pw");
    await ann.page.keyboard.press("Enter");
    await letter.getByText("And more of it.").waitFor();
    await letter.getByText("Saved").waitFor();
    await ann.page.getByRole("link", { name: "Drafts" }).click();
    await row(ann, "Still here").waitFor();
    // Somebody else at the same door: nothing of it is shown to them, or saved among theirs.
    await endsWhile("For nobody else.");
    await ann.page.locator('input[name="username"]').fill(friend);
    await ann.page.locator('input[name="password"]').fill("pw");
    await ann.page.keyboard.press("Enter");
    await row(ann, "Lunch?").waitFor();
    assert.equal(await letter.count(), 0);
    const bob = await new (talk.constructor as typeof JmapTalk)(pages.origin, friend, "pw").open();
    const [theirs] = await bob.calls(["Email/query", { filter: { hasKeyword: "$draft" } }]);
    assert.deepEqual(theirs?.[1].ids, []);
  });

  assert.deepEqual(ann.complaints, []);
});
