import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { quiet } from "../base/log.ts";
import { defaultListenerSettings, type Listener, type ListenerSettings, listen } from "./listener.ts";
import { networks, parseNetwork, peerKey } from "./networks.ts";

/** Says who the peer is, then waits for it to leave. */
function start(settings: Partial<ListenerSettings> = {}, log = quiet): Promise<Listener> {
  return listen({
    host: "127.0.0.1",
    port: 0,
    name: "test",
    implicitTls: undefined,
    turnAway: (why) => `421 ${why}\r\n`,
    serve: async (connection, stopping) => {
      stopping.addEventListener("abort", () => connection.destroy());
      connection.write(`${connection.remote.address} ${connection.remote.port} ${connection.local.address}\r\n`);
      for (let chunk = await connection.read(); typeof chunk !== "string"; chunk = await connection.read())
        connection.write(chunk);
      connection.write("gone\r\n");
    },
    settings: { ...defaultListenerSettings, ...settings },
    log,
  });
}

/** Connects, sends, and answers the first bytes that come back ("" when closed) and a way to leave. */
async function visit(
  port: number,
  ...pieces: readonly string[]
): Promise<{ text: string; leave: () => Promise<void> }> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const first = new Promise<string>((resolve) => {
    socket.once("data", (chunk) => resolve(chunk.toString("latin1")));
    socket.once("close", () => resolve(""));
  });
  socket.on("error", () => {});
  for (const piece of pieces) {
    socket.write(piece, "latin1");
    await new Promise((resolve) => setImmediate(resolve));
  }
  const text = await first;
  return {
    text,
    leave: () => {
      socket.destroy();
      return gone;
    },
  };
}

test("a port that is taken is an error, a free one is told", async () => {
  const one = await start();
  assert.ok(one.port > 0);
  await assert.rejects(
    listen({
      host: "127.0.0.1",
      port: one.port,
      name: "x",
      implicitTls: undefined,
      turnAway: () => "",
      serve: async () => {},
      settings: defaultListenerSettings,
      log: quiet,
    }),
  );
  await one.close(0);
});

test("so many connections in all, so many of one address, with a word for the rest", async () => {
  const listener = await start({ maxConnections: 3, maxPerAddress: 2 });
  const [one, two] = [await visit(listener.port), await visit(listener.port)];
  assert.match(one.text, /^127\.0\.0\.1 /);
  assert.equal((await visit(listener.port)).text, "421 too-many-from-address\r\n");
  await one.leave();
  while (listener.connections > 1) await new Promise((resolve) => setImmediate(resolve));
  const three = await visit(listener.port);
  assert.match(three.text, /^127\.0\.0\.1 /);
  assert.equal(listener.connections, 2);
  assert.equal(listener.turnedAway, 1);
  for (const one of [two, three]) await one.leave();
  await listener.close(1000);
  const all = await start({ maxConnections: 1 });
  const first = await visit(all.port);
  assert.equal((await visit(all.port)).text, "421 too-many-connections\r\n");
  await first.leave();
  await all.close(1000);
});

const header = "PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n";
test("who has closed its side only reads the last answer", async () => {
  const listener = await start();
  const socket = connect({ host: "127.0.0.1", port: listener.port, allowHalfOpen: true });
  let text = "";
  socket.setEncoding("latin1").on("data", (piece) => (text += String(piece)));
  const ended = new Promise<void>((resolve) => socket.once("end", () => resolve()));
  socket.end("goodbye\r\n");
  await ended;
  socket.destroy();
  assert.match(text, /^127\.0\.0\.1 .*\r\ngoodbye\r\ngone\r\n$/);
  await listener.close(0);
});

test("PROXY is believed from the proxies named, in any pieces, and what follows it is kept", async () => {
  const listener = await start({ proxies: ["127.0.0.0/8"] });
  for (let cut = 1; cut < header.length; cut += 3) {
    const found = await visit(listener.port, header.slice(0, cut), `${header.slice(cut)}hello`);
    assert.match(found.text, /^192\.0\.2\.7 4711 198\.51\.100\.1\r\n/, `cut at ${cut}`);
    await found.leave();
  }
  for (const wire of ["EHLO x\r\n", "PROXY TCP4 x y 1 2\r\n", "\r\n\r\n\0\r\nQUIT\nxxxxxxxx"])
    assert.equal((await visit(listener.port, wire)).text, "", JSON.stringify(wire));
  await listener.close(0);
});

test("a load balancer that only looks whether we are here is not written down", async () => {
  const said: string[] = [];
  const info = ((_: unknown, text: string) => said.push(text)) as typeof quiet.info;
  const listener = await start({ proxies: ["127.0.0.1"] }, { ...quiet, info });
  for (const goes of ["end", "resetAndDestroy"] as const) {
    const socket = connect({ host: "127.0.0.1", port: listener.port });
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    socket[goes]();
    socket.resume();
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  }
  while (listener.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(said, []);
  await visit(listener.port, "EHLO x\r\n");
  assert.deepEqual(said, ["no valid PROXY header from a known proxy"]);
  await listener.close(0);
});

test("PROXY counts the client's address, not the proxy's", async () => {
  const listener = await start({ proxies: ["127.0.0.1"], maxPerAddress: 1 });
  const one = await visit(listener.port, header);
  const other = await visit(listener.port, header.replace("192.0.2.7", "192.0.2.8"));
  assert.match(other.text, /^192\.0\.2\.8/);
  assert.match((await visit(listener.port, header)).text, /^421 too-many-from-address/);
  await one.leave();
  await other.leave();
  await listener.close(1000);
});

test("PROXY from a peer that is no proxy, and PROXY where none is expected, is not believed", async () => {
  const strict = await start({ proxies: ["192.0.2.0/24"] });
  assert.equal((await visit(strict.port, header)).text, "");
  await strict.close(0);
  const plain = await start();
  const found = await visit(plain.port, header);
  assert.match(found.text, /^127\.0\.0\.1 /);
  await found.leave();
  await plain.close(0);
});

test("a PROXY header that does not come is not waited for for ever", async () => {
  const listener = await start({ proxies: ["127.0.0.1"], openingTimeoutMs: 50 });
  assert.equal((await visit(listener.port, "PROXY ")).text, "");
  assert.equal(listener.connections, 0);
  await listener.close(0);
});

test("networks", () => {
  const some = networks(["192.0.2.0/24", "2001:db8::/32", "::1"]);
  for (const address of ["192.0.2.200", "2001:db8:ffff::1", "::1"]) assert.ok(some.has(address), address);
  for (const address of ["192.0.3.1", "2001:db9::1", "::2", "", "x"]) assert.ok(!some.has(address), address);
  assert.equal(networks([]).has("127.0.0.1"), false);
  assert.throws(() => networks(["192.0.2.0/33"]));
  for (const text of ["192.0.2.0/33", "192.0.2/24", "::/129", "x", "192.0.2.1/", "fe80::1%eth0"])
    assert.equal(parseNetwork(text), undefined, text);
});

test("a peer is counted by its address, or by its /64", () => {
  const keys: readonly [address: string, key: string][] = [
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["2001:db8::5:6:7:8:9", "2001:db8:0:5::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
  ];
  for (const [address, key] of keys) assert.equal(peerKey(address), key, address);
});
