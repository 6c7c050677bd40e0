import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { canListen, domainOf, firstConfig, ownName } from "./first-run.ts";
import { loadConfig } from "./load.ts";
import { services } from "./schema.ts";

for (const ports of ["standard", "high"] as const)
  test(`the first configuration with ${ports} ports is a right one and listens everywhere`, () => {
    const loaded = loadConfig(firstConfig("mail.example.org", "::", ports));
    assert.equal(loaded.kind, "ok");
    if (loaded.kind !== "ok") return;
    for (const service of services) assert.equal(loaded.config.listen[service].length, 1, service);
    const all = services.flatMap((service) => loaded.config.listen[service]).map((at) => at.port);
    assert.equal(new Set(all).size, all.length, "no port twice");
    if (ports === "high") assert.ok(all.every((port) => port > 1024));
    assert.equal(loaded.config.listen.lmtp[0]?.address, "127.0.0.1", "LMTP takes mail for everyone: this machine only");
  });

test("a port somebody has is not ours", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  assert.equal(await canListen("127.0.0.1", port), false);
  await new Promise((resolve) => server.close(resolve));
  assert.equal(await canListen("127.0.0.1", port), true);
});

test("names", () => {
  assert.match(ownName(), /\./);
  assert.equal(domainOf("mail.example.org"), "example.org");
  assert.equal(domainOf("example.org"), "example.org");
});
