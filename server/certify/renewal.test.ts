import assert from "node:assert/strict";
import { createServer } from "node:net";
import test from "node:test";
import { makeDnsChallenge } from "./dns-challenge.ts";
import { alarm, retryAt, whyDue } from "./renewal.ts";
import { defaultAcmeSettings } from "./settings.ts";

const day = 86_400_000;
const start = Date.UTC(2026, 0, 1);
const certificate = { names: ["mail.a.test", "mta-sts.a.test"], validFrom: start, validTo: start + 90 * day };

test("a certificate is renewed when a third of its life is left, or when names are missing", () => {
  const cases: readonly [daysOld: number, wanted: readonly string[], why: string | undefined][] = [
    [0, ["mail.a.test"], undefined],
    [59, ["mail.a.test", "mta-sts.a.test"], undefined],
    [60, ["mail.a.test"], "old"],
    [100, ["mail.a.test"], "old"],
    [1, ["mail.a.test", "mta-sts.b.test"], "names"],
  ];
  for (const [daysOld, wanted, why] of cases)
    assert.equal(whyDue(certificate, wanted, start + daysOld * day), why, `${daysOld} days, ${wanted.join()}`);
  assert.equal(whyDue(undefined, ["mail.a.test"], start), "missing");
  // Those of six days that some authorities give.
  const short = { ...certificate, validTo: start + 6 * day };
  assert.equal(whyDue(short, [], start + 3.9 * day), undefined);
  assert.equal(whyDue(short, [], start + 4 * day), "old");
});

test("failures are tried again later and later, at most twice a day", () => {
  const minutes = [1, 2, 3, 4, 5, 6, 50].map((failures) => (retryAt(failures, 0, 0.5) - 0) / 60_000);
  assert.deepEqual(minutes, [5, 30, 120, 360, 720, 720, 720]);
  assert.ok(retryAt(1, 0, 0) < retryAt(1, 0, 1));
  assert.equal(retryAt(0, 7, 0.5), 7);
});

test("an administrator is told before a certificate ends", () => {
  const cases: readonly [daysLeft: number, words: RegExp | undefined][] = [
    [90, undefined],
    [16, undefined],
    [13, /expires in 13 days/],
    [1, /expires in 24 hours/],
    [0, /has expired/],
    [-3, /has expired/],
  ];
  for (const [daysLeft, words] of cases) {
    const said = alarm(certificate, certificate.validTo - daysLeft * day);
    if (words === undefined) assert.equal(said, undefined, `${daysLeft}`);
    else assert.match(said ?? "", words);
  }
});

test("DNS-01: the record is put and taken by dynamic update; a refusal is a sentence", async () => {
  const heard: string[] = [];
  let code = 0;
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      heard.push(chunk.toString("latin1"));
      const answer = Buffer.alloc(14);
      answer.writeUInt16BE(12, 0);
      chunk.copy(answer, 2, 2, 4); // the id
      answer.writeUInt16BE(0xa800 | code, 4);
      socket.write(answer.subarray(0, 5));
      socket.write(answer.subarray(5));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const settings = {
    ...defaultAcmeSettings,
    challenge: "dns-01",
    dnsServer: `127.0.0.1:${port}`,
    tsigName: "key",
    tsigSecret: "c2VjcmV0",
    dnsWaitMs: 0,
  };
  const dns = makeDnsChallenge(settings, () => start);
  await dns.add("_acme-challenge.mail.a.test", "proof");
  await dns.remove("_acme-challenge.mail.a.test", "proof");
  assert.equal(heard.length, 2);
  assert.ok(heard.every((message) => message.includes("\x05proof") && message.includes("\x0f_acme-challenge\x04mail")));
  code = 5;
  await assert.rejects(
    dns.add("_acme-challenge.mail.a.test", "proof"),
    /refuses to change _acme-challenge.* \(code 5\)/,
  );
  server.close();
  await assert.rejects(dns.add("_acme-challenge.mail.a.test", "proof"), /cannot be asked: ECONNREFUSED/);
  for (const [wrong, words] of [
    [{ tsigName: "" }, /tsigName/],
    [{ tsigAlgorithm: "md5" }, /tsigAlgorithm/],
    [{ dnsServer: "x y" }, /dnsServer/],
  ] as const)
    assert.throws(() => makeDnsChallenge({ ...settings, ...wrong }, () => start), words);
});
