/** What the documents and comments name is there: files, folders, sections, npm scripts. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const top = ["server", "protocol", "test", "scripts", "docs", "webmail", "console", "ui", "packaging", "bin", ".ci"];
const ours = globSync([`{${top.join(",")}}/**/*`, "*.*"], {
  cwd: root,
  exclude: (path) => ["node_modules", "dist"].includes(basename(path)),
});
const documents = ours.filter((file) => file.endsWith(".md"));
const sources = ours.filter((file) => /\.(?:ts|mjs|svelte)$/.test(file));
const folders = new Set(ours.filter((file) => file.startsWith("server/")).map((file) => file.split("/")[1] ?? ""));

/** "a/{b,c}.ts" names two. */
function spelledOut(path: string): readonly string[] {
  const [, before = "", choices, after = ""] = /^(.*?)\{([^}]*)\}(.*)$/.exec(path) ?? [];
  return choices === undefined ? [path] : choices.split(",").flatMap((one) => spelledOut(before + one + after));
}
const isThere = (path: string): boolean =>
  path.includes("*")
    ? globSync(path, { cwd: root }).length > 0
    : existsSync(join(root, path)) || existsSync(join(root, `${path}.ts`));

const code = (text: string): readonly string[] => [...text.matchAll(/`([^`\n]+)`/g)].map(([, one = ""]) => one);

test("paths in documents", () => {
  const missing: string[] = [];
  for (const file of documents)
    for (const word of code(read(file)).flatMap((one) => one.split(/[\s,"'()]+(?![^{]*\})/))) {
      const path = word.replace(/[.:;]+$/, "");
      const first = path.split("/")[0] ?? "";
      if (!path.includes("/") || /[<…$=]/.test(path)) continue;
      // ARCHITECTURE.md says what is done below server/ by the folder there.
      const under = file === "ARCHITECTURE.md" && folders.has(first) && !top.includes(first) ? "server/" : "";
      if (under === "" && !top.includes(first)) continue;
      for (const one of spelledOut(path)) if (!isThere(under + one)) missing.push(`${file}: ${one}`);
    }
  assert.deepEqual(missing, []);
});

test("links between documents, and the sections they lead to", () => {
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[`*]/g, "")
      .replace(/[^\p{L}\p{N}\- _]/gu, "")
      .replaceAll(" ", "-");
  const missing: string[] = [];
  for (const file of documents)
    for (const [link, path = "", section] of read(file).matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
      if (/^[a-z]+:/.test(path)) continue;
      const to = path === "" ? file : join(dirname(file), path);
      const sections =
        existsSync(join(root, to)) && to.endsWith(".md")
          ? [...read(to).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => slug(heading))
          : [];
      if (!existsSync(join(root, to)) || (section !== undefined && !sections.includes(section)))
        missing.push(`${file}: ${link}`);
    }
  assert.deepEqual(missing, []);
});

test("npm scripts in documents", () => {
  const { scripts } = JSON.parse(read("package.json")) as { readonly scripts: { readonly [name: string]: string } };
  const missing = documents.flatMap((file) =>
    [...read(file).matchAll(/npm run (?:--silent |-s )?([a-z][\w:-]*)/g)]
      .filter(([, name = ""]) => scripts[name] === undefined)
      .map(([line]) => `${file}: ${line}`),
  );
  assert.deepEqual(missing, []);
});

test("files that comments name", () => {
  const names = new Set(ours.map((file) => basename(file)));
  const missing: string[] = [];
  for (const file of sources)
    for (const [comment] of read(file).matchAll(/\/\*[\s\S]*?\*\/|(?<![:"'`\w])\/\/ [^\n]*/g))
      for (const [name, path = ""] of comment.matchAll(
        /(?<![\w./@-])((?:(?:\.{1,2}|[\w-]+)\/)*[\w-]+(?:\.test|\.svelte)?\.(?:ts|mjs|svelte|md))\b/g,
      )) {
        const known = ours.some((one) => one === path || one.endsWith(`/${path.replace(/^(?:\.\.?\/)+/, "")}`));
        if (!known && !names.has(path)) missing.push(`${file}: ${name}`);
      }
  assert.deepEqual(missing, []);
});
