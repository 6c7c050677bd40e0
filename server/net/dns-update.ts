/** Sends dynamic updates (RFC 2136) to a DNS server, over TCP. */
import { randomInt } from "node:crypto";
import { connect } from "node:net";
import { type RecordChange, type TsigKey, updateResult, writeUpdates } from "../../protocol/dns/update.ts";
import { parseDnsServer } from "./dns.ts";

const timeoutMs = 10_000;

/** Where updates go, and with which key. */
export type DnsUpdateSettings = {
  readonly dnsServer: string;
  /** "": worked out from the name. */
  readonly dnsZone: string;
  readonly tsigName: string;
  readonly tsigSecret: string;
  readonly tsigAlgorithm: string;
};

export type DnsUpdater = {
  /** All changes or none. Rejects with a sentence where the server refuses. */
  readonly change: (zone: string, changes: readonly RecordChange[]) => Promise<void>;
};

/** RFC 2136 §2.2, RFC 8945 §3: what the codes of refusals mean for whoever set this up. */
const codes: { readonly [code: number]: string } = {
  1: "it does not understand the update",
  2: "it has trouble of its own",
  4: "it takes no updates",
  5: "it refuses: may this key update this zone?",
  9: "it does not serve this zone, or does not know the key",
  10: "a name is not in this zone",
  16: "the key is wrong",
  17: "it does not know the key",
  18: "its clock and ours differ",
};

/** Throws a sentence where the settings lack something. */
export function makeDnsUpdater(settings: DnsUpdateSettings, now: () => number): DnsUpdater {
  const { dnsServer, tsigName, tsigSecret, tsigAlgorithm } = settings;
  const server = parseDnsServer(dnsServer);
  if (server === undefined) throw new Error(`[acme] dnsServer "${dnsServer}" is no DNS server.`);
  if (tsigAlgorithm !== "hmac-sha256" && tsigAlgorithm !== "hmac-sha512")
    throw new Error(`[acme] tsigAlgorithm "${tsigAlgorithm}" must be hmac-sha256 or hmac-sha512.`);
  if (tsigName === "" || tsigSecret === "")
    throw new Error("[acme] tsigName and tsigSecret must be set for dynamic updates.");
  const key: TsigKey = { name: tsigName, algorithm: tsigAlgorithm, secret: Buffer.from(tsigSecret, "base64") };
  return {
    async change(zone, changes) {
      const id = randomInt(65_536);
      const answer = await overTcp(server, writeUpdates({ id, zone, changes }, key, Math.floor(now() / 1000)));
      const code = updateResult(answer, id);
      if (code === 0) return;
      const names = [...new Set(changes.map(({ name }) => name))].slice(0, 3).join(", ");
      const why = code === undefined ? "its answer is none" : `${codes[code] ?? "it says so"} (code ${code})`;
      throw new Error(`The DNS server ${dnsServer} refuses to change ${names} in ${zone}: ${why}.`);
    },
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
