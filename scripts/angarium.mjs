#!/usr/bin/env node
// The `angarium` command on any Node from 20 on: installs what is missing, then runs main.ts with the pinned Node.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { ensureInstalled, root } from "./install.mjs";
import { stalePages } from "./pages.mjs";

const node = ensureInstalled({ withTests: false });
const pinned = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies.node;

// The pages are built beside the server, which is ready before them.
if (["start", "dev"].includes(process.argv[2] ?? "") && stalePages().length > 0)
  spawn(node, [join(root, "scripts", "build-pages.mjs"), "--behind"], { stdio: ["ignore", "ignore", 2] }).unref();

if (process.version === `v${pinned}`) {
  process.argv[1] = join(root, "main.ts");
  await import("../main.ts");
} else {
  // As the scripts of package.json do: two arenas of glibc for all threads. With one for each, a quarter of the memory is room that nobody
  // uses (docs/performance.md).
  const env = { MALLOC_ARENA_MAX: "2", ...process.env };
  const child = spawn(node, [join(root, "main.ts"), ...process.argv.slice(2)], { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
