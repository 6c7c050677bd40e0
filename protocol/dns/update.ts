/** A dynamic DNS update (RFC 2136) of one TXT record, authenticated by TSIG (RFC 8945). Pure: ids and times are given. */
import { createHmac } from "node:crypto";

export type TsigKey = {
  readonly name: string;
  readonly algorithm: "hmac-sha256" | "hmac-sha512";
  readonly secret: Buffer;
};

export type TxtUpdate = {
  readonly id: number; // 16 bits
  readonly zone: string;
  readonly name: string;
  readonly text: string; // ASCII; written in strings of at most 255 bytes
  readonly action: "add" | "delete";
  readonly ttlSeconds: number;
};

const [classIn, classNone, classAny] = [1, 254, 255];
const [typeSoa, typeTxt, typeTsig] = [6, 16, 250];
const opcodeUpdate = 5;
const fudgeSeconds = 300;

/** The message to send. `nowSeconds`: since 1970. */
export function writeUpdate(update: TxtUpdate, key: TsigKey, nowSeconds: number): Buffer {
  const { id, zone, name, text, action, ttlSeconds } = update;
  const rdata = Buffer.concat(
    (text.match(/.{1,255}/gs) ?? [""]).flatMap((part) => [Buffer.from([part.length]), Buffer.from(part, "latin1")]),
  );
  const message = Buffer.concat([
    shorts(id, opcodeUpdate << 11, 1, 0, 1, 0),
    nameBytes(zone),
    shorts(typeSoa, classIn),
    nameBytes(name),
    // RFC 2136 §2.5.1, §2.5.4: class NONE takes away the very record.
    shorts(typeTxt, action === "add" ? classIn : classNone),
    long(action === "add" ? ttlSeconds : 0),
    shorts(rdata.length),
    rdata,
  ]);
  return signed(message, id, key, nowSeconds);
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
