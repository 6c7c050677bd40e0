/**
 * Brings the client's view of its mailbox up to date: EXPUNGE or VANISHED, EXISTS, RECENT, FLAGS and FETCH, at the moments
 * when they are allowed (RFC 9051 §5.5, §7.5.1; RFC 7162 §3.2.10). Nobody else changes the view of an open session.
 */
import { flagsLines, formatFlags, vanishedLine } from "../../protocol/imap/response.ts";
import type { StoreReader } from "../store/store.ts";
import { may } from "./names.ts";
import type { Selected, Session } from "./session.ts";

export type Marked = {
  readonly uid: number;
  readonly flags: number;
  readonly keywords: readonly string[];
  readonly modseq: number;
};

/** Tells the client what happened to its mailbox since it was told last. Without `mayExpunge` what is gone stays in the view. Answers the UIDs that arrived. */
export async function update(
  session: Session,
  store: Pick<StoreReader, "changesSince">,
  mayExpunge: boolean,
): Promise<readonly number[]> {
  const selected = session.selected;
  if (selected === undefined) return none;
  let changed: readonly Marked[] = [];
  const known = selected.modseq;
  if (selected.gone) lose(selected, selected.heard);
  else if (selected.behind) {
    const heard = selected.heard;
    const changes = await store.changesSince(selected.account, selected.mailbox, selected.modseq);
    selected.unsure = false;
    if (changes.kind === "no-mailbox") {
      lose(selected, heard);
    } else {
      // What came while we asked is asked for next time; a change elsewhere in the account must not make us ask again.
      selected.modseq = Math.max(selected.modseq, changes.highestModseq, heard);
      if (changes.vanished.length > 0) selected.vanished = merged(selected.vanished, changes.vanished);
      changed = changes.changed;
    }
  }
  const { vanished } = selected;
  if (mayExpunge && vanished.length > 0) {
    selected.vanished = [];
    tellExpunged(session, selected, vanished);
  }
  const arrived = changed.length === 0 ? none : tellChanged(session, selected, changed);
  selected.own.clear();
  if (vanished.length > 0) tellCertain(session, selected, known);
  return arrived;
}

/**
 * RFC 7162 §3.2: a client that is shown mod-sequences above those of expunges that it is not told of yet must not believe, should the
 * connection break, that it knows all up to there.
 */
function tellCertain(session: Session, selected: Selected, known: number): void {
  const heldBack = selected.vanished.length > 0;
  if (!heldBack && selected.certain === undefined) return;
  selected.certain = heldBack ? (selected.certain ?? known) : undefined;
  if (session.condstore)
    session.out.line(`* OK [HIGHESTMODSEQ ${selected.certain ?? selected.modseq}] All up to there has been told`);
}

const none: readonly number[] = [];

/** What the session may do with another's mailbox, as it is now: where it may not be read any longer it is as if deleted. */
export async function learnRights(session: Session, store: Pick<StoreReader, "sharedWith">): Promise<void> {
  const { selected } = session;
  if (selected === undefined || !selected.doubted || selected.gone) return;
  selected.doubted = false;
  try {
    const shared = (await store.sharedWith(session.user.id)).find(
      ({ owner, mailbox }) => owner === selected.account && mailbox === selected.mailbox,
    );
    if (shared !== undefined && may(shared, "lr")) selected.rights = shared.rights;
    else {
      selected.withdrawn = true;
      lose(selected, selected.heard);
    }
  } catch (error) {
    selected.doubted = true;
    throw error;
  }
}

/** The mailbox was deleted: all its messages are gone, and so will all be that come. */
function lose(selected: Selected, heard: number): void {
  selected.gone = true;
  selected.unsure = false;
  selected.modseq = Math.max(selected.modseq, heard);
  selected.vanished = [...selected.view.uids];
}

/** Takes these (ascending) UIDs out of the view and says so. */
export function tellExpunged(session: Session, selected: Selected, uids: readonly number[]): void {
  const gone = selected.view.expunge(uids);
  if (gone.uids.length === 0) return;
  if (session.qresync || session.uidOnly) session.out.text(vanishedLine(gone.uids, false));
  else for (const sequence of gone.sequences) session.out.line(`* ${sequence} EXPUNGE`);
}

function tellChanged(session: Session, selected: Selected, changed: readonly Marked[]): readonly number[] {
  const { view, own } = selected;
  const last = view.lastUid;
  const arrived: number[] = [];
  const marked: Marked[] = [];
  for (const message of changed) {
    if (message.uid > last) arrived.push(message.uid);
    else if (!own.has(message.modseq)) marked.push(message);
  }
  if (arrived.length > 0 && view.append(arrived) > 0) tellSize(session, selected);
  tellMarks(session, selected, changed);
  for (const message of marked) tellMarked(session, selected, message, true);
  return arrived;
}

/** How a response about one message begins: by its number, or by its UID where there are no numbers (RFC 9586 §3.3). */
export const fetchStart = ({ uidOnly }: Session, sequence: number, uid: number): string =>
  uidOnly ? `* ${uid} UIDFETCH (` : `* ${sequence} FETCH (`;

/** EXISTS, and RECENT where the client is of the older kind. */
function tellSize(session: Session, selected: Selected): void {
  session.out.line(`* ${selected.view.count} EXISTS`);
  if (!session.rev2) session.out.line(`* ${selected.view.recent} RECENT`);
}

/** Where a message has a keyword the client was never told of, FLAGS and PERMANENTFLAGS come first (RFC 9051 §7.3.5). */
export function tellMarks(session: Session, selected: Selected, messages: readonly Marked[]): void {
  let fresh = false;
  for (const { keywords } of messages) {
    for (const keyword of keywords) {
      const key = keyword.toLowerCase();
      if (selected.keywords.has(key)) continue;
      selected.keywords.set(key, keyword);
      fresh = true;
    }
  }
  if (fresh) tellFlags(session, selected);
}

/** RFC 9051 §7.3.5 and §7.1 PERMANENTFLAGS: any keyword may be made, unless the mailbox is open read-only. */
export function tellFlags(session: Session, selected: Selected): void {
  session.out.text(flagsLines([...selected.keywords.values()], selected.readOnly, true));
}

/** One untagged FETCH with a message's marks; nothing where the view does not have it. */
export function tellMarked(
  session: Session,
  selected: Selected,
  message: Marked,
  withFlags: boolean,
  uid = false,
): void {
  const sequence = selected.view.seqOf(message.uid);
  if (sequence === 0) return;
  let items = "";
  // RFC 7162 §3.2.4: with QRESYNC a FETCH of our own accord names the UID; RFC 9051 §7.5.2 wants the same.
  if (!session.uidOnly && (uid || session.qresync || session.rev2)) items = `UID ${message.uid} `;
  if (withFlags)
    items += `FLAGS (${formatFlags(message.flags, message.keywords, recent(session, selected, message.uid))}) `;
  if (session.condstore) items += `MODSEQ (${message.modseq}) `;
  session.out.line(`${fetchStart(session, sequence, message.uid)}${items.slice(0, -1)})`);
}

/** RFC 9051 knows no \Recent. */
export function recent(session: Session, selected: Selected, uid: number): boolean {
  return !session.rev2 && selected.view.isRecent(uid);
}

/** Two ascending lists without repeats. */
function merged(left: readonly number[], right: readonly number[]): readonly number[] {
  return left.length === 0 ? right : [...new Set([...left, ...right])].sort((a, b) => a - b);
}
