/** Looks whether DNS has what a domain should have: what is found, what should be, and what it means. */
import { tlsaText } from "../../protocol/policy/dane.ts";
import { stsId } from "../../protocol/policy/mta-sts.ts";
import { checkSpf } from "../../protocol/spf/check.ts";
import { parseSpf } from "../../protocol/spf/record.ts";
import type { Answer, Resolver } from "../net/resolver.ts";
import { publicKeyOf } from "../sign/dkim-keys.ts";
import { mechanism, type WantedRecord } from "./dns-wanted.ts";

/** good: as it should be. other: there is something else that does the same. */
export type RecordState = "good" | "other" | "missing" | "wrong" | "unknown";

export type CheckedRecord = WantedRecord & {
  readonly state: RecordState;
  readonly found: readonly string[];
  /** What is wrong, in a sentence; "" where nothing is. */
  readonly problem: string;
};

type Verdict = Pick<CheckedRecord, "state" | "found" | "problem">;

const recordsOf = <T>(answer: Answer<T>): readonly T[] => (answer.kind === "found" ? answer.records : []);

/** DNS that does not answer says nothing about the record. */
function unknown(answer: Answer<unknown>): Verdict | undefined {
  return answer.kind === "trouble"
    ? { state: "unknown", found: [], problem: `DNS did not answer (${answer.reason}): it is looked at again.` }
    : undefined;
}
const missing = (): Verdict => ({ state: "missing", found: [], problem: "It is not there." });
const good = (found: readonly string[]): Verdict => ({ state: "good", found, problem: "" });
const wrong = (found: readonly string[], problem: string): Verdict => ({ state: "wrong", found, problem });

/** Asks about every record, some at a time. */
export async function checkRecords(
  wanted: readonly WantedRecord[],
  hostname: string,
  resolver: Resolver,
): Promise<readonly CheckedRecord[]> {
  const ours = await addressesOf(hostname, resolver);
  return Promise.all(
    wanted.map(async (record) => ({ ...record, ...(await verdictOf(record, hostname, ours, resolver)) })),
  );
}

async function verdictOf(
  record: WantedRecord,
  hostname: string,
  ours: ReadonlySet<string>,
  resolver: Resolver,
): Promise<Verdict> {
  switch (record.type) {
    case "MX":
      return mx(record, hostname, ours, resolver);
    case "TXT":
      return txt(record, hostname, ours, resolver);
    case "TLSA":
      return tlsa(record, resolver);
    case "SRV":
      return srv(record, hostname, resolver);
    case "CNAME":
      return leadsHere(record, ours, resolver);
    case "A":
    case "AAAA":
      return hostAddress(record, resolver);
    case "PTR":
      return reverse(record, hostname, resolver);
    default:
      return record.type satisfies never;
  }
}

/** A router or a balancer may stand before us: that DNS has an address is all that can be asked for. */
async function hostAddress({ name, type, value }: WantedRecord, resolver: Resolver): Promise<Verdict> {
  const answer = await (type === "A" ? resolver.a(name) : resolver.aaaa(name));
  const found = recordsOf(answer);
  if (found.length > 0) return good(found);
  if (value !== "") return unknown(answer) ?? missing();
  const problem =
    "It is not there. This machine has private addresses alone: take the public one of its router, or of the company that it is rented from.";
  return unknown(answer) ?? { state: "missing", found, problem };
}

async function reverse({ id }: WantedRecord, hostname: string, resolver: Resolver): Promise<Verdict> {
  const answer = await resolver.ptr(id.slice("ptr:".length));
  const found = recordsOf(answer).map((one) => `${one}.`);
  if (found.includes(`${hostname}.`)) return good(found);
  if (found.length === 0) return unknown(answer) ?? missing();
  return wrong(found, `It is ${found.join(", ")}, not ${hostname}: they must be the same.`);
}

async function mx(
  record: WantedRecord,
  hostname: string,
  ours: ReadonlySet<string>,
  resolver: Resolver,
): Promise<Verdict> {
  const { name } = record;
  const answer = await resolver.mx(name);
  const hosts = recordsOf(answer).toSorted((one, other) => one.preference - other.preference);
  const found = hosts.map(({ preference, exchange }) => `${preference} ${exchange}.`);
  const here = hosts.find(({ exchange }) => exchange === hostname);
  const first = hosts.find(({ preference }) => here !== undefined && preference < here.preference);
  if (here !== undefined && first === undefined) return good(found);
  if (here !== undefined)
    return {
      state: "other",
      found,
      problem: `Its mail goes to ${first?.exchange} first, and to ${hostname} only while that is away.`,
    };
  if (found.length === 0) {
    // RFC 5321 §5.1: a host without MX gets its own mail, so that an alias of ours is as good for bounces.
    const direct =
      answer.kind !== "trouble" && record.id === "return-path" && (await leadsHere(record, ours, resolver));
    if (direct !== false && direct.state === "good") return { ...direct, state: "other" };
    return unknown(answer) ?? missing();
  }
  // RFC 7505.
  if (hosts.every(({ exchange }) => exchange === "" || exchange === "."))
    return wrong(found, "It says that the domain takes no mail at all (a null MX).");
  return wrong(found, `Its mail goes to ${found.join(", ")}, not to ${hostname}.`);
}

const isSpfRecord = ({ id }: WantedRecord): boolean => id === "spf" || id === "return-path-spf";
const squeezed = (text: string): string => text.replaceAll(/[\s;]+/g, ";").replace(/;$/, "");

async function txt(
  record: WantedRecord,
  hostname: string,
  ours: ReadonlySet<string>,
  resolver: Resolver,
): Promise<Verdict> {
  const answer = await resolver.txt(record.name);
  const tag = record.value === "" ? "v=" : (/^v=[^ ;]+/.exec(record.value)?.[0] ?? record.value);
  const found = recordsOf(answer).filter((text) => text.toLowerCase().startsWith(tag.toLowerCase()));
  const [only] = found;
  if (record.value === "" && only !== undefined) return { state: "other", found, problem: "" };
  if (only === undefined) {
    const others = recordsOf(answer);
    // A name that is for such a record alone has something else: what was meant does not count.
    if (others.length > 0 && !isSpfRecord(record))
      return wrong(others, `What is there does not count: such a record begins with ${tag}.`);
    return unknown(answer) ?? missing();
  }
  if (found.length > 1)
    return wrong(found, `There are ${found.length} such records: it must be one, or none of them counts.`);
  if (squeezed(only) === squeezed(record.value)) return good(found);
  if (record.id.startsWith("dkim:")) return dkim(only, record.value);
  if (isSpfRecord(record)) return spf(only, record, hostname, ours, resolver);
  switch (record.id) {
    case "mta-sts":
      return stsId([only]) === stsId([record.value])
        ? good(found)
        : wrong(found, "It has not the id of the policy that is served: others keep the old one.");
    case "tls-rpt":
      if (/;\s*rua\s*=\s*(?:mailto|https):/i.test(only)) return { state: "other", found, problem: "" };
      return wrong(found, "It names no place for the reports (rua=mailto:…).");
    case "dmarc":
      return dmarc(only, record.name);
    default:
      return { state: "other", found, problem: "It says something else than we would; that may be as you want it." };
  }
}

function dkim(text: string, wanted: string): Verdict {
  const [key = "", ours = ""] = [publicKeyOf(text), publicKeyOf(wanted)];
  if (key === ours) return good([text]);
  if (key === "") return wrong([text], "It is empty (p=): so a key is withdrawn.");
  if (ours.startsWith(key))
    return wrong(
      [text],
      "It is cut off: the whole text belongs into one record, where needed in several strings of up to 255 characters.",
    );
  return wrong([text], "It is another key than the one we sign with.");
}

const maxAddresses = 16;

/** A record of one's own is as good, if mail from here passes it. */
async function spf(
  text: string,
  { name, senders }: WantedRecord,
  hostname: string,
  ours: ReadonlySet<string>,
  resolver: Resolver,
): Promise<Verdict> {
  const found = [text];
  const parsed = parseSpf(text);
  if (typeof parsed === "string") return wrong(found, `It does not count, for it cannot be read: ${parsed}.`);
  const terms = text.toLowerCase().split(/\s+/).slice(1);
  if (terms.includes("+all") || terms.includes("all"))
    return wrong(found, "It lets the whole world send for the domain.");
  const request = { helo: hostname, envelopeFrom: `postmaster@${name}`, ourHost: hostname, now: Date.now() };
  const addresses = senders ?? [...ours];
  for (const address of addresses.slice(0, maxAddresses)) {
    const { result, reason } = await checkSpf({ ...request, address }, resolver);
    if (result === "permerror") return wrong(found, `It does not count, for receivers give up on it: ${reason}.`);
    if (result === "temperror")
      return { state: "unknown", found, problem: "DNS did not answer: it is looked at again." };
    if (result !== "pass")
      return wrong(
        found,
        senders === undefined
          ? `It does not let ${hostname} (${address}) send: add mx.`
          : `It does not let us send from ${address}: add ${mechanism(address)}.`,
      );
  }
  if (addresses.length > 0) return { state: "other", found, problem: "" };
  // A server without an address: by the look of it.
  const allows = terms.some(
    (term) =>
      /^\+?mx(?:$|[:/])/.test(term) ||
      /^\+?(?:include|redirect)[:=]/.test(term) ||
      term.replace(/^\+/, "") === `a:${hostname}`,
  );
  return allows ? { state: "other", found, problem: "" } : wrong(found, `It does not let ${hostname} send: add mx.`);
}

function dmarc(text: string, name: string): Verdict {
  const found = [text];
  const tags = new Map(text.split(";").map((part) => part.split("=", 2).map((one) => one.trim()) as [string, string]));
  if (!/^(?:none|quarantine|reject)$/i.test(tags.get("p") ?? ""))
    return { state: "wrong", found, problem: "It has no policy (p=none, quarantine or reject)." };
  const reports = tags.get("rua") ?? "";
  return reports === ""
    ? {
        state: "other",
        found,
        problem: `It asks for no reports: add rua=mailto:dmarc-reports@${name.replace(/^_dmarc\./, "")}.`,
      }
    : { state: "other", found, problem: "" };
}

async function tlsa({ name, value, id }: WantedRecord, resolver: Resolver): Promise<Verdict> {
  const answer = await resolver.tlsa(name);
  const found = recordsOf(answer).map(tlsaText);
  if (found.includes(value)) return good(found);
  if (found.length === 0) return unknown(answer) ?? missing();
  return id === "tlsa"
    ? { state: "wrong", found, problem: "None of them is our key: servers that honour DANE deliver nothing here." }
    : { state: "missing", found, problem: "The key that comes next is not among them." };
}

async function srv({ name, value }: WantedRecord, hostname: string, resolver: Resolver): Promise<Verdict> {
  const answer = await (resolver.srv?.(name) ?? ({ kind: "trouble", reason: "refused" } as const));
  const found = recordsOf(answer).map(
    ({ priority, weight, port, target }) => `${priority} ${weight} ${port} ${target}.`,
  );
  const port = Number(value.split(" ")[2]);
  if (recordsOf(answer).some((one) => one.port === port && one.target === hostname)) return good(found);
  if (found.length === 0) return unknown(answer) ?? missing();
  return { state: "wrong", found, problem: `It leads elsewhere than to ${hostname}, port ${port}.` };
}

/** Whether it is an alias or has addresses of its own does not matter, only where they lead. */
async function leadsHere({ name }: WantedRecord, ours: ReadonlySet<string>, resolver: Resolver): Promise<Verdict> {
  const [v4, v6] = await Promise.all([resolver.a(name), resolver.aaaa(name)]);
  const found = [...recordsOf(v4), ...recordsOf(v6)];
  if (found.length === 0) return unknown(v4) ?? unknown(v6) ?? missing();
  const elsewhere = found.filter((address) => !ours.has(address));
  if (ours.size > 0 && elsewhere.length === 0) return good(found);
  return { state: "wrong", found, problem: `It leads to ${elsewhere.join(", ")}, which is not this server.` };
}

async function addressesOf(host: string, resolver: Resolver): Promise<ReadonlySet<string>> {
  const [v4, v6] = await Promise.all([resolver.a(host), resolver.aaaa(host)]);
  return new Set([...recordsOf(v4), ...recordsOf(v6)]);
}

// ---------------------------------------------------------------- the whole

export type DomainStanding = "good" | "works" | "broken" | "unknown";

/** good: all that must and should be is there. works: what must be is. */
/** What mail needs and is not there (or nobody knows), and whatever is there and is wrong. */
export const isLack = ({ need, state }: Pick<CheckedRecord, "state" | "need">): boolean =>
  state === "wrong" || (need === "must" && (state === "missing" || state === "unknown"));

export function standingOf(records: readonly Pick<CheckedRecord, "state" | "need">[]): DomainStanding {
  const bad = ({ state }: Pick<CheckedRecord, "state">): boolean => state === "missing" || state === "wrong";
  const must = records.filter(({ need }) => need === "must");
  if (must.some(bad)) return "broken";
  if (must.some(({ state }) => state === "unknown")) return "unknown";
  const others = records.filter((one) => bad(one) && (one.need === "should" || one.state === "wrong"));
  return others.length > 0 ? "works" : "good";
}
