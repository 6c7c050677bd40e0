/** What JMAP needs of the rest of the server. */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Directory, SendAs } from "../access/directory.ts";
import type { Pass, SignIn } from "../access/login.ts";
import type { Log } from "../base/log.ts";
import type { ImapSieve } from "../deliver/sieve/imap-sieve.ts";
import type { Leave } from "../fetch/leave.ts";
import type { Pictures } from "../fetch/pictures.ts";
import type { FindKey } from "../fetch/public-keys.ts";
import type { PublishedKeys } from "../keys/published.ts";
import type { Changes } from "../notify/changes.ts";
import type { Received } from "../receive/received.ts";
import type { Account, AccountId, Instant, Store } from "../store/store.ts";
import type { WorkPool } from "../work/pool.ts";
import type { JmapSettings } from "./settings.ts";
import type { Sleepers } from "./sleepers.ts";

export type JmapPorts = {
  readonly store: Store;
  readonly login: SignIn;
  /** Calls `end` when the account is signed out, or what let somebody in holds no longer; answers how to be called no more. */
  readonly untilSignedOut: (account: AccountId, pass: Pass | undefined, end: () => void) => () => void;
  readonly directory: Directory;
  readonly notify: Changes;
  readonly pool: Pick<WorkPool, "run">;
  readonly factsOf: (bytes: Uint8Array) => MessageFacts;
  readonly factsOfLarge: (bytes: Uint8Array) => Promise<MessageFacts>;
  /** As an authenticated sender's: one reply for all recipients. */
  readonly submit: (mail: Received) => Promise<readonly Reply[]>;
  readonly mayFrom: (account: Account, local: string, domain: string, how?: SendAs) => boolean | Promise<boolean>;
  /** Scripts that run for what clients do. */
  readonly scripts: ImapSieve;
  readonly settings: JmapSettings;
  readonly ourHost: string;
  readonly now: () => Instant;
  readonly newId: () => string;
  /** `bytes` random bytes in hexadecimal. */
  readonly random: (bytes: number) => string;
  /** Nothing leaves by itself: mail that was put off stays so, nobody is pushed anything. */
  readonly withheld: () => boolean;
  /** Push may go to private addresses, and unencrypted HTTP: for tests on one machine. */
  readonly pushAnywhere: boolean;
  readonly sleepers: Pick<Sleepers, "note">;
  readonly publishedKeys: Pick<PublishedKeys, "of" | "changed">;
  /** What is fetched in place of a reader. */
  readonly elsewhere: {
    readonly pictures: Pick<Pictures, "of">;
    readonly leave: Leave;
    readonly findKey: FindKey;
    /** The SVG of a domain's verified mark (BIMI). */
    readonly mark: (domain: string) => Promise<Uint8Array | undefined>;
  };
  readonly log: Log;
};
