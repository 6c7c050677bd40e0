/** What `npm run build` made of a page, in memory: a name that is not among these files does not exist. */
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";

export type PageFile = {
  readonly type: string;
  readonly plain: Buffer;
  readonly br: Buffer | undefined;
  readonly gzip: Buffer | undefined;
};

/** By path below dist/: "index.html", "assets/index-C0ffee.js". */
export type PageFiles = ReadonlyMap<string, PageFile>;

/** A page is well below; more is no page of ours. */
const maxFiles = 2_000;
const maxTotalBytes = 64 * 1024 * 1024;

const types: { readonly [extension: string]: string } = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

async function readAll(folder: string): Promise<PageFiles> {
  const entries = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile() && (extname(entry.name) in types || /\.(?:br|gz)$/.test(entry.name)),
  );
  if (entries.length > maxFiles) throw new Error(`${folder} holds more than ${maxFiles} files`);
  const bytes = new Map<string, Buffer>();
  let total = 0;
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const content = await readFile(path);
    total += content.length;
    if (total > maxTotalBytes) throw new Error(`${folder} holds more than ${maxTotalBytes} bytes`);
    bytes.set(relative(folder, path).split(sep).join("/"), content);
  }
  const files = new Map<string, PageFile>();
  for (const [name, plain] of bytes) {
    const type = types[extname(name)];
    if (type !== undefined)
      files.set(name, { type, plain, br: bytes.get(`${name}.br`), gzip: bytes.get(`${name}.gz`) });
  }
  return files;
}

/** The files of one dist/ folder; looks again when a build has replaced it. */
export class BuiltPage {
  readonly #folder: string;
  #files: PageFiles | undefined;
  #builtAt = 0;
  #reading: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What is there as far as is known. */
  known(name: string): PageFile | undefined {
    return this.#files?.get(name);
  }

  /** Looks whether there is a newer build, then answers like `known`. */
  async fresh(name: string): Promise<PageFile | undefined> {
    await (this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    }));
    return this.known(name);
  }

  async #read(): Promise<void> {
    const index = await stat(join(this.#folder, "index.html")).catch(() => undefined);
    if (index === undefined || index.mtimeMs === this.#builtAt) return;
    try {
      this.#files = await readAll(this.#folder);
      this.#builtAt = index.mtimeMs;
    } catch (error) {
      // A build replaces the folder just now: what was read before is served, and the next request looks again.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}
