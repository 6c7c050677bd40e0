/** DNS messages to and from answers as values. The codec is `dns-packet`; what a server says is checked here. */
import { decode, encode, type Answer as Record, type RecordType } from "dns-packet";
import ipaddr from "ipaddr.js";
import type { Answer, Mx, Srv, Tlsa } from "./resolver.ts";

export type QuestionType = "MX" | "A" | "AAAA" | "TXT" | "TLSA" | "PTR" | "SRV";
export type Value = Mx | Tlsa | Srv | string;

const recursionDesired = 1 << 8;
const authenticData = 1 << 5;
const dnssecOk = 1 << 15;
/** RFC 9715: fits every path without fragments. */
const udpPayloadBytes = 1232;

/** A question with recursion wanted, AD (RFC 6840 §5.7) and, with EDNS, DO set. */
export function encodeQuestion(id: number, name: string, type: QuestionType, edns: boolean): Buffer {
  return encode({
    type: "query",
    id,
    flags: recursionDesired | authenticData,
    questions: [{ type, name, class: "IN" }],
    additionals: edns
      ? [
          {
            type: "OPT",
            name: ".",
            udpPayloadSize: udpPayloadBytes,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: dnssecOk,
            flag_do: true,
            options: [],
          },
        ]
      : [],
  });
}

/** What a server's message comes to. `follow`: it ends at an alias whose target is still to be asked. */
export type Said =
  | { readonly kind: "answer"; readonly answer: Answer<Value> }
  | { readonly kind: "follow"; readonly name: string; readonly secure: boolean; readonly ttlSeconds: number }
  | { readonly kind: "truncated" | "no-edns" | "not-ours" };

const maxAliases = 16;
const maxNegativeTtlSeconds = 3600;
const defaultNegativeTtlSeconds = 60;
/** RFC 8767: no answer is good for longer than a week; a day is enough for us. */
const maxTtlSeconds = 86_400;

const malformed: Said = { kind: "answer", answer: { kind: "trouble", reason: "malformed" } };

/** Reads an answer to a question. `believeAd`: the server's word that DNSSEC vouches for it is taken. */
export function readAnswer(message: Buffer, id: number, name: string, type: QuestionType, believeAd: boolean): Said {
  let packet: ReturnType<typeof decode>;
  try {
    packet = decode(message);
  } catch {
    return message.length >= 2 && message.readUInt16BE(0) === id ? malformed : { kind: "not-ours" };
  }
  const question = packet.questions?.[0];
  if (packet.type !== "response" || packet.id !== id) return { kind: "not-ours" };
  const code = (packet.flags ?? 0) & 15;
  if (code === 1 || code === 4) return { kind: "no-edns" };
  if (question === undefined || normalName(question.name) !== name || question.type !== type)
    return { kind: "not-ours" };
  if (packet.flag_tc) return { kind: "truncated" };
  // The codec goes on where a record says that it is longer than what there is.
  if (!(decode.bytes <= message.length)) return malformed; // it may be NaN
  if (code === 5) return { kind: "answer", answer: { kind: "trouble", reason: "refused" } };
  if (code !== 0 && code !== 3) return { kind: "answer", answer: { kind: "trouble", reason: "servfail" } };
  const secure = believeAd && packet.flag_ad;
  const records = packet.answers ?? [];
  let owner = name;
  let ttlSeconds = maxTtlSeconds;
  for (let aliases = 0; ; aliases++) {
    const here = records.filter((record) => normalName(record.name) === owner);
    const found = here.filter((record) => record.type === type);
    if (found.length > 0) {
      for (const record of found) ttlSeconds = Math.min(ttlSeconds, ttlOf(record));
      const values = found.map((record) => valueIn(record, type)).filter((value) => value !== undefined);
      if (values.length === 0) return malformed;
      return {
        kind: "answer",
        answer: { kind: "found", records: values, secure, ttlSeconds, ...ownerOf(owner, name) },
      };
    }
    const alias = here.find((record) => record.type === ("CNAME" satisfies RecordType));
    if (alias?.type !== "CNAME" || typeof alias.data !== "string") break;
    if (aliases === maxAliases) return malformed; // perhaps in a ring
    ttlSeconds = Math.min(ttlSeconds, ttlOf(alias));
    owner = normalName(alias.data);
  }
  const exists = code === 0;
  if (exists && owner !== name && !hasSoa(packet.authorities))
    return { kind: "follow", name: owner, secure, ttlSeconds };
  return {
    kind: "answer",
    answer: { kind: "none", exists, secure, ttlSeconds: Math.min(ttlSeconds, negativeTtl(packet.authorities)) },
  };
}

const ownerOf = (owner: string, asked: string): { readonly owner?: string } => (owner === asked ? {} : { owner });

/** RFC 1035 §2.3.4: labels of 1 to 63 octets, 253 in all as text. (The codec would write others, wrongly.) */
export function isName(name: string): boolean {
  return name.length <= 253 && /^(?:[\x21-\x2d\x2f-\x7e]{1,63})(?:\.[\x21-\x2d\x2f-\x7e]{1,63})*$/.test(name);
}

/** Lower case, without the trailing dot. */
export function normalName(name: string): string {
  return (name.endsWith(".") ? name.slice(0, -1) : name).toLowerCase();
}

/** "192.0.2.1" → "1.2.0.192.in-addr.arpa"; undefined for what is no address. */
export function reverseName(address: string): string | undefined {
  if (!ipaddr.isValid(address)) return undefined;
  const bytes = ipaddr.process(address).toByteArray();
  if (bytes.length === 4) return `${bytes.reverse().join(".")}.in-addr.arpa`;
  const nibbles = bytes.flatMap((byte) => [byte >> 4, byte & 15]).reverse();
  return `${nibbles.map((nibble) => nibble.toString(16)).join(".")}.ip6.arpa`;
}

function ttlOf(record: Record): number {
  return "ttl" in record && record.ttl !== undefined && record.ttl >= 0 ? record.ttl : 0;
}

function hasSoa(authorities: readonly Record[] | undefined): boolean {
  return authorities?.some(({ type }) => type === "SOA") ?? false;
}

/** RFC 2308 §5: the lesser of the SOA record's TTL and its minimum. */
function negativeTtl(authorities: readonly Record[] | undefined): number {
  const soa = authorities?.find((record) => record.type === "SOA");
  if (soa?.type !== "SOA") return defaultNegativeTtlSeconds;
  return Math.min(ttlOf(soa), soa.data.minimum ?? 0, maxNegativeTtlSeconds);
}

function valueIn(record: Record, type: QuestionType): Value | undefined {
  switch (record.type) {
    case "MX":
      return { preference: record.data.preference ?? 0, exchange: normalName(record.data.exchange) };
    case "TLSA": {
      const { usage, selector, matchingType, certificate } = record.data;
      return { usage, selector, matchingType, data: certificate };
    }
    case "SRV": {
      const { priority = 0, weight = 0, port, target } = record.data;
      return { priority, weight, port, target: normalName(target) };
    }
    case "TXT": {
      const parts = Array.isArray(record.data) ? record.data : [record.data];
      return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part))).toString("utf8");
    }
    case "PTR":
      return normalName(record.data);
    case "A":
    case "AAAA":
      return record.type === type ? record.data : undefined;
    default:
      return undefined;
  }
}
