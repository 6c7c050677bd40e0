import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { type Answer as DnsRecord, decode, encode } from "dns-packet";
import { quiet } from "../base/log.ts";
import { defaultDnsSettings, networkResolver, parseDnsServer, parseResolvConf, resolverFrom } from "./dns.ts";
import { fileResolver, parseZone } from "./dns-file.ts";
import { encodeQuestion, type QuestionType, readAnswer, reverseName } from "./dns-wire.ts";
import type { Resolver } from "./resolver.ts";

const ask = {
  settings: { ...defaultDnsSettings, tryTimeoutMs: 1_000 },
  monotonic: () => performance.now(),
  log: quiet,
};

function isResolver(made: Resolver | { readonly mistakes: readonly string[] }): Resolver {
  assert.ok("mx" in made, JSON.stringify(made));
  return made;
}

test("a file answers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dns-"));
  try {
    const file = join(folder, "dns.json");
    writeFileSync(
      file,
      JSON.stringify({
        "x.test": { MX: ["10 MX1.x.test.", "20 mx2.x.test"], TXT: "v=spf1 -all", secure: true },
        "mx1.x.test": { A: "192.0.2.1", AAAA: ["2001:db8::1", "2001:db8::2"], ttl: 60 },
        "_25._tcp.mx1.x.test": { TLSA: "3 1 1 00ff", secure: true },
        "192.0.2.1": { PTR: "mx1.x.test" },
        "2001:db8::1": { PTR: "mx1.x.test" },
        "alias.x.test": { CNAME: "mx1.x.test", secure: true },
        "loop.test": { CNAME: ["loop.test"] },
        "null.test": { MX: "0 ." },
        "*.wild.test": { A: "192.0.2.9" },
        "a.b.wild.test": { TXT: "here" },
        "slow.test": { timeout: true },
        "broken.test": { A: "192.0.2.2", servfail: ["MX"] },
      }),
    );
    let now = 0;
    const dns = isResolver(fileResolver(file, { monotonic: () => now, log: quiet }));
    const cases: readonly [name: string, answer: Promise<unknown>, expected: string][] = [
      [
        "MX",
        dns.mx("X.test."),
        'found secure 1 [{"preference":10,"exchange":"mx1.x.test"},{"preference":20,"exchange":"mx2.x.test"}]',
      ],
      ["TXT", dns.txt("x.test"), 'found secure 1 ["v=spf1 -all"]'],
      ["A", dns.a("mx1.x.test"), 'found 60 ["192.0.2.1"]'],
      ["AAAA", dns.aaaa("mx1.x.test"), 'found 60 ["2001:db8::1","2001:db8::2"]'],
      [
        "TLSA",
        dns.tlsa("_25._tcp.mx1.x.test"),
        'found secure 1 [{"usage":3,"selector":1,"matchingType":1,"data":"AP8="}]',
      ],
      ["PTR", dns.ptr("192.0.2.1"), 'found 1 ["mx1.x.test"]'],
      ["PTR of IPv6", dns.ptr("2001:db8::1"), 'found 1 ["mx1.x.test"]'],
      ["PTR of nonsense", dns.ptr("x.test"), "none missing"],
      ["CNAME", dns.a("alias.x.test"), 'found 1 ["192.0.2.1"]'],
      ["CNAME loop", dns.a("loop.test"), "trouble servfail"],
      ["null MX", dns.mx("null.test"), 'found 1 [{"preference":0,"exchange":""}]'],
      ["no such type", dns.a("x.test"), "none exists"],
      ["no such name", dns.a("nowhere.test"), "none missing"],
      ["a name above", dns.a("_tcp.mx1.x.test"), "none exists"],
      ["wildcard", dns.a("q.wild.test"), 'found 1 ["192.0.2.9"]'],
      ["wildcard, deeper", dns.a("p.q.wild.test"), 'found 1 ["192.0.2.9"]'],
      ["no wildcard over what is there", dns.a("b.wild.test"), "none exists"],
      ["timeout", dns.mx("slow.test"), "trouble timeout"],
      ["servfail", dns.mx("broken.test"), "trouble servfail"],
      ["localhost, which no file names", dns.a("localhost."), 'found 3600 ["127.0.0.1"]'],
      ["a name below it", dns.aaaa("x.LOCALHOST"), 'found 3600 ["::1"]'],
      ["another name that ends so", dns.a("notlocalhost"), "none missing"],
      ["servfail of another type only", dns.a("broken.test"), 'found 1 ["192.0.2.2"]'],
    ];
    for (const [name, answer, expected] of cases) assert.equal(show(await answer), expected, name);

    writeFileSync(file, JSON.stringify({ "x.test": { MX: "1 new.test" } }));
    utimesSync(file, 1, 1);
    now += 1000;
    assert.equal(show(await dns.mx("x.test")), 'found 1 [{"preference":1,"exchange":"new.test"}]');
    writeFileSync(file, "{");
    now += 1000;
    assert.equal(
      show(await dns.mx("x.test")),
      'found 1 [{"preference":1,"exchange":"new.test"}]',
      "mistakes change nothing",
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function show(answer: unknown): string {
  const { kind, secure, ttlSeconds, records, exists, reason } = answer as { [name: string]: unknown };
  if (kind === "found")
    return `found${secure === true ? " secure" : ""} ${ttlSeconds} ${JSON.stringify(records, (_, value) => (value?.type === "Buffer" ? Buffer.from(value.data).toString("base64") : value))}`;
  return kind === "none" ? `none ${exists === true ? "exists" : "missing"}` : `trouble ${reason}`;
}

test("mistakes in a file are sentences, all of them", () => {
  const zone = parseZone({
    "a.test": {
      MX: ["mx.test"],
      A: "x",
      AAAA: 5,
      TLSA: "3 1 1 abc",
      PTR: "a b",
      secure: 1,
      ttl: -1,
      timeout: "yes",
      FOO: 1,
    },
    "b.test": { CNAME: "x.test", A: "192.0.2.1" },
    "c.test": [],
  });
  assert.ok("mistakes" in zone);
  assert.equal(zone.mistakes.length, 11);
  for (const sentence of zone.mistakes) assert.match(sentence, /^"[abc]\.test" ?.*\.$/);
  assert.deepEqual(parseZone([]), { mistakes: ["The DNS file must hold an object of names."] });
  const missing = resolverFrom("/no/such/file.json", ask);
  assert.ok("mistakes" in missing && missing.mistakes.length === 1);
});

test("reverse names", () => {
  assert.equal(reverseName("192.0.2.1"), "1.2.0.192.in-addr.arpa");
  assert.equal(reverseName("::ffff:192.0.2.1"), "1.2.0.192.in-addr.arpa");
  assert.equal(reverseName("2001:db8::1"), `1.${"0.".repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`);
  assert.equal(reverseName("x"), undefined);
});

test("servers as they are written", () => {
  const [near, far] = [{ believeAd: true }, { believeAd: false }];
  assert.deepEqual(parseDnsServer("192.0.2.53"), { address: "192.0.2.53", port: 53, ...far });
  assert.deepEqual(parseDnsServer("127.0.0.1:5353"), { address: "127.0.0.1", port: 5353, ...near });
  assert.deepEqual(parseDnsServer("[::1]:53"), { address: "::1", port: 53, ...near });
  assert.deepEqual(parseDnsServer("2001:db8::53"), { address: "2001:db8::53", port: 53, ...far });
  for (const bad of ["x.json", "192.0.2.1:0", "192.0.2.1:99999", "999.1.1.1:53", "[x]:53", "./dns.json", ""])
    assert.equal(parseDnsServer(bad), undefined, bad);
  assert.deepEqual(
    parseResolvConf("# x\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\noptions edns0 trust-ad\n").map(
      ({ address, believeAd }) => `${address} ${believeAd}`,
    ),
    ["192.0.2.1 false", "fe80::1 false"],
  );
  assert.deepEqual(
    parseResolvConf("nameserver 192.0.2.1\nnameserver 127.0.0.53\n").map(({ believeAd }) => believeAd),
    [false, true],
  );
  assert.equal(parseResolvConf("")[0]?.address, "127.0.0.1");
});

// ---------------------------------------------------------------- over the network

type Behaviour = (name: string, type: string, over: "udp" | "tcp", edns: boolean) => FakeAnswer;
type FakeAnswer =
  | { rcode?: number; ad?: boolean; tc?: boolean; answers?: DnsRecord[]; authorities?: DnsRecord[]; raw?: Buffer }
  | "silence";

async function fakeServer(
  behave: Behaviour,
): Promise<{ address: string; asked: string[]; close: () => Promise<void> }> {
  const asked: string[] = [];
  const respond = (message: Buffer, over: "udp" | "tcp"): Buffer | undefined => {
    const query = decode(message);
    const question = query.questions![0]!;
    const edns = (query.additionals?.length ?? 0) > 0;
    asked.push(`${over} ${question.type} ${question.name}${edns ? "" : " plain"}`);
    const said = behave(question.name, question.type, over, edns);
    if (said === "silence") return undefined;
    if (said.raw !== undefined) return Buffer.concat([message.subarray(0, 2), said.raw]);
    return encode({
      type: "response",
      id: query.id!,
      flags: (said.rcode ?? 0) | (said.ad ? 32 : 0) | (said.tc ? 512 : 0),
      questions: query.questions!,
      answers: said.answers ?? [],
      authorities: said.authorities ?? [],
    });
  };
  const tcp: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => {
      const answer = respond((data as Buffer).subarray(2), "tcp");
      if (answer === undefined) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      // In two pieces, as TCP may.
      socket.write(Buffer.concat([length, answer.subarray(0, 5)]));
      setImmediate(() => socket.end(answer.subarray(5)));
    });
  });
  await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
  const { port } = tcp.address() as { port: number };
  const udp = createSocket("udp4");
  udp.on("message", (message, from) => {
    const answer = respond(message, "udp");
    if (answer !== undefined) udp.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => udp.bind(port, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${port}`,
    asked,
    close: async () => {
      udp.close();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}

const soa: DnsRecord = { type: "SOA", name: "test", ttl: 300, data: { mname: "a", rname: "b", minimum: 30 } };

test("answers over the network", async () => {
  const server = await fakeServer((name, type, over, edns) => {
    switch (name) {
      case "mx.test":
        return {
          ad: true,
          answers: [{ type: "MX", name: "MX.test", ttl: 60, data: { preference: 5, exchange: "H.test" } }],
        };
      case "none.test":
        return { rcode: 3, authorities: [soa] };
      case "nodata.test":
        return { authorities: [soa] };
      case "alias.test":
        return {
          answers: [
            { type: "CNAME", name, ttl: 10, data: "real.test" },
            { type: "A", name: "real.test", ttl: 60, data: "192.0.2.7" },
          ],
        };
      case "far.test":
        return type === "A" ? { answers: [{ type: "CNAME", name, ttl: 10, data: "real2.test" }] } : "silence";
      case "real2.test":
        return { answers: [{ type: "A", name, ttl: 60, data: "192.0.2.8" }] };
      case "round.test":
        return { answers: [{ type: "CNAME", name, ttl: 10, data: "round2.test" }] };
      case "round2.test":
        return { answers: [{ type: "CNAME", name, ttl: 10, data: "round.test" }] };
      case "ring.test":
        return {
          answers: [
            { type: "CNAME", name, ttl: 10, data: "ring2.test" },
            { type: "CNAME", name: "ring2.test", ttl: 10, data: name },
          ],
        };
      case "long.test":
        return over === "udp"
          ? { tc: true }
          : { answers: [{ type: "TXT", name, ttl: 1, data: ["a".repeat(200), "b"] }] };
      case "old.test":
        return edns ? { rcode: 1 } : { answers: [{ type: "A", name, ttl: 1, data: "192.0.2.9" }] };
      case "refused.test":
        return { rcode: 5 };
      case "liar.test": {
        const raw = encode({
          type: "response",
          questions: [{ type: "TXT", name }],
          answers: [{ type: "TXT", name, ttl: 1, data: "v=spf1 +all" }],
        });
        raw.writeUInt16BE(60_000, raw.length - 14); // RDLENGTH, before a length octet and eleven characters
        return { raw: raw.subarray(2) };
      }
      case "garbage.test":
        return { raw: Buffer.from("ffffffffffffffff", "hex") };
      default:
        return "silence";
    }
  });
  try {
    const settings = { ...ask.settings, rounds: 1 };
    const dns = isResolver(networkResolver([server.address], { ...ask, settings }));
    const cases: readonly [name: string, answer: () => Promise<unknown>, expected: string][] = [
      ["MX with AD", () => dns.mx("mx.test"), 'found secure 60 [{"preference":5,"exchange":"h.test"}]'],
      ["NXDOMAIN", () => dns.a("none.test"), "none missing"],
      ["NODATA", () => dns.a("nodata.test"), "none exists"],
      ["alias with its target", () => dns.a("alias.test"), 'found 10 ["192.0.2.7"]'],
      ["alias without its target", () => dns.a("far.test"), 'found 10 ["192.0.2.8"]'],
      ["aliases in a circle", () => dns.a("round.test"), "trouble malformed"],
      ["aliases in a circle in one answer", () => dns.a("ring.test"), "trouble malformed"],
      ["cut off: by TCP", () => dns.txt("long.test"), `found 1 ["${"a".repeat(200)}b"]`],
      ["a server without EDNS", () => dns.a("old.test"), 'found 1 ["192.0.2.9"]'],
      ["refused", () => dns.a("refused.test"), "trouble refused"],
      ["garbage", () => dns.a("garbage.test"), "trouble malformed"],
      ["a record that is longer than the answer", () => dns.txt("liar.test"), "trouble malformed"],
      ["silence", () => dns.a("silent.test"), "trouble timeout"],
      ["a label too long to be asked", () => dns.a(`${"x".repeat(64)}.test`), "none missing"],
    ];
    for (const [name, answer, expected] of cases) assert.equal(show(await answer()), expected, name);
    const before = server.asked.length;
    await Promise.all([dns.mx("mx.test"), dns.a("none.test"), dns.a("silent.test")]);
    assert.equal(server.asked.length, before, "answers, denials and failures are remembered");
  } finally {
    await server.close();
  }
});

test("the next server answers for one that is silent or broken; equal questions are one", async () => {
  const silent = await fakeServer(() => "silence");
  const broken = await fakeServer(() => ({ rcode: 2 }));
  const good = await fakeServer((name) => ({ answers: [{ type: "A", name, ttl: 60, data: "192.0.2.1" }] }));
  try {
    const dns = isResolver(networkResolver([silent.address, broken.address, good.address], ask));
    const answers = await Promise.all([dns.a("x.test"), dns.a("x.test"), dns.a("X.test")]);
    for (const answer of answers) assert.equal(show(answer), 'found 60 ["192.0.2.1"]');
    assert.deepEqual([silent.asked.length, broken.asked.length, good.asked.length], [1, 1, 1]);
  } finally {
    await Promise.all([silent.close(), broken.close(), good.close()]);
  }
});

test("answers expire, load is bounded", async () => {
  let now = 0;
  const server = await fakeServer((name) => ({ answers: [{ type: "A", name, ttl: 10, data: "192.0.2.1" }] }));
  try {
    const settings = { ...ask.settings, maxConcurrent: 1, maxWaiting: 1, maxEntries: 2 };
    const dns = isResolver(networkResolver([server.address], { ...ask, settings, monotonic: () => now }));
    const said = await Promise.all(["a.test", "b.test", "c.test"].map((name) => dns.a(name)));
    assert.deepEqual(said.map(show), ['found 10 ["192.0.2.1"]', 'found 10 ["192.0.2.1"]', "trouble refused"]);
    now = 9_999;
    await dns.a("b.test");
    assert.equal(server.asked.length, 2);
    now = 10_001;
    await dns.a("b.test");
    assert.equal(server.asked.length, 3);
    await dns.fresh?.a("b.test");
    assert.equal(server.asked.length, 4, "who asks anew is answered anew");
    await dns.a("b.test");
    assert.equal(server.asked.length, 4);
  } finally {
    await server.close();
  }
});

test("an answer to another question is not believed; any bytes are read without a crash", () => {
  const id = 7;
  const question = decode(encodeQuestion(id, "a.test", "MX", true)).questions!;
  const answer = encode({
    type: "response",
    id,
    flags: 32,
    questions: question,
    answers: [{ type: "MX", name: "a.test", ttl: 1, data: { preference: 1, exchange: "b.test" } }],
  });
  assert.equal(readAnswer(answer, id, "a.test", "MX", true).kind, "answer");
  const strangers: readonly [number, string, QuestionType][] = [
    [8, "a.test", "MX"],
    [id, "b.test", "MX"],
    [id, "a.test", "A"],
  ];
  for (const [otherId, name, type] of strangers)
    assert.equal(readAnswer(answer, otherId, name, type, true).kind, "not-ours");
  let seed = 1;
  const random = (below: number): number => {
    seed = (seed * 48271) % 2147483647;
    return seed % below;
  };
  for (let round = 20_000 * Number(process.env["FUZZ"] ?? 1); round > 0; round--) {
    const broken = Buffer.from(answer.subarray(0, 2 + random(answer.length - 1)));
    for (let flips = random(4); flips > 0; flips--) broken[2 + random(Math.max(1, broken.length - 2))] = random(256);
    const said = readAnswer(broken, id, "a.test", "MX", true);
    assert.ok(typeof said.kind === "string");
  }
});
