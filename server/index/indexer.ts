/**
 * Keeps the index of words behind the mail: takes what is new of an account in portions, has a worker thread make words of it,
 * and joins them to the index. Deliveries come first: it rests as long as it works. A process that dies loses nothing but work.
 */
import { fitAll } from "../../protocol/words/grams.ts";
import type { Log } from "../base/log.ts";
import type { Segment } from "../extract/segment.ts";
import type { AccountId, Store } from "../store/store.ts";
import type { WorkPool } from "../work/pool.ts";
import { PoisonTask } from "../work/pool.ts";

export type IndexSettings = {
  /** The index of words is kept. */
  readonly enabled: boolean;
  /** The server is quiet when no mail has come for so long: what waits is indexed. */
  readonly quietMs: number;
  /** On a server that is never quiet, the mail of an account waits so long. */
  readonly patienceMs: number;
};
export const defaultIndexSettings: IndexSettings = { enabled: true, quietMs: 3_000, patienceMs: 60_000 };

export type IndexAsk = {
  readonly store: Pick<
    Store,
    "wordsDue" | "wordsInput" | "wordsLay" | "wordsJoin" | "wordsMerge" | "nextGrams" | "gramsLay" | "subscribe"
  >;
  /** For the indexer alone, which closes it at its end: what a stranger's document takes long for keeps nobody else waiting. */
  readonly pool: Pick<WorkPool, "run" | "close">;
  readonly settings: IndexSettings;
  /** Mail is on its way out at this moment: the server is not quiet, though none comes in for people here. */
  readonly sends: () => boolean;
  readonly log: Log;
  readonly monotonic: () => number;
};

export type Indexer = {
  start(): void;
  /** Indexes all that waits, now; for tests and for whoever rebuilds. */
  catchUp(account?: AccountId): Promise<void>;
  stop(): Promise<void>;
};

/** Emails taken at once. */
const maxPortion = 1_024;
/** Blocks of words written at once: a delivery waits no longer than for so many. */
const blocksAtOnce = 20;
const lookEveryMs = 1_000;
/** After a portion the index rests so many times as long as it has worked: when the server is quiet, and while mail comes in. */
const restWhileQuiet = 0.25;
const restWhileBusy = 4;
/** Accounts that are remembered as having new mail; others are found by asking the store. */
const maxNoted = 10_000;
const maxDue = 1_000;

/**
 * Its thread: what it fails at once it would fail at again, and halves tell which message it is. Mail that comes and goes has the cores first, and so
 * a portion may take long.
 */
export const indexingPool = { threads: 1, maxKills: 1, niceness: 10, maxTaskMs: 120_000 } as const;

const noWords: Segment = { blocks: [], words: 0, grams: [] };

export function makeIndexer(ask: IndexAsk): Indexer {
  const { store, pool, settings, sends, log, monotonic } = ask;
  /** Accounts with new mail, and since when. */
  const noted = new Map<AccountId, number>();
  let lastChange = Number.NEGATIVE_INFINITY;
  const isQuiet = (): boolean => {
    if (sends()) lastChange = monotonic();
    return monotonic() - lastChange >= settings.quietMs;
  };
  let unsubscribe: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let stopped = false;

  const segmentFor = async (
    messages: readonly { readonly email: number; readonly bytes: Uint8Array }[],
  ): Promise<Segment> => {
    try {
      return await pool.run("segment", { messages });
    } catch (error) {
      if (!(error instanceof PoisonTask)) throw error;
      // One of them kills whoever opens it: each alone, and that one stays without words.
      if (messages.length === 1) {
        log.warn({ email: messages[0]!.email }, "a message could not be indexed: its words are not found");
        return { ...noWords, grams: [[messages[0]!.email, ...fitAll]] };
      }
      const half = messages.length >> 1;
      const parts = [await segmentFor(messages.slice(0, half)), await segmentFor(messages.slice(half))];
      const { joinSegments } = await import("../extract/segment.ts");
      return joinSegments(parts);
    }
  };

  /** One portion; answers whether there is more. */
  const portion = async (account: AccountId): Promise<boolean> => {
    const { messages, after, upTo, more } = await store.wordsInput(account, undefined, maxPortion);
    if (upTo === after) return false;
    const { blocks, words, grams } = messages.length === 0 ? noWords : await segmentFor(messages);
    let segment = 0;
    for (let at = 0; at < blocks.length; at += blocksAtOnce) {
      if (stopped) return false;
      segment = await store.wordsLay(account, segment, blocks.slice(at, at + blocksAtOnce));
    }
    const joined = await store.wordsJoin(account, segment, after, upTo, { emails: messages.length, words, grams });
    if (joined === "late") return true;
    while (!stopped && (await store.wordsMerge(account)) === "more") await rest(0);
    for (let next = await store.nextGrams(account); next !== undefined && !stopped; ) {
      if ((await store.gramsLay(account, next)) === "late") break;
      next = await store.nextGrams(account);
    }
    return more;
  };

  const indexAccount = async (account: AccountId): Promise<void> => {
    for (let more = true; more && !stopped; ) {
      const began = monotonic();
      more = await portion(account);
      await rest((monotonic() - began) * (isQuiet() ? restWhileQuiet : restWhileBusy));
    }
  };

  /** A rest is as long as the work before it took: a stop ends it. */
  const resting = new Set<() => void>();
  const rest = async (ms: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, stopped ? 0 : ms).unref();
    resting.add(resolve);
    await promise;
    resting.delete(resolve);
    clearTimeout(timer);
  };

  const round = async (): Promise<void> => {
    for (const [account, since] of [...noted]) {
      if (stopped) return;
      if (!isQuiet() && monotonic() - since < settings.patienceMs) continue;
      noted.delete(account);
      await indexAccount(account);
    }
  };

  const look = (): void => {
    if (running !== undefined || stopped) return;
    running = round()
      .catch((error) => {
        if (!stopped) log.error({ err: error }, "indexing failed; it is tried again");
      })
      .finally(() => {
        running = undefined;
      });
  };

  const noteDue = async (): Promise<void> => {
    const at = Number.NEGATIVE_INFINITY;
    for (const { account } of await store.wordsDue(maxDue)) noted.set(account, at);
  };

  return {
    start() {
      if (!settings.enabled) return;
      unsubscribe = store.subscribe((changes) => {
        for (const change of changes) {
          if (change.kind !== "mail") continue;
          lastChange = monotonic();
          if (!noted.has(change.account) && noted.size < maxNoted) noted.set(change.account, lastChange);
        }
      });
      noteDue().catch((error) => log.error({ err: error }, "the index of words does not know what it lacks"));
      timer = setInterval(look, lookEveryMs).unref();
    },
    async catchUp(account) {
      await running;
      if (account !== undefined) return indexAccount(account);
      for (let due = await store.wordsDue(maxDue); due.length > 0 && !stopped; due = await store.wordsDue(maxDue))
        for (const one of due) await indexAccount(one.account);
    },
    async stop() {
      stopped = true;
      unsubscribe?.();
      clearInterval(timer);
      for (const end of resting) end();
      await pool.close();
      await running;
    },
  };
}
