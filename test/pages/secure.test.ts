/** Signed and encrypted mail in the webmail: nothing is said to be proven that is not, nothing that was encrypted leaves the page. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import * as pgp from "openpgp";
import type { Page } from "playwright-core";
import { wkdHash } from "../../protocol/openpgp/wkd.ts";
import { parseAutocrypt } from "../../webmail/src/secure/autocrypt.ts";
import { JmapTalk } from "../jmap-talk.ts";
import { accessible, enterMailbox, eventually, picture, row, startPages } from "./browser.ts";
import { type Seed, seedMail } from "./seed.ts";

const corpus = (name: string) =>
  readFileSync(join(import.meta.dirname, "../corpus/smime", name), "latin1").replace(/^MIME-Version: 1.0\r\n/, "");

const signedMail = (part: string, signature: string): string =>
  `Content-Type: multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary=sig\r\n\r\n--sig\r\n${part}\r\n--sig\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\n${signature.replace(/\r?\n/g, "\r\n")}\r\n--sig--\r\n`;
const encryptedMail = (armored: string, more = ""): string =>
  `Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=enc\r\n\r\n${more}--enc\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--enc\r\nContent-Type: application/octet-stream\r\n\r\n${armored.replace(/\r?\n/g, "\r\n")}\r\n--enc--\r\n`;

test("signed and encrypted mail", async (t) => {
  const pages = await startPages(t);
  const [user = ""] = pages.dev.ready.users;
  const ann = await pages.person();
  const { page } = ann;
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  await ann.signIn();
  await page.getByText("All done").waitFor();
  const vera = await pgp.generateKey({ userIDs: [{ name: "Vera", email: "vera@x.test" }], format: "object" });
  let ours: pgp.PublicKey;
  let secret: string;

  await t.test("a key is made in the browser, locked, and can be saved", async () => {
    await page.goto(`${pages.origin}/#/settings/keys`);
    await page.getByRole("button", { name: "Make a key" }).click();
    const dialog = page.locator("dialog");
    await dialog.getByLabel("Passphrase of your key").fill("correct horse");
    await dialog.getByLabel("The passphrase again").fill("correct house");
    await dialog.getByRole("button", { name: "Make a key" }).click();
    await dialog.getByText("The two are not the same.").waitFor();
    await dialog.getByLabel("The passphrase again").fill("correct horse");
    await dialog.getByRole("button", { name: "Make a key" }).click();
    await page.getByText("Your key is made.").waitFor();
    await accessible(page, "settings of keys");
    const saved = async (name: string): Promise<string> => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
      return readFileSync(await download.path(), "utf8");
    };
    ours = await pgp.readKey({ armoredKey: await saved("Save public key") });
    assert.equal(ours.users[0]?.userID?.email, user);
    secret = await saved("Save private key");
    assert.equal((await pgp.readPrivateKey({ armoredKey: secret })).isDecrypted(), false, "what is saved is locked");
    keep("sender.asc", ours.armor());
  });

  await t.test("mail of every kind comes", async () => {
    const part = "Content-Type: text/plain; charset=utf-8\r\n\r\nMeet me at nine.";
    const signature = await pgp.sign({
      message: await pgp.createMessage({ binary: Buffer.from(part) }),
      signingKeys: vera.privateKey,
      detached: true,
    });
    const secret = `Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>The <b>secret</b> number is 42.</p><img src="https://evil.test/leak.png" width="300" height="100"><img src="cid:dot@x" alt="a dot">\r\n--in\r\nContent-Type: image/gif; name="dot.gif"\r\nContent-ID: <dot@x>\r\nContent-Disposition: inline; filename="dot.gif"\r\nContent-Transfer-Encoding: base64\r\n\r\nR0lGODlhAQABAIAAAP8AAAAAACwAAAAAAQABAAACAkQBADs=\r\n--in\r\nContent-Type: text/plain; name="plan.txt"\r\nContent-Disposition: attachment; filename="plan.txt"\r\n\r\nstep one\r\n--in--\r\n`;
    const encrypt = async (text: string, sign: boolean): Promise<string> =>
      pgp.encrypt({
        message: await pgp.createMessage({ binary: Buffer.from(text) }),
        encryptionKeys: ours,
        ...(sign ? { signingKeys: vera.privateKey } : {}),
      });
    const closed = await encrypt(secret, true);
    const from = "Vera <vera@x.test>";
    const seeds: readonly Seed[] = [
      { from, subject: "Signed well", entity: signedMail(part, signature), ago: 1 },
      { from, subject: "Signed and changed", entity: signedMail(part.replace("nine", "five"), signature), ago: 2 },
      { from: "Mallory <m@evil.test>", subject: "Signed by another", entity: signedMail(part, signature), ago: 3 },
      { from, subject: "Closed letter", entity: encryptedMail(closed), ago: 4 },
      {
        from,
        subject: "Closed unsigned",
        entity: encryptedMail(await encrypt("Content-Type: text/plain\r\n\r\nWho wrote this?", false)),
        ago: 5,
      },
      {
        from: "Mallory <m@evil.test>",
        subject: "Wrapped around",
        entity: encryptedMail(closed, '--enc\r\nContent-Type: text/html\r\n\r\n<img src="https://evil.test/?\r\n'),
        ago: 6,
      },
      { from: "Vera <vera@x.test>", subject: "Certificate beside it", entity: corpus("detached.eml"), ago: 7 },
      { from: "Vera <vera@x.test>", subject: "Certificate around it", entity: corpus("opaque.eml"), ago: 8 },
      {
        from: "Vera <vera@x.test>",
        subject: "Certificate, changed",
        entity: corpus("detached.eml").replace("Signed with", "Forged with"),
        ago: 9,
      },
    ];
    await seedMail(pages.origin, user, "pw", seeds);
    await page.goto(`${pages.origin}/#/`);
    await row(ann, "Signed well").waitFor();
  });

  const reads = async (subject: string, sentence: string | RegExp): Promise<void> => {
    await row(ann, subject).click();
    await page.locator("article.unfolded").getByText(sentence).waitFor();
  };

  await t.test("a signature whose key is not here proves nothing", async () => {
    await reads("Signed well", "Signed with a key that is not here");
    await page.getByText("Meet me at nine.").last().waitFor();
  });

  await t.test("with the key: good, but unchecked until the reader has checked it", async () => {
    await page.goto(`${pages.origin}/#/settings/keys`);
    await page.locator('input[type="file"]').setInputFiles({
      name: "vera.asc",
      mimeType: "application/pgp-keys",
      buffer: Buffer.from(vera.publicKey.armor()),
    });
    await page.getByText("1 key imported.").waitFor();
    await page.goto(`${pages.origin}/#/`);
    await reads("Signed well", "You have not checked that it does");
    await picture(page, "signed-unchecked");
    await page.goto(`${pages.origin}/#/settings/keys`);
    await page.getByLabel("I have checked the fingerprint").check();
    await picture(page, "keys");
    await page.goto(`${pages.origin}/#/`);
    await reads("Signed well", "Signed by vera@x.test, unchanged since. You have checked this key.");
    await reads("Signed and changed", "The signature does not fit");
    await reads("Signed by another", "with a key of vera@x.test, who is not the sender");
    await accessible(page, "a bad signature");
  });

  await t.test("what is encrypted is opened with the passphrase, shown alone, and loads nothing", async () => {
    await reads("Closed letter", "This message is encrypted for you.");
    const form = page.locator("article.unfolded form");
    await form.getByLabel("Passphrase of your key").fill("wrong");
    await form.getByRole("button", { name: "Open" }).click();
    await page.getByText("The passphrase is wrong.").waitFor();
    await form.getByLabel("Passphrase of your key").fill("correct horse");
    await form.getByRole("button", { name: "Open" }).click();
    await page.getByText("This message was encrypted.").waitFor();
    await page.getByText("Signed by vera@x.test").waitFor();
    const frame = page.frameLocator('iframe[title="Text of the message"]');
    await frame.getByText("secret number is 42").waitFor();
    const width = () => frame.getByAltText("a dot").evaluate((image) => (image as HTMLImageElement).naturalWidth);
    await eventually(async () => (await width()) === 1, "a picture that was encrypted with it is shown");
    assert.equal(await page.getByRole("button", { name: "dot.gif" }).count(), 0, "it is no file beside it");
    assert.equal(
      await page.getByRole("button", { name: "Show pictures" }).count(),
      0,
      "no pictures of elsewhere are offered",
    );
    await accessible(page, "an opened letter");
    await picture(page, "decrypted");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "plan.txt" }).click(),
    ]);
    assert.equal(readFileSync(await download.path(), "utf8").trim(), "step one");
    await reads("Closed unsigned", "but not signed: anybody can have written it");
    // EFAIL: a part of somebody else's around it.
    await reads("Wrapped around", "It cannot be opened");
    assert.equal(await page.getByText("secret number").count(), 0);
    assert.deepEqual(
      asked.filter((url) => url.includes("evil.test")),
      [],
    );
  });

  await t.test("certificates are told with their issuer, and without trust", async () => {
    await reads(
      "Certificate beside it",
      "issued by Vera Certified. Whether the issuer can be trusted is not checked here.",
    );
    await reads("Certificate around it", "issued by Vera Certified");
    await page.getByText("Signed with a certificate.").last().waitFor();
    await reads("Certificate, changed", "The signature does not fit");
  });

  const [, other = ""] = pages.dev.ready.users;
  const gwen = await recipientKey(other);
  const letter = page.locator(".letter");
  const write = async (subject: string, text: string): Promise<void> => {
    await page.keyboard.press("c");
    await letter.getByLabel("To", { exact: true }).fill(`${other},`);
    await letter.getByLabel("Subject").fill(subject);
    await letter.locator('[contenteditable="true"]').click();
    await page.keyboard.type(text);
  };
  /** The newest message of a mailbox, as it stands. */
  const rawOf = async (who: string, role: string, has: string): Promise<string> => {
    const talk = await new JmapTalk(pages.origin, who, "pw").open();
    let found = "";
    await eventually(async () => {
      const [boxes] = await talk.calls(["Mailbox/get", { ids: null }]);
      const id = boxes?.[1].list.find((box: { role: string }) => box.role === role)?.id;
      const answers = await talk.calls(
        ["Email/query", { filter: { inMailbox: id }, sort: [{ property: "receivedAt", isAscending: false }] }, "q"],
        ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["blobId"] }, "e"],
      );
      for (const { blobId } of answers[1]?.[1].list ?? []) {
        const url = talk.session.downloadUrl.replace("{accountId}", talk.accountId).replace("{blobId}", blobId);
        const text = await (await talk.fetch(url.replace("{name}", "m").replace("{type}", "message/rfc822"))).text();
        if (text.includes(has)) {
          found = text;
          return true;
        }
      }
      return false;
    }, `${has} in ${role} of ${who}`);
    return found;
  };

  await t.test("a letter is not sent while somebody cannot get it encrypted, and who that is is said", async () => {
    await page.goto(`${pages.origin}/#/`);
    await page.evaluate(() => localStorage.setItem("angarium.undoSend", "0"));
    await write("Café plans", "The key is under the third stone.");
    // Attached before the lock is on it goes up; with the lock it comes back, and goes from the server.
    const [up] = await Promise.all([
      page.waitForResponse((response) => response.url().includes("/jmap/upload/")),
      letter
        .locator('footer input[type="file"]')
        .setInputFiles({ name: "early.txt", mimeType: "text/plain", buffer: Buffer.from("seen by the server") }),
    ]);
    const { blobId: early } = (await up.json()) as { blobId: string };
    await rawOf(user, "drafts", "early.txt");
    await letter.getByRole("button", { name: "Sign and encrypt" }).click();
    await letter.getByText(`${other} cannot get it encrypted: there is no key of theirs here.`).waitFor();
    // From here on nothing of it is put on the device in the clear.
    await page.evaluate(() => {
      const put: string[] = [];
      Object.assign(window, { put });
      const { setItem } = Storage.prototype;
      Storage.prototype.setItem = function (name, value) {
        put.push(value);
        setItem.call(this, name, value);
      };
    });
    await letter
      .locator('footer input[type="file"]')
      .setInputFiles({ name: "map.txt", mimeType: "text/plain", buffer: Buffer.from("x marks the spot") });
    await letter.getByText("Saved", { exact: true }).waitFor();
    const written = await page.evaluate(() => [
      ...(window as unknown as { put: string[] }).put,
      ...Object.values({ ...localStorage }),
    ]);
    assert.deepEqual(
      written.filter((text) => /third stone|marks the spot|map\.txt/.test(text)),
      [],
      "kept in the clear",
    );
    await accessible(page, "a letter that cannot be encrypted");
    await picture(page, "seal-lack");
    await letter.getByRole("button", { name: "Send", exact: true }).click();
    await letter.getByRole("alert").getByText("cannot get it encrypted").waitFor();
    const talk = await new JmapTalk(pages.origin, user, "pw").open();
    const gone = async () => {
      const url = talk.session.downloadUrl.replace("{accountId}", talk.accountId).replace("{blobId}", early);
      return (await talk.fetch(url.replace("{name}", "m").replace("{type}", "text/plain"))).status === 404;
    };
    await eventually(gone, "what was uploaded in the clear is gone");
    const draft = await rawOf(user, "drafts", "multipart/encrypted");
    const drafts = async () =>
      (await talk.calls(["Email/query", { filter: { hasKeyword: "$draft" } }]))[0]?.[1].ids.length as number;
    await eventually(async () => (await drafts()) === 1, "so is the draft that was");
    assert.ok(draft.includes("Subject: [...]"), "a draft's subject is closed");
    for (const open of ["third stone", "marks the spot", Buffer.from("x marks the spot").toString("base64"), "map.txt"])
      assert.ok(!draft.includes(open), open);
    const { data } = await pgp.decrypt({
      message: await pgp.readMessage({ armoredMessage: armorIn(draft) }),
      decryptionKeys: await pgp.decryptKey({
        privateKey: await pgp.readPrivateKey({ armoredKey: secret }),
        passphrase: "correct horse",
      }),
    });
    assert.ok(String(data).includes("third stone"), "a draft is for its writer");
  });

  await t.test("what the server does not have yet outlives the page, encrypted", async () => {
    await letter.getByLabel("Throw away").click();
    await page.locator(".toast", { hasText: "thrown away" }).waitFor();
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
    await ann.context.setOffline(true);
    await write("Café plans", "The key is under the third stone.");
    await letter.getByRole("button", { name: "Sign and encrypt" }).click();
    await letter
      .locator('footer input[type="file"]')
      .setInputFiles({ name: "map.txt", mimeType: "text/plain", buffer: Buffer.from("x marks the spot") });
    const kept = () =>
      page.evaluate(
        () =>
          new Promise<string>((resolve) => {
            const asked = indexedDB.open("angarium-letters");
            asked.onsuccess = () => {
              const all = asked.result.objectStoreNames.contains("letters")
                ? asked.result.transaction("letters").objectStore("letters").getAll()
                : undefined;
              asked.result.close();
              if (all === undefined) return resolve("");
              all.onsuccess = () => resolve(JSON.stringify(all.result));
            };
          }),
      );
    await letter.getByText("It is kept on this device, encrypted").waitFor();
    const text = await kept();
    assert.ok(text.includes("BEGIN PGP MESSAGE") && !/Café|third stone|map\.txt/.test(text));
    await page.reload({ waitUntil: "commit" });
    await page.locator(".toast", { hasText: "kept on this device, encrypted" }).getByText("Open").click();
    await page.locator("dialog").getByLabel("Passphrase of your key").fill("correct horse");
    await page.keyboard.press("Enter");
    await letter.getByText("third stone").waitFor();
    await letter.getByText("map.txt").waitFor();
    assert.equal(await letter.getByLabel("Subject").inputValue(), "Café plans");
    await letter.getByText("It is kept on this device, encrypted").waitFor();

    // Put away, it waits as the message it will be, and goes by itself.
    const talk = await new JmapTalk(pages.origin, user, "pw").open();
    const drafts = async () =>
      (await talk.calls(["Email/query", { filter: { hasKeyword: "$draft" } }]))[0]?.[1].ids as string[];
    const before = (await drafts()).length;
    await letter.getByLabel("Save and close").click();
    await letter.waitFor({ state: "detached" });
    await page.getByText("waits for the connection").waitFor();
    await eventually(async () => (await kept()) === "[]", "the queue has it");
    assert.doesNotMatch(await keptOf(page), /Café|third stone|map\.txt/);
    await ann.context.setOffline(false);
    await eventually(async () => (await drafts()).length === before + 1, "the server has the draft");
    assert.doesNotMatch(await rawOf(user, "drafts", "multipart/encrypted"), /Café|third stone|map\.txt/);
    await page.getByText("waits for the connection").waitFor({ state: "detached" });
    await enterMailbox(ann, "Drafts");
    await page.locator("[data-row]").first().click();
    await letter.getByText("third stone").waitFor();
    await letter.getByText("map.txt").waitFor();

    // A server that will not have it then gives it back: also to a page that is opened later.
    await ann.context.setOffline(true);
    await letter.getByLabel("Subject").fill("Café plans of May");
    await letter.getByText("It is kept on this device, encrypted").waitFor();
    await letter.getByLabel("Save and close").click();
    await letter.waitFor({ state: "detached" });
    await page.route("**/jmap/api", (route) => {
      const { methodCalls } = route.request().postDataJSON() as { methodCalls: [string, object, string][] };
      if (!methodCalls.some(([name]) => name === "Email/import")) return route.continue();
      const full = { type: "overQuota", description: "Your mailbox is full." };
      return route.fulfill({
        json: {
          methodResponses: methodCalls.map(([name, args, id]) => [
            name,
            "emails" in args
              ? { notCreated: Object.fromEntries(Object.keys(args.emails as object).map((one) => [one, full])) }
              : {},
            id,
          ]),
        },
      });
    });
    await ann.context.setOffline(false);
    await page.locator(".toast", { hasText: "Your mailbox is full." }).waitFor();
    await page.locator(".toast", { hasText: "kept on this device, encrypted" }).waitFor();
    await page.reload();
    await page.locator(".toast", { hasText: "kept on this device, encrypted" }).waitFor();
    assert.doesNotMatch(await keptOf(page), /Café|third stone|map\.txt/);
    await page.unrouteAll({ behavior: "wait" });
    await page.locator(".toast", { hasText: "kept on this device, encrypted" }).getByText("Open").click();
    await page.locator("dialog").getByLabel("Passphrase of your key").fill("correct horse");
    await page.keyboard.press("Enter");
    await letter.getByText("third stone").waitFor();
    await letter.getByText("map.txt").waitFor();
    assert.equal(await letter.getByLabel("Subject").inputValue(), "Café plans of May");
    await letter.getByLabel("Subject").fill("Café plans");
    await letter.getByText("Saved", { exact: true }).waitFor();
    await eventually(async () => (await kept()) === "[]", "and is gone from the device when the server has it");
  });

  await t.test("with their key it goes: signed, encrypted, the subject within", async () => {
    await page.goto(`${pages.origin}/#/settings/keys`);
    await page.locator('.settings input[type="file"]').setInputFiles({
      name: "gwen.asc",
      mimeType: "application/pgp-keys",
      buffer: Buffer.from(gwen.toPublic().armor()),
    });
    await letter.getByText(`${other}: with a key that you have not checked.`).waitFor();
    await picture(page, "seal");
    await letter.getByRole("button", { name: "Send", exact: true }).click();
    await page.locator(".toast", { hasText: "Sent" }).waitFor();
    const raw = await rawOf(other, "inbox", "multipart/encrypted");
    keep("encrypted.eml", raw);
    assert.match(raw, /^Subject: \[\.\.\.\]\r$/m);
    assert.ok(!raw.includes("Café") && !raw.includes("third stone"));
    const { data, signatures } = await pgp.decrypt({
      message: await pgp.readMessage({ armoredMessage: armorIn(raw) }),
      decryptionKeys: gwen,
      verificationKeys: ours,
    });
    await signatures[0]?.verified;
    const inside = String(data);
    assert.match(inside, /^Subject: =\?utf-8\?B\?/m);
    assert.match(inside, /^Content-Type: multipart\/mixed;[^\n]*(?:\n [^\n]*)*hp="cipher"/m);
    assert.match(inside, /^HP-Outer: Subject: \[\.\.\.\]/m);
    assert.ok(inside.includes("third stone") && inside.includes(Buffer.from("x marks the spot").toString("base64")));
  });

  await t.test("what was sent is read again, its subject with it", async () => {
    await page.goto(`${pages.origin}/#/`);
    await enterMailbox(ann, "Sent");
    await page.locator("[data-row]").first().click();
    await page.getByRole("heading", { name: "Café plans" }).waitFor();
    await page.getByText("Signed by").last().waitFor();
    await page.getByRole("button", { name: "map.txt" }).waitFor();
    await picture(page, "seal-read");
    await page.getByRole("button", { name: "Reply", exact: true }).last().click();
    await letter.getByText("third stone").waitFor();
    assert.equal(await letter.getByLabel("Subject").inputValue(), "Re: Café plans");
    await letter.getByRole("button", { name: "Encrypted" }).waitFor();
    await letter.getByLabel("Throw away").click();
  });

  await t.test(
    "written without the network it waits encrypted, and goes by itself when the network is back",
    async () => {
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
      await ann.context.setOffline(true);
      await write("Rowing at night", "The boat lies behind the mill.");
      await letter
        .locator('footer input[type="file"]')
        .setInputFiles({ name: "tide.txt", mimeType: "text/plain", buffer: Buffer.from("high water at four") });
      // As it is written it is kept until it can be saved, and has to go when it is to be encrypted.
      const open = /Rowing|behind the mill|high water|tide\.txt/;
      await letter.getByText("Saved", { exact: true }).waitFor();
      await eventually(async () => open.test(await keptOf(page)), "the draft waits as it is");
      await letter.getByRole("button", { name: "Sign and encrypt" }).click();
      await letter.getByText(`${other}: with a key`).waitFor();
      await letter.getByLabel("To", { exact: true }).fill("nokey@x.test");
      await letter.getByLabel("To", { exact: true }).press("Enter");
      await letter
        .getByText("nokey@x.test cannot get it encrypted: there is no key of theirs on this device")
        .waitFor();
      await letter.getByLabel("To", { exact: true }).press("Backspace");
      await letter.getByText("nokey@x.test cannot").waitFor({ state: "detached" });
      await letter.getByText("It is kept on this device, encrypted").waitFor();
      await eventually(async () => !open.test(await keptOf(page)), "nothing of it is on the device in the clear");
      await letter.getByRole("button", { name: "Send", exact: true }).click();
      await letter.waitFor({ state: "detached" });
      await page.getByRole("link", { name: "Sent" }).click();
      await page.locator("[data-row]", { hasText: "Waits to be sent" }).click();
      await page.getByRole("heading", { name: "Rowing at night" }).waitFor();
      await page.frameLocator('iframe[title="Text of the message"]').getByText("behind the mill").waitFor();
      assert.ok(!open.test(await keptOf(page)), "nor what waits to be sent");
      await picture(page, "seal-waits");
      // A crash in between loses nothing.
      await page.reload();
      await ann.context.setOffline(false);
      const raw = await rawOf(other, "inbox", "multipart/encrypted");
      assert.ok(!open.test(raw));
      const talk = await new JmapTalk(pages.origin, other, "pw").open();
      const inbox = async () => {
        const [found] = await talk.calls(["Email/query", { filter: { from: user } }]);
        return found?.[1].ids.length as number;
      };
      await eventually(async () => (await inbox()) === 2, "the second encrypted letter has come");
      await page.locator("[data-row]", { hasText: "Waits to be sent" }).waitFor({ state: "detached" });
      assert.equal(await inbox(), 2, "once");
      const { data } = await pgp.decrypt({
        message: await pgp.readMessage({ armoredMessage: armorIn(await rawOf(other, "inbox", "multipart/encrypted")) }),
        decryptionKeys: gwen,
      });
      assert.ok(String(data).includes("behind the mill") && String(data).includes("tide.txt"));
      await page.goto(`${pages.origin}/#/`);
    },
  );

  await t.test("signed alone it is to be read by everybody", async () => {
    await write("Open and signed", "From here on: this is mine, träwn out ".repeat(4));
    await letter.getByRole("button", { name: "Sign and encrypt" }).click();
    await letter.getByLabel("Encrypt", { exact: true }).uncheck();
    await letter.getByRole("button", { name: "Send", exact: true }).click();
    // The page is another one: its key is locked again.
    await page.locator("dialog").getByLabel("Passphrase of your key").fill("correct horse");
    await page.keyboard.press("Enter");
    const raw = await rawOf(other, "inbox", "Open and signed");
    keep("signed.eml", raw);
    const [, edge = ""] = /boundary="(=_[^"]+)"/.exec(raw) ?? [];
    const [, signed = "", behind = ""] = raw.split(new RegExp(`(?:\\r\\n)?--${edge}(?:--)?\\r\\n`));
    assert.match(signed, /hp="clear"/);
    const { signatures } = await pgp.verify({
      message: await pgp.createMessage({ binary: Buffer.from(signed) }),
      signature: await pgp.readSignature({ armoredSignature: behind.slice(behind.indexOf("-----BEGIN")) }),
      verificationKeys: ours,
    });
    await signatures[0]?.verified;
  });

  await t.test("with S/MIME likewise: certificates are imported, mail is opened, signed and encrypted", async () => {
    const file = (name: string) => readFileSync(join(import.meta.dirname, "../corpus/smime", name));
    await page.goto(`${pages.origin}/#/settings/keys`);
    const chooser = page.locator('.settings input[type="file"]');
    await chooser.setInputFiles({ name: "sam.p12", mimeType: "application/x-pkcs12", buffer: file("sam-rsa.p12") });
    const dialog = page.locator("dialog");
    await dialog.getByLabel("Passphrase of the file").fill("wrong");
    await dialog.getByRole("button", { name: "Import keys" }).click();
    await dialog.getByText("The passphrase is wrong, or").waitFor();
    await dialog.getByLabel("Passphrase of the file").fill("correct horse");
    await dialog.getByRole("button", { name: "Import keys" }).click();
    await page.getByText("Sam rsa · S/MIME").waitFor();
    await chooser.setInputFiles({ name: "gwen.pem", mimeType: "application/x-pem-file", buffer: file("gwen-rsa.pem") });
    await page.getByText("Gwen rsa · S/MIME").waitFor();
    await picture(page, "keys-smime");
    const entity = file("for-sam.eml")
      .toString("latin1")
      .replace(/^MIME-Version: 1.0\r?\n/, "");
    await seedMail(pages.origin, user, "pw", [
      { from: "vault@x.test", subject: "For the certificate", entity, ago: 0 },
    ]);
    await page.goto(`${pages.origin}/#/`);
    await reads("For the certificate", "This message is encrypted for you.");
    const form = page.locator("article.unfolded form");
    await form.getByLabel("Passphrase of your key").fill("correct horse");
    await form.getByRole("button", { name: "Open" }).click();
    await page.getByText("The vault opens at noon.").last().waitFor();

    await write("Closed by certificate", "The vault is empty now.");
    await letter.getByRole("button", { name: "Sign and encrypt" }).click();
    await letter.getByLabel("With", { exact: true }).selectOption("smime");
    await letter.getByText(`${other}: with a key that you have not checked.`).waitFor();
    await picture(page, "seal-smime");
    await letter.getByRole("button", { name: "Send", exact: true }).click();
    const raw = await rawOf(other, "inbox", "enveloped-data");
    keep("smime.eml", raw);
    assert.match(raw, /^Subject: \[\.\.\.\]\r$/m);
    await enterMailbox(ann, "Sent");
    await page.locator("[data-row]").first().click();
    await page.getByRole("heading", { name: "Closed by certificate" }).waitFor();
    await page.frameLocator('iframe[title="Text of the message"]').getByText("The vault is empty now.").waitFor();
    await page.getByText("issued by Sam rsa").waitFor();
    await page.goto(`${pages.origin}/#/`);
  });

  await t.test(
    "a key is published for everybody, and goes with mail; keys of others are found and learned",
    async () => {
      await page.goto(`${pages.origin}/#/settings/keys`);
      await page.getByLabel(`Publish for ${user}`).check();
      await page.getByText(`Everybody who writes to ${user} can find your key.`).waitFor();
      await accessible(page, "keys that are published");
      await picture(page, "keys-published");
      const [local = "", domain = ""] = user.split("@");
      const fetched = (path: string, host = domain): Promise<{ readonly status: number; readonly body: Buffer }> =>
        new Promise((done, broken) => {
          get(new URL(path, pages.origin), { headers: { host } }, async (answer) => {
            const pieces: Buffer[] = [];
            for await (const piece of answer) pieces.push(piece as Buffer);
            done({ status: answer.statusCode ?? 0, body: Buffer.concat(pieces) });
          }).on("error", broken);
        });
      const name = wkdHash(local);
      for (const [path, host] of [
        [`/.well-known/openpgpkey/hu/${name}?l=${local}`, domain],
        [`/.well-known/openpgpkey/${domain}/hu/${name}?l=${local}`, `openpgpkey.${domain}`],
      ] as const) {
        const { status, body } = await fetched(path, host);
        assert.equal(status, 200, path);
        const key = await pgp.readKey({ binaryKey: body });
        assert.equal(key.getFingerprint(), ours.getFingerprint());
        assert.equal(key.isPrivate(), false);
      }
      assert.equal((await fetched(`/.well-known/openpgpkey/${domain}/policy`)).status, 200);
      assert.equal((await fetched(`/.well-known/openpgpkey/hu/${wkdHash("nobody")}?l=nobody`)).status, 404);
      assert.equal((await fetched(`/.well-known/openpgpkey/hu/${name}?l=${local}`, "elsewhere.test")).status, 404);

      // Another person's key: found where it is published, kept from the mail it comes with.
      const [, , third = ""] = pages.dev.ready.users;
      const talk = await new JmapTalk(pages.origin, third, "pw").open();
      const { publicKey } = await pgp.generateKey({ userIDs: [{ email: third }], format: "object" });
      const key = Buffer.from(publicKey.write()).toString("base64");
      const set = async (email: string, value: string, instead: readonly string[] = []) =>
        (
          await (
            await talk.post({
              using: ["urn:ietf:params:jmap:core", "urn:angarium:params:jmap:public-keys"],
              methodCalls: [
                [
                  "PublicKey/set",
                  { accountId: talk.accountId, create: { k: { email, key: value } }, destroy: instead },
                  "0",
                ],
              ],
            })
          ).json()
        ).methodResponses[0][1].notCreated?.k?.type;
      assert.equal(await set(user, key), "forbiddenFrom", "not for another's address");
      assert.equal(
        await set(third, Buffer.from(vera.publicKey.write()).toString("base64")),
        "invalidProperties",
        "not another's key",
      );
      assert.equal(
        await set(third, Buffer.from(vera.privateKey.write()).toString("base64")),
        "invalidProperties",
        "nothing secret",
      );
      assert.equal(await set(third, key), undefined);
      await page.goto(`${pages.origin}/#/`);
      await page.keyboard.press("c");
      await letter.getByLabel("To", { exact: true }).fill(`${third},`);
      await letter.getByRole("button", { name: "Sign and encrypt" }).click();
      await letter.getByRole("button", { name: "Look for their key" }).click();
      await letter.getByText(`${third}: with a key that you have not checked.`).waitFor();
      await letter.getByLabel("Throw away").click();

      // The domain publishes another one some days later: it is told, and takes no place by itself.
      const before = await (
        await talk.post({
          using: ["urn:ietf:params:jmap:core", "urn:angarium:params:jmap:public-keys"],
          methodCalls: [["PublicKey/get", { accountId: talk.accountId, ids: null }, "0"]],
        })
      ).json();
      const instead = before.methodResponses[0][1].list.map(({ id }: { id: string }) => id);
      const next = await pgp.generateKey({ userIDs: [{ email: third }], format: "object" });
      assert.equal(await set(third, Buffer.from(next.publicKey.write()).toString("base64"), instead), undefined);
      const shortOf = (one: pgp.Key) =>
        one
          .getFingerprint()
          .slice(-16)
          .toUpperCase()
          .replace(/(.{4})(?=.)/g, "$1 ");
      await page.evaluate(
        (address) =>
          new Promise<void>((done) => {
            const asked = indexedDB.open("angarium-keys");
            asked.onsuccess = () => {
              const store = asked.result.transaction("keys", "readwrite").objectStore("keys");
              const all = store.getAll();
              all.onsuccess = () => {
                for (const key of all.result)
                  if (key.addresses.includes(address)) store.put({ ...key, at: key.at - 4 * 86_400_000 });
                store.transaction.oncomplete = () => {
                  asked.result.close();
                  done();
                };
              };
            };
          }),
        third,
      );
      await page.keyboard.press("c");
      await letter.getByLabel("To", { exact: true }).fill(`${third},`);
      await letter.getByRole("button", { name: "Sign and encrypt" }).click();
      await letter.getByText(`${third}: their domain publishes another key now`).waitFor();
      await letter.getByText(shortOf(next.publicKey)).waitFor();
      await letter.getByText(`${third}: with a key that you have not checked. ${shortOf(publicKey)}`).waitFor();
      await accessible(page, "another key of a domain");
      await picture(page, "seal-other");
      await letter.getByRole("button", { name: "Use the new key" }).click();
      await letter.getByText(`${third}: with a key that you have not checked. ${shortOf(next.publicKey)}`).waitFor();
      await letter.getByText("publishes another key").waitFor({ state: "detached" });
      await letter.getByLabel("Throw away").click();

      const sent = await rawOf(other, "inbox", "Open and signed");
      const fieldIn = (raw: string) => parseAutocrypt(/^Autocrypt: ([\s\S]*?)\r\n(?![ \t])/m.exec(raw)?.[1] ?? "");
      const along = fieldIn(sent);
      assert.equal(along?.addr, user);
      await write("Neither signed nor encrypted", "Just a letter.");
      await letter.getByRole("button", { name: "Send", exact: true }).click();
      const plain = await rawOf(other, "inbox", "Neither signed nor encrypted");
      assert.deepEqual(fieldIn(plain), along, "plain mail brings the key as well");
      const [field = ""] = /^Autocrypt:[\s\S]*?\r\n(?![ \t])/m.exec(plain) ?? [];
      for (const line of field.split("\r\n")) assert.ok(line.length <= 100, line);
      const travelled = await pgp.readKey({ binaryKey: Buffer.from(along?.keydata ?? "", "base64") });
      assert.equal(travelled.getFingerprint(), ours.getFingerprint());
      const walt = await pgp.generateKey({ userIDs: [{ email: "walt@x.test" }], format: "object" });
      const keydata = Buffer.from(walt.publicKey.write()).toString("base64");
      await seedMail(pages.origin, user, "pw", [
        {
          from: "walt@x.test",
          subject: "My key is with it",
          text: "Hello",
          ago: 0,
          fields: [`Autocrypt: addr=walt@x.test; keydata=${keydata.replace(/.{70}/g, "\r\n $&")}`],
        },
      ]);
      await reads("My key is with it", "Hello");
      await page.keyboard.press("r");
      await letter.getByRole("button", { name: "Sign and encrypt" }).click();
      await letter.getByText("walt@x.test: with a key that you have not checked.").waitFor();
      await letter.getByLabel("Throw away").click();
    },
  );
  assert.deepEqual(
    ann.complaints.filter((one) => !/ERR_INTERNET_DISCONNECTED|ERR_FAILED/.test(one)),
    [],
  );
});

/** Everything that the page has put on the device, as one text. */
const keptOf = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const kept: unknown[] = [{ ...localStorage }];
    const done = <T>(asked: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
    for (const { name = "" } of await indexedDB.databases()) {
      const db = await done(indexedDB.open(name));
      for (const store of db.objectStoreNames)
        for (const value of await done(db.transaction(store).objectStore(store).getAll()))
          kept.push(value?.blob instanceof Blob ? [value, await value.blob.text()] : value);
      db.close();
    }
    return JSON.stringify(kept);
  });

const armorIn = (raw: string): string =>
  /-----BEGIN PGP MESSAGE-----[\s\S]*-----END PGP MESSAGE-----/.exec(raw)?.[0] ?? "";
const folder = process.env["SEALED"];
/** For `npm run gnupg`: what was written here is opened by others. */
function keep(name: string, text: string): void {
  if (folder !== undefined) writeFileSync(join(folder, name), text);
}
/** The key of who is written to: GnuPG's where it made one. */
async function recipientKey(email: string): Promise<pgp.PrivateKey> {
  if (folder !== undefined)
    return pgp.readPrivateKey({ armoredKey: readFileSync(join(folder, "recipient.asc"), "utf8") });
  return (await pgp.generateKey({ userIDs: [{ email }], format: "object" })).privateKey;
}
