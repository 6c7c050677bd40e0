/** Keys that other domains publish, looked for in place of somebody who writes there; and those published here. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createSecureContext, type SecureContext } from "node:tls";
import * as pgp from "openpgp";
import { wkdHash } from "../../protocol/openpgp/wkd.ts";
import { PublishedKeys } from "../keys/published.ts";
import { makeGuard } from "../net/guard.ts";
import { ensureHostedCertificate } from "../net/own-certificate.ts";
import { makeFindKey, maxKeyBytes } from "./public-keys.ts";

const binary = async (email: string): Promise<Buffer> =>
  Buffer.from((await pgp.generateKey({ userIDs: [{ email }], format: "object" })).publicKey.write());

test("the advanced method, then the direct one; what is no key of the address is none", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "angarium-keys-"));
  const contexts = new Map<string, SecureContext>();
  let trust: SecureContext | undefined;
  for (const domain of ["advanced.test", "direct.test"]) {
    const { certFile, keyFile, caFile } = await ensureHostedCertificate(folder, domain, Date.now());
    const context = createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
    for (const name of [domain, `openpgpkey.${domain}`]) contexts.set(name, context);
    trust = createSecureContext({ ca: readFileSync(caFile) });
  }
  const [ann, bob] = await Promise.all([binary("ann@advanced.test"), binary("bob@direct.test")]);
  const asked: string[] = [];
  const says: { readonly [path: string]: Buffer } = {
    [`openpgpkey.advanced.test/.well-known/openpgpkey/advanced.test/hu/${wkdHash("ann")}?l=ann`]: ann,
    [`openpgpkey.advanced.test/.well-known/openpgpkey/advanced.test/hu/${wkdHash("eve")}?l=eve`]: ann,
    [`openpgpkey.advanced.test/.well-known/openpgpkey/advanced.test/hu/${wkdHash("huge")}?l=huge`]: Buffer.alloc(
      maxKeyBytes + 1,
    ),
    [`openpgpkey.advanced.test/.well-known/openpgpkey/advanced.test/hu/${wkdHash("html")}?l=html`]:
      Buffer.from("<html>"),
    // Not asked for: the domain has the advanced method.
    [`advanced.test/.well-known/openpgpkey/hu/${wkdHash("carl")}?l=carl`]: ann,
    [`direct.test/.well-known/openpgpkey/hu/${wkdHash("bob")}?l=bob`]: bob,
  };
  const server = createServer({ SNICallback: (name, done) => done(null, contexts.get(name)) }, (request, reply) => {
    const path = `${request.headers.host?.replace(/:\d+$/, "")}${request.url}`;
    asked.push(path);
    assert.equal(request.headers.cookie, undefined);
    const body = says[path];
    reply.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const none = { kind: "none" as const, ttl: 1 };
  const hosts: { readonly [name: string]: string } = {
    "openpgpkey.advanced.test": "127.0.0.1",
    "advanced.test": "127.0.0.1",
    "direct.test": "127.0.0.1",
    "openpgpkey.inside.test": "10.0.0.1",
    "inside.test": "169.254.169.254",
  };
  const resolver = {
    a: async (name: string) =>
      hosts[name] === undefined ? none : { kind: "found" as const, records: [hosts[name]], ttl: 1 },
    aaaa: async () => none,
  };
  const guard = makeGuard(resolver as never, { privateAddresses: false, allow: { has: (one) => one === "127.0.0.1" } });
  let now = 0;
  const find = makeFindKey(
    { guard, schemes: ["https:"], anyPort: true, trust },
    () => now,
    (server.address() as AddressInfo).port,
  );
  const cases: readonly (readonly [address: string, kind: "found" | "none"])[] = [
    ["ann@advanced.test", "found"],
    ["eve@advanced.test", "none"],
    ["huge@advanced.test", "none"],
    ["html@advanced.test", "none"],
    ["carl@advanced.test", "none"],
    ["bob@direct.test", "found"],
    ["nobody@direct.test", "none"],
    ["x@inside.test", "none"],
    ["x@nowhere.test", "none"],
  ];
  for (const [address, kind] of cases) {
    const [local = "", domain = ""] = address.split("@");
    assert.equal((await find({ local, domain })).kind, kind, address);
  }
  assert.ok(!asked.some((path) => path.startsWith("advanced.test/")), "one host is asked where there is one");
  const before = asked.length;
  const again = await find({ local: "ann", domain: "advanced.test" });
  assert.ok(again.kind === "found" && again.key.equals(ann));
  assert.equal(asked.length, before, "what was found is remembered");
  now += 2 * 60 * 60_000;
  await find({ local: "ann", domain: "advanced.test" });
  assert.equal(asked.length, before + 1);
});

test("a published key is found by its name, at once when it is new, and not when its address is another's", async () => {
  const data = { email: "Ann@x.test", key: Buffer.from("key").toString("base64") };
  let all = [{ account: 1, id: "o1", data }];
  let loads = 0;
  let has = true;
  const keys = new PublishedKeys({
    now: () => 0 as never,
    has: async () => has,
    store: {
      objects: async () => ({ objects: all.map(({ id, data: one }) => ({ id, data: one })), state: 1, chars: 0 }),
      objectsOfAll: async () => {
        loads++;
        return all;
      },
    },
  });
  assert.equal((await keys.of("x.test", wkdHash("ann")))?.toString(), "key");
  assert.equal(await keys.of("y.test", wkdHash("ann")), undefined);
  assert.equal(loads, 1);
  has = false;
  assert.equal(await keys.of("x.test", wkdHash("ann")), undefined);
  has = true;
  all = [];
  keys.changed();
  assert.equal(await keys.of("x.test", wkdHash("ann")), undefined);
});
