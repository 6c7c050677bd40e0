/** A folder as one file: POSIX tar (IEEE 1003.1, pax), which everything can open. */
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";

const block = 512;
const nameBytes = 100;

/** All regular files below `root`, by name, as tar; paths are relative to it. Rejects where a file grows or shrinks meanwhile. */
export async function* tarOf(root: string): AsyncGenerator<Buffer> {
  for await (const file of filesBelow(root)) {
    const { size, mtimeMs } = await stat(file);
    const name = relative(root, file);
    const seconds = Math.floor(mtimeMs / 1000);
    if (Buffer.byteLength(name) > nameBytes || !/^[ -~]+$/.test(name) || size >= 8 ** 11) {
      const records = Buffer.from(record("path", name) + record("size", String(size)));
      yield head("pax", records.length, seconds, "x");
      yield padded(records);
    }
    yield head(Buffer.from(name).subarray(0, nameBytes).toString("latin1"), Math.min(size, 8 ** 11 - 1), seconds, "0");
    let sent = 0;
    for await (const chunk of createReadStream(file)) {
      sent += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
    if (sent !== size) throw new Error(`${file} has changed while it was read.`);
    if (size % block !== 0) yield Buffer.alloc(block - (size % block));
  }
  yield Buffer.alloc(2 * block);
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

const padded = (bytes: Buffer): Buffer =>
  bytes.length % block === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(block - (bytes.length % block))]);

/** "LENGTH key=value\n", where the length counts itself. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function head(name: string, size: number, seconds: number, type: "0" | "x"): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, at: number, chars: number) =>
    bytes.write(`${value.toString(8).padStart(chars - 1, "0")}\0`, at, "latin1");
  bytes.write(name, 0, nameBytes, "latin1");
  octal(0o600, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.max(0, seconds), 136, 12);
  bytes.write(" ".repeat(8), 148, "latin1");
  bytes.write(type, 156, "latin1");
  bytes.write("ustar\x0000", 257, "latin1");
  const sum = bytes.reduce((all, one) => all + one, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return bytes;
}
