/** The laws of ARCHITECTURE.md about who may import whom. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");
type Import = { readonly from: string; readonly to: string; readonly typeOnly: boolean };

const files = globSync(["protocol/**/*.ts", "server/**/*.ts", "main.ts"], { cwd: root }).filter(
  (file) => !file.endsWith(".test.ts"),
);
const imports: Import[] = files.flatMap((from) => {
  const text = readFileSync(join(root, from), "utf8");
  const found = [
    ...text.matchAll(/^(?:import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)";?/gm),
    ...text.matchAll(/\bimport\((?:\s*)"([^"]+)"\)/g),
  ];
  return found.map((match) => {
    const [name, typeOnly] = match.length === 3 ? [match[2] ?? "", match[1] !== undefined] : [match[1] ?? "", false];
    const to = name.startsWith(".") ? relative(root, join(root, dirname(from), name)) : name;
    return { from, to, typeOnly };
  });
});
const folder = (file: string): string => file.split("/").slice(0, 2).join("/");
const isOurs = (name: string): boolean =>
  name.startsWith("protocol/") || name.startsWith("server/") || name === "main.ts";

function none(broken: readonly Import[]): void {
  assert.deepEqual(
    broken.map(({ from, to }) => `${from} imports ${to}`),
    [],
  );
}

test("there is something to look at", () => {
  assert.ok(imports.length > 100);
});

test("protocol imports only protocol, and pure builtins", () => {
  const pure = new Set(["node:buffer", "node:crypto", "node:url", "node:punycode", "node:util"]);
  none(imports.filter(({ from, to }) => from.startsWith("protocol/") && !to.startsWith("protocol/") && !pure.has(to)));
});

test("store imports nobody but protocol", () => {
  none(
    imports.filter(
      ({ from, to }) => from.startsWith("server/store/") && isOurs(to) && !/^(protocol|server\/store)\//.test(to),
    ),
  );
});

test("base imports nobody but protocol", () => {
  none(
    imports.filter(
      ({ from, to }) => from.startsWith("server/base/") && isOurs(to) && !/^(protocol|server\/base)\//.test(to),
    ),
  );
});

test("each file of server/ lies in a folder that says what it is about", () => {
  assert.deepEqual(
    files.filter((file) => /^server\/[^/]+$/.test(file)),
    [],
  );
});

test("the assembly is known to the commands alone, and they to main.ts", () => {
  const above: Readonly<Record<string, RegExp>> = {
    "server/assemble": /^server\/(assemble|commands)\//,
    "server/commands": /^(main\.ts$|server\/commands\/)/,
  };
  none(imports.filter(({ from, to, typeOnly }) => !typeOnly && above[folder(to)]?.test(from) === false));
});

test("the entrances are known to the assembly and the commands alone", () => {
  const entrances = /^server\/(receive|submit|imap|pop3|managesieve|jmap|web|admin|api)\//;
  const assembly = /^server\/(assemble|commands)\/|^server\/config\/sections\.ts$/;
  none(
    imports.filter(
      ({ from, to, typeOnly }) =>
        entrances.test(to) &&
        !to.endsWith("/settings.ts") &&
        !typeOnly &&
        folder(from) !== folder(to) &&
        !assembly.test(from) &&
        !(from.startsWith("server/receive/") && to.startsWith("server/submit/")) &&
        // The API does what the command line does.
        !(from.startsWith("server/api/") && to.startsWith("server/admin/")),
    ),
  );
});

/** Fails where somebody comes to himself again by following the edges. */
function noRing(edges: ReadonlyMap<string, ReadonlySet<string>>): void {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    assert.ok(!path.includes(name), `a ring: ${[...path.slice(path.indexOf(name)), name].join(" → ")}`);
    if (done.has(name)) return;
    for (const next of edges.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of edges.keys()) visit(name, []);
}

test("files import each other one way; types alone may go round", () => {
  const edges = Map.groupBy(
    imports.filter(({ to, typeOnly }) => isOurs(to) && !typeOnly),
    ({ from }) => from,
  );
  noRing(new Map([...edges].map(([from, all]) => [from, new Set(all.map(({ to }) => to))])));
});

test("folders depend on each other one way", () => {
  const edges = new Map<string, Set<string>>();
  for (const { from, to, typeOnly } of imports) {
    if (typeOnly || !from.startsWith("server/") || !to.startsWith("server/")) continue;
    if (folder(from) !== folder(to)) edges.set(folder(from), (edges.get(folder(from)) ?? new Set()).add(folder(to)));
  }
  noRing(edges);
});

test("what no command reaches is for tests alone, and is called fake-…", () => {
  const edges = Map.groupBy(imports, ({ from }) => from);
  const reached = new Set<string>();
  const reach = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { to } of edges.get(file) ?? []) if (isOurs(to)) reach(to);
    // Threads, and folders that are loaded as a whole.
    const text = readFileSync(join(root, file), "utf8");
    for (const [, name = ""] of text.matchAll(/new URL\("(\.\/[^"]+)"/g)) reach(join(dirname(file), name));
    for (const [, name = ""] of text.matchAll(/import\(`(\.\/[a-z-]+)\//g))
      for (const one of files) if (dirname(one) === join(dirname(file), name)) reach(one);
  };
  reach("main.ts");
  assert.deepEqual(
    files.filter((file) => reached.has(file) === /\/fake-[^/]*$/.test(file)),
    [],
  );
});
