/**
 * The store on PostgreSQL: the operations of SQLite, each in a transaction of its own; small message bytes in the database,
 * large ones as files in a folder that all processes share; changes told to the other processes.
 */
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { zstdDecompress } from "node:zlib";
import type pg from "pg";
import { Blobs, makeDataFolder } from "./blobs.ts";
import { carryReads, carryWrites } from "./carry-store.ts";
import { messageRows } from "./fetched.ts";
import { hostingReads, hostingWrites } from "./hosting.ts";
import { jmapQueries, jmapReads, jmapWrites } from "./jmap.ts";
import { keepQuickly, maxQuickBytes } from "./keep.ts";
import { Keepers } from "./keepers.ts";
import { listReads, listWrites } from "./lists-store.ts";
import { migrate } from "./migrations/migrate.ts";
import { readOps, writeOps } from "./ops/all.ts";
import type { KeptAcceptance, KeptMessage } from "./ops/kept.ts";
import { type Op, one, type StoredBytes } from "./ops/tx.ts";
import { openChangeBus } from "./postgres-changes.ts";
import { type Outside, openPool, runOp } from "./postgres-session.ts";
import { postgresTroubleOf } from "./postgres-trouble.ts";
import { SearchMemory } from "./search-memory.ts";
import { securityReads, securityWrites } from "./security-store.ts";
import { sendingReads, sendingWrites } from "./sending.ts";
import { sharingReads, sharingWrites } from "./sharing-store.ts";
import type { Acceptance, Change, NewMessage, Store, StoreReader, StoreWriter } from "./store.ts";
import { verifyStore } from "./verify.ts";
import { wordsQueries, wordsReads, wordsWrites } from "./words.ts";
import { decodeInto } from "./zstd.ts";

export type PostgresSettings = {
  /** "postgres://user:password@host:port/database"; everything libpq's URLs can say. */
  readonly url: string;
  /** Folder of the large contents, below which `blobs/` is made; every process of the cluster sees the same one. */
  readonly folder: string;
  /** Connections that write and, apart from them, that read: a long search delays no delivery. One more listens. */
  readonly writers: number;
  readonly readers: number;
};

export const defaultPostgresSettings: Omit<PostgresSettings, "url" | "folder"> = { writers: 12, readers: 6 };

/** What is decoded at once on the main thread. */
const maxQuickDecode = 64 * 1024;
const decompressElsewhere = promisify(zstdDecompress);

/** Opens the store, bringing its schema up to date first. Rejects where the server is not to be had or its data are newer than this program. */
export async function openPostgresStore(
  given: Pick<PostgresSettings, "url" | "folder"> & Partial<PostgresSettings>,
): Promise<Store> {
  const settings = { ...defaultPostgresSettings, ...given };
  makeDataFolder(settings.folder);
  const blobs = new Blobs(settings.folder);
  const outside: Outside = {
    load: (stored, limit) => load(blobs, stored, limit),
    listBlobs: async (shard) => blobs.list(shard),
    removeBlob: async (blob) => blobs.remove(blob),
    now: () => Date.now(),
    memory: new SearchMemory(),
  };
  const writers = openPool(settings.url, settings.writers);
  const readers = openPool(settings.url, settings.readers);
  try {
    await runOp(writers, "write", migrateAlone, outside);
    return await PostgresStore.open({ settings, writers, readers, keepers: new Keepers(settings.folder), outside });
  } catch (error) {
    await Promise.all([writers.end(), readers.end()]);
    throw postgresTroubleOf(error) ?? error;
  }
}

/** Any number, the same in every process: who holds it migrates. */
const migrationLock = 7_246_001;

function* migrateAlone(): Op<number> {
  yield* one("SELECT pg_advisory_xact_lock($1)", migrationLock);
  return yield* migrate();
}

async function load(blobs: Blobs, stored: StoredBytes, limit: number): Promise<Uint8Array> {
  const data = stored.data ?? (await readFile(blobs.path(stored.blob)));
  if (stored.encoding === 1 && limit > maxQuickDecode) {
    const bytes = await decompressElsewhere(data);
    if (bytes.length < limit) throw new Error("Stored bytes are shorter than they should be.");
    return bytes.subarray(0, limit);
  }
  const bytes = Buffer.allocUnsafe(limit);
  decodeInto({ encoding: stored.encoding, data }, bytes);
  return bytes;
}

type Parts = {
  readonly settings: PostgresSettings;
  readonly writers: pg.Pool;
  readonly readers: pg.Pool;
  readonly keepers: Keepers;
  readonly outside: Outside;
};

class PostgresStore {
  readonly #parts: Parts;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  readonly #running = new Set<Promise<unknown>>();
  #bus: Awaited<ReturnType<typeof openChangeBus>> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  static async open(parts: Parts): Promise<Store> {
    const store = new PostgresStore(parts);
    store.#bus = await openChangeBus(parts.settings.url, (changes) => store.#tell(changes));
    return store.#face();
  }

  #tell(changes: readonly Change[]): void {
    for (const listener of this.#listeners) listener(changes);
  }

  /** Counts what runs, so that closing waits for it. */
  #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(new Error("The store is closed."));
    const running = work().catch((error: unknown) => {
      throw postgresTroubleOf(error) ?? error;
    });
    this.#running.add(running);
    running.then(
      () => this.#running.delete(running),
      () => this.#running.delete(running),
    );
    return running;
  }

  #read<T>(operation: () => Op<T>): Promise<T> {
    const { readers, outside } = this.#parts;
    return this.#run(async () => (await runOp(readers, "read", operation, outside)).value);
  }

  #write<T>(operation: () => Op<T>): Promise<T> {
    return this.#run(() => this.#writeNow(operation));
  }

  async #writeNow<T>(operation: () => Op<T>): Promise<T> {
    const { writers, outside } = this.#parts;
    const { value, changes } = await runOp(writers, "write", operation, outside);
    if (changes.length > 0) {
      this.#tell(changes);
      this.#bus?.send(changes);
    }
    return value;
  }

  async #keep({ bytes, facts, delivered }: NewMessage): Promise<KeptMessage> {
    const stored = bytes.length <= maxQuickBytes ? keepQuickly(bytes) : await this.#parts.keepers.keep(bytes);
    return { stored, facts, delivered };
  }

  async #keepAcceptance(acceptance: Acceptance): Promise<KeptAcceptance> {
    return { ...acceptance, message: await this.#keep(acceptance.message) };
  }

  async #close(): Promise<void> {
    await Promise.allSettled([...this.#running]);
    await this.#bus?.close();
    await Promise.all([this.#parts.writers.end(), this.#parts.readers.end(), this.#parts.keepers.close()]);
  }

  #face(): Store {
    const reading =
      <A extends readonly unknown[], T>(operation: (...args: A) => Op<T>) =>
      (...args: A): Promise<T> =>
        this.#read(() => operation(...args));
    const writing =
      <A extends readonly unknown[], T>(operation: (...args: A) => Op<T>) =>
      (...args: A): Promise<T> =>
        this.#write(() => operation(...args));
    type Any = (...args: readonly unknown[]) => Op<unknown>;
    const named = <N extends string>(names: readonly N[], ops: object, how: (operation: Any) => unknown): object =>
      Object.fromEntries(names.map((name) => [name, how((ops as { readonly [name: string]: Any })[name] as Any)]));
    return {
      ...(named([...jmapReads, ...jmapQueries], readOps, reading) as Pick<
        StoreReader,
        (typeof jmapReads)[number] | (typeof jmapQueries)[number]
      >),
      ...(named(jmapWrites, writeOps, writing) as Pick<StoreWriter, (typeof jmapWrites)[number]>),
      ...(named(sendingReads, readOps, reading) as Pick<StoreReader, (typeof sendingReads)[number]>),
      ...(named(sendingWrites, writeOps, writing) as Pick<StoreWriter, (typeof sendingWrites)[number]>),
      ...(named(carryReads, readOps, reading) as Pick<StoreReader, (typeof carryReads)[number]>),
      ...(named(carryWrites, writeOps, writing) as Pick<StoreWriter, (typeof carryWrites)[number]>),
      ...(named(securityReads, readOps, reading) as Pick<StoreReader, (typeof securityReads)[number]>),
      ...(named(securityWrites, writeOps, writing) as Pick<StoreWriter, (typeof securityWrites)[number]>),
      ...(named(listReads, readOps, reading) as Pick<StoreReader, (typeof listReads)[number]>),
      ...(named(sharingReads, readOps, reading) as Pick<StoreReader, (typeof sharingReads)[number]>),
      ...(named(listWrites, writeOps, writing) as Pick<StoreWriter, (typeof listWrites)[number]>),
      ...(named(sharingWrites, writeOps, writing) as Pick<StoreWriter, (typeof sharingWrites)[number]>),
      ...(named([...wordsReads, ...wordsQueries], readOps, reading) as Pick<
        StoreReader,
        (typeof wordsReads)[number] | (typeof wordsQueries)[number]
      >),
      ...(named(hostingReads, readOps, reading) as Pick<StoreReader, (typeof hostingReads)[number]>),
      ...(named(hostingWrites, writeOps, writing) as Pick<StoreWriter, (typeof hostingWrites)[number]>),
      ...(named(wordsWrites, writeOps, writing) as Pick<StoreWriter, (typeof wordsWrites)[number]>),
      emailAdd: (account, message, ...rest) =>
        this.#run(async () => {
          const kept = await this.#keep(message);
          return this.#writeNow(() => writeOps.emailAdd(account, kept, ...rest));
        }),
      uploadPut: (account, id, message, ...rest) =>
        this.#run(async () => {
          const kept = await this.#keep(message);
          return this.#writeNow(() => writeOps.uploadPut(account, id, kept, ...rest));
        }),
      emailOrder: reading(readOps.emailOrder),
      domains: reading(readOps.domains),
      accounts: reading(readOps.accounts),
      credentials: reading(readOps.credentials),
      addresses: reading(readOps.addresses),
      setting: reading(readOps.setting),
      settings: reading(readOps.settings),
      mailboxes: reading(readOps.mailboxes),
      absentSubscriptions: reading(readOps.absentSubscriptions),
      openMailbox: reading(readOps.openMailbox),
      fetch: async (account, mailbox, uids, fields) =>
        messageRows(await this.#read(() => readOps.fetchCells(account, mailbox, uids, fields)), fields),
      changesSince: reading(readOps.changesSince),
      search: reading(readOps.search),
      sort: reading(readOps.sort),
      content: reading(readOps.content),
      queueCount: reading(readOps.queueCount),
      queueList: reading(readOps.queueList),
      trace: reading(readOps.trace),
      tallyDays: reading(readOps.tallyDays),
      tallyRows: reading(readOps.tallyRows),
      peers: reading(readOps.peers),
      quarantined: reading(readOps.quarantined),
      sieveScripts: reading(readOps.sieveScripts),
      vacationResponse: reading(readOps.vacationResponse),
      sieveAccounts: reading(readOps.sieveAccounts),
      sharedScripts: reading(readOps.sharedScripts),
      sieveRemembers: reading(readOps.sieveRemembers),
      annotations: reading(readOps.annotations),
      stsPolicy: reading(readOps.stsPolicy),
      stsPoliciesBefore: reading(readOps.stsPoliciesBefore),
      putDomain: writing(writeOps.putDomain),
      removeDomain: writing(writeOps.removeDomain),
      createAccount: writing(writeOps.createAccount),
      updateAccount: writing(writeOps.updateAccount),
      renameAccount: writing(writeOps.renameAccount),
      removeAccount: writing(writeOps.removeAccount),
      putCredential: writing(writeOps.putCredential),
      removeCredential: writing(writeOps.removeCredential),
      putAddress: writing(writeOps.putAddress),
      removeAddress: writing(writeOps.removeAddress),
      putSetting: writing(writeOps.putSetting),
      swapSetting: writing(writeOps.swapSetting),
      accept: (acceptance) =>
        this.#run(async () => {
          const kept = await this.#keepAcceptance(acceptance);
          return this.#writeNow(() => writeOps.accept(kept));
        }),
      acceptCopies: (given) =>
        this.#run(async () => {
          const template = await this.#keep(given.template);
          const copies = await Promise.all(given.copies.map((each) => this.#keepAcceptance(each)));
          return this.#writeNow(() => writeOps.acceptCopies({ template, known: given.known, copies }));
        }),
      putImported: (to, messages) =>
        this.#run(async () => {
          const kept = await Promise.all(
            messages.map(async ({ bytes, facts, ...rest }) => ({ ...rest, ...(await this.#keep({ bytes, facts })) })),
          );
          return this.#writeNow(() => writeOps.putImported(to, kept));
        }),
      append: (account, mailbox, messages) =>
        this.#run(async () => {
          const kept = await Promise.all(
            messages.map(async ({ marks, receivedAt, ...message }) => ({
              ...(await this.#keep(message)),
              marks,
              receivedAt,
            })),
          );
          return this.#writeNow(() => writeOps.append(account, mailbox, kept));
        }),
      replaceMessage: (account, mailbox, { marks, receivedAt, ...message }, old) =>
        this.#run(async () => {
          const kept = { ...(await this.#keep(message)), marks, receivedAt };
          return this.#writeNow(() => writeOps.replaceMessage(account, mailbox, kept, old));
        }),
      createMailbox: writing(writeOps.createMailbox),
      renameMailbox: writing(writeOps.renameMailbox),
      deleteMailbox: writing(writeOps.deleteMailbox),
      setSubscribed: writing(writeOps.setSubscribed),
      setFlags: writing(writeOps.setFlags),
      copy: writing(writeOps.copy),
      move: writing(writeOps.move),
      expunge: writing(writeOps.expunge),
      takeRecent: writing(writeOps.takeRecent),
      claim: writing(writeOps.claim),
      settle: (request) =>
        this.#run(async () => {
          const kept = {
            ...request,
            notices: await Promise.all(request.notices.map((each) => this.#keepAcceptance(each))),
          };
          return this.#writeNow(() => writeOps.settle(kept));
        }),
      renewLeases: writing(writeOps.renewLeases),
      releaseLeases: writing(writeOps.releaseLeases),
      queueAct: writing(writeOps.queueAct),
      tally: writing((tallies, once) => writeOps.tally(tallies, once)),
      putPeers: writing((rows) => writeOps.putPeers(rows)),
      removeQuarantined: writing((ids, why, at) => writeOps.removeQuarantined(ids, why, at)),
      dropTally: writing(writeOps.dropTally),
      forgetTallies: writing(writeOps.forgetTallies),
      note: writing((journey) => writeOps.note(journey)),
      putSieveScript: writing(writeOps.putSieveScript),
      updateSieveScript: writing(writeOps.updateSieveScript),
      activateSieveScript: writing(writeOps.activateSieveScript),
      removeSieveScript: writing(writeOps.removeSieveScript),
      putVacationResponse: writing(writeOps.putVacationResponse),
      putSharedScript: writing(writeOps.putSharedScript),
      removeSharedScript: writing(writeOps.removeSharedScript),
      putAnnotations: writing(writeOps.putAnnotations),
      putStsPolicy: writing(writeOps.putStsPolicy),
      dropStsPolicies: writing(writeOps.dropStsPolicies),
      tidy: writing(writeOps.tidy),
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      backup: () =>
        Promise.reject(
          new Error(
            `This store is kept by PostgreSQL: back it up with "pg_dump", then copy the folder ${this.#parts.settings.folder} (in this order, within ${blobHours} hour, so that no file is missing that the dump names).`,
          ),
        ),
      verify: (progress) => verifyStore((part) => this.#read(() => readOps.verify(part)), progress),
      close: () => (this.#closed ??= this.#close()),
    };
  }
}

/** `blobGraceMs` in words. */
const blobHours = 1;
