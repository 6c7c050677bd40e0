/** What the benches of the pages share. */
import { type Browser, chromium, type Page } from "playwright-core";

export const median = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
export const say = (name: string, figure: string): void => console.log(`${name.padEnd(52)} ${figure}`);
export const figure = (times: readonly number[]): string =>
  `${median(times).toFixed(0)} ms (best ${Math.min(...times).toFixed(0)}, worst ${Math.max(...times).toFixed(0)}, ${times.length} runs)`;

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env["CHROMIUM"] || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"],
  });

/** Counts the script that comes over the wire for this page from now on, in bytes as they come. */
export async function countScript(page: Page): Promise<() => number> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  const kinds = new Map<string, string>();
  let bytes = 0;
  cdp.on("Network.responseReceived", ({ requestId, type }) => kinds.set(requestId, type));
  cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (kinds.get(requestId) === "Script") bytes += encodedDataLength;
  });
  return () => bytes;
}

/** Milliseconds from the start of the navigation to the next frame. */
export const sinceStart = (page: Page): Promise<number> =>
  page.evaluate(() => new Promise<number>((resolve) => requestAnimationFrame(() => resolve(performance.now()))));
