/** What an administrative command is: a plain function over a few parts of the server, with its arguments described. */

import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { Ldap } from "../access/ldap.ts";
import type { Passkeys } from "../access/passkeys.ts";
import type { SealedPasswords } from "../access/sealed-passwords.ts";
import type { ShareChange } from "../access/share-change.ts";
import type { Dooring } from "../assemble/dooring.ts";
import type { Requiring } from "../assemble/requiring.ts";
import type { Restraining } from "../assemble/restraining.ts";
import type { Sending } from "../assemble/running-sending.ts";
import type { ImportRunner } from "../carry/runner.ts";
import type { Quarantine } from "../deliver/quarantine.ts";
import type { Distribute } from "../distribute/distribute.ts";
import type { Indexer } from "../index/indexer.ts";
import type { Injection } from "../inject/injection.ts";
import type { DnsUpdateSettings } from "../net/dns-update.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Queue } from "../queue/queue.ts";
import type { Sent } from "../report/dmarc-send.ts";
import type { SentTls } from "../report/tls-send.ts";
import type { Seeding } from "../seed/engine.ts";
import type { KeyKeeper } from "../sign/key-keeper.ts";
import type { AccountId, Instant, Store } from "../store/store.ts";
import type { Webhooks } from "../tell/webhooks.ts";
import type { Desk } from "../uphold/desk.ts";
import type { DomainCheck } from "./domain-dns.ts";

/** What a running server says of itself. */
export type Running = {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: Instant;
  readonly listeners: readonly { readonly service: string; readonly address: string; readonly port: number }[];
  readonly connections: { readonly [service: string]: number };
};

/** What commands work on. Without a running server there are only the store and the clock. */
export type World = {
  readonly store: Store;
  /** Who types, where it is a command line: a user of the system. */
  readonly by?: string;
  readonly queue: Pick<Queue, "act" | "waits"> | undefined;
  readonly running: (() => Running) | undefined;
  readonly hostname: string;
  /** The TLSA records of this host that should be in DNS. */
  readonly tlsa: () => readonly string[];
  readonly now: () => Instant;
  /** Keeps the index of words; the running server alone does. */
  readonly indexer?: Pick<Indexer, "catchUp">;
  /** Undefined where DNS cannot be asked. */
  readonly resolver?: Resolver;
  /** Keeps what a check of a domain has found; the running server alone does. */
  readonly checked?: (check: DomainCheck) => Promise<void>;
  /** Where dynamic updates go where nothing else is said. */
  readonly dnsUpdate?: DnsUpdateSettings;
  /** Looks after DKIM keys; undefined where DNS cannot be asked. */
  readonly keys?: KeyKeeper;
  /** The quarantine with what the running server alone can do. */
  readonly quarantine?: {
    readonly keeper: Quarantine;
    readonly digest: (account: AccountId | undefined) => Promise<number>;
  };
  /** Forgets what a person taught the filter, which the running server holds in memory. */
  readonly forgetLessons?: (account: AccountId) => Promise<void>;
  /** Runs imports; the running server alone does by itself. */
  readonly imports?: ImportRunner;
  /** Facts of a message, large ones in another thread. */
  readonly factsOf?: (bytes: Buffer) => MessageFacts | Promise<MessageFacts>;
  /** Mailing lists at work; without a running server only what they are can be changed. */
  readonly mailingLists?: Distribute;
  /** Registers passkeys; the running server alone can. */
  readonly passkeys?: Passkeys;
  /** Keeps many passwords at once; the running server alone, with its own store, can hash them afterwards. */
  readonly sealed?: SealedPasswords | undefined;
  /** The configured LDAP directory. */
  readonly ldap?: Ldap | undefined;
  /** What accounts send, as it is counted now; the running server alone counts. */
  readonly restraining?: Restraining["forWorld"];
  readonly bans?: Dooring["bans"];
  readonly lists?: Dooring["lists"];
  /** Sending at volume as it works now. */
  readonly sending?: Sending;
  readonly webhooks?: Webhooks;
  /** What receivers ask of senders, and lists that name us. */
  readonly requiring?: Requiring;
  /** Seed mailboxes; the running server alone sends to them and looks into them. */
  readonly seeding?: Seeding;
  /** Emails of programs; the running server alone takes them. */
  readonly injection?: Injection;
  /** Tells somebody that their rights to another's mailbox have changed; the running server alone does. */
  readonly shared?: (change: ShareChange) => Promise<void>;
  /** Looks after complaints about our own people's mail, and strikes; the running server alone does. */
  readonly desk?: Desk;
  /** Sends reports; the running server alone does. */
  readonly reports?: { readonly send: (today: boolean) => Promise<readonly (Sent | SentTls)[]> };
};

/** Plain JSON, or a sentence that says what is wrong and what to do. */
export type Outcome =
  | { readonly kind: "done"; readonly result: unknown }
  | {
      readonly kind: "refused";
      readonly why: string /** The argument that is wrong, where it is one. */;
      readonly field?: string;
      /** The command was used wrongly, whatever there is. */
      readonly misused?: true;
    };
export const done = (result: unknown): Outcome => ({ kind: "done", result });
export type Refused = Extract<Outcome, { kind: "refused" }>;
export const no = (why: string, field?: string): Refused =>
  field === undefined ? { kind: "refused", why } : { kind: "refused", why, field };
export const misused = (why: string): Refused => ({ kind: "refused", why, misused: true });

/** Tells whoever waits how far long work has come. */
export type Progress = (line: string) => void;

type Values = {
  readonly text: string;
  /** On the command line the name of a file ("-": standard input), in JSON what it holds: text. */
  readonly file: string;
  /** A file or folder: made absolute where it was typed, for the server works elsewhere. */
  readonly path: string;
  readonly number: number;
  /** "500M", "2G", or plain bytes; "0" or "none" is no limit. */
  readonly bytes: number;
  readonly flag: boolean;
  readonly list: readonly string[];
  /** Several of them. */
  readonly paths: readonly string[];
  readonly json: unknown;
};

export type Argument = {
  readonly type: keyof Values;
  readonly help: string;
  readonly required?: true;
  /** Given by its place on the command line instead of by --name; a list takes all that follow. */
  readonly placed?: true;
  readonly choices?: readonly string[];
};
export type Arguments = { readonly [name: string]: Argument };
export type Given<A extends Arguments> = {
  readonly [N in keyof A]: A[N] extends { readonly required: true }
    ? Values[A[N]["type"]]
    : Values[A[N]["type"]] | undefined;
};

export type Command = {
  /** Words as they are typed: "account add". */
  readonly name: string;
  readonly help: string;
  readonly args: Arguments;
  readonly run: (given: Given<Arguments>, world: World, progress: Progress) => Promise<Outcome>;
  /** The result for people, where `render` would not show it well. */
  readonly text?: (result: never) => string;
  /** Whether what it found is bad news, though it was done: programs read that in the exit code. */
  readonly isBad?: (result: never) => boolean;
};

/** Keeps the types of a command's arguments for its own function. */
export function command<const A extends Arguments>(
  name: string,
  help: string,
  args: A,
  run: (given: Given<A>, world: World, progress: Progress) => Promise<Outcome>,
  text?: Command["text"],
  isBad?: Command["isBad"],
): Command {
  const made = { name, help, args, run: run as Command["run"] };
  return { ...made, ...(text === undefined ? {} : { text }), ...(isBad === undefined ? {} : { isBad }) };
}

/** A time as results show it. */
export const time = (at: Instant | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();
