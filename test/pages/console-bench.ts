/**
 * How fast the console is with many accounts, in Chromium: `node test/pages/console-bench.ts [accounts]` (10000). The pages have to be built
 * (`npm run build`). Timed from the start of the navigation to the frame after the page's rows, or its last heading, are there.
 */
import { startDev } from "../dev-process.ts";
import { countScript, figure, launch, say, sinceStart } from "./measure.ts";

const accounts = Number(process.argv[2] ?? 10_000);
const runs = 5;
const dev = await startDev(["--users", String(accounts), "--cleartext-auth"]);
const browser = await launch();
try {
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  for (const [name, hash, there] of [
    ["overview", "", "h1"],
    ["accounts", "#/accounts", "tbody tr"],
    ["domains", "#/domains", "tbody tr"],
    ["sending", "#/sending", "h2"],
    ["where is my mail", "#/mail", "h1"],
    ["settings", "#/settings", "h2"],
    ["API reference", "#/reference", "h2"],
  ] as const) {
    const cold: number[] = [];
    const warm: number[] = [];
    let script = 0;
    for (let run = 0; run < runs; run++) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
      const answer = await context.request.post(`${origin}/auth/login`, {
        data: { username: dev.ready.admin.user, password: dev.ready.admin.password },
        headers: { "x-requested-with": "bench" },
      });
      if (!answer.ok()) throw new Error(await answer.text());
      const page = await context.newPage();
      const bytes = await countScript(page);
      for (const times of [cold, warm]) {
        await (times === cold ? page.goto(`${origin}/admin/${hash}`) : page.reload());
        await page.locator(`main ${there}`).first().waitFor();
        times.push(await sinceStart(page));
        script = Math.max(script, times === cold ? bytes() : 0);
      }
      await context.close();
    }
    say(`${name}: script, compressed`, `${(script / 1024).toFixed(0)} KB`);
    say(`${name}: usable, cold`, figure(cold));
    say(`${name}: usable, warm`, figure(warm));
  }
} finally {
  await browser.close();
  await dev.stop();
}
