/**
 * Memory of the webmail over an hour of somebody busy, in Chromium: `node test/pages/hour.ts [minutes]` (60). The pages have to be built.
 * A minute is some sixty things done one after the other without waiting for the clock: mail that comes, lists scrolled and searched,
 * conversations read, letters begun with files and thrown away or sent, settings, contacts, dialogs. After every fifth minute the heap is
 * collected and told, with the memory of the renderers as the system sees it (PSS), and how much of that is no file: their share of the program
 * grows when fewer other browsers run on the machine, by some 20 MB, and says nothing of the page. Playwright holds the browser once, for all of it: with
 * every connection it puts worlds of its own into the page, which stay there (26 listeners and about 2 MB each). It has the renderer keep
 * the bodies of all answers, up to 100 MB, as the tools of a browser do that are open: here none. Its handles are in these figures.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { fill } from "../bench/fill.ts";
import { startDev } from "../dev-process.ts";
import { say } from "./measure.ts";
import { ordinaryDay, seedMail } from "./seed.ts";

const minutes = Number(process.argv[2] ?? 60);
const every = 5;
const messages = 5_000;
const [user, password] = ["u1@example.test", "pw"] as const;
const data = mkdtempSync(join(tmpdir(), "angarium-hour-"));
const words = ["garden", "invoice", "from:p11", "subject:bridge", "is:unread river", "number 4711"];

const row = (page: Page) => page.locator("[data-row]").first();
async function minute(page: Page, origin: string, at: number): Promise<number> {
  let done = 0;
  const key = async (name: string) => {
    await page.keyboard.press(name);
    done++;
  };
  const go = async (hash: string) => {
    await page.evaluate((to) => {
      location.hash = to;
    }, hash);
    done++;
  };
  await go("#/");
  await row(page).waitFor();
  await seedMail(origin, user, password, [
    {
      from: `P${at} <p${at}@far.test>`,
      subject: `Minute ${at}`,
      html: `<p style="color:#123">Hello ${at}</p>`,
      ago: 0,
    },
    { from: "Ferry <n@ferryline.test>", subject: `Ferry ${at}`, text: "leaves at nine\n".repeat(200), ago: 0 },
  ]);
  await page.locator("[data-row]", { hasText: `Minute ${at}` }).waitFor();
  done += 2;
  // Read: the new ones, then some elsewhere in the list, one after the other.
  for (const place of [0, (at % 50) / 50, ((at * 7) % 50) / 50]) {
    await page.evaluate((to) => {
      const list = document.querySelector(".list .scroller") as HTMLElement;
      list.scrollTop = to * list.scrollHeight;
    }, place);
    await page.waitForTimeout(60);
    await row(page).waitFor();
    await page.locator("[data-row]").nth(3).click();
    await page.locator("article.unfolded").first().waitFor();
    done += 2;
    for (let step = 0; step < 6; step++) await key("j");
    for (const name of ["s", "s", "e"]) await key(name);
    // What was opened last may not have come yet.
    const archived = page.locator(".toast", { hasText: "Archived." }).last();
    if (
      await archived
        .waitFor({ timeout: 5_000 })
        .then(() => true)
        .catch(() => false)
    )
      await key("z");
    await key("u");
  }
  await go(`#/search/${encodeURIComponent(words[at % words.length] ?? "")}`);
  await row(page).waitFor();
  await page.locator("[data-row]").first().click();
  await page.locator("article.unfolded").first().waitFor();
  done += 2;
  await go("#/");
  await row(page).waitFor();
  // A letter: every fifth is sent to oneself, the others are thrown away.
  await key("c");
  const letter = page.locator(".letter");
  await letter.getByLabel("To", { exact: true }).fill(`${user},`);
  await letter.getByLabel("Subject").fill(`Letter ${at}`);
  await letter.getByLabel("Text of the message").click();
  await page.keyboard.type("Some words, and a file with them.");
  await letter.locator('footer > input[type="file"]').evaluate((input: HTMLInputElement, n) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(300_000).fill(n)], `file${n}.bin`));
    input.files = files.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }, at);
  await letter.getByRole("button", { name: `Remove file${at}.bin` }).waitFor();
  await letter.locator(".progress").waitFor({ state: "detached" });
  done += 5;
  if (at % 5 === 0) await letter.getByRole("button", { name: "Send", exact: true }).click();
  else await letter.getByLabel("Throw away").click();
  await letter.waitFor({ state: "detached" });
  done++;
  await key("Control+k");
  await page.keyboard.type("archive");
  await key("Escape");
  await key("?");
  await key("Escape");
  for (const hash of ["#/settings", "#/settings/filters", "#/contacts", "#/starred", "#/unread"]) {
    await go(hash);
    await page.waitForTimeout(40);
  }
  return done;
}

/** Memory of the renderers of this browser, in MB: as the system sees it, and without their share of files that others have mapped too. */
function renderers(): readonly { readonly all: number; readonly own: number }[] {
  const found: { all: number; own: number }[] = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (!command.includes("--type=renderer") || !command.includes(data)) continue;
      const told = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
      const mb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(told)?.[1]) / 1024;
      found.push({ all: mb("Pss"), own: mb("Pss") - mb("Pss_File") });
    } catch {
      // It has ended meanwhile.
    }
  }
  return found.toSorted((one, other) => other.all - one.all);
}

/** Of Playwright's own session with the page alone: each has its buffers. There is no public way to it. */
async function keepNoAnswers(page: Page): Promise<void> {
  type Session = { send: (method: string, params: object) => Promise<unknown> };
  type Inside = { delegate: { _mainFrameSession: { _client: Session } } };
  const { _connection } = page as unknown as { _connection: { toImpl: (of: Page) => Inside } };
  const session = _connection.toImpl(page).delegate._mainFrameSession._client;
  await session.send("Network.enable", { maxTotalBufferSize: 0, maxResourceBufferSize: 0 });
}

/** Asks the page by the protocol of its tools alone. */
async function tell(name: string, port: string): Promise<void> {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    type: string;
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets.find(({ type }) => type === "page")?.webSocketDebuggerUrl ?? "");
  await once(socket, "open");
  let id = 0;
  const ask = async (method: string) => {
    socket.send(JSON.stringify({ id: ++id, method }));
    for (;;) {
      const [{ data: text }] = (await once(socket, "message")) as [MessageEvent<string>];
      const answer = JSON.parse(text) as { id?: number; result: { [name: string]: number } };
      if (answer.id === id) return answer.result;
    }
  };
  for (let i = 0; i < 2; i++) await ask("HeapProfiler.collectGarbage");
  const { usedSize = 0 } = await ask("Runtime.getHeapUsage");
  const { nodes, documents, jsEventListeners } = await ask("Memory.getDOMCounters");
  socket.close();
  say(
    name,
    `${(usedSize / 1048576).toFixed(1)} MB heap, ${documents} documents, ${nodes} nodes, ${jsEventListeners} listeners; renderers ${renderers()
      .map(({ all, own }) => `${all.toFixed(0)} MB (${own.toFixed(0)} no file)`)
      .join(", ")}`,
  );
}

try {
  await (await startDev(["--data", join(data, "mail"), "--users", "1"])).stop();
  await fill(join(data, "mail"), messages);
  const dev = await startDev(["--data", join(data, "mail"), "--users", "1", "--cleartext-auth"]);
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  const browser = spawn(
    process.env["CHROMIUM"] || "/usr/bin/chromium",
    [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--window-size=1280,800",
      "--remote-debugging-port=0",
      `--user-data-dir=${join(data, "browser")}`,
      `--crash-dumps-dir=${data}`,
      "about:blank",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const port = await new Promise<string>((found) => {
    let text = "";
    browser.stderr.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const at = /ws:\/\/127\.0\.0\.1:(\d+)\//.exec(text)?.[1];
      if (at !== undefined) found(at);
    });
  });
  try {
    await seedMail(origin, user, password, ordinaryDay);
    const held = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
    const page = held.contexts()[0]?.pages()[0];
    if (page === undefined) throw new Error("There is no page.");
    await keepNoAnswers(page);
    await page.goto(origin);
    await page.evaluate(() => localStorage.setItem("angarium.undoSend", "0"));
    await page.locator('input[name="username"]').fill(user);
    await page.locator('input[name="password"]').fill(password);
    await page.locator('button[type="submit"]').click();
    await row(page).waitFor();
    await tell("at the start", port);
    let done = 0;
    for (let at = 1; at <= minutes; at += every) {
      for (let i = at; i < at + every; i++) done += await minute(page, origin, i);
      await tell(`after ${at + every - 1} minutes, ${done} actions`, port);
    }
  } finally {
    const ended = once(browser, "exit");
    browser.kill();
    await ended;
    await dev.stop();
  }
} finally {
  rmSync(data, { recursive: true, force: true, maxRetries: 5 });
}
