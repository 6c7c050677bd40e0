/** The SQLite store, seen from the main thread: `Store` over a thread that writes and some that read. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { backUp } from "./backup.ts";
import { makeDataFolder } from "./blobs.ts";
import { carryReads, carryWrites } from "./carry-store.ts";
import { type PackedCopiesAnswer, packAcceptance, unpackAccepted, unpackCopiesAnswer } from "./crossing.ts";
import type { Packed } from "./crossing-lists.ts";
import { packSettle } from "./crossing-queue.ts";
import { ownRows } from "./fetched.ts";
import { hostingReads, hostingWrites } from "./hosting.ts";
import { jmapQueries, jmapReads, jmapWrites } from "./jmap.ts";
import { maxWriterBytes } from "./keep.ts";
import { Keepers } from "./keepers.ts";
import { Lane } from "./lane.ts";
import { listReads, listWrites } from "./lists-store.ts";
import type { FetchedCells } from "./ops/fetch.ts";
import type { StoredBytes } from "./ops/tx.ts";
import type { FoundPacked } from "./search.ts";
import { securityReads, securityWrites } from "./security-store.ts";
import { sendingReads, sendingWrites } from "./sending.ts";
import { sharingReads, sharingWrites } from "./sharing-store.ts";
import { databaseFile } from "./sqlite.ts";
import type { Acceptance, Change, NewMessage, Store, StoreReader, StoreWriter } from "./store.ts";
import { type ObjectTexts, storedObjects } from "./stored-objects.ts";
import { verifyStore } from "./verify.ts";
import { wordsQueries, wordsReads, wordsWrites } from "./words.ts";
import type { ThreadData } from "./worker.ts";

export type SqliteSettings = {
  /** Threads that read, at most: all but the first start when they are needed. One more searches. */
  readonly readers: number;
  /** Memory for pages of the database, for each thread that reads. */
  readonly cacheKiB: number;
};
/**
 * The same of the one that writes. SQLite goes through all that is in this memory at each commit in which a tree was balanced, so that more of it costs
 * more than a page costs that has to be fetched from the system's memory again.
 */
const writerCacheKiB = 8 * 1024;
export const defaultSqliteSettings: SqliteSettings = { readers: 2, cacheKiB: 32 * 1024 };

/** With so many calls waiting for each thread another one is started, up to `readers`: one that nobody needs takes 20 MB. */
const busyCalls = 4;

/** The thread that searches tries itself out in its first idle moment in which there is mail enough: it is looked for one so often. */
const trialEveryMs = 5_000;

export type SqliteOptions = Partial<SqliteSettings> & {
  readonly dir: string;
  /** For a second process beside a running server: every writing call is refused. */
  readonly readOnly?: boolean;
  /** A clock that stands still, for tests. */
  readonly clock?: number;
  /** Pages that the database may have, for tests of a full disk. */
  readonly maxPages?: number;
};

/** Opens (or makes) the data in `dir`. Rejects where the folder cannot be used or is of a newer Angarium. */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const { dir, readOnly = false } = options;
  const { readers, cacheKiB } = { ...defaultSqliteSettings, ...options };
  if (readOnly) {
    if (!existsSync(join(dir, databaseFile))) throw new Error(`There are no mail data in ${dir}.`);
  } else makeDataFolder(dir);
  const listeners = new Set<(changes: readonly Change[]) => void>();
  const publish = (changes: readonly Change[]) => {
    for (const listener of [...listeners]) listener(changes);
  };
  const { maxPages, clock } = options;
  const data = { dir, cacheKiB, maxPages, clock };
  const lanes: { readonly role: ThreadData["role"]; readonly lane: Lane }[] = [];
  const open = async (role: ThreadData["role"]) => {
    const ownKiB = role === "writer" ? Math.min(cacheKiB, writerCacheKiB) : cacheKiB;
    const lane = new Lane({ ...data, cacheKiB: ownKiB, role }, publish);
    lanes.push({ role, lane });
    try {
      await lane.start();
    } catch (error) {
      await lane.close(); // or it would be started again and again
      throw error;
    }
    return lane;
  };
  const keepers = new Keepers(dir);
  let closing = false;
  let trial: NodeJS.Timeout | undefined;
  const close = async () => {
    closing = true;
    clearInterval(trial);
    for (const { lane } of lanes) lane.refuse();
    await keepers.close();
    // Those that cannot write go first: the last one to go leaves the log empty.
    for (const last of ["reader", "writer"])
      await Promise.all(lanes.filter(({ role }) => role === last).map(({ lane }) => lane.close()));
  };
  try {
    // The first time, the writer makes what the readers find.
    const fresh = !existsSync(join(dir, databaseFile));
    const writing = readOnly ? undefined : open("writer");
    if (fresh) await writing;
    // A long search must not stand in the way of quick reads: it has a thread of its own.
    const [writer, searching, first] = await Promise.all([writing, open("reader"), open("reader")]);
    const reading = [first];
    let starting = false;
    const busy = async () => {
      if (starting || closing || reading.length >= readers) return;
      starting = true;
      try {
        reading.push(await open("reader"));
      } catch {
        // The others go on alone; it is tried again when they are busy again.
      } finally {
        starting = false;
      }
    };
    trial = setInterval(() => {
      if (searching.load > 0) return;
      searching.call<boolean>("tryOut", []).then(
        (done) => done && clearInterval(trial),
        () => {}, // it matters to nobody: it is tried again
      );
    }, trialEveryMs).unref();
    return {
      ...readerOf(reading, searching, busy),
      ...writerOf(writer, keepers),
      subscribe: (listener: (changes: readonly Change[]) => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      verify: (progress?: (done: number, total: number) => void) =>
        verifyStore((part) => searching.call("verify", [part]), progress),
      backup: (folder: string, progress?: (done: number, total: number) => void) => backUp(dir, folder, progress),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const each = <N extends string>(names: readonly N[], of: (name: N) => unknown): object =>
  Object.fromEntries(names.map((name) => [name, of(name)]));

// ---------------------------------------------------------------- reading

/** `busy` is told when there is more to read than the threads keep up with, and starts another where there may be one. */
function readerOf(lanes: readonly Lane[], searching: Lane, busy: () => Promise<void>): StoreReader {
  const ask = <T>(name: string, args: readonly unknown[]): Promise<T> => {
    let idlest = lanes[0] as Lane;
    for (const lane of lanes) if (lane.load < idlest.load) idlest = lane;
    if (idlest.load >= busyCalls) void busy();
    return idlest.call(name, args);
  };
  const op = <N extends keyof StoreReader>(name: N) =>
    ((...args: readonly unknown[]) => ask(name, args)) as unknown as StoreReader[N];
  return {
    domains: op("domains"),
    accounts: op("accounts"),
    credentials: op("credentials"),
    addresses: op("addresses"),
    setting: op("setting"),
    settings: op("settings"),
    mailboxes: op("mailboxes"),
    absentSubscriptions: op("absentSubscriptions"),
    openMailbox: op("openMailbox"),
    fetch: async (account, mailbox, uids, fields) =>
      ownRows(await ask<FetchedCells>("fetchCells", [account, mailbox, uids, fields]), fields),
    changesSince: op("changesSince"),
    search: async (...args) => {
      const { uids, highestModseq } = await searching.call<FoundPacked>("searchPacked", args);
      // One by one: of tens of thousands the iterator of Array.from costs ten times as much.
      const all = new Array<number>(uids.length);
      for (let at = 0; at < uids.length; at++) all[at] = uids[at]!;
      return { uids: all, highestModseq };
    },
    sort: (...args) => searching.call("sort", args),
    // It takes a thread for some time: the others go on with what somebody waits for.
    emailOrder: async (...args) => {
      await busy();
      return ask("emailOrder", args);
    },
    content: op("content"),
    queueCount: op("queueCount"),
    queueList: op("queueList"),
    trace: op("trace"),
    tallyDays: op("tallyDays"),
    tallyRows: op("tallyRows"),
    peers: op("peers"),
    quarantined: op("quarantined"),
    ...(each(jmapReads, op) as Pick<StoreReader, (typeof jmapReads)[number]>),
    objects: async (...args) => storedObjects(await ask<ObjectTexts>("objectTexts", args)),
    ...(each(sendingReads, op) as Pick<StoreReader, (typeof sendingReads)[number]>),
    ...(each(hostingReads, op) as Pick<StoreReader, (typeof hostingReads)[number]>),
    ...(each(carryReads, op) as Pick<StoreReader, (typeof carryReads)[number]>),
    ...(each(securityReads, op) as Pick<StoreReader, (typeof securityReads)[number]>),
    ...(each(listReads, op) as Pick<StoreReader, (typeof listReads)[number]>),
    ...(each(sharingReads, op) as Pick<StoreReader, (typeof sharingReads)[number]>),
    ...(each(wordsReads, op) as Pick<StoreReader, (typeof wordsReads)[number]>),
    ...(each(
      [...jmapQueries, ...wordsQueries],
      (name) =>
        (...args: readonly unknown[]) =>
          searching.call(name, args),
    ) as Pick<StoreReader, (typeof jmapQueries)[number] | (typeof wordsQueries)[number]>),
    sieveScripts: op("sieveScripts"),
    vacationResponse: op("vacationResponse"),
    sieveAccounts: op("sieveAccounts"),
    sharedScripts: op("sharedScripts"),
    sieveRemembers: op("sieveRemembers"),
    annotations: op("annotations"),
    stsPolicy: op("stsPolicy"),
    stsPoliciesBefore: op("stsPoliciesBefore"),
  };
}

// ---------------------------------------------------------------- writing

type Prepared<M extends NewMessage> = M & { readonly stored?: StoredBytes };
const noBytes = new Uint8Array(0);

/** Calls that are refused, with nothing behind them. */
const nowhere: Pick<Lane, "call" | "lay"> = {
  call: () => Promise.reject(new Error("The store was opened for reading only.")),
  lay: () => noBytes,
};

function writerOf(lane: Lane | undefined, keepers: Keepers): StoreWriter {
  const to = lane ?? nowhere;
  const put = <T>(name: string, args: readonly unknown[]): Promise<T> => to.call(name, args);
  const op = <N extends keyof StoreWriter>(name: N) =>
    ((...args: readonly unknown[]) => put(name, args)) as unknown as StoreWriter[N];

  /** Large messages are compressed, and durable where they become a blob, before they cross. */
  const prepare = <M extends NewMessage>(message: M): Prepared<M> | Promise<Prepared<M>> =>
    message.bytes.length <= maxWriterBytes
      ? message
      : keepers.keep(message.bytes).then((stored) => ({ ...message, bytes: noBytes, stored }));
  /** Only in the turn in which the call is made: what is laid goes with it. */
  const lay = <M extends NewMessage>(message: Prepared<M>): Prepared<M> => {
    const facts = { ...message.facts, signature: to.lay(message.facts.signature) };
    if (message.stored === undefined) return { ...message, facts, bytes: to.lay(message.bytes) };
    const { data } = message.stored;
    return { ...message, facts, stored: { ...message.stored, data: data === null ? null : to.lay(data) } };
  };
  const accept = async (acceptance: Acceptance, message: Prepared<NewMessage>) =>
    unpackAccepted(
      await put<Packed>("accept", packAcceptance({ ...acceptance, message: lay(message) })),
      acceptance.queue,
    );

  return {
    putDomain: op("putDomain"),
    removeDomain: op("removeDomain"),
    createAccount: op("createAccount"),
    updateAccount: op("updateAccount"),
    renameAccount: op("renameAccount"),
    removeAccount: op("removeAccount"),
    putCredential: op("putCredential"),
    removeCredential: op("removeCredential"),
    putAddress: op("putAddress"),
    removeAddress: op("removeAddress"),
    putSetting: op("putSetting"),
    swapSetting: op("swapSetting"),
    accept: (acceptance) => {
      const message = prepare(acceptance.message);
      return message instanceof Promise
        ? message.then((large) => accept(acceptance, large))
        : accept(acceptance, message);
    },
    acceptCopies: async ({ template, known, copies }) => {
      const [first, ...prepared] = await Promise.all([template, ...copies.map(({ message }) => message)].map(prepare));
      const laid = copies.map((copy, i) =>
        packAcceptance({ ...copy, message: lay(prepared[i] as Prepared<NewMessage>) }),
      );
      const answer = await put<PackedCopiesAnswer>("acceptCopies", [lay(first as Prepared<NewMessage>), known, laid]);
      return unpackCopiesAnswer(answer, copies);
    },
    append: async (account, mailbox, messages) => {
      const prepared = await Promise.all(messages.map(prepare));
      return put("append", [account, mailbox, prepared.map(lay)]);
    },
    replaceMessage: async (account, mailbox, message, old) =>
      put("replaceMessage", [account, mailbox, lay(await prepare(message)), old]),
    putImported: async (to, messages) => {
      const prepared = await Promise.all(messages.map(prepare));
      return put("putImported", [to, prepared.map(lay)]);
    },
    createMailbox: op("createMailbox"),
    renameMailbox: op("renameMailbox"),
    deleteMailbox: op("deleteMailbox"),
    setSubscribed: op("setSubscribed"),
    setFlags: op("setFlags"),
    copy: op("copy"),
    move: op("move"),
    expunge: op("expunge"),
    takeRecent: op("takeRecent"),
    claim: op("claim"),
    settle: async (request) => {
      const { notices } = request;
      if (notices.length === 0) return put("settle", packSettle(request));
      const prepared = await Promise.all(notices.map(({ message }) => prepare(message)));
      const laid = notices.map((notice, i) => ({ ...notice, message: lay(prepared[i] as Prepared<NewMessage>) }));
      return put("settle", packSettle({ ...request, notices: laid }));
    },
    renewLeases: op("renewLeases"),
    releaseLeases: op("releaseLeases"),
    queueAct: op("queueAct"),
    note: op("note"),
    tally: op("tally"),
    putPeers: op("putPeers"),
    removeQuarantined: op("removeQuarantined"),
    dropTally: op("dropTally"),
    forgetTallies: op("forgetTallies"),
    putSieveScript: op("putSieveScript"),
    updateSieveScript: op("updateSieveScript"),
    activateSieveScript: op("activateSieveScript"),
    removeSieveScript: op("removeSieveScript"),
    putVacationResponse: op("putVacationResponse"),
    putSharedScript: op("putSharedScript"),
    removeSharedScript: op("removeSharedScript"),
    putAnnotations: op("putAnnotations"),
    putStsPolicy: op("putStsPolicy"),
    dropStsPolicies: op("dropStsPolicies"),
    tidy: op("tidy"),
    ...(each(jmapWrites, op) as Pick<StoreWriter, (typeof jmapWrites)[number]>),
    ...(each(sendingWrites, op) as Pick<StoreWriter, (typeof sendingWrites)[number]>),
    ...(each(hostingWrites, op) as Pick<StoreWriter, (typeof hostingWrites)[number]>),
    ...(each(carryWrites, op) as Pick<StoreWriter, (typeof carryWrites)[number]>),
    ...(each(securityWrites, op) as Pick<StoreWriter, (typeof securityWrites)[number]>),
    ...(each(listWrites, op) as Pick<StoreWriter, (typeof listWrites)[number]>),
    ...(each(sharingWrites, op) as Pick<StoreWriter, (typeof sharingWrites)[number]>),
    ...(each(wordsWrites, op) as Pick<StoreWriter, (typeof wordsWrites)[number]>),
    emailAdd: async (account, message, ...rest) => {
      const prepared = await prepare(message);
      return put("emailAdd", [account, lay(prepared), ...rest]);
    },
    uploadPut: async (account, id, message, ...rest) => {
      const prepared = await prepare(message);
      return put("uploadPut", [account, id, lay(prepared), ...rest]);
    },
  };
}
