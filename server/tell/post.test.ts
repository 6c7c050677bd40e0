import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { test } from "node:test";
import { makePoster } from "./post.ts";

const guard = (url: string) => ({
  host: () => Promise.reject(new Error("not asked")),
  url: async () => ({ kind: "ok" as const, host: "127.0.0.1", addresses: ["127.0.0.1"], url: new URL(url) }),
});

async function posted(answer: (socket: Socket) => void, listens = true): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => answer(socket));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  if (!listens) server.close();
  const poster = makePoster(url, { guard: guard(url), schemes: ["http:"], now: () => 0 });
  const result = await poster.post("{}", {});
  await poster.close();
  server.close();
  return result.kind === "failed" ? result.why : result.kind;
}

test("what went wrong with an endpoint is told in a sentence", async () => {
  assert.equal(await posted((socket) => socket.destroy()), "It closed the connection and did not answer.");
  assert.equal(await posted((socket) => socket.end("220 mail ESMTP\r\n")), "What it answers is no HTTP.");
  assert.equal(await posted(() => {}, false), "Nothing listens there.");
  assert.equal(await posted((socket) => socket.end("HTTP/1.1 204 No Content\r\n\r\n")), "ok");
});

test("who closes waits for nobody who says nothing", async () => {
  const asked = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => asked.resolve());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  const poster = makePoster(url, { guard: guard(url), schemes: ["http:"], now: () => 0 });
  const result = poster.post("{}", {});
  await asked.promise;
  await poster.close();
  await poster.close();
  const failed = { kind: "failed", why: "The server stopped before it had an answer." };
  assert.deepEqual(await result, failed);
  assert.deepEqual(await poster.post("{}", {}), failed);
  server.close();
});
