// The files below a folder, in an order that is the same everywhere. For any Node from 20 on.
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Neither of these are sources: what is installed, what is built of them (dist, and dist.PID while it is made), and tests. */
const ignored = /^(?:node_modules|dist(?:\..*)?|.*\.test\.ts)$/;

/** Paths that begin with `folder`; none where there is no such folder. */
export function* filesBelow(folder) {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (ignored.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}
