/** Puts the TXT records of DNS-01 (RFC 8555 §8.4) into a zone by dynamic update, over TCP. */
import { randomInt } from "node:crypto";
import { connect } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { type TsigKey, updateResult, writeUpdate } from "../../protocol/dns/update.ts";
import { parseDnsServer } from "../net/dns.ts";
import type { AcmeSettings } from "./settings.ts";

const timeoutMs = 10_000;
const ttlSeconds = 60;

export type DnsChallenge = {
  add(name: string, text: string): Promise<void>;
  remove(name: string, text: string): Promise<void>;
};

/** Throws a sentence where the settings lack something. Its operations reject with one where the server refuses. */
export function makeDnsChallenge(settings: AcmeSettings, now: () => number): DnsChallenge {
  const server = parseDnsServer(settings.dnsServer);
  if (server === undefined) throw new Error(`[acme] dnsServer "${settings.dnsServer}" is no DNS server.`);
  const { tsigName, tsigSecret, tsigAlgorithm } = settings;
  if (tsigAlgorithm !== "hmac-sha256" && tsigAlgorithm !== "hmac-sha512")
    throw new Error(`[acme] tsigAlgorithm "${tsigAlgorithm}" must be hmac-sha256 or hmac-sha512.`);
  if (tsigName === "" || tsigSecret === "")
    throw new Error("[acme] tsigName and tsigSecret must be set for the challenge dns-01.");
  const key: TsigKey = { name: tsigName, algorithm: tsigAlgorithm, secret: Buffer.from(tsigSecret, "base64") };

  const send = async (name: string, text: string, action: "add" | "delete"): Promise<void> => {
    const id = randomInt(65_536);
    // Without a zone of its own setting: the name without its first label ("mail.example.org" is in "example.org").
    const zone = settings.dnsZone !== "" ? settings.dnsZone : name.split(".").slice(2).join(".");
    const update = writeUpdate({ id, zone, name, text, action, ttlSeconds }, key, Math.floor(now() / 1000));
    const answer = await overTcp(server, update);
    const code = updateResult(answer, id);
    if (code !== 0)
      throw new Error(`The DNS server ${settings.dnsServer} refuses to change ${name} (code ${code ?? "unknown"}).`);
  };
  return {
    async add(name, text) {
      await send(name, text, "add");
      await wait(settings.dnsWaitMs); // other servers of the zone fetch it
    },
    remove: (name, text) => send(name, text, "delete"),
  };
}

function overTcp(server: { readonly address: string; readonly port: number }, message: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server.address, port: server.port });
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Error(`The DNS server ${server.address} cannot be asked: ${why}.`));
    };
    socket.setTimeout(timeoutMs, () => fail("it does not answer"));
    socket.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    socket.on("close", () => fail("it closed the connection"));
    socket.on("connect", () => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      socket.write(Buffer.concat([length, message]));
    });
    let all: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      all = Buffer.concat([all, chunk]);
      // A length of 16 bits is the bound.
      if (all.length < 2 || all.length < 2 + all.readUInt16BE(0)) return;
      resolve(all.subarray(2, 2 + all.readUInt16BE(0)));
      socket.destroy();
    });
  });
}
