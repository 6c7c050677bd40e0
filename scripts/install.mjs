// Makes sure that what package-lock.json names is installed, and tells where the pinned Node is. Plain JavaScript for
// any Node from 20 on: this runs before anything else can. Everything it prints goes to stderr.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
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
  const lacks = [];
  for (const folder of [".", ...(wanted.workspaces ?? [])]) {
    const { dependencies, devDependencies } = json(join(root, folder, "package.json")) ?? {};
    for (const [name, version] of Object.entries({ ...dependencies, ...(withTests ? devDependencies : {}) }))
      if (![folder, "."].some((at) => json(join(root, at, "node_modules", name, "package.json"))?.version === version))
        lacks.push(name);
  }
  if (!existsSync(join(root, "node_modules", ".package-lock.json"))) lacks.push("a complete installation");
  if (!existsSync(nodeProgram)) lacks.push("the node program");
  return lacks;
}

/** Whether the process that holds the lock has gone without giving it back. */
function abandoned(lock) {
  try {
    process.kill(Number(readFileSync(join(lock, "pid"), "utf8")), 0);
    return false;
  } catch (error) {
    if (error.code === "EPERM") return false;
    if (error.code === "ESRCH") return true;
  }
  // It has just been taken, or just been given back.
  const age = statSync(lock, { throwIfNoEntry: false });
  return age !== undefined && Date.now() - age.mtimeMs > 5_000;
}

/** One `what` at a time, also when several commands start together on a fresh clone. Answers how to give it back: an exit before would keep the lock. */
export function locked(what) {
  const lock = join(tmpdir(), `angarium-${what}-${createHash("sha256").update(root).digest("hex").slice(0, 16)}`);
  for (let told = false; ; told = true) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (abandoned(lock)) rmSync(lock, { recursive: true, force: true });
      else {
        if (!told) process.stderr.write(`Angarium: waiting for another command (${what}) …\n`);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250);
      }
    }
  }
  writeFileSync(join(lock, "pid"), String(process.pid));
  return () => rmSync(lock, { recursive: true, force: true });
}

/** The pinned Node program, where it is installed. */
export const pinnedNode = () => (existsSync(nodeProgram) ? nodeProgram : undefined);

/** Runs the same script with the pinned Node, and answers its exit code; undefined where it is that which runs it, or there is none. */
export function againWithPinnedNode() {
  // node_modules may be a link to another folder's.
  if (!existsSync(nodeProgram) || realpathSync(nodeProgram) === realpathSync(process.execPath)) return undefined;
  return spawnSync(nodeProgram, process.argv.slice(1), { stdio: "inherit", cwd: root }).status ?? 1;
}

/** Runs npm ci unless another command has just done it; answers what is missing then. */
function install(withTests) {
  const release = locked("install");
  try {
    if (missing(withTests).length === 0) return [];
    process.stderr.write("Angarium: installing what it needs (npm ci), once …\n");
    const npm = process.env.npm_execpath;
    const args = ["ci", "--no-audit", "--no-fund", ...(withTests ? ["--include=dev"] : ["--omit=dev"])];
    const [program, first] = npm?.endsWith("js") ? [process.execPath, [npm]] : ["npm", []];
    const run = spawnSync(program, [...first, ...args], {
      cwd: root,
      stdio: ["ignore", 2, 2],
      // Warnings of npm are about the Node that runs it; ours is the pinned one.
      env: { ...process.env, NODE_ENV: "", npm_config_ignore_scripts: "false", npm_config_loglevel: "error" },
    });
    const left = missing(withTests);
    return run.status === 0 || left.length > 0 ? left : ["an installation without errors"];
  } finally {
    release();
  }
}

/** Installs if need be. Answers the path of the Node program to run with. Ends the process with a sentence when it cannot. */
export function ensureInstalled({ withTests }) {
  if (missing(withTests).length > 0) {
    const lacks = install(withTests);
    if (lacks.length > 0) {
      process.stderr.write(
        `Angarium: the installation did not succeed; missing: ${lacks.join(", ")}. Run "npm ci" in ${root}, see what it says, and try again.\n`,
      );
      process.exit(1);
    }
  }
  return nodeProgram;
}
