/** DNS over the network: UDP, TCP where an answer was cut off, several servers, bounded time. */
import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { encodeQuestion, isName, type QuestionType, readAnswer, type Said, type Value } from "./dns-wire.ts";
import type { Answer } from "./resolver.ts";

export type DnsServer = {
  readonly address: string;
  readonly port: number;
  /** It is near and trusted: its AD bit is DNSSEC's word. */
  readonly believeAd: boolean;
};

export type DnsTimes = {
  /** For one question to one server over UDP, doubled in each round. */
  readonly tryTimeoutMs: number;
  readonly tcpTimeoutMs: number;
  /** Times that the list of servers is gone through. */
  readonly rounds: number;
};

/** Aliases that are followed from answer to answer. */
const maxFollowed = 8;
const maxTcpBytes = 65_535;

/** Asks the servers one after another until one answers; the last one's trouble otherwise. */
export async function askNetwork(
  name: string,
  type: QuestionType,
  servers: readonly DnsServer[],
  times: DnsTimes,
): Promise<Answer<Value>> {
  let secure = true;
  let ttlSeconds = Infinity;
  let asked = name;
  for (let step = 0; step < maxFollowed; step++) {
    const said = await askServers(asked, type, servers, times);
    if (said.kind === "trouble") return said;
    if (said.kind !== "follow") {
      const whole = { ...said, secure: said.secure && secure, ttlSeconds: Math.min(said.ttlSeconds, ttlSeconds) };
      return whole.kind === "found" && asked !== name ? { owner: asked, ...whole } : whole;
    }
    secure &&= said.secure;
    ttlSeconds = Math.min(ttlSeconds, said.ttlSeconds);
    asked = said.name;
  }
  return { kind: "trouble", reason: "malformed" };
}

type Follow = Extract<Said, { kind: "follow" }>;

async function askServers(
  name: string,
  type: QuestionType,
  servers: readonly DnsServer[],
  times: DnsTimes,
): Promise<Answer<Value> | Follow> {
  let trouble: Answer<Value> = { kind: "trouble", reason: "timeout" };
  for (let round = 0; round < times.rounds; round++) {
    for (const server of servers) {
      const said = await askServer(name, type, server, times.tryTimeoutMs * 2 ** round, times.tcpTimeoutMs);
      if (said === undefined) continue;
      if (said.kind === "follow") return said;
      if (said.answer.kind !== "trouble") return said.answer;
      trouble = said.answer;
    }
  }
  return trouble;
}

type Final = Extract<Said, { kind: "answer" }> | Follow;

/** One question to one server; undefined when it keeps silent. */
async function askServer(
  name: string,
  type: QuestionType,
  server: DnsServer,
  udpTimeoutMs: number,
  tcpTimeoutMs: number,
): Promise<Final | undefined> {
  // A name that cannot be written cannot exist.
  if (!isName(name))
    return { kind: "answer", answer: { kind: "none", exists: false, secure: false, ttlSeconds: 3600 } };
  for (const edns of [true, false]) {
    const id = randomInt(65_536);
    const question = encodeQuestion(id, name, type, edns);
    const read = (message: Buffer): Said => readAnswer(message, id, name, type, server.believeAd);
    let said = await overUdp(question, server, udpTimeoutMs, read);
    if (said?.kind === "truncated") said = await overTcp(question, server, tcpTimeoutMs, read);
    if (said?.kind === "answer" || said?.kind === "follow") return said;
    if (said?.kind !== "no-edns") return undefined;
  }
  return { kind: "answer", answer: { kind: "trouble", reason: "servfail" } };
}

/** A socket of its own, so from a random port, that hears only this server: an answer cannot be guessed from outside. */
function overUdp(
  question: Buffer,
  server: DnsServer,
  timeoutMs: number,
  read: (message: Buffer) => Said,
): Promise<Said | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server.address) ? "udp6" : "udp4");
    let over = false;
    const finish = (said: Said | undefined): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      socket.close();
      resolve(said);
    };
    const timer = setTimeout(() => finish(undefined), timeoutMs);
    socket.on("error", () => finish(undefined));
    socket.on("message", (message) => {
      const said = read(message);
      if (said.kind !== "not-ours") finish(said);
    });
    socket.connect(server.port, server.address, (error?: unknown) => {
      if (error !== undefined && error !== null) finish(undefined);
      else if (!over) socket.send(question, () => {});
    });
  });
}

function overTcp(
  question: Buffer,
  server: DnsServer,
  timeoutMs: number,
  read: (message: Buffer) => Said,
): Promise<Said | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: server.address, port: server.port });
    let over = false;
    const finish = (said: Said | undefined): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      socket.destroy();
      resolve(said);
    };
    const timer = setTimeout(() => finish(undefined), timeoutMs);
    socket.on("error", () => finish(undefined));
    socket.on("close", () => finish(undefined));
    socket.on("connect", () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(question.length);
      socket.write(Buffer.concat([length, question]));
    });
    const chunks: Buffer[] = [];
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (received < 2) return;
      const all = Buffer.concat(chunks, received);
      chunks.splice(0, chunks.length, all);
      const length = all.readUInt16BE(0);
      if (received >= 2 + length) finish(read(all.subarray(2, 2 + length)));
      else if (received > 2 + maxTcpBytes) finish(undefined);
    });
  });
}
