/**
 * Scripts that run when a client of IMAP or JMAP appends, copies or flags messages (RFC 6785): those named by the annotation
 * "/shared/imapsieve/script" of the mailbox, or else of the server. What they ask is done to the message where it is.
 */
import type { MessageFacts } from "../../../protocol/mime/facts.ts";
import type { Action, Surroundings } from "../../../protocol/sieve/actions.ts";
import { SieveMessage } from "../../../protocol/sieve/message.ts";
import { runScripts } from "../../../protocol/sieve/sieve.ts";
import type { Log } from "../../base/log.ts";
import type { Account, AccountId, Change, Mailbox, MailboxId, MessageRow, Store, UidRange } from "../../store/store.ts";
import type { ScriptBook } from "./book.ts";
import type { ClientSend } from "./client-sends.ts";
import { flagsAsMarks, marksAsFlags } from "./flags.ts";
import { AccountMailboxes } from "./mailboxes.ts";

const entry = "/shared/imapsieve/script";
/** Messages of one command that scripts run for. */
export const maxImapSieveMessages = 1_000;
/** Accounts whose annotations are remembered. */
const maxRemembered = 10_000;

export type ImapSieveEvent = {
  /** Who did it. */
  readonly user: Account;
  /** Whose mailbox it is, and which. */
  readonly account: AccountId;
  readonly mailbox: MailboxId;
  readonly uids: readonly number[];
  readonly cause: "APPEND" | "COPY" | "FLAG";
  /** Names of flags that were set or taken away, for "FLAG". */
  readonly changedFlags: readonly string[];
};

/** Runs the scripts, if there are any; never rejects: what goes wrong is logged, and the messages stay as they are. */
export type ImapSieve = ((event: ImapSieveEvent) => Promise<void>) &
  Disposable & {
    /** Whether any mailbox of the account names a script. */
    concerns(account: AccountId): Promise<boolean>;
  };

type Ports = {
  readonly store: Pick<
    Store,
    | "mailboxes"
    | "annotations"
    | "fetch"
    | "setFlags"
    | "copy"
    | "append"
    | "replaceMessage"
    | "createMailbox"
    | "accounts"
    | "subscribe"
  >;
  readonly factsOf: (bytes: Uint8Array) => Promise<MessageFacts>;
  readonly book: Pick<ScriptBook, "script">;
  readonly send: ClientSend;
  readonly ourHost: string;
  readonly version: string;
  readonly now: () => number;
  readonly log: Log;
};

type Names = ReadonlyMap<MailboxId | 0, string>;
const noNames: Names = new Map();

export function makeImapSieve(ports: Ports): ImapSieve {
  const { store, book, send, now, log } = ports;
  const known = new Map<AccountId, Names>();
  const unsubscribe = store.subscribe((changes: readonly Change[]) => {
    for (const change of changes)
      if (change.kind === "sieve" && change.account !== undefined) known.delete(change.account);
      else if (change.kind === "sieve" || change.kind === "directory") known.clear();
  });

  const namesOf = async (account: AccountId): Promise<Names> => {
    const remembered = known.get(account);
    if (remembered !== undefined) return remembered;
    const found = (await store.annotations(account)).filter((one) => one.entry === entry && one.value !== "");
    const names = found.length === 0 ? noNames : new Map(found.map(({ mailbox, value }) => [mailbox, value]));
    if (known.size >= maxRemembered) known.clear();
    known.set(account, names);
    return names;
  };

  const run = async (event: ImapSieveEvent): Promise<void> => {
    const names = await namesOf(event.account);
    const name = names.get(event.mailbox) ?? names.get(0);
    if (name === undefined) return;
    const [owner] = await store.accounts({ id: event.account });
    if (owner === undefined) return;
    const script = await book.script(event.account, domainOf(owner.name), name);
    if (script === undefined || script.compiled.kind === "mistakes") {
      log.warn({ account: owner.name, script: name }, "the script that a mailbox names is not there, or cannot be run");
      return;
    }
    const { compiled } = script;
    const [mailboxes, annotations] = await Promise.all([
      store.mailboxes(event.account),
      store.annotations(event.account),
    ]);
    const mailbox = mailboxes.find(({ id }) => id === event.mailbox);
    if (mailbox === undefined) return;
    const boxes = new AccountMailboxes(mailboxes, annotations);
    let rest = event.uids.slice(0, maxImapSieveMessages);
    while (rest.length > 0) {
      const ranges = rest.map((uid): UidRange => [uid, uid]);
      const page = await store.fetch(event.account, event.mailbox, ranges, ["marks", "bytes"]);
      for (const row of page.rows) {
        if (row.bytes === undefined) continue;
        const message = new SieveMessage(Buffer.from(row.bytes));
        const outcome = runScripts([{ name, script: compiled }], message, worldOf(event, owner, mailbox, row, boxes));
        for (const { mistake } of outcome.failures)
          log.warn({ account: owner.name, script: name, line: mistake.line, what: mistake.message }, "script stopped");
        await apply(event, owner, { ...row, bytes: Buffer.from(row.bytes) }, outcome, boxes);
      }
      const { next } = page;
      rest = next === undefined ? [] : rest.filter((uid) => uid >= next);
    }
  };

  const worldOf = (
    event: ImapSieveEvent,
    owner: Account,
    mailbox: Mailbox,
    row: MessageRow,
    boxes: AccountMailboxes,
  ): Surroundings => ({
    // RFC 6785 §3.7: there is no envelope.
    envelopeFrom: undefined,
    envelopeTo: undefined,
    envelopeDsn: {},
    separator: "+",
    environment: {
      domain: domainOf(owner.name),
      host: ports.ourHost,
      location: "MS",
      phase: "post",
      name: "Angarium",
      version: ports.version,
      // RFC 6785 §4.
      "imap.user": event.user.name,
      "imap.email": event.user.name,
      "imap.cause": event.cause,
      "imap.mailbox": mailbox.path,
      "imap.changedflags": event.changedFlags.join(" "),
    },
    now: now(),
    zoneMinutes: (at) => -new Date(at).getTimezoneOffset(),
    spamPercent: undefined,
    virus: undefined,
    flags: marksAsFlags(row),
    ...boxes.tests(),
    isDuplicate: () => false,
  });

  const apply = async (
    { account, mailbox }: ImapSieveEvent,
    owner: Account,
    row: MessageRow & { readonly bytes: Buffer },
    outcome: ReturnType<typeof runScripts>,
    boxes: AccountMailboxes,
  ): Promise<void> => {
    const uids: readonly UidRange[] = [[row.uid, row.uid]];
    let stays = outcome.keeps;
    for (const action of outcome.actions) {
      if (action.kind === "redirect" || action.kind === "notify") {
        const sent = await send(action, row.bytes, owner);
        if (!sent && action.kind === "redirect") stays = true;
        continue;
      }
      if (action.kind !== "fileinto") {
        // RFC 6785 §3.8 forbids reject and vacation here.
        log.warn(
          { account, action: action.kind },
          "an action that has no meaning for what a client does is passed over",
        );
        continue;
      }
      const to = await mailboxFor(account, action, boxes);
      if (to === undefined || to === mailbox) continue;
      if (action.message !== undefined) {
        const flags = action.flags ?? marksAsFlags(row);
        const filed = await store.append(account, to, [await edited(row, action.message, flags)]);
        if (filed.kind !== "done") stays = notKept(owner, filed.kind);
        continue;
      }
      const copied = await store.copy(account, mailbox, uids, to);
      const [uid] = copied.kind === "done" ? copied.to : [];
      if (uid !== undefined && action.flags !== undefined)
        await store.setFlags(account, to, { uids: [[uid, uid]], mode: "replace", marks: flagsAsMarks(action.flags) });
    }
    const { keepMessage } = outcome;
    if (stays && outcome.keeps && keepMessage !== undefined) {
      // RFC 6785 §3.8: what the script has changed takes the place of what was there, under a UID of its own.
      const message = await edited(row, keepMessage, outcome.keepFlags ?? marksAsFlags(row));
      const kept = await store.replaceMessage(account, mailbox, message, { mailbox, uid: row.uid });
      if (kept.kind === "done") return;
      notKept(owner, kept.kind);
    }
    // RFC 6785 §3.8: what is not kept is marked, and goes when the client expunges it.
    if (!stays) await store.setFlags(account, mailbox, { uids, mode: "add", marks: flagsAsMarks(["\\Deleted"]) });
    else if (outcome.keepFlags !== undefined && !sameFlags(outcome.keepFlags, marksAsFlags(row)))
      await store.setFlags(account, mailbox, { uids, mode: "replace", marks: flagsAsMarks(outcome.keepFlags) });
  };

  /** What the script made of a message, with the flags and the time of arrival that it has. */
  const edited = async (row: MessageRow, bytes: Buffer, flags: readonly string[]) => ({
    bytes,
    facts: await ports.factsOf(bytes),
    marks: flagsAsMarks(flags),
    receivedAt: row.receivedAt,
  });

  /** Always true: then the message stays as it was. */
  const notKept = (owner: Account, why: string): true => {
    log.warn({ account: owner.name, why }, "what a script made of a message could not be kept");
    return true;
  };

  const mailboxFor = async (
    account: AccountId,
    action: Extract<Action, { readonly kind: "fileinto" }>,
    boxes: AccountMailboxes,
  ): Promise<MailboxId | undefined> => {
    const target = boxes.target(action.target);
    if (target === undefined) return undefined;
    if ("id" in target) return target.id;
    if (!("path" in target)) return undefined;
    const made = await store.createMailbox(account, target.path, target.specialUse);
    if (made.kind === "done") return made.mailbox.id;
    return (await store.mailboxes(account)).find(({ path }) => path === target.path)?.id;
  };

  const imapSieve = (event: ImapSieveEvent): Promise<void> =>
    run(event).catch((error: unknown) => {
      log.error({ error, account: event.account }, "scripts for what a client did could not be run");
    });
  return Object.assign(imapSieve, {
    concerns: async (account: AccountId) => (await namesOf(account)).size > 0,
    [Symbol.dispose]: unsubscribe,
  });
}

const domainOf = (name: string): string => name.slice(name.lastIndexOf("@") + 1);

function sameFlags(one: readonly string[], other: readonly string[]): boolean {
  const folded = (flags: readonly string[]): string =>
    [...new Set(flags.map((flag) => flag.toLowerCase()))].sort().join(" ");
  return folded(one) === folded(other);
}
