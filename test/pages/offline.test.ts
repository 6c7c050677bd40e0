/** The webmail without the network: it opens, shows what is kept, does later what is done meanwhile, says what could not be done, forgets at the end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { JmapTalk } from "../jmap-talk.ts";
import { accessible, eventually, note, picture, row, startPages } from "./browser.ts";
import { beforeServer } from "./next-build.ts";
import { ordinaryDay, seedMail } from "./seed.ts";

test("the webmail without the network", async (t) => {
  const pages = await startPages(t);
  const [user = "", friend = ""] = pages.dev.ready.users;
  const talk = await seedMail(pages.origin, user, "pw", [
    ...ordinaryDay,
    { from: "Uma <uma@x.test>", subject: "Moved elsewhere", text: "x", ago: 300 },
    { from: "Uma <uma@x.test>", subject: "Deleted elsewhere", text: "x", ago: 301 },
  ]);
  const friendly = await new JmapTalk(pages.origin, friend, "pw").open();
  const ann = await pages.person();
  const { page, context } = ann;
  const letter = page.locator(".letter");
  await context.addInitScript(() => {
    // The frames of messages have none.
    if (window === top) localStorage.setItem("angarium.undoSend", "1");
  });
  await ann.signIn();
  await row(ann, "Boat trip").waitFor();
  const kept = (of = page): Promise<number> =>
    of.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const asked = indexedDB.open("angarium-mail");
          // Made by the page alone: before that there is nothing in it, and nothing is made here.
          asked.onupgradeneeded = () => asked.transaction?.abort();
          asked.onerror = () => resolve(0);
          asked.onsuccess = () => {
            const counted = asked.result.transaction("bodies").objectStore("bodies").count();
            counted.onsuccess = () => {
              asked.result.close();
              resolve(counted.result);
            };
          };
        }),
    );
  const [found] = await talk.calls(["Email/query", { calculateTotal: true, limit: 1 }]);
  const total = found?.[1].total as number;
  const idOf = async (subject: string): Promise<string> =>
    (await talk.calls(["Email/query", { filter: { subject } }]))[0]?.[1].ids[0];
  const emailOf = async (subject: string) =>
    (
      await talk.calls(
        ["Email/query", { filter: { subject } }, "q"],
        ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" } }, "e"],
      )
    )[1]?.[1].list[0];
  const [boxes] = await talk.calls(["Mailbox/get", { ids: null }]);
  const box = (role: string): string => boxes?.[1].list.find((one: { role: string }) => one.role === role).id;

  await t.test("brings recent mail here by itself", async () => {
    await eventually(async () => (await kept()) >= total, "all mail is kept");
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await eventually(() => page.evaluate(() => navigator.serviceWorker.controller !== null), "the worker is there");
  });

  await t.test("opens without the network, lists and shows what it has, finds in it", async () => {
    await context.setOffline(true);
    await page.reload();
    await row(ann, "Boat trip").waitFor();
    await page.getByText("No connection: you see the mail that is kept on this device.").waitFor();
    await row(ann, "Boat trip").click();
    await page.getByText("Perfect, see you there.").last().waitFor();
    await row(ann, "New timetable").click();
    await page.frameLocator('iframe[title="Text of the message"]').getByText("Three new islands").waitFor();
    await accessible(page, "offline");
    await picture(page, "offline");
    await page.keyboard.press("/");
    await page.keyboard.type("from:uma deleted");
    await page.keyboard.press("Enter");
    await row(ann, "Deleted elsewhere").waitFor();
    assert.equal(await page.locator("[data-row]").count(), 1);
    await page.goto(`${pages.origin}/#/`);
  });

  await t.test("stars, moves, deletes, writes and sends; all of it waits", async () => {
    await row(ann, "Rechnung").locator(".star").click();
    for (const subject of ["Moved elsewhere", "Deleted elsewhere", "Drawings"]) {
      await row(ann, subject).click();
      await page.keyboard.press("e");
      await row(ann, subject).waitFor({ state: "detached" });
    }
    await page.keyboard.press("c");
    await letter.getByLabel("To", { exact: true }).fill(`${friend},`);
    await letter.getByLabel("Subject").fill("From the boat");
    await letter.getByLabel("Text of the message").click();
    await page.keyboard.type("No network here, and still a letter.");
    await letter
      .locator('footer > input[type="file"]')
      .setInputFiles({ name: "map.txt", mimeType: "text/plain", buffer: Buffer.from("here be dragons") });
    await letter.getByText("map.txt").waitFor();
    await letter.getByRole("button", { name: "Send", exact: true }).click();
    await letter.waitFor({ state: "detached" });
    await page.getByText(/\d changes wait for the connection/).waitFor();
    await page.goto(`${pages.origin}/#/m/${box("sent")}`);
    await row(ann, "From the boat").getByText("Waits to be sent").waitFor();
    await picture(page, "offline-waiting");
    // A crash in between loses nothing.
    await page.reload();
    await row(ann, "From the boat").getByText("Waits to be sent").waitFor();
    assert.equal((await emailOf("Rechnung")).keywords.$flagged, undefined, "the server knows nothing yet");
  });

  await t.test(
    "carries it out when the network is back; conflicts are told and nothing of others is undone",
    async () => {
      const [moved, gone] = [await idOf("Moved elsewhere"), await idOf("Deleted elsewhere")];
      await talk.calls([
        "Email/set",
        { update: { [moved]: { mailboxIds: { [box("junk")]: true } } }, destroy: [gone] },
      ]);
      await context.setOffline(false);
      await note(ann, "“Moved elsewhere” was moved to").waitFor();
      await note(ann, "“Deleted elsewhere” was deleted elsewhere meanwhile").waitFor();
      await picture(page, "offline-told");
      await eventually(async () => (await emailOf("Rechnung")).keywords.$flagged === true, "the star is there");
      assert.deepEqual((await emailOf("Moved elsewhere")).mailboxIds, { [box("junk")]: true });
      await eventually(async () => !(await emailOf("Drawings")).mailboxIds[box("inbox")], "it is archived");
      const theirs = async () => {
        const answers = await friendly.calls(
          ["Email/query", { filter: { subject: "From the boat" } }, "q"],
          [
            "Email/get",
            { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["attachments", "preview"] },
            "e",
          ],
        );
        return answers[1]?.[1].list as { preview: string; attachments: { name: string; size: number }[] }[];
      };
      await eventually(async () => (await theirs()).length > 0, "the friend has the letter");
      const [theirLetter, ...more] = await theirs();
      assert.equal(more.length, 0, "once");
      assert.match(theirLetter?.preview ?? "", /No network here/);
      assert.deepEqual(
        theirLetter?.attachments.map(({ name, size }) => [name, size]),
        [["map.txt", 15]],
      );
      await row(ann, "From the boat").getByText("Waits to be sent").waitFor({ state: "detached" });
      await page.getByText(/No connection|wait for the connection/).waitFor({ state: "detached" });
      const [drafts] = await talk.calls([
        "Email/query",
        { filter: { inMailbox: box("drafts"), subject: "From the boat" } },
      ]);
      assert.deepEqual(drafts?.[1].ids, [], "no draft is left behind");
    },
  );

  await t.test("a letter whose answer was lost is not sent twice", async () => {
    let lost = 0;
    await page.route("**/jmap/api", async (route) => {
      if (lost > 0 || !(route.request().postData() ?? "").includes("EmailSubmission/set")) return route.continue();
      lost++;
      await route.fetch();
      await route.abort();
    });
    await page.keyboard.press("c");
    await letter.getByLabel("To", { exact: true }).fill(`${friend},`);
    await letter.getByLabel("Subject").fill("Just once");
    await letter.getByRole("button", { name: "Send", exact: true }).click();
    await letter.waitFor({ state: "detached" });
    const count = async (who: JmapTalk, filter: object) =>
      (await who.calls(["Email/query", { filter }]))[0]?.[1].ids.length;
    await eventually(async () => (await count(friendly, { subject: "Just once" })) > 0, "it has come");
    await page.getByText(/change(?:s|) (?:waits?|is|are) /).waitFor({ state: "detached" });
    assert.equal(lost, 1);
    assert.equal(await count(talk, { subject: "Just once", inMailbox: box("sent") }), 1);
    assert.equal(await count(friendly, { subject: "Just once" }), 1);
    await page.unrouteAll({ behavior: "wait" });
  });

  await t.test("a letter that the server does not take when it is back is given back as it was written", async () => {
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await context.setOffline(true);
    await page.keyboard.press("c");
    await letter.getByLabel("To", { exact: true }).fill(`${friend},`);
    await letter.getByLabel("Subject").fill("Nowhere to go");
    await letter.getByLabel("Text of the message").click();
    await page.keyboard.type("Every word of it.");
    await letter.getByRole("button", { name: "Send", exact: true }).click();
    await letter.waitFor({ state: "detached" });
    await page.getByText(/waits? for the connection/).waitFor();
    type Asked = { methodCalls: [string, { create?: object }, string][] };
    await page.route("**/jmap/api", (route) => {
      const { methodCalls } = route.request().postDataJSON() as Asked;
      const makes = methodCalls.filter(([, { create = {} }]) => Object.keys(create).length > 0);
      if (makes.length === 0) return route.continue();
      const full = { type: "overQuota", description: "Your mailbox is full." };
      const methodResponses = makes.map(([name, { create = {} }, id]) => [
        name,
        { notCreated: Object.fromEntries(Object.keys(create).map((one) => [one, full])) },
        id,
      ]);
      return route.fulfill({ json: { methodResponses } });
    });
    await context.setOffline(false);
    await note(ann, "“Nowhere to go” could not be saved: Your mailbox is full.").waitFor();
    await letter.getByText("Every word of it.").waitFor();
    assert.equal(await letter.getByLabel("Subject").inputValue(), "Nowhere to go");
    await picture(page, "offline-given-back");
    await page.unrouteAll({ behavior: "wait" });
    await letter.getByRole("button", { name: "Send", exact: true }).click();
    await letter.waitFor({ state: "detached" });
    const theirs = async () =>
      (await friendly.calls(["Email/query", { filter: { subject: "Nowhere to go" } }]))[0]?.[1].ids.length as number;
    await eventually(async () => (await theirs()) === 1, "the friend has it");
  });

  await t.test("says what is kept, and keeps nothing where that is not wished", async () => {
    await page.goto(`${pages.origin}/#/settings/offline`);
    await page.getByText(/messages are kept here/).waitFor();
    await accessible(page, "settings of offline");
    await picture(page, "offline-settings");
  });

  await t.test("a server that is out of order takes nothing from the list, and is not to be waited for", async () => {
    // The device keeps less than the list shows: nothing at all.
    await page.getByLabel("Keep recent mail on this device").uncheck();
    await page.getByText("0 messages are kept here").waitFor();
    await page.goto(`${pages.origin}/#/`);
    await row(ann, "Rechnung").waitFor();
    const rows = await page.locator("[data-row]").count();
    await page.route("**/jmap/api", (route) => route.fulfill({ status: 500, body: "{}" }));
    await seedMail(pages.origin, user, "pw", [
      { from: "Uma <uma@x.test>", subject: "In the meantime", text: "x", ago: 0 },
    ]);
    await page.getByText("The server is out of order just now: what you see stays").waitFor();
    assert.equal(await page.locator("[data-row]").count(), rows);
    await row(ann, "New timetable").locator(".star").click();
    await page.getByText("1 change waits for the connection").waitFor();
    await accessible(page, "a server out of order");
    await picture(page, "offline-failing");
    await page.unrouteAll({ behavior: "wait" });
    await row(ann, "In the meantime").waitFor();
    await eventually(async () => (await emailOf("New timetable")).keywords.$flagged === true, "the star is there");
    await page.getByText(/out of order|waits for the connection/).waitFor({ state: "detached" });
    assert.equal(await page.locator("[data-row]").count(), rows + 1);
    await page.goto(`${pages.origin}/#/settings/offline`);
    await page.getByLabel("Keep recent mail on this device").check();
    await page.goto(`${pages.origin}/#/`);
  });

  await t.test(
    "a new build takes over when the reader says so, and what was being written is still there",
    async () => {
      const next = await beforeServer(pages.origin);
      t.after(next.stop);
      const bob = await pages.person({ size: "phone", theme: "dark" });
      // As when Chromium drops the new worker's turn: the first word to it is lost.
      await bob.context.addInitScript(() => {
        if (!("ServiceWorker" in globalThis)) return;
        const { postMessage } = ServiceWorker.prototype;
        ServiceWorker.prototype.postMessage = function (message: unknown) {
          if (sessionStorage.getItem("test.lost") !== null) return postMessage.call(this, message);
          sessionStorage.setItem("test.lost", "yes");
        };
        // And as on a busy machine: the page that is loaded anew has been there for a while when it knows of its workers.
        const { register } = ServiceWorkerContainer.prototype;
        ServiceWorkerContainer.prototype.register = async function (...asked) {
          if (sessionStorage.getItem("test.lost") !== null) await new Promise((resolve) => setTimeout(resolve, 2_000));
          return register.apply(this, asked);
        };
      });
      await bob.page.goto(next.origin);
      await bob.page.locator('input[name="username"]').fill(user);
      await bob.page.locator('input[name="password"]').fill("pw");
      await bob.page.locator('button[type="submit"]').click();
      await row(bob, "Boat trip").waitFor();
      await eventually(
        () => bob.page.evaluate(() => navigator.serviceWorker.controller !== null),
        "the worker is there",
      );
      await bob.page.getByLabel("New message").last().click();
      await bob.page.locator(".letter").getByLabel("Subject").fill("Half a thought");
      next.build("two");
      await bob.page.evaluate(async () => (await navigator.serviceWorker.ready).update());
      await note(bob, "A new version of this page is there.").waitFor();
      assert.equal(await bob.page.locator('meta[name="build"]').count(), 0, "nothing changes under the reader's hands");
      await note(bob, "A new version of this page is there.").getByRole("button", { name: "Load it" }).click();
      await bob.page.locator('meta[name="build"][content="two"]').waitFor({ state: "attached" });
      await row(bob, "Boat trip").waitFor({ state: "attached" });
      assert.equal(await bob.page.locator(".letter").getByLabel("Subject").inputValue(), "Half a thought");
      await bob.page.locator(".letter").getByLabel("Throw away").click();
      // Before that it would come back with the page.
      await note(bob, "The draft was thrown away.").waitFor();
      // The new build works without the network as well.
      await eventually(async () => (await kept(bob.page)) >= total, "mail is kept there too");
      await bob.context.setOffline(true);
      await bob.page.reload();
      await bob.page.locator('meta[name="build"][content="two"]').waitFor({ state: "attached" });
      await row(bob, "Boat trip").waitFor();
      await bob.page.getByText("No connection").waitFor();
      await accessible(bob.page, "offline on a phone in the dark");
      await picture(bob.page, "offline-phone");
      await bob.context.close();
    },
  );

  await t.test("signing out wipes the device, without the network as well", async () => {
    // Without the notes of before.
    await page.goto(`${pages.origin}/#/`);
    await page.reload();
    await row(ann, "Boat trip").waitFor();
    await context.setOffline(true);
    await page.goto(`${pages.origin}/#/`);
    await row(ann, "Boat trip").waitFor();
    await page.getByRole("button", { name: `Account ${user}` }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByText("The server does not answer").waitFor();
    assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name)), []);
    assert.deepEqual(
      await page.evaluate(async () => (await caches.keys()).filter((name) => name.includes("parts"))),
      [],
    );
    await context.setOffline(false);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator('input[name="password"]').waitFor();
  });
  assert.deepEqual(
    ann.complaints.filter((one) => !/ERR_INTERNET_DISCONNECTED|ERR_FAILED|status of 500/.test(one)),
    [],
  );
});
