// Runs a test that is none of `npm test` (`npm run crash`, `npm run clients` …), also on a fresh clone: installs what is missing, then goes on with
// the pinned Node.
import { spawnSync } from "node:child_process";
import { ensureInstalled, root } from "./install.mjs";

const node = ensureInstalled({ withTests: true });
const run = spawnSync(node, process.argv.slice(2), { stdio: "inherit", cwd: root });
process.exit(run.status ?? 1);
