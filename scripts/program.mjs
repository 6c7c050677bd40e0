// The program as build-program.mjs makes it, and whether it is of today's sources. For any Node from 20 on: this is looked at by every command.
import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { filesBelow } from "./files.mjs";
import { root } from "./install.mjs";

/** Where programs are kept, each in a folder of its own. */
export const programs = join(root, "node_modules", ".cache", "angarium-program");

/** What a program is made of: paths from the root, sorted. */
export const programSources = () =>
  ["main.ts", ...["protocol", "server"].flatMap((folder) => [...filesBelow(join(root, folder))].map(fromRoot))].sort();
const fromRoot = (path) => relative(root, path);

/**
 * Changes with whatever a program is made of and with where that lies, for a program names the folders that it was made in. It goes by sizes and times:
 * to read 1,500 files would take a command as long as what is won.
 */
function sourceMark() {
  const mark = createHash("sha256").update(root);
  for (const path of ["package-lock.json", "scripts/build-program.mjs", ...programSources()]) {
    const { size, mtimeMs } = statSync(join(root, path));
    mark.update(`\0${path}\0${size}\0${mtimeMs}`);
  }
  return mark.digest("hex");
}

/** Where the program of the sources as they are lies, or would lie. */
export const programFolder = () => join(programs, sourceMark().slice(0, 32));

/** The path of its main module; undefined where none was made of the sources as they are. */
export function builtProgram() {
  const main = join(programFolder(), "main.mjs");
  return existsSync(main) ? main : undefined;
}
