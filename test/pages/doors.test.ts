/** The doors of the pages: by an issuer elsewhere, by an invitation, by signing up. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exportJWK, generateKeyPair } from "jose";
import { ApiTalk } from "../api-talk.ts";
import { freePort } from "../beside.ts";
import { startIssuer } from "../oidc-issuer.ts";
import { accessible, startPages } from "./browser.ts";

test("the doors", async (t) => {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const http = await freePort("127.0.0.1");
  const { issuer, issuing } = await startIssuer(
    `http://127.0.0.1:${http}/auth/oidc/callback`,
    await exportJWK(privateKey),
  );
  t.after(async () => {
    issuing.closeAllConnections();
    issuing.close();
  });
  const set = [
    ...["clientId=angarium", "clientSecret=secret of ours", `issuer=${issuer}`, "name=Example"].map(
      (one) => `oidc.${one}`,
    ),
    "signUp.enabled=true",
    'signUp.domains=["example.test"]',
  ].flatMap((one) => ["--set", one]);
  const pages = await startPages(t, ["--cleartext-auth", "--users", "2", "--ports", `http=${http}`, ...set]);
  const { origin } = pages;

  await t.test("somebody signs in elsewhere, and stands where they wanted to be", async () => {
    // The issuer's own pages complain of fonts: what a page says there is not ours.
    const { page, context } = await pages.person();
    const signInThere = async (who: string): Promise<void> => {
      await page.locator('input[name="login"]').fill(who);
      await page.locator('input[name="password"]').fill("any");
      await page.getByRole("button", { name: "Sign-in" }).click();
      await page.getByRole("button", { name: "Continue" }).click();
    };
    await page.goto(`${origin}/admin/#/audit`);
    await page.getByRole("button", { name: "Sign in with Example" }).waitFor();
    await accessible(page, "the door of the console");
    await page.getByRole("button", { name: "Sign in with Example" }).click();
    await signInThere("admin@example.test");
    await page.getByRole("heading", { level: 1, name: "Audit log" }).waitFor();
    await context.clearCookies();
    await page.goto(`${origin}/`);
    await page.getByRole("button", { name: "Sign in with Example" }).click();
    await signInThere("stranger@elsewhere.test");
    await page.getByText("There is no mail account for you here").waitFor();
    await page.getByRole("link", { name: "Back to the sign-in" }).click();
    await page.getByRole("button", { name: "Sign in with Example" }).waitFor();
    await context.close();
  });

  await t.test("an invitation makes an account, once; its password must hold", async () => {
    const admin = new ApiTalk(origin, pages.dev.ready.admin);
    const invited = { address: "ivy@example.test", displayName: "Ivy" };
    const { link } = await admin.ok("POST", "/invitations", invited);
    assert.match(link, new RegExp(`^${origin}/invitation#.+`), "it leads to where the administrator is");
    const { page, context, complaints } = await pages.person({ size: "phone" });
    await page.goto(link);
    await page.getByText("This invitation makes the account ivy@example.test.").waitFor();
    await accessible(page, "an invitation");
    assert.equal(await page.locator('[name="displayName"]').inputValue(), "Ivy");
    await page.locator('[name="password"]').fill("password12");
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByText(/leaked|guess/).waitFor();
    await page.locator('[name="password"]').fill("plum harvest over seven bridges");
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByRole("heading", { name: "Inbox" }).first().waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
    const late = await pages.person({ language: "de" });
    await late.page.goto(link);
    await late.page.getByText("Diese Einladung ist verbraucht, zurückgezogen oder zu alt").waitFor();
    await late.page.getByRole("link", { name: "Zur Anmeldung" }).click();
    await late.page.getByRole("button", { name: "Mit Example anmelden" }).waitFor();
    await late.context.close();
  });

  await t.test("strangers sign up where they may", async () => {
    const { page, context, complaints } = await pages.person();
    await page.goto(`${origin}/`);
    await page.getByRole("link", { name: "Make an account" }).click();
    await page.locator('[name="username"]').fill("u1");
    await page.locator('[name="displayName"]').fill("Sam");
    await page.locator('[name="password"]').fill("plum harvest over seven bridges");
    await accessible(page, "signing up");
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByText("This address is taken: choose another.").waitFor();
    await page.locator('[name="username"]').fill("sam");
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByRole("heading", { name: "Inbox" }).first().waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });
});
