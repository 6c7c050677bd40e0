// The program in few files, which is what `npm start`, `npm run angarium` and the tests run: `node scripts/build-program.mjs [--behind]` makes it of the
// sources, and does nothing where it is made. It is the very same code, and it starts with three fifths of the work (a short command with a quarter), most
// of which is otherwise the loading of some 1,500 modules. `node main.ts` runs the sources as they lie there; `--behind` keeps out of a server's way.
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { againWithPinnedNode, locked, root } from "./install.mjs";
import { programFolder, programSources, programs } from "./program.mjs";

/** A server that still runs loads from its own when something is first needed: the last ones stay, and what was made just now. */
const [maxKept, keptForMs] = [4, 3_600_000];

/** What every start loads. The other packages are loaded when they are needed, and stay where they are. */
const packages =
  /^(?:@fastify\/websocket|@peculiar\/[^/]+|dns-packet|fastify|pino|prom-client|reflect-metadata|smol-toml|web-push|zod)(?:\/|$)/;

/** Threads are modules of their own: `new URL("./worker.ts", import.meta.url)`. */
const threads = /new URL\("(\.\/[^"]+\.ts)", import\.meta\.url\)/g;

/** A module of a folder that is named when the program runs: import(`./resources/${name}`). */
const fromFolder = /import\(`(\.\/[a-z-]+)\/\$\{(\w+)\}`\)/g;

/** The path of its main module; makes it where it is not there yet. */
export async function buildProgram() {
  const release = locked("program");
  try {
    const folder = programFolder();
    const main = join(folder, "main.mjs");
    if (existsSync(main)) return main;
    mkdirSync(programs, { recursive: true });
    const old = readdirSync(programs)
      .map((name) => ({ path: join(programs, name), at: statSync(join(programs, name)).mtimeMs }))
      .sort((one, other) => other.at - one.at);
    for (const { path, at } of old.slice(maxKept)) if (Date.now() - at > keptForMs) rmSync(path, { recursive: true });
    const texts = new Map(
      programSources()
        .filter((file) => file.endsWith(".ts"))
        .map((file) => [file, readFileSync(join(root, file), "utf8")]),
    );
    const fresh = `${folder}.making`;
    rmSync(fresh, { recursive: true, force: true });
    await write(texts, fresh, folder);
    renameSync(fresh, folder);
    return main;
  } finally {
    release();
  }
}

async function write(texts, fresh, folder) {
  const entries = ["main.ts"];
  for (const [file, text] of texts)
    for (const [, name] of text.matchAll(threads)) entries.push(join(dirname(file), name));
  const build = await rolldown({
    input: Object.fromEntries(entries.map((file) => [file.replace(/\.ts$/, ""), join(root, file)])),
    cwd: root,
    platform: "node",
    logLevel: "warn",
    external: (name, importer) =>
      name.startsWith("node:") ||
      (importer?.startsWith(root) && importer.endsWith(".ts") && /^[^./]/.test(name) && !packages.test(name)),
    plugins: [
      {
        name: "places",
        transform: { filter: { id: /\.ts$/, code: /import\.meta|import\(`/ }, handler: places(folder) },
      },
    ],
  });
  await build.write({
    dir: fresh,
    entryFileNames: "[name].mjs",
    chunkFileNames: "chunks/[name]-[hash].mjs",
    keepNames: true,
  });
  await build.close();
}

/** What a module asks of its own place is answered as if it still lay among the sources; threads are the built ones. */
const places = (folder) => (code, file) => {
  const here = dirname(file);
  const tables = [];
  const placed = code
    .replaceAll(threads, (_, name) => {
      const built = join(folder, relative(root, join(here, name)).replace(/\.ts$/, ".mjs"));
      return `new URL(${JSON.stringify(pathToFileURL(built).href)})`;
    })
    .replaceAll("import.meta.url", JSON.stringify(pathToFileURL(file).href))
    .replaceAll("import.meta.dirname", JSON.stringify(here))
    .replaceAll(fromFolder, (_, name, variable) => {
      const files = globSync("*.ts", { cwd: join(here, name) }).filter((one) => !one.endsWith(".test.ts"));
      const table = `modulesOf${tables.length}`;
      tables.push(
        ...files.map((one, i) => `import * as ${table}_${i} from ${JSON.stringify(`${name}/${basename(one)}`)};`),
        `const ${table} = { ${files.map((one, i) => `${JSON.stringify(one)}: ${table}_${i}`).join(", ")} };`,
      );
      return `Promise.resolve(${table}[${variable}])`;
    });
  return `${tables.join(" ")}${placed}`;
};

async function fromCommandLine() {
  if (process.argv.includes("--behind")) setPriority(constants.priority.PRIORITY_LOW);
  const status = againWithPinnedNode();
  if (status !== undefined) return status;
  try {
    await buildProgram();
    return 0;
  } catch (error) {
    process.stderr.write(
      `Angarium: the program could not be built (${error.message}); it runs from its sources, which start slower.\n`,
    );
    return 1;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = await fromCommandLine();
