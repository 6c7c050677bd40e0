// Test files that are run in one process, each a suite of its own with its own hooks: starting a process for each of them, and loading there
// what they have in common, takes longer than their tests do.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "node:test";
import { pathToFileURL } from "node:url";
import { root } from "./install.mjs";

/** They start programs, wait for long, or are long by themselves. */
const alone = /^(?:test|server\/(?:store|simulate))\/|^server\/commands\/filter\./;

/** The folder whose tests are run together: "protocol" as a whole, "server/imap" with all below it. */
function groupOf(file) {
  if (alone.test(file)) return undefined;
  const [top, below, ...deeper] = file.split("/");
  return top === "server" && deeper.length > 0 ? `${top}/${below}` : top;
}

/** The same tests in fewer files, each with the name of where they are from. */
export function together(files) {
  const folder = mkdtempSync(join(tmpdir(), "angarium-together-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return [...Map.groupBy(files, groupOf)].flatMap(([group, same]) => {
    if (group === undefined || same.length === 1) return same.map((file) => ({ name: file, file }));
    const file = join(folder, `${group.replaceAll("/", "-")}.test.mjs`);
    const here = JSON.stringify(pathToFileURL(import.meta.filename).href);
    writeFileSync(file, `import { suites } from ${here};\nsuites(${JSON.stringify(same.sort(), undefined, 2)});\n`);
    return [{ name: `${group}/`, file }];
  });
}

export function suites(files) {
  for (const file of files) suite(file, () => import(pathToFileURL(join(root, file)).href));
}
