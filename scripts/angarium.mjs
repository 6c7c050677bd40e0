#!/usr/bin/env node
// The `angarium` command on any Node from 20 on: installs what is missing, then runs the program with the pinned Node: as it was built, or main.ts
// where the sources have changed since.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ensureInstalled, root } from "./install.mjs";
import { stalePages } from "./pages.mjs";
import { builtProgram } from "./program.mjs";

const node = ensureInstalled({ withTests: false });
const pinned = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies.node;

const built = builtProgram();
const main = built ?? join(root, "main.ts");

// What is not built is built beside the server, which is ready before it.
const behind = (script) =>
  spawn(node, [join(root, "scripts", script), "--behind"], { stdio: ["ignore", "ignore", 2] }).unref();
if (["start", "dev"].includes(process.argv[2] ?? "")) {
  if (stalePages().length > 0) behind("build-pages.mjs");
  if (built === undefined) behind("build-program.mjs");
}

if (process.version === `v${pinned}`) {
  process.argv[1] = main;
  await import(pathToFileURL(main).href);
} else {
  // As the scripts of package.json do: two arenas of glibc for all threads. With one for each, a quarter of the memory is room that nobody
  // uses (docs/performance.md).
  const env = { MALLOC_ARENA_MAX: "2", ...process.env };
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
