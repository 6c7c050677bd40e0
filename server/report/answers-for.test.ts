import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { bodyHashes } from "../../protocol/dkim/hashes.ts";
import { writeTlsReport } from "../../protocol/policy/tls-report.ts";
import { makeDkimKeys } from "../sign/dkim-keys.ts";
import { dkimSignature } from "../sign/dkim-signature.ts";
import type { Tally } from "../store/tallies.ts";
import { answersFor } from "./answers-for.ts";
import { readTls } from "./read-tls.ts";
import { makeTlsIntake } from "./tls-in.ts";
import { summarizeTls } from "./tls-words.ts";

const now = Date.UTC(2026, 0, 3);
const day = Math.floor(now / 86_400_000);
const { keys } = await makeDkimKeys(now);
const [rsa] = keys;

function reportMail(id: string, from = "reports@mail.far.test", succeeded = 5): Buffer {
  const json = writeTlsReport({
    organisation: "Far",
    contact: "x@far.test",
    id,
    start: now - 86_400_000,
    end: now - 1000,
    policies: [
      {
        policy: { type: "sts", strings: [], domain: "ours.test", mxHosts: [] },
        succeeded,
        failed: 2,
        failures: [
          {
            result: "certificate-expired",
            sendingIp: "",
            mxHost: "mx.ours.test",
            receivingIp: "",
            reason: "",
            sessions: 2,
          },
        ],
      },
    ],
  });
  return Buffer.from(
    `From: <${from}>\r\nSubject: Report Domain: ours.test\r\nContent-Type: application/tlsrpt+gzip\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n${gzipSync(json).toString("base64").replace(/.{76}/g, "$&\r\n")}\r\n`,
  );
}
const signed = (bytes: Buffer, domain: string): Buffer =>
  Buffer.concat([Buffer.from(dkimSignature({ bytes, domain, keys: [rsa!], signedAt: now })), bytes]);

const registrable = (domain: string): string => domain.split(".").slice(-2).join(".");
const asked = (record: string | undefined, bytes: Buffer): Promise<string | undefined> =>
  answersFor(bytes, {
    txt: async () => (record === undefined ? { kind: "trouble" } : { kind: "found", records: [record] }),
    registrable,
    hashes: async (all, start, wanted) => bodyHashes(all.subarray(start), wanted),
    now: () => now,
  });

const good = signed(reportMail("1"), "far.test");
const record = rsa!.record;
const changed = Buffer.from(good.toString("latin1").replace("Report Domain: ours", "Report Domain: outs"), "latin1");
const cases: readonly [name: string, record: string | undefined, bytes: Buffer, domain: string | undefined][] = [
  ["the organisation of the author signs", record, good, "far.test"],
  ["a key for TLS reports alone", `${record}; s=tlsrpt`, good, "far.test"],
  ["a key for something else", `${record}; s=other`, good, undefined],
  ["nobody signs", record, reportMail("1"), undefined],
  ["somebody else signs", record, signed(reportMail("1"), "evil.test"), undefined],
  ["it has been changed", record, changed, undefined],
  ["DNS does not answer", undefined, good, undefined],
  ["two authors", record, signed(reportMail("1", "a@far.test>, <b@evil.test"), "far.test"), undefined],
];
for (const [name, record, bytes, domain] of cases)
  test(`who answers for a report: ${name}`, async () => assert.equal(await asked(record, bytes), domain));

test("reports for which nobody answers are kept apart from those that count", async () => {
  const rows: Tally[] = [];
  const ids = new Set<string>();
  const warned: unknown[] = [];
  const quiet = { info() {}, warn: (about: unknown) => void warned.push(about), error() {} } as never;
  const intake = makeTlsIntake({
    store: {
      tally: async (more, once) => {
        if (once !== undefined && ids.has(once.id)) return "known";
        if (once !== undefined) ids.add(once.id);
        rows.push(...more);
        return "done";
      },
    },
    read: readTls,
    directory: { domain: (name) => (name === "ours.test" ? { name, kind: "local", settings: {} } : undefined) },
    now: () => now,
    log: quiet,
  });
  const take = (bytes: Buffer): Promise<number> =>
    intake.take({ form: "mail", bytes }, "id", () => asked(record, bytes));
  // The forged one bears the id of the true one and comes first.
  assert.equal(await take(reportMail("1", "reports@mail.far.test", 1000)), 1);
  assert.equal(warned.length, 1);
  assert.equal(await take(good), 1);
  assert.equal(await take(good), 1);
  const key = { kind: "tls-received", domain: "ours.test", day: day - 1, about: "{}", rows: rows.length, count: 0 };
  const store = { tallyDays: async () => [key], tallyRows: async () => rows };
  const summary = await summarizeTls(store, "ours.test", day - 30, day);
  assert.deepEqual([summary.succeeded, summary.failed, summary.reporters], [5, 2, ["Far"]]);
  assert.deepEqual(summary.unproven, { connections: 1002, failed: 2, reporters: ["Far"] });
  assert.match(
    summary.sentences.at(-1)!,
    /without a DKIM signature .* tells of 1002 connections more, 2 failed: not counted/,
  );
});
