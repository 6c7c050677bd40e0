// What `npm pack` packs: the program as plain JavaScript, below dist/ as the sources lie beside each other. Types are taken out by Node
// itself, line by line where they stood, so that stack traces keep their numbers.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./install.mjs";
import { pageNames } from "./pages.mjs";

const dist = join(root, "dist");

/** Every relative name of a module ends in .js then: in imports, and in the URLs of worker threads. */
const renamed = (text) => text.replaceAll(/(["'`])(\.\.?\/[^"'`\n]*?)\.ts\1/g, "$1$2.js$1");

function* below(folder) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* below(path);
    else yield path;
  }
}

export function buildProgram() {
  rmSync(dist, { recursive: true, force: true });
  let modules = 0;
  for (const path of ["main.ts", ...below("protocol"), ...below("server")]) {
    if (/\.test\.ts$|(?:^|\/)fake-[^/]*\.ts$/.test(path)) continue;
    const target = join(dist, path.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    if (!path.endsWith(".ts")) {
      cpSync(join(root, path), target);
      continue;
    }
    writeFileSync(target, renamed(stripTypeScriptTypes(readFileSync(join(root, path), "utf8"))));
    modules++;
  }
  const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  writeFileSync(
    join(dist, "package.json"),
    `${JSON.stringify({ name, version, license, type: "module" }, undefined, 2)}\n`,
  );
  for (const page of pageNames) cpSync(join(root, page, "dist"), join(dist, page, "dist"), { recursive: true });
  return modules;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  process.stderr.write(`Angarium: ${buildProgram()} modules are plain JavaScript in dist/\n`);
