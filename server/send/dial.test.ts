import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { ensureHostedCertificate, ensureOwnCertificate } from "../net/own-certificate.ts";
import { dialThrough } from "./dial.ts";
import { parseProxy, withoutPassword, withPassword } from "./proxy.ts";

/** A server that is gone with its test. */
async function listening(t: TestContext, serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** RFC 1928 without a login; `status` other than 0 refuses. Its answers come a byte at a time. */
function socks(status: number, asked: Buffer[]) {
  return (socket: Socket): void => {
    const slowly = (bytes: readonly number[]): void => {
      for (const byte of bytes) socket.write(Buffer.from([byte]));
    };
    socket.once("data", () => {
      slowly([5, 0]);
      socket.once("data", (request: Buffer) => {
        asked.push(request);
        slowly([5, status, 0, 1, 0, 0, 0, 0, 0, 0]);
        if (status !== 0) return;
        const onward = connect(request.readUInt16BE(8), request.subarray(4, 8).join("."));
        onward.on("error", () => socket.destroy());
        socket.pipe(onward).pipe(socket);
      });
    });
  };
}

test("SOCKS5: the proxy is asked for the server, whose greeting comes through", async (t) => {
  const port = await listening(t, (socket) => socket.write("220 far.test\r\n"));
  const asked: Buffer[] = [];
  const proxy = `socks5://127.0.0.1:${await listening(t, socks(0, asked))}`;
  const connection = await dialThrough({ proxy, address: "" }, "127.0.0.1", port, 2000);
  assert.ok(typeof connection !== "string", String(connection));
  assert.equal(String(await connection.read()), "220 far.test\r\n");
  assert.deepEqual([...asked[0]!], [5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255]);
  connection.destroy();
});

const refusals: readonly [name: string, status: number, expected: string][] = [
  ["connection refused", 5, "ECONNREFUSED"],
  ["not allowed", 2, "EACCES"],
  ["of no known kind", 99, "EPROXY"],
];
for (const [name, status, expected] of refusals)
  test(`SOCKS5 refuses: ${name}`, async (t) => {
    const proxy = `socks5://127.0.0.1:${await listening(t, socks(status, []))}`;
    assert.equal(await dialThrough({ proxy, address: "" }, "127.0.0.1", 25, 2000), expected);
  });

/** CONNECT, RFC 9110 §9.3.6; `status` other than 200 refuses. The head comes a byte at a time, the server's bytes right behind it. */
function tunnel(status: number, asked: string[]) {
  return (socket: Socket): void => {
    socket.once("data", (request: Buffer) => {
      asked.push(String(request));
      const onward = connect(Number(/:(\d+) /.exec(String(request))?.[1]), "127.0.0.1");
      onward.on("error", () => {});
      if (status === 200)
        onward.once("data", (greeting: Buffer) => {
          for (const byte of Buffer.from("HTTP/1.1 200 Connection established\r\nVia: 1.1 small\r\n\r"))
            socket.write(Buffer.of(byte));
          socket.write(Buffer.concat([Buffer.from("\n"), greeting]));
          socket.pipe(onward).pipe(socket);
        });
      else socket.end(`HTTP/1.1 ${status} no\r\nContent-Length: 0\r\n\r\n`);
    });
  };
}

test("CONNECT: the greeting that comes with the answer, and what is said after it, come through", async (t) => {
  const port = await listening(t, (socket) => {
    socket.write("220 far.test\r\n");
    socket.on("data", (data) => socket.write(`250 ${data}`));
  });
  const asked: string[] = [];
  const proxy = `http://127.0.0.1:${await listening(t, tunnel(200, asked))}`;
  const connection = await dialThrough({ proxy, address: "" }, "127.0.0.1", port, 2000);
  assert.ok(typeof connection !== "string", String(connection));
  assert.equal(String(await connection.read()), "220 far.test\r\n");
  connection.write("EHLO here.test\r\n");
  assert.equal(String(await connection.read()), "250 EHLO here.test\r\n");
  assert.deepEqual(asked, [`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`]);
  connection.destroy();
});

for (const [status, expected] of [
  [403, "EACCES"],
  [407, "EPROXYAUTH"],
  [502, "ECONNREFUSED"],
  [504, "ETIMEDOUT"],
] as const)
  test(`CONNECT refused with ${status}`, async (t) => {
    const proxy = `http://127.0.0.1:${await listening(t, tunnel(status, []))}`;
    assert.equal(await dialThrough({ proxy, address: "" }, "127.0.0.1", 9, 2000), expected);
  });

test("CONNECT with a login", async (t) => {
  const asked: string[] = [];
  const proxy = `http://us%40er:p%3Aw@127.0.0.1:${await listening(t, tunnel(502, asked))}`;
  assert.equal(await dialThrough({ proxy, address: "" }, "127.0.0.1", 9, 2000), "ECONNREFUSED");
  assert.match(asked[0]!, new RegExp(`\r\nProxy-Authorization: Basic ${btoa("us@er:p:w")}\r\n\r\n$`));
});

/** A proxy that wants a login by one method; `right`: it is the one it knows. */
function keeper(method: number, right: boolean, said: Buffer[]) {
  return (socket: Socket): void => {
    socket.once("data", (offered: Buffer) => {
      said.push(offered);
      socket.write(Buffer.of(5, method));
      socket.once("data", (login: Buffer) => {
        said.push(login);
        socket.write(Buffer.of(1, right ? 0 : 1));
        socket.once("data", () => socket.write(Buffer.of(5, 5, 0, 1, 0, 0, 0, 0, 0, 0)));
      });
    });
  };
}

const logins: readonly [name: string, login: string, method: number, right: boolean, expected: string][] = [
  ["right", "u:p%40@", 2, true, "ECONNREFUSED"],
  ["wrong", "u:p%40@", 2, false, "EPROXYAUTH"],
  ["wanted and not given", "", 255, true, "EPROXYAUTH"],
  ["of a kind that was not offered", "u:p%40@", 1, true, "EPROXYAUTH"],
];
for (const [name, login, method, right, expected] of logins)
  test(`SOCKS5: a login that is ${name}`, async (t) => {
    const said: Buffer[] = [];
    const proxy = `socks5://${login}127.0.0.1:${await listening(t, keeper(method, right, said))}`;
    assert.equal(await dialThrough({ proxy, address: "" }, "127.0.0.1", 9, 2000), expected);
    assert.deepEqual([...said[0]!], login === "" ? [5, 1, 0] : [5, 2, 0, 2]);
    if (method === 2) assert.deepEqual([...said[1]!], [1, 1, 117, 2, 112, 64]);
  });

describe("by TLS", () => {
  let folder: string;
  type Shown = { readonly cert: Buffer; readonly key: Buffer };
  let good: Shown;
  /** Known by the same authority, for another name. */
  let other: Shown;
  let trusted: { readonly secureContext: SecureContext };
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "angarium-proxy-"));
    const files = await ensureOwnCertificate(folder, "proxy.test", Date.now());
    const shown = ({ certFile, keyFile }: Pick<typeof files, "certFile" | "keyFile">): Shown => ({
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
    });
    good = shown(files);
    other = shown(await ensureHostedCertificate(folder, "other.test", Date.now()));
    trusted = { secureContext: createSecureContext({ ca: readFileSync(files.caFile) }) };
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** The same proxy, behind TLS. */
  const secured =
    (serve: (socket: Socket) => void, shown = good) =>
    (plain: Socket): void => {
      const inside = new TLSSocket(plain, { isServer: true, ...shown });
      inside.on("error", () => {});
      serve(inside);
    };

  for (const [scheme, serve] of [
    ["https", () => tunnel(200, [])],
    ["socks5s", () => socks(0, [])],
  ] as const)
    test(`${scheme}: the server's own TLS comes through that of the proxy, whose TLS says nothing of the server`, async (t) => {
      const port = await listening(t, (socket) => {
        socket.write("220 far.test\r\n");
        socket.once("data", () => {
          socket.write("220 go\r\n");
          const inner = new TLSSocket(socket, { isServer: true, ...good });
          inner.on("error", () => {});
          inner.on("data", (data) => inner.write(`250 ${data}`));
        });
      });
      const proxy = `${scheme}://127.0.0.1:${await listening(t, secured(serve()))}`;
      const connection = await dialThrough({ proxy, address: "" }, "127.0.0.1", port, 5000, trusted);
      assert.ok(typeof connection !== "string", String(connection));
      assert.equal(String(await connection.read()), "220 far.test\r\n");
      const before = connection.tls;
      assert.equal(before, undefined);
      connection.write("STARTTLS\r\n");
      assert.equal(String(await connection.read()), "220 go\r\n");
      assert.ok(await connection.connectTls({ ...trusted, host: "proxy.test", servername: "proxy.test" }, 5000));
      assert.equal(connection.tls?.authorized, true);
      connection.write("EHLO here.test\r\n");
      assert.equal(String(await connection.read()), "250 EHLO here.test\r\n");
      connection.destroy();
    });

  test("a proxy that is not the one that was named is told nothing, a login least of all", async (t) => {
    const said: Buffer[] = [];
    const listens = (socket: Socket): void => void socket.on("data", (data: Buffer) => said.push(data));
    const port = await listening(t, secured(listens));
    const through = (proxy: string, known?: typeof trusted) =>
      dialThrough({ proxy, address: "" }, "127.0.0.1", 9, 5000, known);
    assert.match(String(await through(`https://u:p@127.0.0.1:${port}`)), /^EPROXYTLS \(/);
    const named = await listening(t, secured(listens, other));
    assert.match(String(await through(`https://u:p@127.0.0.1:${named}`, trusted)), /^EPROXYTLS \(.*ALTNAME/);
    const plain = await listening(t, (socket) => socket.end("HTTP/1.1 400\r\n\r\n"));
    assert.match(String(await through(`socks5s://u:p@127.0.0.1:${plain}`, trusted)), /^EPROXYTLS \(/);
    assert.deepEqual(said, []);
  });
});

test("a proxy's password is shown to nobody, and stays when what was shown comes back", () => {
  const kept = "socks5://u:secret@proxy.test:1080";
  const shown = withoutPassword(kept);
  assert.equal(shown, "socks5://u:***@proxy.test:1080");
  assert.equal(withPassword(shown, kept), kept);
  assert.equal(withPassword("socks5://u:***@other.test:1080", kept), "socks5://u:***@other.test:1080");
  for (const wrong of ["socks5://u@h:1", "haproxy://u:p@h:1", "http://u%3A:p@h:1", "http://u:%ff@h:1", "http://h:0"])
    assert.equal(parseProxy(wrong), undefined, wrong);
});

test("CONNECT: a head without an end is not kept", async (t) => {
  const proxy = `http://127.0.0.1:${await listening(t, (socket) => socket.write(`HTTP/1.1 200 ${"x".repeat(40_000)}`))}`;
  assert.equal(await dialThrough({ proxy, address: "" }, "127.0.0.1", 25, 2000), "EPROXY");
});

test("HAProxy is told from where to where", async (t) => {
  const said = Promise.withResolvers<string>();
  const port = await listening(t, (socket) => socket.once("data", (data: Buffer) => said.resolve(String(data))));
  const proxy = `haproxy://127.0.0.1:${port}`;
  const connection = await dialThrough({ proxy, address: "192.0.2.7" }, "198.51.100.9", 25, 2000);
  assert.ok(typeof connection !== "string");
  assert.equal(await said.promise, "PROXY TCP4 192.0.2.7 198.51.100.9 0 25\r\n");
  connection.destroy();
});

test("a proxy that does not answer, or that is none", async (t) => {
  const proxy = `socks5://127.0.0.1:${await listening(t, (socket) => socket.end("HTTP/1.1 400\r\n\r\n"))}`;
  assert.equal(await dialThrough({ proxy, address: "" }, "127.0.0.1", 25, 2000), "EPROXY");
  assert.equal(await dialThrough({ proxy: "ftp://x:1", address: "" }, "127.0.0.1", 25, 2000), "EPROXY");
});
