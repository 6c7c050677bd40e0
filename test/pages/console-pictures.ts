/** Makes the pictures of the console in `docs/images` from the pages as they are: `node test/pages/console-pictures.ts`; the pages have to be built (`npm run build`). */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { openSqliteStore } from "../../server/store/client.ts";
import { ApiTalk } from "../api-talk.ts";
import { smtpSend } from "../smtp-send.ts";
import { type Look, startPages } from "./browser.ts";

const folder = new URL("../../docs/images/", import.meta.url);
const data = mkdtempSync(join(tmpdir(), "angarium-pictures-"));

/** A day of an office of some twenty people. */
async function yesterday(): Promise<void> {
  const store = await openSqliteStore({ dir: data, readers: 1 });
  const last = Math.floor(Date.now() / 3_600_000);
  const hours = Array.from({ length: 24 }, (_, i) => {
    const hour = last - 23 + i;
    const busy = Math.max(0, Math.sin((((hour % 24) - 6) / 24) * 2 * Math.PI)) ** 0.8;
    const wobble = 1 + 0.25 * Math.sin(i * 2.7);
    const received = Math.round((6 + 84 * busy) * wobble);
    const sent = Math.round((1 + 38 * busy) * wobble);
    const counts = { in: received, out: sent, delivered: Math.round(sent * 1.2), bounced: i % 9 === 4 ? 1 : 0 };
    return [
      hour,
      {
        ...counts,
        refused: Math.round(9 * wobble),
        junk: Math.round(3 * wobble),
        quarantined: 0,
        deferred: i % 7 === 2 ? 2 : 0,
      },
    ];
  });
  await store.putSetting("traffic/mail.harbour.example", hours);
  await store.close();
}

await yesterday();
const stops: (() => Promise<void>)[] = [];
const pages = await startPages({ after: (work) => stops.push(work) }, [
  ...["--data", data, "--domain", "harbour.example", "--users", "3", "--cleartext-auth"],
  ...["--deliver-to", "127.0.0.1:9"],
]);
const { admin } = pages.dev.ready;
const api = new ApiTalk(pages.origin, admin);

async function seed(): Promise<void> {
  const people = ["maya", "tomas", "priya", "jonas", "elena", "sam", "nadia", "oskar"];
  for (const name of people)
    await api.ok("POST", "/accounts", {
      name: `${name}@harbour.example`,
      displayName: `${name[0]?.toUpperCase()}${name.slice(1)}`,
      password: "pw for pictures",
      quotaBytes: 5 * 1024 ** 3,
    });
  await api.ok("POST", "/domains", { name: "rowing.example" });
  const from = { user: "maya@harbour.example", password: "pw for pictures" };
  await smtpSend(pages.dev.ready, from, ["crew@rowing.test", "tomas@harbour.example"], {
    subject: "Sunday: two seats are free",
  });
  await smtpSend(pages.dev.ready, undefined, ["maya@harbour.example"], {
    from: "desk@library.test",
    subject: "Two of your loans end on Friday",
  });
  await smtpSend(pages.dev.ready, undefined, ["priya@harbour.example"], {
    from: "tickets@rail.test",
    subject: "Your ticket to Lund, Saturday 7:12",
  });
}

async function enter(look: Look): Promise<Page> {
  const { page } = await pages.person(look);
  await page.goto(`${pages.origin}/admin/`);
  await page.locator('input[name="username"]').fill(admin.user);
  await page.locator('input[name="password"]').fill(admin.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  return page;
}

/** As WebP, which Chromium makes itself: half of PNG. */
async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(600);
  const talk = await page.context().newCDPSession(page);
  const { data: picture } = await talk.send("Page.captureScreenshot", { format: "webp", quality: 80 });
  writeFileSync(new URL(`${name}.webp`, folder), Buffer.from(picture, "base64"));
}

try {
  await seed();
  for (const [look, end] of [
    [{}, ""],
    [{ theme: "dark" }, "-dark"],
    [{ size: "phone" }, "-phone"],
  ] as const) {
    const page = await enter(look);
    await page.locator("canvas").first().waitFor();
    if (end !== "-dark") await shoot(page, `console-overview${end}`);
    if (end === "-phone") continue;
    await page.goto(`${pages.origin}/admin/#/mail`);
    await page.getByText("two seats are free").first().click();
    await page.getByRole("heading", { name: "Its journey" }).waitFor();
    if (end === "-dark") await shoot(page, "console-journey-dark");
    if (end !== "") continue;
    await page.goto(`${pages.origin}/admin/#/domains/rowing.example`);
    await page.getByText("Nobody can send mail to this domain.").waitFor();
    await page.getByRole("heading", { name: "DNS records" }).evaluate((heading) => heading.scrollIntoView());
    await shoot(page, "console-dns");
  }
} finally {
  for (const stop of stops.toReversed()) await stop();
  rmSync(data, { recursive: true, force: true });
}
