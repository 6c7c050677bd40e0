/** Makes the pictures of the webmail in `docs/images` from the pages as they are: `node test/pages/pictures.ts`; the pages have to be built (`npm run build`). */
import { mkdirSync, writeFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { temporaryFolder } from "../dev-process.ts";
import { type Look, row, startPages } from "./browser.ts";
import { boat, deliverBoat, ordinaryDay, type Seed, seedMail, seedZone } from "./seed.ts";

const folder = new URL("../../docs/images/", import.meta.url);

const letter = (from: string, subject: string, text: string, ago: number, ...keywords: readonly string[]): Seed => ({
  from,
  subject,
  text,
  ago,
  keywords,
});

/** What an inbox of some weeks has beside the day of the tests. */
const weeks: readonly Seed[] = [
  letter(
    "Maya Lindqvist <maya@studio.test>",
    "Minutes of Tuesday and who does what",
    "Short version: we ship on the 14th, Tomás does the hinges, I talk to the printers.",
    22,
  ),
  letter(
    "City Library <desk@library.test>",
    "Two of your loans end on Friday",
    "“The Summer Book” and “Piranesi” can be renewed once more.",
    47,
    "$seen",
  ),
  letter(
    "Oskar Brandt <oskar@brandt.test>",
    "Re: The old piano",
    "The tuner says it is worth it. Shall we split the bill?",
    130,
  ),
  letter(
    "Harbour Rowing Club <crew@rowing.test>",
    "Sunday: two seats are free",
    "Low water at 10:20, so we leave at 8 sharp. Bring gloves.",
    240,
    "$seen",
  ),
  letter(
    "Priya Raman <priya@fieldnotes.test>",
    "Photographs from the ridge",
    "The light was on our side for once. Forty pictures, the good ones first.",
    350,
    "$flagged",
  ),
  letter(
    "Tram & Rail <tickets@rail.test>",
    "Your ticket to Lund, Saturday 7:12",
    "Coach 4, seat 61, by the window.",
    560,
    "$seen",
  ),
  letter(
    "Jonas Weber <jonas@weber.test>",
    "Grandmother's 80th: who brings what",
    "So far we have three cakes and no salad.",
    690,
  ),
  letter(
    "Bakery on the Square <hello@bakery.test>",
    "Your order is ready from seven",
    "Two rye loaves and the walnut tart.",
    1_460,
    "$seen",
  ),
  letter(
    "Elena Petrova <elena@translations.test>",
    "Chapter nine, with questions",
    "Six small ones in the margin, and one large.",
    1_700,
    "$seen",
    "$answered",
  ),
  letter(
    "Allotment Society <green@allotment.test>",
    "Water is back on from Monday",
    "Please check your taps before you leave.",
    2_900,
    "$seen",
  ),
  letter(
    "Sam Okafor <sam@okafor.test>",
    "That recipe",
    "Less ginger than you think, more lime than you dare.",
    3_100,
    "$seen",
    "$flagged",
  ),
  letter(
    "Repair Café <info@repair.test>",
    "Your radio plays again",
    "It was a capacitor, as it always is.",
    4_400,
    "$seen",
  ),
];

const stops: (() => Promise<void>)[] = [];
const ending = { after: (work: () => Promise<void>) => void stops.push(work) };
const zone = await seedZone(await temporaryFolder(ending));
const pages = await startPages(ending, ["--cleartext-auth", "--users", "3", "--dns", zone]);
const [user = "", friend = ""] = pages.dev.ready.users;
await seedMail(pages.origin, user, "pw", [...ordinaryDay.filter((seed) => !boat(seed)), ...weeks]);
await deliverBoat(pages.dev, user);

/** As WebP, which Chromium makes itself: half of PNG. */
async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(600);
  const talk = await page.context().newCDPSession(page);
  const { data } = await talk.send("Page.captureScreenshot", { format: "webp", quality: 80 });
  writeFileSync(new URL(`${name}.webp`, folder), Buffer.from(data, "base64"));
}

async function reading(look: Look, name: string): Promise<void> {
  const one = await pages.person(look);
  await one.signIn();
  await row(one, "Boat trip").waitFor();
  if (look.size === "phone") await shoot(one.page, `${name}-list`);
  await row(one, "Boat trip").click();
  await one.page.getByText("Perfect, see you there.").last().waitFor();
  await shoot(one.page, name);
  await one.context.close();
}

async function writing(): Promise<void> {
  const ann = await pages.person();
  await ann.signIn();
  await row(ann, "Boat trip").waitFor();
  await ann.page.keyboard.press("c");
  const open = ann.page.locator(".letter");
  await open.getByLabel("To", { exact: true }).fill(`${friend},`);
  await open.getByLabel("Subject").fill("Saturday, the whole plan");
  await open.getByLabel("Text of the message").click();
  await ann.page.keyboard.type(
    "Hello!\n\nNadia has looked up the ferry: 9:40 from the old pier. I bring the thermos, you bring the map?",
  );
  await open.getByText("Saved").waitFor();
  await shoot(ann.page, "webmail-compose");
  await ann.context.close();
}

try {
  mkdirSync(folder, { recursive: true });
  await reading({}, "webmail");
  await reading({ theme: "dark" }, "webmail-dark");
  await reading({ size: "phone" }, "webmail-phone");
  await reading({ size: "phone", theme: "dark" }, "webmail-phone-dark");
  await reading({ language: "ar" }, "webmail-arabic");
  await writing();
} finally {
  for (const stop of stops.toReversed()) await stop();
}
