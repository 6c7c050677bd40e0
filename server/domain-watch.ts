/** Looks at the DNS of every domain by itself, remembers what it found, and alarms when something that was there is gone. */
import type { World } from "./admin/command.ts";
import { checkDomain, checkPrefix, type DomainCheck } from "./admin/domain-dns.ts";
import { domainEvent } from "./dispatch/happenings.ts";
import type { Log } from "./log.ts";

const everyMs = 60 * 60_000;
const firstAfterMs = 60_000;
/** Domains that are looked at before the others have their turn. */
const pauseMs = 200;

/** What was remembered of a check: enough for a list and to see what has changed. */
export type KeptCheck = Pick<DomainCheck, "at" | "standing" | "problem"> & {
  readonly records: {
    readonly [id: string]: { readonly state: string; readonly problem: string; readonly label: string };
  };
};

export const kept = (check: DomainCheck): KeptCheck => ({
  at: check.at,
  standing: check.standing,
  problem: check.problem,
  records: Object.fromEntries(check.records.map(({ id, state, problem, label }) => [id, { state, problem, label }])),
});

const isBad = (state: string | undefined): boolean => state === "missing" || state === "wrong";

/** What was good and is not any more, in sentences. */
export function drift(before: KeptCheck | undefined, now: DomainCheck): readonly string[] {
  if (before === undefined) return [];
  return now.records
    .filter(({ id, state }) => isBad(state) && before.records[id] !== undefined && !isBad(before.records[id]?.state))
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

  const remember = async (check: DomainCheck): Promise<void> => {
    const { store, now, sending } = parts.world();
    const { domain } = check;
    const key = checkPrefix + domain;
    const before = (await store.setting(key)) as KeptCheck | undefined;
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
    // Written only where it says something new: a setting that changes has everybody read the directory anew.
    if (JSON.stringify(fresh) !== JSON.stringify(former)) await store.putSetting(key, kept(check));
  };
  const look = async (): Promise<void> => {
    const world = parts.world();
    for (const domain of await world.store.domains()) {
      if (stopped) return;
      const check = await checkDomain(world, domain);
      if (check === undefined) return;
      await remember(check);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const again = (afterMs: number): void => {
    timer = setTimeout(() => {
      look()
        .catch((error: unknown) =>
          log.error({ error }, "the DNS of the domains could not be looked at; it is tried again"),
        )
        .finally(() => {
          if (!stopped) again(everyMs);
        });
    }, afterMs).unref();
  };
  return {
    look,
    remember,
    start: () => again(firstAfterMs),
    stop: () => {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
