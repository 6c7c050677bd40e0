// Where Chromium is, for the tests that drive the pages. As root on Debian it is installed when it is missing.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

function found() {
  if (process.env.CHROMIUM) return existsSync(process.env.CHROMIUM) ? process.env.CHROMIUM : undefined;
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
export function ensureChromium() {
  const there = found();
  if (there !== undefined) return there;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get") && !process.env.CHROMIUM) {
    process.stderr.write("Angarium: installing Chromium for the tests of the pages (apt-get), once …\n");
    const packages = ["chromium", "fonts-dejavu-core"];
    if (aptGet("install", ...packages) || (aptGet("update") && aptGet("install", ...packages))) {
      const installed = found();
      if (installed !== undefined) return installed;
    }
  }
  process.stderr.write(
    'Angarium: the tests of the pages need Chromium. Install it ("apt-get install chromium"), or name the program in CHROMIUM, and run them again.\n',
  );
  process.exit(1);
}
