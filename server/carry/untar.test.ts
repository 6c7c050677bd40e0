/** Archives of strangers' making. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Header, type HeaderData } from "tar";
import { tarOf } from "./tar.ts";
import { untar } from "./untar.ts";

function entry(data: HeaderData, content = ""): Buffer {
  const head = Buffer.alloc(512);
  new Header({ mode: 0o777, mtime: new Date(0), type: "File", ...data, size: data.size ?? content.length }).encode(
    head,
  );
  return Buffer.concat([head, Buffer.from(content.padEnd(Math.ceil(content.length / 512) * 512, "\0"))]);
}
const end = Buffer.alloc(1024);
const fine = entry({ path: "a/b.json" }, "{}");

const cases: readonly [name: string, bytes: Buffer, refusal: RegExp][] = [
  ["a path that climbs", entry({ path: "../out" }, "x"), /leads out/],
  ["a path that climbs within", entry({ path: "a/../../out" }, "x"), /leads out/],
  ["a path from the root", entry({ path: "/etc/out" }, "x"), /leads out/],
  ["a path of another system", entry({ path: "a\\..\\..\\out" }, "x"), /leads out/],
  [
    "a symbolic link",
    entry({ path: "l", type: "SymbolicLink", linkpath: "/etc/passwd" }),
    /neither a file nor a folder/,
  ],
  ["a hard link", entry({ path: "l", type: "Link", linkpath: "a/b.json" }), /neither a file nor a folder/],
  ["a device", entry({ path: "d", type: "CharacterDevice" }), /neither a file nor a folder/],
  ["more than was said", entry({ path: "big", size: 5000 }, "x".repeat(5000)), /more than/],
  ["a file that is cut off", entry({ path: "cut", size: 3000 }, "x"), /cannot be read as tar/],
  ["no tar at all", Buffer.from("hello".repeat(500)), /cannot be read as tar|no tar file/],
  ["nothing", Buffer.alloc(0), /cannot be read as tar/],
  ["nothing in it", Buffer.alloc(2048), /empty|cannot be read/],
];

async function within(bytes: Buffer, work: (into: string, unpack: () => Promise<void>) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "untar-"));
  try {
    const into = join(folder, "into");
    await mkdir(into);
    await writeFile(join(folder, "x.tar"), bytes);
    await work(into, () => untar(join(folder, "x.tar"), into, 4096));
    assert.deepEqual((await readdir(folder)).sort(), ["into", "x.tar"], "nothing beside it");
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const [name, bytes, refusal] of cases)
  test(`an archive with ${name} is refused`, () =>
    within(/nothing|no tar/.test(name) ? bytes : Buffer.concat([fine, bytes, end]), async (into, unpack) => {
      await assert.rejects(unpack(), refusal);
      assert.ok(
        (await readdir(into)).every((one) => one === "a" || one === "cut"),
        "what is wrong is not written",
      );
    }));

test("what we pack comes out as it was, plain and compressed", () =>
  within(Buffer.concat([fine, end]), async (into, unpack) => {
    await unpack();
    assert.equal(await readFile(join(into, "a/b.json"), "utf8"), "{}");
    const long = join(into, "n".repeat(60), "m".repeat(90), "é");
    await mkdir(long, { recursive: true });
    await writeFile(join(long, "f"), "long");
    const packed = Buffer.concat(await Readable.from(tarOf(into)).toArray());
    for (const bytes of [packed, gzipSync(packed)])
      await within(bytes, async (other, unpackOther) => {
        await unpackOther();
        assert.equal(await readFile(join(long.replace(into, other), "f"), "utf8"), "long");
      });
  }));
