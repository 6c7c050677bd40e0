// After `npm ci`: builds the pages. A failure does not fail the installation: `angarium start` tries again and says why.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pinnedNode, root } from "./install.mjs";
import { stalePages } from "./pages.mjs";

if (stalePages().length > 0) {
  const node = pinnedNode() ?? process.execPath;
  const run = spawnSync(node, [join(root, "scripts", "build-pages.mjs")], { stdio: ["ignore", 2, 2], cwd: root });
  if (run.status !== 0) process.stderr.write('Angarium: the pages could not be built now; "npm run build" says why.\n');
}
