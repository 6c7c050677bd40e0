/** A passkey is made in the console, signs in without a password, and is removed. The authenticator is Chromium's own virtual one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, startPages } from "./browser.ts";

test("a passkey is added, known to the server, and removed", async (t) => {
  const pages = await startPages(t, ["--cleartext-auth", "--users", "1"]);
  const { page, context, complaints } = await pages.person();
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
  await page.goto(`${pages.origin.replace("127.0.0.1", "localhost")}/admin/`);
  await page.locator('input[name="username"]').fill("u1@example.test");
  await page.locator('input[name="password"]').fill(pages.dev.ready.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.evaluate(() => {
    location.hash = "#/me";
  });
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("my laptop");
  await accessible(page, "naming a passkey");
  await page.getByRole("dialog").getByRole("button", { name: "Go on" }).click();
  await page.getByText("my laptop", { exact: true }).waitFor();
  const { credentials } = await cdp.send("WebAuthn.getCredentials", { authenticatorId });
  assert.equal(credentials.length, 1);
  await page.getByRole("button", { name: "Remove my laptop" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
  await page.getByText("None yet. With one you sign in", { exact: false }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
