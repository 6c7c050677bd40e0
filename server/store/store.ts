/**
 * The store: everything Angarium remembers. Each operation is whole (it is atomic, and it crosses to another thread or
 * another machine exactly once) and speaks plain data. `StoreReader` cannot write. Implementations: SQLite and
 * PostgreSQL, one set of operations (`ops/*`), two drivers. The contract suite is `test/contract/store.ts`.
 *
 * A promise of a `StoreWriter` operation resolves only after the commit is durable (ARCHITECTURE.md, law 4).
 * Operations reject only for breakage, with a `StoreTrouble` ("disk-full", "io", "unavailable"; see `trouble.ts`) where it is
 * the disk's or the database's; what a caller may ask wrongly is a value in the result.
 */

import type { AcceptanceWriter } from "./acceptance.ts";
import type { CarryReader, CarryWriter } from "./carry-store.ts";
import type { Change } from "./change.ts";
import type { DirectoryReader, DirectoryWriter } from "./directory-store.ts";
import type { HostingReader, HostingWriter } from "./hosting.ts";
import type { Instant } from "./ids.ts";
import type { JmapReader, JmapWriter } from "./jmap.ts";
import type { JourneyReader, JourneyWriter } from "./journey-store.ts";
import type { ListsReader, ListsWriter } from "./lists-store.ts";
import type { MailReader, MailWriter } from "./mail-store.ts";
import type { PeerReader, PeerWriter } from "./peers.ts";
import type { QuarantineReader, QuarantineWriter } from "./quarantine.ts";
import type { QueueReader, QueueWriter } from "./queue-store.ts";
import type { SecurityReader, SecurityWriter } from "./security-store.ts";
import type { SendingReader, SendingWriter } from "./sending.ts";
import type { SharingReader, SharingWriter } from "./sharing-store.ts";
import type { SieveReader, SieveWriter } from "./sieve-store.ts";
import type { StsReader, StsWriter } from "./sts-store.ts";
import type { TallyReader, TallyWriter } from "./tallies.ts";
import type { WordsReader, WordsWriter } from "./words.ts";

// What its operations speak of, for those who know the store alone.
export type * from "./acceptance.ts";
export type * from "./change.ts";
export type * from "./directory-store.ts";
export type * from "./ids.ts";
export type * from "./journey-store.ts";
export type * from "./mail-store.ts";
export type * from "./marks.ts";
export { Flag } from "./marks.ts";
export type * from "./queue-store.ts";
export type * from "./queued-mail.ts";
export type { Credential } from "./security-store.ts";

export interface StoreReader
  extends DirectoryReader,
    MailReader,
    QueueReader,
    JourneyReader,
    JmapReader,
    TallyReader,
    SieveReader,
    StsReader,
    PeerReader,
    QuarantineReader,
    SendingReader,
    SecurityReader,
    CarryReader,
    WordsReader,
    SharingReader,
    ListsReader,
    HostingReader {}

export interface StoreWriter
  extends DirectoryWriter,
    AcceptanceWriter,
    MailWriter,
    QueueWriter,
    JourneyWriter,
    JmapWriter,
    TallyWriter,
    SieveWriter,
    StsWriter,
    PeerWriter,
    QuarantineWriter,
    SendingWriter,
    SecurityWriter,
    CarryWriter,
    WordsWriter,
    SharingWriter,
    ListsWriter,
    HostingWriter {
  /** Removes bytes nobody names, old tombstones and journey entries; bounded work per call; answers whether there is more. */
  tidy(now: Instant): Promise<{ readonly more: boolean }>;
}

export interface Store extends StoreReader, StoreWriter {
  /** Told of every change this process made (and, in a cluster, the others made), after its commit. Answers the unsubscriber. */
  subscribe(listener: (changes: readonly Change[]) => void): () => void;
  /** Online, consistent copy into an empty or missing folder. */
  backup(folder: string, progress?: (done: number, total: number) => void): Promise<void>;
  /** Reads everything and checks it against everything else; sentences about what is wrong. */
  verify(progress?: (done: number, total: number) => void): Promise<readonly string[]>;
  close(): Promise<void>;
}
