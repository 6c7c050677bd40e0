/** The DNS of a hosted domain: wanted, checked, published. */

import type { RecordChange } from "../../protocol/dns/update.ts";
import { loadModel } from "../dispatch/edit.ts";
import { defaultName, membersOf, type Named } from "../dispatch/model.ts";
import { type DnsUpdateSettings, makeDnsUpdater } from "../net/dns-update.ts";
import { publicAddresses } from "../net/public-addresses.ts";
import { readDkimKeys } from "../sign/dkim-keys.ts";
import { domainSettings } from "../store/domain-settings.ts";
import type { Domain } from "../store/store.ts";
import type { World } from "./command.ts";
import { no, type Refused, time } from "./command.ts";
import { type CheckedRecord, checkRecords, type DomainStanding, standingOf } from "./dns-check.ts";
import { isInZone } from "./dns-records.ts";
import { type SendingDns, type WantedRecord, wantedRecords } from "./dns-wanted.ts";

const ttlSeconds = 3600;

export type DomainCheck = {
  readonly domain: string;
  readonly at: string;
  readonly standing: DomainStanding;
  /** What is wrong with the server itself, for all domains alike; "" where nothing is. */
  readonly problem: string;
  readonly records: readonly CheckedRecord[];
};

/** Where the check that the server makes by itself is kept. */
export const checkPrefix = domainSettings.dnsCheck;

/** What is remembered of a check: enough for a list and to see what has changed, and little, for there may be twenty thousand. */
export type KeptCheck = Pick<DomainCheck, "at" | "standing" | "problem"> & {
  /** What is missing or wrong: labels by the ids of records. */
  readonly lacks: { readonly [id: string]: string };
  /** The ids of the others, with spaces between. */
  readonly there: string;
};

const isBad = ({ state }: Pick<CheckedRecord, "state">): boolean => state === "missing" || state === "wrong";

export const kept = ({ at, standing, problem, records }: DomainCheck): KeptCheck => ({
  at,
  standing,
  problem,
  lacks: Object.fromEntries(records.filter(isBad).map(({ id, label }) => [id, label])),
  there: records
    .filter((record) => !isBad(record))
    .map(({ id }) => id)
    .join(" "),
});

/** As an earlier version kept it: all records, each with its state. */
type FormerCheck = Omit<KeptCheck, "lacks" | "there"> & {
  readonly records: { readonly [id: string]: Pick<CheckedRecord, "state" | "label"> };
};

/** What a setting holds that begins with `checkPrefix`. */
export function keptCheck(value: unknown): KeptCheck | undefined {
  if (value === undefined) return undefined;
  const found = value as KeptCheck | FormerCheck;
  if (!("records" in found)) return found;
  const { records, ...rest } = found;
  return {
    ...rest,
    lacks: Object.fromEntries(
      Object.entries(records).flatMap(([id, one]) => (isBad(one) ? [[id, one.label] as const] : [])),
    ),
    there: Object.keys(records)
      .filter((id) => !isBad(records[id]!))
      .join(" "),
  };
}

/** What the server's own checks have found last, by domain; a domain that is not there has not been looked at yet. */
export async function standingsOf(store: Pick<World["store"], "settings">): Promise<ReadonlyMap<string, KeptCheck>> {
  const all = await store.settings(checkPrefix);
  return new Map(all.map(({ key, value }) => [key.slice(checkPrefix.length), keptCheck(value) as KeptCheck]));
}

type Used = Pick<World, "store" | "hostname" | "tlsa" | "now"> & Partial<Pick<World, "resolver" | "sending" | "keys">>;

/** `addresses`: of the host, as DNS shows them; none: those of this machine. */
export async function wantedOf(
  world: Pick<Used, "store" | "hostname" | "tlsa" | "sending">,
  domain: Domain,
  addresses: readonly string[] = [],
): Promise<readonly WantedRecord[]> {
  const { store, hostname, tlsa } = world;
  const keys = (await readDkimKeys(store, domain.name))?.keys ?? [];
  const sending = sendingDns(world.sending?.model() ?? (await loadModel(store)), domain.name);
  return wantedRecords({
    domain,
    hostname,
    keys,
    tlsa: tlsa(),
    sending,
    addresses: addresses.length > 0 ? addresses : publicAddresses(),
  });
}

/** Where bounces and links of a sending domain lead, and what addresses its mail leaves from. */
function sendingDns({ domain, source, pool }: Named, name: string): SendingDns | undefined {
  const { returnPath = "", trackingHost = "" } = domain.get(name) ?? {};
  const addressesOf = (names: Iterable<string>): readonly string[] => [
    ...new Set(
      [...names]
        .map((one) => source.get(one))
        .flatMap((one) => (one === undefined || one.state === "retired" || one.address === "" ? [] : [one.address])),
    ),
  ];
  const own = addressesOf(membersOf(pool.get(defaultName)?.sources ?? []).keys());
  if (!domain.has(name)) return own.length === 0 ? undefined : { returnPath, trackingHost, own, bulk: own };
  return { returnPath, trackingHost, own, bulk: addressesOf(source.keys()) };
}

/** Asks DNS now, by `resolver` where another one is given than the server's; undefined where it cannot be asked. DKIM keys that it shows sign from now on. */
export async function checkDomain(
  world: Used,
  domain: Domain,
  resolver = world.resolver?.fresh ?? world.resolver,
): Promise<DomainCheck | undefined> {
  const { hostname, now } = world;
  if (resolver === undefined) return undefined;
  await world.keys?.look(domain.name);
  const [v4, v6] = await Promise.all([resolver.a(hostname), resolver.aaaa(hostname)]);
  const shown = [v4, v6].flatMap((answer) => (answer.kind === "found" ? answer.records.toSorted() : []));
  const records = await checkRecords(await wantedOf(world, domain, shown), hostname, resolver);
  const nowhere = v4.kind === "none" && v6.kind !== "found";
  return {
    domain: domain.name,
    at: time(now()) as string,
    standing: nowhere ? "broken" : standingOf(records),
    problem: nowhere
      ? `${hostname}, the name of this server, has no address (A or AAAA): nobody can deliver here.`
      : "",
    records,
  };
}

export type Published = {
  readonly published: readonly { readonly name: string; readonly type: string; readonly value: string }[];
  readonly removed: readonly { readonly name: string; readonly type: string; readonly value: string }[];
  /** What is wrong in DNS and was left alone. */
  readonly left: readonly { readonly name: string; readonly type: string; readonly problem: string }[];
};

/** Puts what is missing into the zone; with `replace` what is wrong goes out of it in the same update. */
export async function publishMissing(
  world: Used & Partial<Pick<World, "dnsUpdate">>,
  domain: Domain,
  how: {
    readonly replace: boolean;
    readonly server?: string | undefined;
    readonly zone?: string | undefined;
    readonly tsigName?: string | undefined;
    readonly tsigSecret?: string | undefined;
    readonly tsigAlgorithm?: string | undefined;
  },
): Promise<Published | Refused> {
  const check = await checkDomain(world, domain);
  if (check === undefined) return no("DNS cannot be asked here.");
  const base = world.dnsUpdate;
  const settings: DnsUpdateSettings = {
    dnsServer: how.server ?? base?.dnsServer ?? "",
    dnsZone: how.zone ?? base?.dnsZone ?? "",
    tsigName: how.tsigName ?? base?.tsigName ?? "",
    tsigSecret: how.tsigSecret ?? base?.tsigSecret ?? "",
    tsigAlgorithm: how.tsigAlgorithm ?? base?.tsigAlgorithm ?? "hmac-sha256",
  };
  const zone = settings.dnsZone === "" ? domain.name : settings.dnsZone;
  const adds: RecordChange[] = [];
  const removes: RecordChange[] = [];
  const left: { name: string; type: string; problem: string }[] = [];
  for (const record of check.records) {
    const { name, type, value, state, problem, found } = record;
    if (state !== "missing" && state !== "wrong") continue;
    if (value === "") continue;
    if (!isInZone(name, zone)) {
      left.push({ name, type, problem: `It is not in the zone ${zone}.` });
      continue;
    }
    if (state === "wrong" && !how.replace) {
      left.push({ name, type, problem });
      continue;
    }
    // What leads elsewhere by addresses of its own is for a person to take away.
    if (state === "wrong" && type === "CNAME") {
      left.push({ name, type, problem });
      continue;
    }
    if (state === "wrong")
      for (const former of found) removes.push({ action: "delete", name, type, value: former, ttlSeconds: 0 });
    adds.push({ action: "add", name, type, value, ttlSeconds });
  }
  if (adds.length > 0) {
    try {
      await makeDnsUpdater(settings, world.now).change(zone, [...removes, ...adds]);
    } catch (error) {
      return no((error as Error).message);
    }
  }
  const shown = ({ name, type, value }: RecordChange) => ({ name, type, value });
  return { published: adds.map(shown), removed: removes.map(shown), left };
}
