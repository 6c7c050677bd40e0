// Makes sure that what package-lock.json names is installed, and tells where the pinned Node is. Plain JavaScript for
// any Node from 20 on: this runs before anything else can. Everything it prints goes to stderr.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const nodeProgram = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");

function json(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Names of packages that are missing or of another version than package.json pins. */
function missing(withTests) {
  const wanted = json(join(root, "package.json"));
  const names = { ...wanted.dependencies, ...(withTests ? wanted.devDependencies : {}) };
  const lacks = Object.entries(names)
    .filter(([name, version]) => json(join(root, "node_modules", name, "package.json"))?.version !== version)
    .map(([name]) => name);
  if (!existsSync(join(root, "node_modules", ".package-lock.json"))) lacks.push("a complete installation");
  if (!existsSync(nodeProgram)) lacks.push("the node program");
  return lacks;
}

/** One installation at a time, also when several commands start together on a fresh clone. */
function locked(work) {
  const lock = join(tmpdir(), `angarium-install-${createHash("sha256").update(root).digest("hex").slice(0, 16)}`);
  const staleMs = 15 * 60_000;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      let ageMs = 0;
      try {
        ageMs = Date.now() - statSync(lock).mtimeMs;
      } catch {
        continue;
      }
      if (ageMs > staleMs) rmdirSync(lock);
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
    }
  }
  try {
    return work();
  } finally {
    rmdirSync(lock);
  }
}

/** Installs if need be. Answers the path of the Node program to run with. Ends the process with a sentence when it cannot. */
export function ensureInstalled({ withTests }) {
  if (missing(withTests).length > 0) {
    locked(() => {
      if (missing(withTests).length === 0) return;
      process.stderr.write("Angarium: installing what it needs (npm ci), once …\n");
      const npm = process.env.npm_execpath;
      const args = ["ci", "--no-audit", "--no-fund", ...(withTests ? ["--include=dev"] : ["--omit=dev"])];
      const [program, first] = npm?.endsWith("js") ? [process.execPath, [npm]] : ["npm", []];
      const run = spawnSync(program, [...first, ...args], {
        cwd: root,
        stdio: ["ignore", 2, 2],
        env: { ...process.env, NODE_ENV: "", npm_config_ignore_scripts: "false" },
      });
      const lacks = missing(withTests);
      if (run.status !== 0 || lacks.length > 0) {
        process.stderr.write(
          `Angarium: the installation did not succeed; missing: ${lacks.join(", ")}. Run "npm ci" in ${root}, see what it says, and try again.\n`,
        );
        process.exit(1);
      }
    });
  }
  return nodeProgram;
}
