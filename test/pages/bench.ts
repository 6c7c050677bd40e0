/**
 * How fast the webmail is on a large mailbox, in Chromium: `node test/pages/bench.ts [messages]` (100000). The pages have to be built (`npm run build`).
 * What is timed is timed in the page: from the key or the click to the frame after what was asked for is there.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { fill } from "../bench/fill.ts";
import { angarium, startDev } from "../dev-process.ts";
import { countScript, figure, launch, say, sinceStart } from "./measure.ts";

const count = Number(process.argv[2] ?? 100_000);
const user = "u1@example.test";
const data = mkdtempSync(join(tmpdir(), "angarium-bench-webmail-"));
/** In the page: runs `act`, and answers when `there` holds and has been painted. */
function install(): void {
  const until = (there: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const late = performance.now() + 30_000;
      const look = () => {
        if (there()) requestAnimationFrame(() => resolve());
        else if (performance.now() > late) reject(new Error(`It never came: ${there}`));
        else setTimeout(look, 1);
      };
      look();
    });
  const key = (name: string) =>
    (document.activeElement ?? document.body).dispatchEvent(
      new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }),
    );
  const row = (at: number) => document.querySelector<HTMLElement>(`#row-${at}`);
  const shown = () => document.querySelector("article.unfolded .body .text, article.unfolded iframe[data-shown]");
  /** The list that is shown has had its first answer. */
  const counted = () => /\d/.test(document.querySelector(".list header .total")?.textContent ?? "");
  const scroller = () => document.querySelector<HTMLElement>(".list .scroller") as HTMLElement;

  Object.assign(window, {
    bench: {
      async open(at: number): Promise<number> {
        await until(() => row(at) !== null);
        const before = document.querySelector("h1");
        const begun = performance.now();
        const text = row(at)?.querySelector(".subject, .second")?.textContent;
        row(at)?.click();
        await until(() => shown() !== null && (document.querySelector("h1") !== before || text !== undefined));
        return performance.now() - begun;
      },
      async next(): Promise<number> {
        const before = location.hash;
        const article = document.querySelector("article");
        const begun = performance.now();
        key("j");
        await until(
          () => location.hash !== before && document.querySelector("article") !== article && shown() !== null,
        );
        return performance.now() - begun;
      },
      /** Until the results are there, and until they are counted too. */
      async search(words: string): Promise<[results: number, counted: number]> {
        const before = row(0)?.textContent;
        const begun = performance.now();
        location.hash = `#/search/${encodeURIComponent(words)}`;
        const isThere = () =>
          document.title.includes("Search results") && row(0) !== null && row(0)?.querySelector(".waiting") === null;
        await until(() => isThere() && row(0)?.textContent !== before);
        const results = performance.now() - begun;
        await until(() => isThere() && counted());
        const took: [number, number] = [results, performance.now() - begun];
        location.hash = "#/";
        await until(() => document.title.includes("Inbox") && counted() && row(0) !== null);
        return took;
      },
      /** Scrolls so many pixels with every frame; answers frames, the longest, and the longest time that a row in sight was blank. */
      async scroll(pixels: number, frames: number): Promise<{ fps: number; worst: number; blank: number }> {
        const element = scroller();
        const since = new Map<number, number>();
        let [worst, blank] = [0, 0];
        let last = performance.now();
        const begun = last;
        for (let frame = 0; frame < frames; frame++) {
          element.scrollTop += pixels;
          const now = await new Promise<number>((next) => requestAnimationFrame(next));
          worst = Math.max(worst, now - last);
          last = now;
          const { top, bottom } = element.getBoundingClientRect();
          const seen = new Set<number>();
          for (const place of element.querySelectorAll<HTMLElement>(".place")) {
            const box = place.getBoundingClientRect();
            if (box.bottom < top || box.top > bottom || place.querySelector(".waiting") === null) continue;
            const at = Math.round(box.top - top + element.scrollTop);
            seen.add(at);
            since.set(at, since.get(at) ?? now);
            blank = Math.max(blank, now - (since.get(at) ?? now));
          }
          for (const at of since.keys()) if (!seen.has(at)) since.delete(at);
        }
        return { fps: (frames * 1000) / (performance.now() - begun), worst, blank };
      },
      jump(to: number): void {
        scroller().scrollTop = to * scroller().scrollHeight;
      },
    },
  });
}

type Bench = {
  open(at: number): Promise<number>;
  next(): Promise<number>;
  search(words: string): Promise<[results: number, counted: number]>;
  scroll(pixels: number, frames: number): Promise<{ fps: number; worst: number; blank: number }>;
  jump(to: number): void;
};
const bench = <T>(page: Page, work: (bench: Bench, argument: number) => T, argument = 0) =>
  page.evaluate(
    ([source, value]) =>
      // The work is sent as its text.
      new Function("bench", "value", `return (${source})(bench, value)`)(
        (window as unknown as { bench: Bench }).bench,
        value,
      ) as T,
    [work.toString(), argument] as const,
  );

try {
  await (await startDev(["--data", data, "--users", "1"])).stop();
  await fill(data, count);
  const dev = await startDev(["--data", data, "--users", "1", "--cleartext-auth"]);
  // Words are found at once only where they are indexed.
  const filling = performance.now();
  for (;;) {
    const { out } = await angarium("search", "size", user, "--data", data, "--json");
    if ((JSON.parse(out) as { emails: number }[])[0]?.emails === count) break;
    await new Promise((later) => setTimeout(later, 5_000));
  }
  say("until the index holds all of it", `${((performance.now() - filling) / 1000).toFixed(0)} s`);
  const browser = await launch();
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  try {
    const signedIn = async (): Promise<BrowserContext> => {
      // The policy of the pages knows no eval; the functions of this file are sent as text.
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, bypassCSP: true });
      const answer = await context.request.post(`${origin}/auth/login`, {
        data: { username: user, password: "pw" },
        headers: { "x-requested-with": "bench" },
      });
      if (!answer.ok()) throw new Error(await answer.text());
      return context;
    };
    const usable = async (page: Page, load: () => Promise<unknown>): Promise<number> => {
      await load();
      await page.locator("[data-row]").first().waitFor();
      return sinceStart(page);
    };
    const cold: number[] = [];
    const warm: number[] = [];
    let script = 0;
    for (let run = 0; run < 5; run++) {
      const context = await signedIn();
      const page = await context.newPage();
      const bytes = await countScript(page);
      cold.push(await usable(page, () => page.goto(origin)));
      script = Math.max(script, bytes());
      warm.push(await usable(page, () => page.reload()));
      await context.close();
    }
    say("script of the first load, compressed", `${(script / 1024).toFixed(0)} KB`);
    say("usable inbox, cold", figure(cold));
    say("usable inbox, warm", figure(warm));

    const context = await signedIn();
    const page = await context.newPage();
    await usable(page, () => page.goto(origin));
    await page.evaluate(install);
    const opened: number[] = [];
    for (const at of [3, 5, 2, 6, 1, 7, 4]) opened.push(await bench(page, (one, n) => one.open(n), at));
    say("open a message", figure(opened));
    const next: number[] = [];
    for (let run = 0; run < 15; run++) {
      await page.waitForTimeout(400);
      next.push(await bench(page, (one) => one.next()));
    }
    say("next message (fetched before)", figure(next));
    await page.evaluate(() => {
      location.hash = "#/";
    });
    for (const words of [`number ${count - 7}`, "garden", "from:p11", "subject:garden is:unread"]) {
      const found: [results: number, counted: number][] = [];
      for (let run = 0; run < 3; run++)
        found.push(await page.evaluate((text) => (window as unknown as { bench: Bench }).bench.search(text), words));
      say(`search: ${words}`, figure(found.map(([results]) => results)));
      say("  and counted", figure(found.map(([, counted]) => counted)));
    }
    for (const [what, pixels] of [
      ["slow", 30],
      ["fast", 400],
    ] as const) {
      await bench(page, (one) => one.jump(0.3));
      await page.waitForTimeout(500);
      const { fps, worst, blank } = await bench(page, (one, n) => one.scroll(n, 240), pixels);
      say(
        `scrolling ${what} (${pixels} pixels a frame)`,
        `${fps.toFixed(0)} frames a second, longest ${worst.toFixed(0)} ms, a row blank for ${blank.toFixed(0)} ms at most`,
      );
    }
    // An hour of somebody busy: 300 messages, 60 searches, the whole list.
    for (let round = 0; round < 60; round++) {
      await bench(page, (one, n) => one.jump(n), round / 60);
      await page.waitForTimeout(50);
      await page.evaluate((text) => (window as unknown as { bench: Bench }).bench.search(text), `number ${round * 97}`);
      await bench(page, (one) => one.open(0));
      for (let step = 0; step < 4; step++) await bench(page, (one) => one.next());
      await page.evaluate(() => {
        location.hash = "#/";
      });
    }
    const cdp = await context.newCDPSession(page);
    await cdp.send("HeapProfiler.collectGarbage");
    const { usedSize, totalSize } = await cdp.send("Runtime.getHeapUsage");
    const { nodes } = await cdp.send("Memory.getDOMCounters");
    say(
      "memory after 300 messages and 60 searches",
      `${(usedSize / 1048576).toFixed(0)} MB used of ${(totalSize / 1048576).toFixed(0)} MB heap, ${nodes} nodes`,
    );
    await context.close();
  } finally {
    await browser.close();
    await dev.stop();
  }
} finally {
  rmSync(data, { recursive: true, force: true });
}
