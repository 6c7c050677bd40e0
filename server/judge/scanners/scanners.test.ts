/** The scanners against small servers that speak their protocols, and against none. */
import assert from "node:assert/strict";
import { createServer as createHttp } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { splitHeader } from "../../../protocol/mime/header.ts";
import type { Log } from "../../base/log.ts";
import type { Received } from "../../receive/received.ts";
import { clamav } from "./clamav.ts";
import { milter } from "./milter.ts";
import { rspamd } from "./rspamd.ts";
import { makeScannerJudge, type Scanner } from "./scanner.ts";
import { parseSocketAddress } from "./socket.ts";

const log = { error() {}, info() {}, warn() {}, debug() {} } as unknown as Log;
const bytes = Buffer.from(`From: a@far.test\r\nSubject: x\r\n folded\r\n\r\n${"word ".repeat(50_000)}\r\n`);
const mail = {
  id: "id1",
  bytes,
  envelopeFrom: "a@far.test",
  helo: "mx.far.test",
  remote: { address: "192.0.2.1", port: 4000 },
  remoteName: undefined,
  account: undefined,
  recipients: [{ local: "bob", domain: "us.test" }],
} as unknown as Received;
const header = splitHeader(bytes, 0, bytes.length);
const bounds = { timeoutMs: 20_000, maxBytes: 10_000_000 };

async function serving(serve: (socket: Socket) => void): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
const at = (port: number) => ({ host: "127.0.0.1", port });

/** clamd: reads the whole stream, then answers. */
function clamd(answer: string, seen: Buffer[]) {
  return (socket: Socket): void => {
    let all = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (piece: Buffer) => {
      all = Buffer.concat([all, piece]);
      const start = all.indexOf(0) + 1;
      if (all.toString("latin1", 0, start) !== "zINSTREAM\0") return;
      const chunks: Buffer[] = [];
      for (let next = start; next + 4 <= all.length; ) {
        const size = all.readUInt32BE(next);
        if (size === 0) {
          seen.push(Buffer.concat(chunks));
          socket.end(answer);
          return;
        }
        chunks.push(all.subarray(next + 4, next + 4 + size));
        next += 4 + size;
      }
    });
  };
}

const clamAnswers: readonly [answer: string, expected: string][] = [
  ["stream: OK\0", "clean"],
  ["stream: Win.Test.EICAR_HDB-1 FOUND\0", "refuse: ClamAV found Win.Test.EICAR_HDB-1 in this message"],
  ["INSTREAM size limit exceeded. ERROR\0", "error: ClamAV answers: INSTREAM size limit exceeded. ERROR"],
  ["", "error: ClamAV closed the connection"],
];
const told = (scanner: Scanner): Promise<string> =>
  scanner.ask(mail, header).then(
    (opinion) => (opinion.kind === "clean" ? "clean" : `${opinion.kind}: ${opinion.why}`),
    (error: Error) => `error: ${error.message}`,
  );
for (const [answer, expected] of clamAnswers)
  test(`ClamAV says ${JSON.stringify(answer)}`, async () => {
    const seen: Buffer[] = [];
    const { port, server } = await serving(clamd(answer, seen));
    assert.equal(await told(clamav({ address: at(port), ...bounds })), expected);
    assert.deepEqual(seen[0], bytes);
    server.close();
  });

test("a scanner that is silent is given up", async () => {
  const sockets: Socket[] = [];
  const { port, server } = await serving((socket) => sockets.push(socket.resume()));
  assert.match(await told(clamav({ address: at(port), ...bounds, timeoutMs: 100 })), /^error: no answer within 100 ms/);
  for (const socket of sockets) socket.destroy();
  server.close();
});

const rspamdAnswers: readonly [answer: object, expected: string][] = [
  [{ action: "no action", score: 1, required_score: 15 }, "clean"],
  [
    { action: "add header", score: 7.25, required_score: 15 },
    "junk: Rspamd calls this message probable spam (7.3 of 15.0 points)",
  ],
  [{ action: "reject", score: 20, required_score: 15 }, "refuse: Rspamd calls this message spam (20.0 of 15.0 points)"],
  [{ action: "soft reject" }, "later: Rspamd wants this message to come again"],
  [{ nothing: 1 }, "error: Rspamd answers with the action undefined"],
];
for (const [answer, expected] of rspamdAnswers)
  test(`Rspamd says ${JSON.stringify(answer)}`, async () => {
    let asked = "";
    const server = createHttp((request, response) => {
      let size = 0;
      request.on("data", (piece: Buffer) => (size += piece.length));
      request.on("end", () => {
        const { from, rcpt, ip, helo } = request.headers;
        asked = `${request.method} ${request.url} ${from} ${rcpt} ${ip} ${helo} ${size}`;
        response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    assert.equal(await told(rspamd({ url: `http://127.0.0.1:${port}`, password: "", ...bounds })), expected);
    assert.equal(asked, `POST /checkv2 a@far.test bob@us.test 192.0.2.1 mx.far.test ${bytes.length}`);
    server.close();
    server.closeAllConnections();
  });

/**
 * A milter that answers each command by its letter, "c" where nothing is said, and macros not at all; as libmilter it ends where it
 * is not offered what it may want to do.
 */
function milterd(answers: { readonly [command: string]: string }, seen: string[]) {
  return (socket: Socket): void => {
    let all = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (piece: Buffer) => {
      all = Buffer.concat([all, piece]);
      while (all.length >= 5 && all.length >= 4 + all.readUInt32BE(0)) {
        const size = all.readUInt32BE(0);
        const command = all.toString("latin1", 4, 5);
        seen.push(command === "B" ? "B" : `${command}${all.toString("latin1", 5, 4 + size).replaceAll("\0", "|")}`);
        all = all.subarray(4 + size);
        if (command === "Q" || (command === "O" && seen[0]?.charCodeAt(8) !== 0xff)) return void socket.end();
        if (command === "D") continue;
        const packets = command === "O" ? [`O\0\0\0\x06\0\0\0\0\0\0\0\0`] : (answers[command] ?? "c").split("&");
        for (const packet of packets) {
          const head = Buffer.alloc(4);
          head.writeUInt32BE(packet.length);
          socket.write(Buffer.concat([head, Buffer.from(packet, "latin1")]));
        }
      }
    });
  };
}
const milterAnswers: readonly [answers: { readonly [command: string]: string }, expected: RegExp][] = [
  [{}, /^clean$/],
  [{ R: "r" }, /^refuse: The milter at 127\.0\.0\.1:\d+ does not want this message$/],
  [{ E: "y550 5.7.1 No thanks\0" }, /^refuse: No thanks$/],
  [{ B: "t" }, /^later: The milter/],
  [{ M: "a" }, /^clean$/],
  [{ E: "p&qlooks odd\0&c" }, /^quarantine: looks odd$/],
];
for (const [answers, expected] of milterAnswers)
  test(`a milter says ${JSON.stringify(answers)}`, async () => {
    const seen: string[] = [];
    const { port, server } = await serving(milterd(answers, seen));
    assert.match(await told(milter({ address: at(port), ...bounds })), expected);
    assert.deepEqual(seen.slice(1, 4), ["C[192.0.2.1]|4\x0f\xa0192.0.2.1|", "Hmx.far.test|", "DMi|id1|"]);
    if (Object.keys(answers).length === 0)
      assert.deepEqual(
        [seen.slice(4, 9), seen.filter((one) => one === "B").length, seen.at(-1)],
        [
          ["M<a@far.test>|", "R<bob@us.test>|", "LFrom|a@far.test|", "LSubject|x\r\n folded|", "N"],
          Math.ceil((bytes.length - header.end) / 65_535),
          "E",
        ],
      );
    server.close();
  });

for (const [whenDown, expected] of [
  ["accept", "accept"],
  ["later", "later"],
  ["quarantine", "quarantine"],
] as const)
  test(`while a scanner is down: ${whenDown}`, async () => {
    const { port, server } = await serving(() => {});
    await new Promise((resolve) => server.close(resolve));
    const judge = makeScannerJudge([clamav({ address: at(port), ...bounds })], whenDown, log);
    const verdict = await judge(mail, header, {});
    assert.equal(verdict.kind, expected);
    if (expected !== "accept") assert.deepEqual(verdict.reasons, ["ClamAV could not be asked"]);
  });

test("addresses of scanners", () => {
  assert.deepEqual(parseSocketAddress("unix:/run/clamd.ctl"), { path: "/run/clamd.ctl" });
  assert.deepEqual(parseSocketAddress("tcp:127.0.0.1:3310"), at(3310));
  assert.deepEqual(parseSocketAddress("[::1]:3310"), { host: "::1", port: 3310 });
  for (const wrong of ["", "clamd", "tcp:host", "unix:relative", "host:0", "host:70000"])
    assert.equal(parseSocketAddress(wrong), undefined);
});
