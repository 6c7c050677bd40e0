// Builds the pages: `node scripts/build-pages.mjs [webmail] [console] [--behind]`. What is built already from the same
// sources is left alone; `--behind` keeps out of a server's way. dist/ is replaced as a whole, each text in it also compressed (.br, .gz).
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip, constants as zlib } from "node:zlib";
import { againWithPinnedNode, locked, root } from "./install.mjs";
import { builtMark, pageNames, sourceHash, stalePages } from "./pages.mjs";

/** Only these win by compression. */
const texts = /\.(?:js|css|html|svg|json|webmanifest)$/;
const minCompressedBytes = 600;

async function compress(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && texts.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  await Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(file);
      if (bytes.length < minCompressedBytes) return;
      const params = { [zlib.BROTLI_PARAM_QUALITY]: 11, [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      const [br, gz] = await Promise.all([
        promisify(brotliCompress)(bytes, { params }),
        promisify(gzip)(bytes, { level: 9 }),
      ]);
      await Promise.all([writeFile(`${file}.br`, br), writeFile(`${file}.gz`, gz)]);
    }),
  );
}

async function buildPage(name, behind) {
  const { build } = await import("vite");
  const { default: settings } = await import(`../${name}/vite.config.ts`);
  const folder = join(root, name);
  const fresh = join(folder, `dist.${process.pid}`);
  const started = performance.now();
  const hash = sourceHash(name);
  try {
    await build({ ...settings, build: { ...settings.build, outDir: fresh, emptyOutDir: true } });
    await compress(fresh);
    writeFileSync(join(fresh, builtMark), hash);
    const dist = join(folder, "dist");
    const old = join(folder, `dist.old.${process.pid}`);
    mkdirSync(dist, { recursive: true });
    renameSync(dist, old);
    renameSync(fresh, dist);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  if (!behind) process.stderr.write(`Angarium: built ${name} in ${Math.round(performance.now() - started)} ms.\n`);
}

/** One build at a time: who waited finds the work done. */
async function main() {
  const wanted = process.argv.slice(2).filter((word) => pageNames.includes(word));
  const behind = process.argv.includes("--behind");
  const release = locked("pages");
  try {
    for (const name of stalePages(wanted.length > 0 ? wanted : pageNames)) await buildPage(name, behind);
  } finally {
    release();
  }
}

if (process.argv.includes("--behind")) setPriority(constants.priority.PRIORITY_LOW);
const status = againWithPinnedNode();
if (status === undefined) await main();
else process.exitCode = status;
