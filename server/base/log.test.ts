import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

/** Writes a megabyte and ends in order. */
const program = `
  import { makeLog } from ${JSON.stringify(new URL("log.ts", import.meta.url).href)};
  const { log, end } = makeLog("info");
  for (let n = 0; n < 5000; n++) log.info({ n, from: "\\u009b2J" }, "x".repeat(200));
  await end();
  log.info({}, "too late, and no harm");
  process.exit(0);
`;
const begin = () =>
  spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: ["ignore", "ignore", "pipe"] });

test("a log that nobody reads does not keep the program from ending", { timeout: 300_000 }, async (t) => {
  const child = begin();
  t.after(() => child.kill("SIGKILL"));
  // Not read: what does not go into the pipe waits.
  child.stderr.pause();
  const [code] = await once(child, "exit");
  assert.equal(code, 0);
});

test("a log that is read has every line when the program ends", { timeout: 300_000 }, async (t) => {
  const child = begin();
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (more: string) => {
    text += more;
  });
  await once(child, "close");
  const lines = text.trim().split("\n");
  const { n, from } = JSON.parse(lines[4999] ?? "") as { n: number; from: string };
  assert.deepEqual([lines.length, n, from], [5001, 4999, "\u009b2J"]);
  assert.ok(!text.includes("\u009b"), "what steers a terminal is escaped");
});
