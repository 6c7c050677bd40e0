/** What one IMAP session knows: who it is, what it enabled, and the mailbox it has open. */

import { allRights, type Rights } from "../../protocol/imap/rights.ts";
import type { SetRange } from "../../protocol/imap/set.ts";
import type { View } from "../../protocol/imap/view.ts";
import type { AccountChange, Changes, Watcher } from "../notify/changes.ts";
import type { Account, AccountId, MailboxId } from "../store/store.ts";
import type { Place } from "./names.ts";
import type { Notifier } from "./notifier.ts";
import type { Output } from "./output.ts";

/** The mailbox a session has open. */
export class Selected {
  /** Whose mailbox it is. */
  readonly account: AccountId;
  /** What the session may do with it (RFC 4314). */
  rights: Rights;
  /** The rights may have changed: look before anything else is done with it. */
  doubted: boolean;
  readonly mailbox: MailboxId;
  readonly readOnly: boolean;
  readonly view: View;
  /** UIDs below this are \Recent for no session after this one. */
  recentBelow = 0;
  /** Mod-sequence up to which the view knows everything. */
  modseq: number;
  /** Highest mod-sequence of the mailbox we were told of. */
  heard = 0;
  /** Look even if nothing was heard: what another node did is heard of with a delay. */
  unsure = false;
  /** Our own changes above `modseq`: the client has their results already. */
  readonly own = new Set<number>();
  /** Gone from the store, not yet from the view: waiting for a moment when EXPUNGE may be sent. Ascending. */
  vanished: readonly number[] = none;
  /** While they wait: the mod-sequence from before the first of them. */
  certain: number | undefined;
  /** Keywords the client has seen in FLAGS, in lower case. */
  readonly keywords: Map<string, string>;
  /** The mailbox itself was deleted under us, or is withdrawn. */
  gone = false;
  /** It is not shared with us any longer: there still is something that we must not touch. */
  withdrawn = false;

  constructor(
    { account, mailbox, rights }: Place,
    readOnly: boolean,
    view: View,
    modseq: number,
    keywords: readonly string[],
  ) {
    this.account = account;
    this.rights = rights;
    // Another's: rights may be taken at any time, also while it is being opened.
    this.doubted = rights !== allRights;
    this.mailbox = mailbox.id;
    this.readOnly = readOnly;
    this.view = view;
    this.modseq = modseq;
    this.keywords = new Map(keywords.map((keyword) => [keyword.toLowerCase(), keyword]));
  }

  /** There may be something the view does not know. */
  get behind(): boolean {
    return this.unsure || this.heard > this.modseq;
  }

  /** Has the client been told of what happened with this mod-sequence? */
  knows(modseq: number): boolean {
    return modseq <= this.modseq || this.own.has(modseq);
  }

  /**
   * Notes a change of our own whose result the client is being told. Mod-sequences of an account go up by one with each change, so the
   * one right after what the view knows leaves nothing in between; otherwise `update` asks what else there was.
   */
  changedBySelf(modseq: number): void {
    if (modseq === this.modseq + 1) this.modseq = modseq;
    else if (modseq > this.modseq) {
      this.own.add(modseq);
      this.heard = Math.max(this.heard, modseq);
    }
  }
}

const none: readonly number[] = [];

export class Session implements Watcher {
  readonly out: Output;
  account: Account | undefined;
  /** What is heard of a mailbox while it is being opened. */
  opening: { readonly account: AccountId; readonly mailbox: MailboxId; heard: number } | undefined;
  /** Where changes of others' accounts are heard of; known once somebody has logged in. */
  hub: Pick<Changes, "watch" | "unwatch"> | undefined;
  /** Another's account that is watched for its mailbox that is open. */
  #watched: AccountId | undefined;
  selected: Selected | undefined;
  /** RFC 5182 "$": UIDs of the selected mailbox. */
  saved: readonly SetRange[] = [];
  condstore = false;
  qresync = false;
  utf8 = false;
  rev2 = false;
  /** RFC 9586: no sequence numbers, from either side. */
  uidOnly = false;
  /** RFC 5465: what the client wants to be told without asking. */
  notifier: Notifier | undefined;
  compressed = false;
  /** Set while the session waits in IDLE, or after NOTIFY: a change wakes it. */
  wake: (() => void) | undefined;

  constructor(out: Output) {
    this.out = out;
  }

  /** Told by the hub; see notify/changes.ts. */
  changed(change: AccountChange): void {
    this.#hear(change);
    const selected = this.selected ?? this.opening;
    if (selected === undefined || (change.kind !== "mail" && change.kind !== "mailboxes")) return;
    if (change.account !== selected.account) return;
    // When mailboxes come and go, ours may be the one.
    if (change.kind === "mail" && change.mailbox !== selected.mailbox) return;
    if (change.modseq > selected.heard) selected.heard = change.modseq;
    if (change.kind === "mailboxes" && this.selected !== undefined)
      this.selected.doubted = this.selected.rights !== allRights;
    if (this.selected?.behind) this.wake?.();
  }

  /** For NOTIFY. */
  #hear(change: AccountChange): void {
    const { notifier } = this;
    if (notifier === undefined || !notifier.elsewhere || change.account !== this.account?.id) return;
    if (change.kind !== "mail" && change.kind !== "mailboxes") return;
    notifier.pending = true;
    this.wake?.();
  }

  /** Who is logged in: for commands that come only then. */
  get user(): Account {
    if (this.account === undefined) throw new Error("Nobody is logged in");
    return this.account;
  }

  /** From now on what happens to this mailbox is noted. */
  begin(account: AccountId, mailbox: MailboxId): void {
    this.opening = { account, mailbox, heard: 0 };
    if (account === this.account?.id || this.#watched === account) return;
    this.hub?.watch(account, this);
    this.#watched = account;
  }

  open(selected: Selected): void {
    selected.heard = this.opening?.heard ?? 0;
    this.opening = undefined;
    this.selected = selected;
    this.saved = [];
  }

  /** Everything but the connection's own state. */
  forget(): void {
    this.close();
    this.account = undefined;
    this.condstore = this.qresync = this.utf8 = this.rev2 = this.uidOnly = false;
    this.notifier = undefined;
  }

  close(): void {
    if (this.#watched !== undefined) this.hub?.unwatch(this.#watched, this);
    this.#watched = undefined;
    this.opening = undefined;
    this.selected = undefined;
    this.saved = [];
  }
}
