// The programs that tests drive and npm does not bring. As root on Debian they are installed when they are missing.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const chromium = {
  what: "Chromium",
  names: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  /** Names the program in its place. */
  variable: "CHROMIUM",
  packages: ["chromium", "fonts-dejavu-core"],
  sentence: "the tests of the pages need Chromium",
};
const openssl = {
  what: "OpenSSL",
  names: ["openssl"],
  packages: ["openssl"],
  sentence: "the tests of signed profiles ask OpenSSL what it thinks of them",
};

function found({ names, variable }) {
  const named = variable && process.env[variable];
  if (named) return existsSync(named) ? named : undefined;
  for (const folder of (process.env.PATH ?? "").split(delimiter))
    for (const name of names) if (existsSync(join(folder, name))) return join(folder, name);
  return undefined;
}

function aptGet(...args) {
  const options = ["-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", [...args, ...options], { stdio: ["ignore", 2, 2], env }).status === 0;
}

/** Its path. Ends the process with a sentence where there is none and it cannot be installed. */
function ensure(program) {
  const { what, variable, packages, sentence } = program;
  const there = found(program);
  if (there !== undefined) return there;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get") && !(variable && process.env[variable])) {
    process.stderr.write(`Angarium: installing ${what} (apt-get), once: ${sentence} …\n`);
    if (aptGet("install", ...packages) || (aptGet("update") && aptGet("install", ...packages))) {
      const installed = found(program);
      if (installed !== undefined) return installed;
    }
  }
  const or = variable === undefined ? "" : `, or name the program in ${variable},`;
  process.stderr.write(
    `Angarium: ${sentence}. Install it ("apt-get install ${packages[0]}")${or} and run them again.\n`,
  );
  process.exit(1);
}

export const ensureChromium = () => ensure(chromium);
export const ensureOpenssl = () => ensure(openssl);
