/** A test that fails never holds up the run: its file ends, and it is named. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "./dev-process.ts";

const files = {
  "leaves.test.mjs": `test("it leaves a server", () => { createServer().listen(0); throw new Error("wrong"); });`,
  "forgets.test.mjs": `test("it passes", () => { createServer().listen(0); });`,
  "hook.test.mjs": `after(() => new Promise(() => createServer().listen(0))); test("it fails before the hook", () => { throw new Error("wrong"); });`,
  "waits.test.mjs": `test("it waits for nothing", () => new Promise(() => createServer().listen(0)));`,
  "loads.test.mjs": `createServer().listen(0); await new Promise(() => {}); test("it is never reached", () => {});`,
  "loops.test.mjs": `test("it loops", () => { for (;;); });`,
} as const;

test("whatever a test has left running, its file ends and the test is named", { timeout: 120_000 }, async (t) => {
  const folder = await temporaryFolder(t);
  const paths = Object.entries(files).map(([name, text]) => {
    const file = join(folder, name);
    writeFileSync(
      file,
      `import { after, test } from "node:test";\nimport { createServer } from "node:net";\nvoid after;\n${text}\n`,
    );
    return file;
  });
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const runner = spawn(process.execPath, [join(import.meta.dirname, "../scripts/run-tests.mjs"), ...paths], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...env,
      ANGARIUM_TESTS_GRACE_MS: "200",
      ANGARIUM_TESTS_BLOCKED_MS: "1000",
      ANGARIUM_TESTS_TIMEOUT_MS: "500",
    },
  });
  t.after(() => runner.kill());
  let said = "";
  for (const stream of [runner.stdout, runner.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(runner, "close")) as [number | null];
  assert.equal(code, 1, said);
  for (const name of [
    "it leaves a server",
    "it fails before the hook",
    "it waits for nothing",
    join(folder, "forgets.test.mjs"),
  ])
    assert.ok(said.includes(`✖ ${name}`), `${name} in: ${said}`);
  assert.match(said, /loops\.test\.mjs: "it loops" has not let go of the thread/);
  assert.match(said, /loads\.test\.mjs: nothing has begun for \S+ s while it loads/);
  assert.match(said, /forgets\.test\.mjs: its tests were over .* still runs: .*1 TCPServerWrap/);
});
