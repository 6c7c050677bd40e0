/** Drives the pages as people do: `angarium dev` as a child, Chromium at desktop and phone size, axe. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import { type DevProcess, startDev } from "../dev-process.ts";

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

/** So long anything is waited for: a machine that is slow, or full of other work, is no fault. */
const patienceMs = 60_000;

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export type Look = {
  readonly size?: "desktop" | "phone";
  readonly theme?: "light" | "dark";
  readonly language?: string;
};

export type Pages = {
  readonly dev: DevProcess;
  readonly origin: string;
  readonly browser: Browser;
  /** A person at a browser of their own. */
  readonly person: (look?: Look) => Promise<Person>;
};

export type Person = {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What went wrong in the page so far: errors, refusals of the policy. */
  readonly complaints: readonly string[];
  readonly signIn: (user?: string, password?: string) => Promise<void>;
};

/** Starts a server and a browser for one test file; both are gone when it ends. */
export async function startPages(
  t: { after(work: () => Promise<void>): void },
  args: readonly string[] = ["--cleartext-auth", "--users", "3"],
): Promise<Pages> {
  const [dev, browser] = await Promise.all([
    startDev(args),
    chromium.launch({
      executablePath: process.env["CHROMIUM"] || "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu"],
      timeout: patienceMs,
    }),
  ]);
  t.after(async () => {
    await browser.close();
    await dev.stop();
  });
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  return {
    dev,
    origin,
    browser,
    person: async ({ size = "desktop", theme = "light", language = "en" } = {}) => {
      const options: BrowserContextOptions = {
        viewport: size === "phone" ? phone : desktop,
        colorScheme: theme,
        locale: language,
        ...(size === "phone" ? { isMobile: true, hasTouch: true, deviceScaleFactor: 2 } : {}),
      };
      const context = await browser.newContext(options);
      const page = await context.newPage();
      page.setDefaultTimeout(patienceMs);
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(String(error.stack ?? error)));
      page.on("console", (message) => {
        // A refused login and a session that is not there are answers, not faults of the page.
        if (message.type() === "error" && !/status of (?:401|403|422)/.test(message.text()))
          complaints.push(message.text());
      });
      return {
        page,
        context,
        complaints,
        signIn: async (user = dev.ready.users[0] ?? "", password = dev.ready.password) => {
          await page.goto(`${origin}/`);
          await page.locator('input[name="username"]').fill(user);
          await page.locator('input[name="password"]').fill(password);
          await page.locator('button[type="submit"]').click();
        },
      };
    },
  };
}

/** WCAG 2.2 AA as far as axe sees it: nothing serious. */
export async function accessible(page: Page, what: string): Promise<void> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeSource);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(context: Document, options: object): Promise<{ violations: AxeViolation[] }> };
    };
    const { violations } = await axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
      iframes: false,
      // All that is wrong is told whole; of what is right, one of each is enough: large pages are seen through much faster.
      resultTypes: ["violations"],
    });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .slice(0, 3)
            .map((node) => `${node.html.slice(0, 160)} (${node.any.map((one) => one.message).join("; ")})`)
            .join(" | ")}`,
      );
  });
  assert.deepEqual(found, [], what);
}

type AxeViolation = {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly any: readonly { readonly message: string }[] }[];
};

export const row = ({ page }: Person, text: string) => page.locator("[data-row]", { hasText: text });
export const note = ({ page }: Person, text: string | RegExp) => page.locator(".toast", { hasText: text });

/** A note that is pointed at: it stays for what is pressed in it later, however long that takes. */
export async function held(note: Locator): Promise<Locator> {
  await note.hover();
  return note;
}

/** Goes to a mailbox by its link: what is looked for next is not found in the list that was there before. */
export async function enterMailbox({ page }: Person, name: string): Promise<void> {
  const link = page.locator(".nav").getByRole("link", { name }).first();
  await link.click();
  await link.and(page.locator('[aria-current="page"]')).waitFor();
}

export async function eventually(look: () => Promise<boolean>, what: string): Promise<void> {
  for (const until = Date.now() + patienceMs; Date.now() < until; ) {
    if (await look()) return;
    await new Promise((later) => setTimeout(later, 100));
  }
  assert.fail(what);
}

/** Keeps a picture where SCREENSHOTS names a folder; otherwise does nothing. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env["SCREENSHOTS"];
  if (folder === undefined || folder === "") return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
