/** Which program a command runs: the built one where it is of today's sources, the sources otherwise. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

const here = mkdtempSync(join(tmpdir(), "angarium-program-"));
after(() => rmSync(here, { recursive: true, force: true }));

/** A clone in small, with everything installed. */
function clone(root: string): void {
  cpSync(join(import.meta.dirname, "..", "scripts"), join(root, "scripts"), { recursive: true });
  const version = process.version.slice(1);
  for (const [path, text] of Object.entries({
    "package.json": JSON.stringify({ type: "module", dependencies: { node: version } }),
    "package-lock.json": "{}",
    "node_modules/.package-lock.json": "{}",
    "node_modules/node/package.json": JSON.stringify({ version }),
    "main.ts": 'process.stdout.write("sources\\n");\n',
    "protocol/one.ts": "export const one = 1;\n",
    "server/distribute/two.ts": "export const two = 2;\n",
    "server/two.test.ts": "// A test.\n",
  })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, "node_modules", "node", "bin"));
  symlinkSync(process.execPath, join(root, "node_modules", "node", "bin", "node"));
}

const run = (root: string): string =>
  spawnSync(process.execPath, [join(root, "scripts", "angarium.mjs"), "version"], { encoding: "utf8" }).stdout.trim();

/** What a function of a script answers. */
const ask = (root: string, script: string, name: string): string => {
  const program = `process.stdout.write(String((await import(${JSON.stringify(join(root, "scripts", script))})).${name}()));`;
  return spawnSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" }).stdout.trim();
};

test("a script that the pinned Node runs is not run again, though it is found by a link", () => {
  const root = join(here, "linked");
  clone(root);
  assert.equal(ask(root, "install.mjs", "againWithPinnedNode"), "undefined");
});

test("a command runs what was built, until a source or the folder is another", () => {
  const root = join(here, "clone");
  clone(root);
  assert.equal(run(root), "sources");
  const build = (): void => {
    const folder = ask(root, "program.mjs", "programFolder");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "main.mjs"), 'process.stdout.write("built\\n");\n');
  };
  build();
  assert.equal(run(root), "built");
  // What is no source.
  writeFileSync(join(root, "README.md"), "Read me.\n");
  writeFileSync(join(root, "server", "two.test.ts"), "// Another test.\n");
  assert.equal(run(root), "built");

  const changes: readonly (readonly [name: string, change: () => void])[] = [
    ["as long as before", () => writeFileSync(join(root, "main.ts"), 'process.stdout.write("SOURCES\\n");\n')],
    ["an older file", () => utimesSync(join(root, "protocol", "one.ts"), 1, 1)],
    ["one more", () => writeFileSync(join(root, "server", "three.ts"), "export {};\n")],
    ["one less", () => rmSync(join(root, "server", "distribute", "two.ts"))],
    ["other packages", () => writeFileSync(join(root, "package-lock.json"), '{"packages":{}}')],
  ];
  for (const [name, change] of changes) {
    change();
    assert.notEqual(run(root), "built", name);
    build();
    assert.equal(run(root), "built", name);
  }
  // A program names the folder that it was made in.
  const moved = join(here, "moved");
  renameSync(root, moved);
  assert.notEqual(run(moved), "built");
});
