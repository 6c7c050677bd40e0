// After `npm ci`: builds the pages and the program. A failure does not fail the installation: `angarium start` tries again and says why.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pinnedNode, root } from "./install.mjs";
import { stalePages } from "./pages.mjs";
import { builtProgram } from "./program.mjs";

const run = (script) =>
  spawnSync(pinnedNode() ?? process.execPath, [join(root, "scripts", script)], { stdio: ["ignore", 2, 2], cwd: root })
    .status === 0;

if (stalePages().length > 0 && !run("build-pages.mjs"))
  process.stderr.write('Angarium: the pages could not be built now; "npm run build" says why.\n');
if (builtProgram() === undefined) run("build-program.mjs");
