#!/usr/bin/env node
// The `angarium` command. In a clone it runs the sources (and installs what is missing first); in an installed package the built program.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const minimum = 26;

if (existsSync(join(root, "main.ts"))) await import("../scripts/angarium.mjs");
else if (Number(process.versions.node.split(".")[0]) >= minimum) {
  process.argv[1] = join(root, "dist", "main.js");
  await import("../dist/main.js");
} else {
  // The package `node` brings the program that Angarium is tested with, where its installation was allowed.
  const own = ["../node/bin/node", "node_modules/node/bin/node"].map((path) => join(root, path)).find(existsSync);
  if (own === undefined) {
    process.stderr.write(
      `angarium: this needs Node ${minimum} or newer; this is ${process.version}. Install that, or install angarium again without --ignore-scripts: npm brings one along then.\n`,
    );
    process.exit(1);
  }
  const env = { MALLOC_ARENA_MAX: "2", ...process.env };
  const child = spawn(own, [join(root, "dist", "main.js"), ...process.argv.slice(2)], { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
