#!/usr/bin/env node
// `npm test`: installs what is missing, then runs every test with the pinned Node's own runner.
// `npm test -- protocol/smtp server/queue` runs the tests below those folders (or the files named).
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { ensureChromium } from "./chromium.mjs";
import { ensureInstalled, root } from "./install.mjs";
import { stalePages } from "./pages.mjs";

const node = ensureInstalled({ withTests: true });
if (process.execPath !== node && typeof fs.globSync !== "function") {
  // Node 20 has no globSync: the pinned one has.
  const again = spawnSync(node, [join(root, "scripts", "test.mjs"), ...process.argv.slice(2)], {
    stdio: "inherit",
    cwd: root,
  });
  process.exit(again.status ?? 1);
}
const wanted = process.argv.slice(2);
const folders = wanted.length > 0 ? wanted : ["protocol", "server", "console/src", "test"];
const files = folders.flatMap((path) =>
  fs.statSync(join(root, path)).isDirectory() ? fs.globSync(`${path}/**/*.test.ts`, { cwd: root }) : [path],
);
if (files.length === 0) {
  process.stderr.write(`No test file below ${folders.join(", ")}.\n`);
  process.exit(1);
}
// Tests that drive the pages need them built, and a browser.
const withPages = files.some((file) => file.startsWith("test/pages/"));
const chromium = withPages ? ensureChromium() : "";
if (withPages && stalePages().length > 0) {
  const built = spawnSync(node, [join(root, "scripts", "build-pages.mjs")], { cwd: root, stdio: "inherit" });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
const run = spawnSync(node, [join(root, "scripts", "run-tests.mjs"), ...together(files)], {
  cwd: root,
  stdio: "inherit",
  env: {
    ...process.env,
    CHROMIUM: chromium,
    PATH: `${join(root, "node_modules", ".bin")}:${process.env.PATH}`,
    // Every file runs in a process of its own, and most load the same modules: these are compiled once.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, "node_modules", ".cache", "angarium-tests"),
  },
});
process.exit(run.status ?? 1);

/** The files in the order they are run: those of `protocol`, which are pure, in one process when all are wanted. */
function together(all) {
  const whole = wanted.length === 0 || wanted.includes("protocol");
  const apart = whole ? all.filter((file) => !file.startsWith("protocol/")) : all;
  const one = whole ? ["scripts/protocol-tests.mjs"] : [];
  return [...apart, ...one].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** The longest first, so that at the end no core waits for one of them. */
function rank(file) {
  const longest = ["test/pages/", "test/contract/", "test/attachments/", "scripts/", "test/"];
  const at = longest.findIndex((folder) => file.startsWith(folder));
  return at < 0 ? longest.length : at;
}
