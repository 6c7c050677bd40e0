/** Sees to it that the keys of all our domains change in time, and only as DNS shows them: looks, decides (`rotate.ts`), keeps, tells. */
import { setTimeout as wait } from "node:timers/promises";
import type { Log } from "../base/log.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Domain, Instant, StoreReader, StoreWriter } from "../store/store.ts";
import {
  algorithms,
  type DkimKey,
  type DkimKeys,
  dkimKeysOf,
  dkimSetting,
  type KeyLine,
  type KeyUse,
  makeDkimKey,
  publicKeyOf,
  useOf,
} from "./dkim-keys.ts";
import { type KeyEvent, nextStep, type RotationSettings, type View } from "./rotate.ts";

export type DkimSettings = RotationSettings & {
  /** How often DNS is looked at. */
  readonly checkMs: number;
  /** Put the records of keys into DNS, and take them out, by dynamic updates (RFC 2136) with the server and the TSIG key of `[acme]`. */
  readonly dynamicUpdates: boolean;
  /** Marketing has keys of its own: where its letters are sent on by others, they can be revoked alone. */
  readonly separateMarketing: boolean;
  /** Tests without a zone of their own: every key counts as published. */
  readonly assumePublished: boolean;
};

const hour = 60 * 60 * 1000;
const day = 24 * hour;
export const defaultDkimSettings: DkimSettings = {
  rotateAfterMs: 180 * day,
  settleMs: hour,
  keepRetiredMs: 40 * day, // 30 that a message may be held (FUTURERELEASE), 5 in our queue, 5 on the way
  checkMs: 5 * 60 * 1000,
  dynamicUpdates: false,
  separateMarketing: false,
  assumePublished: false,
};

/** Domains that are looked at together. */
const together = 8;
/** A change is begun anew so often where another node was first. */
const maxAttempts = 5;
/** The same alarm is not told again sooner. */
const alarmEveryMs = day;
const maxAlarms = 100_000;

export interface KeyKeeper {
  /** Looks at the keys of one domain now, past what the resolver remembers, and does what is due; undefined where it has none. */
  look(domain: string): Promise<DkimKeys | undefined>;
  /** Makes the next keys of a domain (of one use alone, where that is said), unless they wait already; then looks. */
  rotate(domain: string, use?: KeyUse): Promise<DkimKeys>;
  /** Looks at all our domains now. */
  lookAtAll(): Promise<void>;
  /** From now on all of them every `checkMs`. Answers how to stop; a question that is under way is not waited for. */
  start(): () => void;
}

export type ZoneUpdates = {
  add(name: string, text: string): Promise<void>;
  remove(name: string, text: string): Promise<void>;
};

export type KeeperParts = {
  readonly store: Pick<StoreReader, "setting" | "domains"> & Pick<StoreWriter, "swapSetting">;
  readonly resolver: Pick<Resolver, "txt" | "fresh">;
  readonly settings: DkimSettings;
  /** Changes TXT records; undefined: a person does it. */
  readonly zone?: ZoneUpdates | undefined;
  /** A copy leaves the keys as they are: those of the original change, and DNS is one for both. */
  readonly withheld?: () => boolean;
  /** Keys of a domain are others than before. */
  readonly changed?: () => void;
  readonly now: () => Instant;
  readonly log: Log;
};

/** What becomes of the keys of a domain (undefined: they stay), and what is done once that is written. */
type Change = { readonly keys: readonly DkimKey[] | undefined; readonly after?: () => void };

export function makeKeyKeeper({
  store,
  resolver,
  settings,
  zone,
  withheld,
  changed,
  now,
  log,
}: KeeperParts): KeyKeeper {
  const uses: readonly KeyUse[] = settings.separateMarketing ? ["", "marketing"] : [""];
  const turns = new Map<string, Promise<unknown>>();
  const told = new Map<string, Instant>();
  let stopped = false;

  /** One after the other for each domain; other nodes may work on the same one. */
  const inTurn = <T>(domain: string, work: () => Promise<T>): Promise<T> => {
    const before = turns.get(domain) ?? Promise.resolve();
    const turn = before.then(work, work);
    turns.set(domain, turn);
    const over = (): void => void (turns.get(domain) === turn && turns.delete(domain));
    turn.then(over, over);
    return turn;
  };

  /** Reads the keys, has `work` decide what becomes of them, and writes that whole: anew where another node has changed them meanwhile. */
  const change = async (
    domain: string,
    work: (found: DkimKeys | undefined) => Promise<Change | undefined>,
  ): Promise<DkimKeys | undefined> => {
    for (let attempt = 1; ; attempt++) {
      const before = await store.setting(dkimSetting(domain));
      const found = dkimKeysOf(before);
      const { keys, after }: Partial<Change> = (await work(found)) ?? {};
      if (keys !== undefined && !(await store.swapSetting(dkimSetting(domain), before, { keys }))) {
        if (attempt < maxAttempts) continue;
        throw new Error(`The DKIM keys of ${domain} are being changed by others all the time.`);
      }
      if (keys !== undefined) changed?.();
      after?.();
      return keys === undefined ? found : { keys };
    }
  };

  const nextOf = async (domain: string, found: DkimKeys, dns: Pick<Resolver, "txt">): Promise<Change> => {
    const views = new Map<string, View>();
    for (const key of found.keys) views.set(key.selector, await viewOf(key, domain, dns, settings.assumePublished));
    const step = nextStep(found.keys, (selector) => views.get(selector) ?? "trouble", now(), settings, uses);
    const made = await makeAll(step.wanted, step.keys);
    const keys = [...step.keys, ...made];
    const changed = keys.length !== found.keys.length || keys.some((key, index) => key !== found.keys[index]);
    return {
      keys: changed ? keys : undefined,
      after() {
        for (const event of step.events) tell(domain, event);
        for (const key of made) tell(domain, { kind: "unpublished", key });
        if (zone !== undefined) for (const key of keys) update(zone, domain, key, views.get(key.selector) ?? "none");
      },
    };
  };

  const makeAll = async (wanted: readonly KeyLine[], beside: readonly DkimKey[]): Promise<readonly DkimKey[]> => {
    const made: DkimKey[] = [];
    for (const { algorithm, use } of wanted) {
      const taken = [...beside, ...made].map(({ selector }) => selector);
      made.push(await makeDkimKey(algorithm, now(), taken, use));
    }
    return made;
  };

  const updating = new Set<string>();
  /** Not waited for: the next look sees what came of it. */
  const update = (to: ZoneUpdates, domain: string, { selector, state, record }: DkimKey, view: View): void => {
    const name = `${selector}._domainkey.${domain}`;
    const adds = state === "publish" && view === "none";
    if ((!adds && !(state === "removed" && view === "ours")) || updating.has(name)) return;
    updating.add(name);
    const done = adds ? to.add(name, record) : to.remove(name, record);
    done
      .catch((error: unknown) =>
        log.error({ domain, selector, error }, `the DKIM key ${name} could not be changed in DNS`),
      )
      .finally(() => updating.delete(name));
  };

  const tell = (domain: string, { kind, key }: KeyEvent): void => {
    const { selector } = key;
    const [level, sentence] = words(kind, `${selector}._domainkey.${domain}`, key);
    const at = now();
    if (level !== "info" || kind === "lingers") {
      const name = `${kind} ${selector}._domainkey.${domain}`;
      if (at - (told.get(name) ?? Number.NEGATIVE_INFINITY) < alarmEveryMs) return;
      if (told.size >= maxAlarms) told.clear();
      told.set(name, at);
    }
    log[level]({ domain, selector, algorithm: key.algorithm, what: kind }, sentence);
  };

  /** With a key that waits for each algorithm and use, or for one use alone; undefined where there is one already. */
  const withNext = async (keys: readonly DkimKey[], only?: KeyUse): Promise<readonly DkimKey[] | undefined> => {
    const waits = ({ state }: DkimKey): boolean => state === "publish" || state === "seen";
    const due = uses
      .filter((use) => only === undefined || use === only)
      .flatMap((use) => algorithms.map((algorithm): KeyLine => ({ algorithm, use })))
      .filter((line) => !keys.some((key) => key.algorithm === line.algorithm && useOf(key) === line.use && waits(key)));
    return due.length === 0 ? undefined : [...keys, ...(await makeAll(due, keys))];
  };

  const lookBy = (dns: Pick<Resolver, "txt">, domain: string): Promise<DkimKeys | undefined> =>
    inTurn(domain, () => change(domain, async (found) => found && nextOf(domain, found, dns)));
  // Who asks has just published a record, and the resolver may remember that there was none.
  const look: KeyKeeper["look"] = (domain) => lookBy(resolver.fresh ?? resolver, domain);

  const lookAtAll = async (): Promise<void> => {
    const waiting = (await store.domains()).filter(({ kind }: Domain) => kind === "local");
    const one = async (): Promise<void> => {
      for (let domain = waiting.pop(); domain !== undefined; domain = waiting.pop()) {
        try {
          await lookBy(resolver, domain.name);
        } catch (error) {
          if (stopped) return;
          log.error({ domain: domain.name, error }, "the DKIM keys could not be looked after; tried again");
        }
      }
    };
    await Promise.all(Array.from({ length: together }, one));
  };

  return {
    look,
    lookAtAll,
    async rotate(domain, use) {
      await inTurn(domain, () => change(domain, async (found) => ({ keys: await withNext(found?.keys ?? [], use) })));
      return (await look(domain)) ?? { keys: [] };
    },
    start() {
      const stopping = new AbortController();
      const run = async (): Promise<void> => {
        while (!stopping.signal.aborted) {
          try {
            if (withheld?.() !== true) await lookAtAll();
          } catch (error) {
            if (stopped) return;
            log.error({ error }, "the DKIM keys could not be looked after; tried again");
          }
          await wait(settings.checkMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
        }
      };
      void run();
      return () => {
        stopped = true;
        stopping.abort();
      };
    },
  };
}

async function viewOf(
  key: DkimKey,
  domain: string,
  resolver: Pick<Resolver, "txt">,
  assumePublished: boolean,
): Promise<View> {
  if (assumePublished) return key.state === "removed" ? "none" : "ours";
  const answer = await resolver.txt(`${key.selector}._domainkey.${domain}`);
  if (answer.kind === "trouble") return "trouble";
  if (answer.kind === "none") return "none";
  const wanted = publicKeyOf(key.record);
  const shown = answer.records.map(publicKeyOf);
  // RFC 6376 §3.6.2.2: with several records the result is undefined. An empty p= says that the key is withdrawn.
  if (shown.length === 1 && shown[0] === wanted) return "ours";
  return shown.every((one) => one === undefined || one === "") ? "none" : "another";
}

function words(kind: KeyEvent["kind"], name: string, key: DkimKey): ["info" | "warn" | "error", string] {
  switch (kind) {
    case "unpublished":
      return [
        "warn",
        `a DKIM key waits to be published: ${name} TXT "${key.record}"; it signs as soon as DNS shows it`,
      ];
    case "wrong":
      return ["error", `DNS shows another DKIM key at ${name}: it must be "${key.record}"`];
    case "seen":
      return ["info", `DNS shows the DKIM key ${name}`];
    case "used":
      return ["info", `mail is signed with the DKIM key ${name} now`];
    case "vanished":
      return ["error", `the DKIM key ${name} is gone from DNS: mail is not signed with it until it is back`];
    case "retired":
      return ["info", `the DKIM key ${name} signs no more; leave it in DNS until told`];
    case "gone-early":
      return ["error", `the DKIM key ${name} is gone from DNS too early: mail that it signed may be under way still`];
    case "removable":
      return ["info", `the DKIM key ${name} is not needed any more: remove it from DNS`];
    case "lingers":
      return ["info", `the DKIM key ${name} is still in DNS; it may be removed`];
    case "forgotten":
      return ["info", `the DKIM key ${name} is gone from DNS and forgotten`];
    default:
      return kind satisfies never;
  }
}
