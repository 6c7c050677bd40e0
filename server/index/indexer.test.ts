import assert from "node:assert/strict";
import { test } from "node:test";
import { fitAll } from "../../protocol/words/grams.ts";
import { quiet } from "../base/log.ts";
import type { Change } from "../store/store.ts";
import { PoisonTask } from "../work/pool.ts";
import { defaultIndexSettings, type IndexAsk, makeIndexer } from "./indexer.ts";

/** A store with eight emails that are not indexed yet, and what is laid into it. */
function world(
  run: (emails: readonly number[]) => Promise<unknown>,
  { sends = () => false, monotonic = () => 0 }: Partial<Pick<IndexAsk, "sends" | "monotonic">> = {},
) {
  let tell: Parameters<IndexAsk["store"]["subscribe"]>[0] = () => {};
  const joined: { readonly emails: number; readonly grams: readonly (readonly unknown[])[] }[] = [];
  let closed = (): void => {};
  const closing = new Promise<never>((_, reject) => {
    closed = () => reject(new Error("closed"));
  });
  closing.catch(() => {});
  const messages = [1, 2, 3, 4, 5, 6, 7, 8].map((email) => ({ email, bytes: new Uint8Array() }));
  const store = {
    wordsDue: async () => (joined.length > 0 ? [] : [{ account: 1 }]),
    wordsInput: async () => ({ messages, after: 0, upTo: joined.length > 0 ? 0 : 8, more: false }),
    wordsLay: async () => 1,
    wordsJoin: async (...[, , , , what]: Parameters<IndexAsk["store"]["wordsJoin"]>) => {
      joined.push(what);
      return "done";
    },
    wordsMerge: async () => "done",
    nextGrams: async () => undefined,
    gramsLay: async () => "done",
    subscribe: (listener: typeof tell) => {
      tell = listener;
      return () => {};
    },
  };
  const pool = {
    run: (_: string, { messages }: { readonly messages: readonly { readonly email: number }[] }) =>
      Promise.race([run(messages.map(({ email }) => email)), closing]),
    close: async () => closed(),
  };
  const indexer = makeIndexer({
    store,
    pool,
    settings: defaultIndexSettings,
    sends,
    log: quiet,
    monotonic,
  } as unknown as IndexAsk);
  return { indexer, joined, mailCame: () => tell([{ kind: "mail", account: 1, mailbox: 1, modseq: 1 } as Change]) };
}

test("of a portion with a message that nobody can open all others have their words", async () => {
  const asked: number[] = [];
  const { indexer, joined } = world(async (emails) => {
    asked.push(emails.length);
    if (emails.includes(6)) throw new PoisonTask("6");
    return { blocks: [], words: 0, grams: emails.map((email) => [email, "filter"]) };
  });
  await indexer.catchUp();
  assert.deepEqual(asked, [8, 4, 4, 2, 1, 1, 2]);
  const grams = [1, 2, 3, 4, 5, 6, 7, 8].map((email) => (email === 6 ? [email, ...fitAll] : [email, "filter"]));
  assert.deepEqual(joined, [{ emails: 8, words: 0, grams }]);
});

test("a stop does not wait for what is being opened", async () => {
  const opening = Promise.withResolvers<void>();
  const { indexer, joined } = world(() => {
    opening.resolve();
    return new Promise(() => {});
  });
  const work = assert.rejects(indexer.catchUp(), /closed/);
  await opening.promise;
  await indexer.stop();
  await work;
  assert.deepEqual(joined, []);
});

test("a stop does not wait for the rest after a portion that took long", { timeout: 60_000 }, async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  let now = 0;
  const long = async () => {
    now += 60_000;
    return { blocks: [], words: 0, grams: [] };
  };
  const { indexer, joined, mailCame } = world(long, { monotonic: () => now });
  indexer.start();
  mailCame();
  now += 3_000;
  t.mock.timers.tick(3_000);
  while (joined.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  await indexer.stop();
});

test("while mail comes or goes the index waits, but not for ever", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "setTimeout"] });
  let now = 0;
  let sending = true;
  const empty = async () => ({ blocks: [], words: 0, grams: [] });
  const { indexer, joined, mailCame } = world(empty, { sends: () => sending, monotonic: () => now });
  const after = async (ms: number): Promise<number> => {
    for (const end = now + ms; now < end; ) {
      now += 1_000;
      t.mock.timers.tick(1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return joined.length;
  };
  indexer.start();
  assert.equal(await after(3_000), 1, "what it lacked at the start does not wait");
  joined.length = 0;
  mailCame();
  assert.equal(await after(10_000), 0, "mail goes out");
  sending = false;
  assert.equal(await after(2_000), 0, "it has just gone");
  assert.equal(await after(3_000), 1, "quiet");
  joined.length = 0;
  sending = true;
  mailCame();
  assert.equal(await after(55_000), 0);
  assert.equal(await after(10_000), 1, "it has waited long enough");
  await indexer.stop();
});
