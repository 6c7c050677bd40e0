/** Looks at the DNS of every domain by itself, remembers what it found, and alarms when something that was there is gone. */
import type { World } from "../admin/command.ts";
import type { DomainStanding, RecordState } from "../admin/dns-check.ts";
import {
  checkDomain,
  checkPrefix,
  type DomainCheck,
  type KeptCheck,
  kept,
  keptCheck,
  standingsOf,
} from "../admin/domain-dns.ts";
import type { Log } from "../base/log.ts";
import { domainEvent } from "../dispatch/happenings.ts";
import { sparingResolver } from "../net/sparing-resolver.ts";
import type { Domain } from "../store/store.ts";

const minuteMs = 60_000;
/** How often it is looked whose turn it is. */
const lookEveryMs = minuteMs;
/** When a domain is looked at again: one whose mail works, and one where something that it needs is missing, sooner at first: somebody is at it. */
const goodMs = 60 * minuteMs;
const brokenMs = [5 * minuteMs, 5 * minuteMs, 10 * minuteMs, 30 * minuteMs, goodMs] as const;
/** Domains of one look: the share that comes round twice within an hour, and at least so many. */
const lookShare = 1 / 30;
const minOfLook = 50;
/** Domains and questions under way at once: the resolver has room for four times as many, which mail needs. */
const maxAtOnce = 8;
const maxQuestions = 25;

const isBad = (state: RecordState): boolean => state === "missing" || state === "wrong";

/** What was good and is not any more, in sentences. */
export function drift(before: KeptCheck | undefined, now: DomainCheck): readonly string[] {
  if (before === undefined) return [];
  const there = new Set(before.there.split(" "));
  return now.records
    .filter(({ id, state }) => isBad(state) && there.has(id))
    .map(
      ({ label, name, type, problem, breaks }) =>
        `${label} (${name} ${type}) was right and is not any more: ${problem} ${breaks}`,
    );
}

/** Whether mail of a domain has become good to go, or has ceased to be; undefined: it is as it was, or nobody knows. */
export function verifiedNow(
  before: DomainCheck["standing"] | undefined,
  now: DomainCheck["standing"],
): boolean | undefined {
  const isGood = (one: typeof before): boolean => one === "good" || one === "works";
  if (now === "unknown" || isGood(before) === isGood(now)) return undefined;
  return isGood(now);
}

export function watchDomains(parts: { readonly world: () => World; readonly log: Log }): {
  readonly start: () => void;
  readonly stop: () => void;
  readonly look: () => Promise<void>;
  /** Keeps what a check has found, whoever asked for it, and alarms where something is gone. */
  readonly remember: (check: DomainCheck) => Promise<void>;
} {
  const { log } = parts;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  /** When each is looked at again; what is not there has not been looked at since the start. */
  const turns = new Map<string, { readonly at: number; readonly broken: number }>();
  /** What was known at the start. */
  let known: ReadonlyMap<string, DomainStanding> | undefined;

  const remember = async (check: DomainCheck): Promise<void> => {
    const { store, now, sending } = parts.world();
    const { domain } = check;
    const key = checkPrefix + domain;
    const before = keptCheck(await store.setting(key));
    const { at: _, ...fresh } = kept(check);
    const { at: __, ...former } = before ?? { at: "" };
    const alarms = drift(before, check);
    for (const alarm of alarms) log.error({ domain }, alarm);
    if (alarms.length > 0)
      await store.noteAudit([
        {
          at: now(),
          tenant: (await store.hostedDomains({ kind: "all" }, { limit: 1, domain }))[0]?.tenant ?? 0,
          actor: "the server",
          via: "server",
          remote: "",
          action: "DNS has changed",
          target: domain,
          detail: { alarms },
        },
      ]);
    const whose = sending?.model().domain.get(domain);
    const verified = verifiedNow(before?.standing, check.standing);
    if (whose !== undefined && verified !== undefined) {
      const problem = verified ? "" : check.problem;
      await store.addSendingEvents([domainEvent(domain, whose.tenant, verified, problem, now())]);
    }
    const worksNow = check.standing === "good" || check.standing === "works";
    const broken = worksNow ? 0 : (turns.get(domain)?.broken ?? 0) + 1;
    turns.set(domain, { at: now() + (worksNow ? goodMs : brokenMs[Math.min(broken, brokenMs.length) - 1]!), broken });
    // Written only where it says something new.
    if (JSON.stringify(fresh) !== JSON.stringify(former)) await store.putSetting(key, kept(check));
  };
  /** Those that nobody has looked at yet come first, after a start those that were broken next. */
  const dueNow = async (): Promise<readonly Domain[]> => {
    const { store, now } = parts.world();
    const domains = await store.domains();
    const here = new Set(domains.map(({ name }) => name));
    for (const domain of turns.keys()) if (!here.has(domain)) turns.delete(domain);
    known ??= new Map([...(await standingsOf(store))].map(([domain, { standing }]) => [domain, standing]));
    const rank = (name: string): number => {
      const standing = known?.get(name);
      return turns.get(name)?.at ?? (standing === undefined ? -2 : standing === "broken" ? -1 : 0);
    };
    return domains
      .filter(({ name }) => rank(name) <= now())
      .sort((one, other) => rank(one.name) - rank(other.name))
      .slice(0, Math.max(minOfLook, Math.ceil(domains.length * lookShare)));
  };
  const look = async (): Promise<void> => {
    const world = parts.world();
    const asked = world.resolver?.fresh ?? world.resolver;
    if (asked === undefined) return;
    // What is asked about the host itself is asked once for all of them.
    const resolver = sparingResolver(asked, maxQuestions);
    const due = [...(await dueNow())].reverse();
    const one = async (): Promise<void> => {
      for (let domain = due.pop(); domain !== undefined && !stopped; domain = due.pop()) {
        const check = await checkDomain(world, domain, resolver);
        if (check !== undefined) await remember(check);
      }
    };
    await Promise.all(Array.from({ length: maxAtOnce }, one));
  };
  const again = (afterMs: number): void => {
    timer = setTimeout(() => {
      look()
        .catch((error: unknown) =>
          log.error({ error }, "the DNS of the domains could not be looked at; it is tried again"),
        )
        .finally(() => {
          if (!stopped) again(lookEveryMs);
        });
    }, afterMs).unref();
  };
  return {
    look,
    remember,
    start: () => again(lookEveryMs),
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
