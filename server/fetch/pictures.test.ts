/** Pictures fetched in place of a reader: what is asked of whom, and what is refused. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { makeGuard } from "../net/guard.ts";
import { makeLeave } from "./leave.ts";
import { pictureType } from "./picture-type.ts";
import { maxPictureBytes, Pictures } from "./pictures.ts";
import type { Ask } from "./resource.ts";

const gif = Buffer.from("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==", "base64");
const seen: IncomingMessage[] = [];
let base = "";
const answers: { readonly [path: string]: (response: ServerResponse, request: IncomingMessage) => void } = {
  "/a.gif": (response) => response.writeHead(200, { "content-type": "text/html", "set-cookie": "x=1" }).end(gif),
  "/svg": (response) => response.writeHead(200, { "content-type": "image/png" }).end("<svg onload=alert(1)>"),
  "/none": (response) => response.writeHead(404).end(),
  "/once": (response) => response.writeHead(302, { location: "/a.gif" }).end(),
  "/round": (response) => response.writeHead(302, { location: "/round" }).end(),
  "/inside": (response) => response.writeHead(302, { location: "http://10.1.2.3/a.gif" }).end(),
  "/file": (response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(),
  "/large": (response) => response.writeHead(200, { "content-length": String(maxPictureBytes + 1) }).end(),
  "/endless": (response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 20)));
    };
    response.on("drain", more);
    more();
  },
  "/cut": (response) => {
    response.writeHead(200, { "content-length": "999" });
    response.write(gif, () => response.destroy());
  },
  "/leave": (response, request) => response.writeHead(request.method === "POST" ? 202 : 405).end(),
};
const server = createServer((request, response) => {
  seen.push(request);
  request.resume();
  (answers[request.url ?? ""] ?? answers["/none"])?.(response, request);
});

/** Names as a stranger's DNS says them. */
const resolver = {
  a: async (name: string) => ({ kind: "found" as const, records: [names[name] ?? "192.168.1.1"], ttl: 1 }),
  aaaa: async () => ({ kind: "none" as const, ttl: 1 }),
};
const names: { readonly [name: string]: string } = { "pictures.test": "127.0.0.1", "metadata.test": "169.254.169.254" };
let ask: Ask;
let now = 0;

before(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  base = `http://pictures.test:${(server.address() as AddressInfo).port}`;
  const guard = makeGuard(resolver as never, { privateAddresses: false, allow: { has: (one) => one === "127.0.0.1" } });
  ask = { guard, schemes: ["https:", "http:"], anyPort: true, trust: undefined };
});
after(() => server.close());

test("a picture is asked for once, without anything of a person, and is what its bytes say", async () => {
  const pictures = new Pictures(ask, () => now);
  seen.length = 0;
  const [one, two] = await Promise.all([pictures.of(`${base}/a.gif`), pictures.of(`${base}/a.gif`)]);
  await pictures.of(`${base}/a.gif`);
  assert.equal(one.kind === "picture" && one.type, "image/gif");
  assert.equal(two, one);
  assert.equal(seen.length, 1);
  assert.deepEqual(Object.keys(seen[0]?.headers ?? {}).sort(), [
    "accept",
    "accept-encoding",
    "connection",
    "host",
    "user-agent",
  ]);
  now += 3 * 60 * 60_000;
  await pictures.of(`${base}/a.gif`);
  assert.equal(seen.length, 2);
});

test("what is no picture, or not to be reached, is refused", async () => {
  const pictures = new Pictures(ask, () => now);
  const status = async (url: string) => {
    const picture = await pictures.of(url);
    return picture.kind === "picture" ? 200 : picture.status;
  };
  const cases: readonly (readonly [url: string, status: number])[] = [
    [`${base}/once`, 200],
    [`${base}/svg`, 415],
    [`${base}/none`, 404],
    [`${base}/round`, 502],
    [`${base}/inside`, 400],
    [`${base}/file`, 400],
    [`${base}/large`, 502],
    [`${base}/endless`, 502],
    [`${base}/cut`, 502],
    ["http://10.0.0.1/", 400],
    ["http://[::ffff:10.0.0.1]/", 400],
    ["http://[fd00::1]/", 400],
    ["http://0x7f000002/", 400],
    ["http://2130706434/", 400],
    ["http://metadata.test/latest/meta-data", 400],
    ["http://private.test/", 400],
    ["http://localhost/", 400],
    ["http://user:pass@pictures.test/", 400],
    ["ftp://pictures.test/", 400],
    ["file:///etc/passwd", 400],
    ["data:image/gif;base64,x", 400],
    ["//pictures.test/a.gif", 400],
    ["nothing", 400],
  ];
  for (const [url, expected] of cases) assert.equal(await status(url), expected, url);
});

test("other ports are asked in tests alone", async () => {
  const picture = await new Pictures({ ...ask, anyPort: false }, () => now).of(`${base}/a.gif`);
  assert.equal(picture.kind === "none" && picture.status, 400);
});

test("kinds of pictures, by their first bytes", () => {
  const png = Buffer.alloc(33);
  png.write("\x89PNG\r\n\x1a\n", "latin1");
  png.writeUInt32BE(10, 16);
  png.writeUInt32BE(10, 20);
  assert.equal(pictureType(png), "image/png");
  png.writeUInt32BE(100_000, 16);
  png.writeUInt32BE(100_000, 20);
  assert.equal(pictureType(png), undefined);
  assert.equal(pictureType(gif), "image/gif");
  assert.equal(pictureType(Buffer.from("\xff\xd8\xff\xe0", "latin1")), "image/jpeg");
  assert.equal(pictureType(Buffer.from("RIFFxxxxWEBPVP8 ")), "image/webp");
  assert.equal(pictureType(Buffer.from("\0\0\0\x1cftypavif")), "image/avif");
  for (const other of ["", "<svg xmlns=", "<html>", "%PDF-1.4", "GIF88a"])
    assert.equal(pictureType(Buffer.from(other)), undefined, other);
});

test("a list is left by one POST, and a redirect is no answer", async () => {
  const leave = makeLeave(ask);
  seen.length = 0;
  assert.deepEqual(await leave(`${base}/leave`), { kind: "left" });
  assert.equal(seen[0]?.method, "POST");
  assert.equal(seen[0]?.headers["content-type"], "application/x-www-form-urlencoded");
  assert.equal(seen[0]?.headers.cookie, undefined);
  assert.equal((await leave(`${base}/once`)).kind, "failed");
  assert.equal((await leave("http://10.0.0.1/")).kind, "failed");
});
