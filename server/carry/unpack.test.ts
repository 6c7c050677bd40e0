/** Zip archives and single files of strangers' making. What tar files may hold is tried in `untar.test.ts`. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { filesOfUpload, safeName } from "./import-upload.ts";
import { unpack } from "./unpack.ts";

type ZipEntry = { readonly name: string; readonly content: string; readonly claims?: number; readonly mode?: number };

/** A zip archive of stored files; `claims` is the size that is said instead of the true one. */
function zip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content, claims = content.length, mode = 0o100644 } of entries) {
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt32LE(crc32(content), 14);
    head.writeUInt32LE(content.length, 18);
    head.writeUInt32LE(claims, 22);
    head.writeUInt16LE(name.length, 26);
    const local = Buffer.concat([head, Buffer.from(name + content, "latin1")]);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(0x0314, 4);
    entry.writeUInt32LE(crc32(content), 16);
    entry.writeUInt32LE(content.length, 20);
    entry.writeUInt32LE(claims, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(mode * 65_536, 38);
    entry.writeUInt32LE(at, 42);
    locals.push(local);
    directory.push(entry, Buffer.from(name, "latin1"));
    at += local.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

async function within(bytes: Buffer, work: (folder: string, file: string, into: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "unpack-"));
  try {
    const [file, into] = [join(folder, "sent"), join(folder, "into")];
    await mkdir(into);
    await writeFile(file, bytes);
    await work(folder, file, into);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const fine: ZipEntry = { name: "Mail/Work.mbox", content: "From a" };
const refused: readonly [name: string, bytes: Buffer, refusal: RegExp][] = [
  ["a path that climbs", zip([fine, { name: "../out", content: "x" }]), /cannot be read as zip/],
  ["a path from the root", zip([fine, { name: "/etc/out", content: "x" }]), /cannot be read as zip/],
  ["a path of another system", zip([fine, { name: "a\\..\\..\\out", content: "x" }]), /cannot be read as zip/],
  ["a name that stands there twice", zip([fine, fine]), /cannot be read as zip/],
  ["more than was said", zip([{ name: "big", content: "x".repeat(5000) }]), /more than/],
  ["a file that claims less than it is", zip([{ name: "big", content: "xxxx", claims: 1 }]), /cannot be read as zip/],
  ["a cut off end", zip([fine]).subarray(0, -30), /cannot be read as zip/],
];
for (const [name, bytes, refusal] of refused)
  test(`a zip archive with ${name} is refused`, () =>
    within(bytes, async (folder, file, into) => {
      await assert.rejects(unpack(file, into, 4096), refusal);
      assert.deepEqual((await readdir(folder)).sort(), ["into", "sent"], "nothing beside it");
    }));

test("a zip archive comes out; a symbolic link in it is a file with its words", () =>
  within(zip([fine, { name: "link", content: "/etc/passwd", mode: 0o120777 }]), async (_, file, into) => {
    await unpack(file, into, 4096);
    assert.equal(await readFile(join(into, "Mail/Work.mbox"), "utf8"), "From a");
    assert.equal(await readFile(join(into, "link"), "utf8"), "/etc/passwd");
  }));

test("a file of mail keeps its name, and no path", () =>
  within(Buffer.from("From a\n"), async (folder, file) => {
    const places = { unpacking: join(folder, "unpacking"), files: join(folder, "files") };
    await filesOfUpload({ file, name: "../../Work.mbox", mustBeArchive: false }, places, 4096);
    assert.deepEqual(await readdir(places.files), ["Work.mbox"]);
    // Begun again after it broke off: what is there is there.
    await filesOfUpload({ file, name: "Work.mbox", mustBeArchive: false }, places, 4096);
  }));

test("names of files are names", () => {
  for (const [given, name] of [
    ["Work.mbox", "Work.mbox"],
    ["C:\\Users\\Work.mbox", "Work.mbox"],
    ["..", "INBOX"],
    ["", "INBOX"],
    [".hidden", "hidden"],
    ["a\0b", "ab"],
    ["/", "INBOX"],
  ] as const)
    assert.equal(safeName(given), name, given);
});
