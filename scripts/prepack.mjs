// Before `npm pack`: what it needs is installed, pages and program are built. On a fresh clone too.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureInstalled, root } from "./install.mjs";

const node = ensureInstalled({ withTests: false });
for (const script of ["build-pages.mjs", "build-package.mjs"]) {
  // What npm reads of us is its own: everything is told on stderr.
  const { status } = spawnSync(node, [join(root, "scripts", script)], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
}
