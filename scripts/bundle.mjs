// The program in few files, for tests that start it as a process: the very same code, and it starts with three fifths of the work, most of which
// is otherwise the loading of some 1,500 modules. Everything else runs the sources as they lie there.
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { locked, root } from "./install.mjs";

const kept = join(root, "node_modules", ".cache", "angarium-program");

const keptForMs = 3_600_000;

/** What every start loads. The other packages are loaded when they are needed, and stay where they are. */
const packages =
  /^(?:@fastify\/websocket|@peculiar\/[^/]+|dns-packet|fastify|pino|prom-client|reflect-metadata|smol-toml|web-push|zod)(?:\/|$)/;

/** Threads are modules of their own: `new URL("./worker.ts", import.meta.url)`. */
const threads = /new URL\("(\.\/[^"]+\.ts)", import\.meta\.url\)/g;

/** A module of a folder that is named when the program runs: import(`./resources/${name}`). */
const fromFolder = /import\(`(\.\/[a-z-]+)\/\$\{(\w+)\}`\)/g;

/** The path of its main module; makes it where it is not there yet from today's sources. */
export async function bundledProgram() {
  const sources = ["main.ts", ...globSync(["protocol/**/*.ts", "server/**/*.ts"], { cwd: root })].filter(
    (file) => !file.endsWith(".test.ts"),
  );
  const texts = new Map(sources.sort().map((file) => [file, readFileSync(join(root, file), "utf8")]));
  const hash = createHash("sha256").update(readFileSync(import.meta.filename));
  hash.update(readFileSync(join(root, "package-lock.json")));
  for (const [file, text] of texts) hash.update(`${file}\0${text}\0`);
  const folder = join(kept, hash.digest("hex").slice(0, 32));
  const release = locked("program");
  try {
    if (!existsSync(folder)) {
      mkdirSync(kept, { recursive: true });
      // A run that still goes on may use what was made of the sources before.
      for (const old of readdirSync(kept).map((name) => join(kept, name)))
        if (Date.now() - statSync(old).mtimeMs > keptForMs) rmSync(old, { recursive: true });
      const fresh = `${folder}.making`;
      await write(texts, fresh, folder);
      renameSync(fresh, folder);
    }
  } finally {
    release();
  }
  return join(folder, "main.mjs");
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
