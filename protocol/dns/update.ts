/** Dynamic DNS updates (RFC 2136), authenticated by TSIG (RFC 8945). Pure: ids and times are given. */
import { createHmac } from "node:crypto";
import { parseIp4, parseIp6 } from "../ip.ts";

export type TsigKey = {
  readonly name: string;
  readonly algorithm: "hmac-sha256" | "hmac-sha512";
  readonly secret: Buffer;
};

/** One record, its value as a zone file has it with full names; TXT is one text (ASCII), written in strings of at most 255 bytes. */
export type RecordChange = {
  readonly action: "add" | "delete";
  readonly name: string;
  readonly type: "A" | "AAAA" | "PTR" | "TXT" | "MX" | "CNAME" | "SRV" | "TLSA";
  readonly value: string;
  readonly ttlSeconds: number;
};

const [classIn, classNone, classAny] = [1, 254, 255];
const typeNumbers = { A: 1, CNAME: 5, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33, TLSA: 52 } as const;
const [typeSoa, typeTsig] = [6, 250];
const opcodeUpdate = 5;
const fudgeSeconds = 300;

/** The message that makes all changes, or none of them (RFC 2136 §3.7). `nowSeconds`: since 1970. Throws on a value that is none of its type. */
export function writeUpdates(
  update: { readonly id: number; readonly zone: string; readonly changes: readonly RecordChange[] },
  key: TsigKey,
  nowSeconds: number,
): Buffer {
  const { id, zone, changes } = update;
  const message = Buffer.concat([
    shorts(id, opcodeUpdate << 11, 1, 0, changes.length, 0),
    nameBytes(zone),
    shorts(typeSoa, classIn),
    ...changes.map(changeBytes),
  ]);
  return signed(message, id, key, nowSeconds);
}

function changeBytes({ action, name, type, value, ttlSeconds }: RecordChange): Buffer {
  const rdata = rdataOf(type, value);
  return Buffer.concat([
    nameBytes(name),
    // RFC 2136 §2.5.1, §2.5.4: class NONE takes away the very record.
    shorts(typeNumbers[type], action === "add" ? classIn : classNone),
    long(action === "add" ? ttlSeconds : 0),
    shorts(rdata.length),
    rdata,
  ]);
}

function rdataOf(type: RecordChange["type"], value: string): Buffer {
  const parts = value.trim().split(/\s+/);
  const number = (at: number): number => {
    const found = Number(parts[at]);
    if (!Number.isInteger(found) || found < 0 || found > 65_535) throw new Error(`"${value}" is no ${type} record.`);
    return found;
  };
  switch (type) {
    case "TXT":
      return Buffer.concat(
        (value.match(/.{1,255}/gs) ?? [""]).flatMap((part) => [
          Buffer.from([part.length]),
          Buffer.from(part, "latin1"),
        ]),
      );
    case "MX":
      return Buffer.concat([shorts(number(0)), nameBytes(parts[1] ?? "")]);
    case "CNAME":
    case "PTR":
      return nameBytes(value);
    case "A":
    case "AAAA": {
      const address = (type === "A" ? parseIp4 : parseIp6)(value);
      if (address === undefined) throw new Error(`"${value}" is no ${type} record.`);
      return Buffer.from(address);
    }
    case "SRV":
      return Buffer.concat([shorts(number(0), number(1), number(2)), nameBytes(parts[3] ?? "")]);
    case "TLSA":
      return Buffer.concat([
        Buffer.from([number(0), number(1), number(2)]),
        Buffer.from(parts.slice(3).join(""), "hex"),
      ]);
    default:
      return type satisfies never;
  }
}
/** RFC 8945 §4.2, §4.3.3: the record at the end of the message, and what its MAC is of. */
function signed(message: Buffer, id: number, key: TsigKey, nowSeconds: number): Buffer {
  const owner = nameBytes(key.name.toLowerCase());
  const algorithm = nameBytes(key.algorithm);
  const time = Buffer.alloc(6);
  time.writeUIntBE(nowSeconds, 0, 6);
  const variables = Buffer.concat([
    owner,
    shorts(classAny),
    long(0),
    algorithm,
    time,
    shorts(fudgeSeconds, 0, 0), // fudge, error, other length
  ]);
  const mac = createHmac(key.algorithm.slice("hmac-".length), key.secret).update(message).update(variables).digest();
  const rdata = Buffer.concat([algorithm, time, shorts(fudgeSeconds, mac.length), mac, shorts(id, 0, 0)]);
  const whole = Buffer.concat([message, owner, shorts(typeTsig, classAny), long(0), shorts(rdata.length), rdata]);
  whole.writeUInt16BE(1, 10); // one additional record
  return whole;
}

/** The response code of an answer to an update, or undefined where it is no answer to this one. */
export function updateResult(answer: Buffer, id: number): number | undefined {
  if (answer.length < 12 || answer.readUInt16BE(0) !== id || (answer[2]! & 0x80) === 0) return undefined;
  return answer[3]! & 15;
}

function nameBytes(name: string): Buffer {
  const labels = name
    .replace(/\.$/, "")
    .split(".")
    .filter((label) => label !== "");
  return Buffer.concat([
    ...labels.flatMap((label) => [
      Buffer.from([Math.min(63, label.length)]),
      Buffer.from(label.slice(0, 63), "latin1"),
    ]),
    Buffer.from([0]),
  ]);
}

function shorts(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [at, value] of values.entries()) bytes.writeUInt16BE(value, at * 2);
  return bytes;
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
