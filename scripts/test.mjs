#!/usr/bin/env node
// `npm test`: installs what is missing, then runs every test with the pinned Node's own runner.
// `npm test -- protocol/smtp server/queue` runs the tests below those folders (or the files named).
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { ensureChromium, ensureOpenssl } from "./foreign-programs.mjs";
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
if (files.some((file) => fs.readFileSync(join(root, file), "utf8").includes('"openssl"'))) ensureOpenssl();
if (withPages && stalePages().length > 0) {
  const built = spawnSync(node, [join(root, "scripts", "build-pages.mjs")], { cwd: root, stdio: "inherit" });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
const run = spawnSync(node, [join(root, "scripts", "run-tests.mjs"), ...files], {
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
