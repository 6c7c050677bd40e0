// Which pages there are, and whether what is built of them is of today's sources. For any Node from 20 on.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { filesBelow } from "./files.mjs";
import { root } from "./install.mjs";

export const pageNames = ["webmail", "console"];

/** In dist/: the hash of the sources it was built from. */
export const builtMark = ".sources";

/** Undefined where there are no sources: an installed package has only what is built. */
export function sourceHash(name) {
  const hash = createHash("sha256");
  let count = 0;
  for (const folder of [name, "ui"])
    for (const file of filesBelow(join(root, folder))) {
      hash
        .update(`${relative(root, file)}\0`)
        .update(readFileSync(file))
        .update("\0");
      if (folder === name) count++;
    }
  hash.update(readFileSync(join(root, "scripts", "build-pages.mjs")));
  return count > 0 ? hash.digest("hex") : undefined;
}

export function stalePages(names = pageNames) {
  return names.filter((name) => {
    const hash = sourceHash(name);
    if (hash === undefined) return false;
    try {
      return readFileSync(join(root, name, "dist", builtMark), "utf8") !== hash;
    } catch {
      return true;
    }
  });
}
