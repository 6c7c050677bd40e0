/** Records, tags and results from strangers: whatever they are, there is an answer, soon, and nothing of them breaks out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzzRounds, type Random, seeded } from "../../test/fuzz.ts";
import { verifyArc } from "../arc/verify.ts";
import { bimiIn } from "../bimi/record.ts";
import { bodyHashes } from "../dkim/hashes.ts";
import { parseKey } from "../dkim/key.ts";
import { parseSignature } from "../dkim/signature.ts";
import { parseTags } from "../dkim/tags.ts";
import { verifyDkim } from "../dkim/verify.ts";
import { authorsOf } from "../dmarc/author.ts";
import { policyIn } from "../dmarc/record.ts";
import { stepsOf } from "../dmarc/walk.ts";
import { splitHeader } from "../mime/header.ts";
import { checkSpf } from "../spf/check.ts";
import { parseSpf } from "../spf/record.ts";
import { authservId, resultPieces, resultsField, saysDmarcPass } from "./field.ts";

const pieces = [
  ..."v=spf1 v=DMARC1 v=DKIM1 v=BIMI1 v=1 a=rsa-sha256 a=rsa-sha1 c=relaxed/relaxed h=from:to d=a.test s=s1 i=@a.test bh=AAAA b=AAAA l=1 t=1 x=2 p= p=reject sp=none np=reject t=y t=s psd=y adkim=s rua=mailto:a@b.test include:a.test redirect=a.test exp=a.test all -all ~all ?a mx/24 mx//64 ptr exists:%{i}.%{d1r-}.a.test ip4:127.0.0.1/8 ip6:::1/3 i=1 cv=none cv=pass l=https://a.test/x.svg".split(
    " ",
  ),
  ...'; ;; : = % %{ } ( ) \\ " , / . @ < > \r\n  \t \0 \u00ff ä a 0 -'.split(" "),
  " ",
  "\r\n ",
];
const text = (next: Random): string =>
  Array.from({ length: next(24) }, () => pieces[next(pieces.length)]).join(
    next(3) === 0 ? "" : next(2) === 0 ? " " : "; ",
  );

test("records and fields: always an answer", async () => {
  for (let seed = 1; seed <= fuzzRounds(6000); seed++) {
    const next = seeded(seed);
    const one = text(next);
    parseTags(one);
    parseSpf(`v=spf1 ${one}`);
    parseKey(one);
    policyIn([one], "a.test");
    bimiIn([one]);
    parseSignature(`DKIM-Signature: ${one}`);
    parseSignature(`ARC-Message-Signature: ${one}`, true);
    authservId(one);
    saysDmarcPass(one, "a.test");
    stepsOf(one);
    if (seed % 4 !== 0) continue;
    const dns = {
      txt: async () => ({ kind: "found", records: [`v=spf1 ${one}`, text(next)] }) as const,
      a: async () => ({ kind: "found", records: [text(next)] }) as const,
      aaaa: async () => ({ kind: "none", exists: true }) as const,
      mx: async () => ({ kind: "found", records: [{ exchange: text(next) }] }) as const,
      ptr: async () => ({ kind: "found", records: [text(next)] }) as const,
    };
    const sender = { address: "127.0.0.1", ourHost: "us.test", now: 0 };
    const spf = await checkSpf({ ...sender, helo: one, envelopeFrom: `${text(next)}@a.test` }, dns);
    const names = ["DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results", "From"];
    const message = names.map((name) => `${name}: ${text(next)}\r\n`).join("");
    const bytes = Buffer.from(`${message}\r\n${one}`, "latin1");
    const header = splitHeader(bytes, 0, bytes.length);
    authorsOf(header);
    const hashes = (wanted: Parameters<typeof bodyHashes>[1]) => bodyHashes(bytes.subarray(header.end), wanted);
    const dkim = await verifyDkim(header, { txt: dns.txt, hashes, now: 0, authorDomain: "a.test" });
    const arc = await verifyArc(header, { txt: dns.txt, hashes });
    assert.ok(dkim.every(({ result }) => result !== "pass"));
    assert.notEqual(arc.result, "pass");
    const field = resultsField(
      resultPieces(
        "us.test",
        {
          spf,
          dkim,
          dmarc: {
            result: "fail",
            fromDomain: "a.test",
            organization: undefined,
            policy: undefined,
            discovery: undefined,
            asked: "none",
            spfAligned: false,
            dkimAligned: false,
          },
          arc,
          iprev: { result: "fail", name: text(next) },
          bimi: { result: "fail", domain: text(next), selector: text(next) },
        },
        { envelopeFrom: `${one}@a.test`, helo: one, address: "127.0.0.1" },
      ),
    );
    // One field, and one result of each kind but DKIM: nothing was added.
    assert.match(field, /^[\x20-\x7e\t]+(?:\r\n\t[\x20-\x7e]+)*\r\n$/, String(seed));
    const bare = field.replace(/"[^"]*"/g, '""');
    for (const method of ["spf", "dmarc", "iprev", "bimi"])
      assert.equal(
        bare.split(";").filter((piece) => piece.trim().startsWith(`${method}=`)).length,
        1,
        `${seed} ${field}`,
      );
    assert.ok(!saysDmarcPass(field, "a.test"), field);
  }
});

const nasty: readonly [name: string, text: string][] = [
  ["blanks", " ".repeat(60_000)],
  ["semicolons", ";".repeat(60_000)],
  ["b and blanks", "; b ".repeat(15_000)],
  ["open parentheses", "(".repeat(60_000)],
  ["percent signs", "%{".repeat(30_000)],
  ["dots", "a.".repeat(30_000)],
  ["hyphens", `${"a-".repeat(30_000)}!`],
  ["slashes", `a:${"/".repeat(60_000)}`],
  ["colons", "h=".concat(":".repeat(60_000))],
  ["quotes", '"\\'.repeat(30_000)],
];
for (const [name, one] of nasty)
  test(`60,000 characters of ${name} cost no time`, async () => {
    const start = process.cpuUsage();
    parseTags(one);
    parseTags(`v=1;${one}`);
    parseSpf(`v=spf1 ${one.slice(0, 16_000)}`);
    parseKey(one);
    policyIn([`v=DMARC1;${one}`], "a.test");
    bimiIn([`v=BIMI1;${one}`]);
    parseSignature(`DKIM-Signature: ${one}`);
    authservId(one);
    saysDmarcPass(one, "a.test");
    const bytes = Buffer.from(`From: ${one}\r\nDKIM-Signature: ${one}\r\nARC-Seal: ${one}\r\n\r\n`, "latin1");
    const header = splitHeader(bytes, 0, bytes.length);
    authorsOf(header);
    const txt = async () => ({ kind: "none", exists: false }) as const;
    await verifyDkim(header, { txt, hashes: (w) => bodyHashes(bytes, w), now: 0, authorDomain: undefined });
    await verifyArc(header, { txt, hashes: (w) => bodyHashes(bytes, w) });
    const ms = process.cpuUsage(start).user / 1000;
    assert.ok(ms < 2000, `${ms} ms`);
  });
