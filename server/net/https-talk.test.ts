import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createSecureContext, type SecureContext } from "node:tls";
import { quiet } from "../base/log.ts";
import { StsPolicies } from "../send/sts-policies.ts";
import type { KeptStsPolicy } from "../store/sts-store.ts";
import { httpsTalk } from "./https-talk.ts";
import { ensureHostedCertificate } from "./own-certificate.ts";
import type { Answer, Resolver } from "./resolver.ts";

const folder = mkdtempSync(join(tmpdir(), "angarium-https-"));
let server: Server;
let port: number;
let trust: SecureContext;
const asked: string[] = [];
const policy = "version: STSv1\nmode: enforce\nmx: mx.a.test\nmax_age: 1000\n";
/** What the server says, by the domain whose policy is asked for. */
const says: { [domain: string]: readonly [status: number, type: string, body: string | "endless" | "silence"] } = {
  "good.test": [200, "text/plain; charset=utf-8", policy],
  "huge.test": [200, "text/plain", "endless"],
  "slow.test": [200, "text/plain", "silence"],
  "moved.test": [302, "text/plain", policy],
  "missing.test": [404, "text/plain", policy],
  "html.test": [200, "text/html", policy],
  "wrong.test": [200, "text/plain", "hello"],
  "none.test": [200, "text/plain", "version: STSv1\nmode: none\nmax_age: 1000\n"],
};
const domains = [...Object.keys(says), "private.test"];

before(async () => {
  const contexts = new Map<string, SecureContext>();
  for (const domain of domains) {
    const { certFile, keyFile, caFile } = await ensureHostedCertificate(folder, domain, Date.now());
    contexts.set(
      `mta-sts.${domain}`,
      createSecureContext({ cert: readFileSync(certFile), key: readFileSync(keyFile) }),
    );
    trust = createSecureContext({ ca: readFileSync(caFile) });
  }
  server = createServer(
    { SNICallback: (name, done) => done(null, contexts.get(name) ?? contexts.get("mta-sts.good.test")!) },
    (request, reply) => {
      const domain = (request.headers.host ?? "").replace(/^mta-sts\.|:\d+$/g, "");
      asked.push(`${request.method} ${domain}${request.url}`);
      const [status, type, body] = says[domain] ?? [200, "text/plain", policy];
      reply.writeHead(status, { "content-type": type, location: "https://mta-sts.good.test/" });
      if (body === "silence") return reply.flushHeaders();
      if (body !== "endless") return reply.end(body);
      const chunk = Buffer.alloc(64 * 1024, "x");
      const more = (): void => {
        while (!reply.destroyed && reply.write(chunk));
      };
      reply.on("drain", more);
      more();
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
after(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const nothing: Answer<never> = { kind: "none", exists: false, secure: false, ttlSeconds: 1 };
const ids = new Map<string, string>();
const resolver = {
  a: async (name: string): Promise<Answer<string>> =>
    name.endsWith("nowhere.test") ? nothing : { kind: "found", records: ["127.0.0.1"], secure: false, ttlSeconds: 1 },
  aaaa: async () => nothing,
  txt: async (name: string): Promise<Answer<string>> => {
    const id = ids.get(name.replace("_mta-sts.", ""));
    return id === undefined
      ? nothing
      : { kind: "found", records: [`v=STSv1; id=${id};`], secure: false, ttlSeconds: 1 };
  },
} as unknown as Resolver;

const get = (host: string, changed: object = {}) =>
  httpsTalk(
    { host, port, path: "/x", method: "GET" },
    { resolver, trust, privateAddresses: true, timeoutMs: 20_000, maxBytes: 64 * 1024, ...changed },
  );

test("a request to a stranger is bounded", async () => {
  const good = await get("mta-sts.good.test");
  assert.ok(good.kind === "answer" && good.status === 200 && good.body.toString() === policy);
  const started = performance.now();
  const failures: readonly [host: string, what: string, changed?: object][] = [
    ["mta-sts.huge.test", "size"],
    ["mta-sts.slow.test", "timeout", { timeoutMs: 300 }],
    ["mta-sts.other.test", "tls"],
    ["nowhere.test", "dns"],
    ["mta-sts.good.test", "tls", { trust: undefined }],
    ["mta-sts.private.test", "connection", { privateAddresses: false }],
    ["127.0.0.1", "connection", { privateAddresses: false }],
    ["::ffff:127.0.0.1", "connection", { privateAddresses: false }],
    ["169.254.169.254", "connection", { privateAddresses: false }],
  ];
  for (const [host, what, changed] of failures) {
    const answer = await get(host, changed);
    assert.equal(answer.kind === "failed" ? answer.what : answer.status, what, `${host}: ${JSON.stringify(answer)}`);
  }
  assert.ok(performance.now() - started < 15_000);
});

class Kept {
  readonly rows = new Map<string, KeptStsPolicy>();
  stsPolicy = async (domain: string) => this.rows.get(domain);
  putStsPolicy = async (row: KeptStsPolicy) => void this.rows.set(row.domain, row);
  stsPoliciesBefore = async (before: number) => [...this.rows.values()].filter(({ fetchedAt }) => fetchedAt < before);
}

test("policies: fetched when their id is new, kept while they last, and no answer of a web server changes that", async () => {
  let now = Date.now();
  const store = new Kept();
  const policies = new StsPolicies({
    settings: { fetchTimeoutMs: 3_000, httpsPort: port, retryMs: 300_000, refreshMs: 86_400_000 },
    resolver,
    https: { trust, privateAddresses: true },
    store,
    now: () => now,
    log: quiet,
  });
  const find = async (domain: string): Promise<string> => {
    const { policy, trouble } = await policies.find(domain);
    return `${policy?.mode ?? "no policy"}${trouble === undefined ? "" : `, ${trouble.result}`}`;
  };
  const fetches = (domain: string): number => asked.filter((one) => one.includes(`${domain}/.well-known`)).length;

  assert.equal(await find("good.test"), "no policy", "nothing is fetched without a record");
  assert.equal(fetches("good.test"), 0);
  ids.set("good.test", "1");
  assert.deepEqual(await Promise.all([find("good.test"), find("good.test")]), ["enforce", "enforce"]);
  assert.equal(await find("good.test"), "enforce");
  assert.equal(fetches("good.test"), 1);
  ids.set("good.test", "2");
  assert.equal(await find("good.test"), "enforce");
  assert.equal(fetches("good.test"), 2, "a new id");

  const bad: readonly [domain: string, result: string][] = [
    ["huge.test", "sts-policy-fetch-error"],
    ["slow.test", "sts-policy-fetch-error"],
    ["moved.test", "sts-policy-fetch-error"],
    ["missing.test", "sts-policy-fetch-error"],
    ["html.test", "sts-policy-invalid"],
    ["wrong.test", "sts-policy-invalid"],
    ["nowhere.test", "sts-policy-fetch-error"],
    ["other.test", "sts-webpki-invalid"],
  ];
  for (const [domain, result] of bad) {
    ids.set(domain, "1");
    assert.equal(await find(domain), `no policy, ${result}`, domain);
  }
  assert.equal(await find("missing.test"), "no policy, sts-policy-fetch-error");
  assert.equal(fetches("missing.test"), 1, "a domain whose fetch failed is left alone for a while");
  policies.forgetFailures();
  await find("missing.test");
  assert.equal(fetches("missing.test"), 2);

  // The policy is known; now its web server goes wrong, and its record too.
  says["good.test"] = [404, "text/plain", ""];
  ids.set("good.test", "3");
  assert.equal(await find("good.test"), "enforce, sts-policy-fetch-error");
  ids.delete("good.test");
  assert.equal(await find("good.test"), "enforce");
  now += 999_000;
  assert.equal(await find("good.test"), "enforce");
  now += 2_000;
  assert.equal(await find("good.test"), "no policy", "its time is over");

  ids.set("none.test", "1");
  assert.equal(await find("none.test"), "none");
});
