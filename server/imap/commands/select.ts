/** SELECT, EXAMINE, CLOSE, UNSELECT. RFC 9051 §6.3.2, RFC 7162 §3.1.8 and §3.2.5. */
import type { Command, QresyncParams } from "../../../protocol/imap/command.ts";
import { listLine, objectId } from "../../../protocol/imap/response.ts";
import { formatRanges, inRanges, normalise, type SetRange } from "../../../protocol/imap/set.ts";
import { View } from "../../../protocol/imap/view.ts";
import type { AccountId, MailboxSnapshot, Store, StoreReader } from "../../store/store.ts";
import { unlessTrouble } from "../../store/trouble.ts";
import { type Answer, bad, noSuchMailbox, notAllowed, ok } from "../answer.ts";
import { findPlace, may, type PlaceStore } from "../names.ts";
import { Selected, type Session } from "../session.ts";
import { tellFlags, tellMarked, tellMarks } from "../updates.ts";

type SelectCommand = Extract<Command, { name: "SELECT" | "EXAMINE" }>;
type SelectStore = PlaceStore & Pick<Store, "openMailbox" | "changesSince" | "takeRecent">;

export async function select(
  session: Session,
  command: SelectCommand,
  { store }: { readonly store: SelectStore },
): Promise<Answer> {
  if (command.qresync !== undefined && !session.qresync) return bad("ENABLE QRESYNC first");
  if (session.selected !== undefined) {
    // RFC 9051 §7.1: all that follows is about the new mailbox.
    session.out.line("* OK [CLOSED] Previous mailbox is closed");
    await leave(session, store);
  }
  const place = await findPlace(store, session.user, command.mailbox);
  if (place === undefined) return noSuchMailbox;
  if (!may(place, "r")) return notAllowed;
  const { account, mailbox } = place;
  session.begin(account, mailbox.id);
  const snapshot = await store.openMailbox(account, mailbox.id);
  if ("kind" in snapshot) return noSuchMailbox;
  // RFC 4314 §5.2: who may change nothing has it read-only.
  const readOnly = command.name === "EXAMINE" || !["s", "w", "t", "e", "i"].some((right) => may(place, right));
  let recentFrom = snapshot.recentFrom;
  if (!readOnly && !session.rev2 && recentFrom < snapshot.mailbox.uidNext) {
    // A disk that is full must not keep anybody from reading: then another session hears of them as recent too.
    recentFrom = await store.takeRecent(account, mailbox.id).catch(unlessTrouble(recentFrom));
  }
  const view = new View(snapshot.uids, recentFrom);
  const { highestModseq } = snapshot.mailbox;
  const selected = new Selected(place, readOnly, view, highestModseq, snapshot.keywords);
  if (command.condstore) session.condstore = true;
  selected.recentBelow = snapshot.mailbox.uidNext;
  session.open(selected);
  tellMailbox(session, selected, snapshot, mailbox.path);
  if (command.qresync !== undefined) await resync(session, selected, snapshot, command.qresync, account, store);
  return ok(`${command.name} completed`, readOnly ? "READ-ONLY" : "READ-WRITE");
}

function tellMailbox(
  session: Session,
  selected: Selected,
  { mailbox, firstUnseen }: MailboxSnapshot,
  path: string,
): void {
  const { out } = session;
  tellFlags(session, selected);
  out.line(`* ${selected.view.count} EXISTS`);
  if (!session.rev2) {
    out.line(`* ${selected.view.recent} RECENT`);
    if (firstUnseen !== undefined) out.line(`* OK [UNSEEN ${firstUnseen}] First unseen message`);
  }
  out.line(`* OK [UIDVALIDITY ${mailbox.uidValidity}] UIDs are valid`);
  out.line(`* OK [UIDNEXT ${mailbox.uidNext}] Predicted next UID`);
  out.line(`* OK [HIGHESTMODSEQ ${mailbox.highestModseq}] Highest mod-sequence`);
  out.line(`* OK [MAILBOXID (${objectId("F", mailbox.id)})] Mailbox id`);
  if (session.rev2) out.text(listLine("LIST", [], path, session.utf8));
}

/** RFC 7162 §3.2.5.1: what was expunged and what changed since the client was here last. */
async function resync(
  session: Session,
  selected: Selected,
  snapshot: MailboxSnapshot,
  known: QresyncParams,
  account: AccountId,
  store: Pick<Store, "changesSince" | "openMailbox">,
): Promise<void> {
  if (known.uidValidity !== snapshot.mailbox.uidValidity || known.modseq >= snapshot.mailbox.highestModseq) return;
  const changes = await store.changesSince(account, selected.mailbox, known.modseq);
  if (changes.kind === "no-mailbox") return; // `update` will tell
  let asked: readonly SetRange[] = [[1, snapshot.mailbox.uidNext - 1]];
  if (known.knownUids?.kind === "ranges") asked = known.knownUids.ranges;
  const wanted = normalise(asked, snapshot.mailbox.uidNext - 1);
  if (known.modseq < snapshot.tombstonesFrom) {
    const from = firstUncertain(selected.view, known);
    const gone = missing(wanted, selected.view, from, snapshot.mailbox.uidNext - 1);
    if (gone.length > 0) session.out.line(`* VANISHED (EARLIER) ${formatRanges(gone)}`);
  } else {
    const gone = rangesWithin(changes.vanished, wanted, selected.view);
    if (gone.length > 0) session.out.line(`* VANISHED (EARLIER) ${formatRanges(gone)}`);
  }
  const changed = changes.changed.filter((message) => inRanges(wanted, message.uid));
  tellMarks(session, selected, changed);
  for (const message of changed) tellMarked(session, selected, message, true, true);
}

/** The most pairs of known sequence numbers and UIDs that are looked at. */
const maxKnownPairs = 10_000;

/** RFC 7162 §3.2.5.2: up to here the client has seen every expunge, because its sequence numbers and UIDs still agree. */
function firstUncertain(view: View, { match }: QresyncParams): number {
  if (match?.sequences.kind !== "ranges" || match.uids.kind !== "ranges") return 1;
  const uids = numbersOf(match.uids.ranges);
  let certain = 0;
  for (const sequence of numbersOf(match.sequences.ranges)) {
    const uid = uids.next().value;
    if (uid === undefined || view.uidAt(sequence) !== uid) break;
    certain = uid;
  }
  return certain + 1;
}

function* numbersOf(ranges: readonly SetRange[]): Generator<number, undefined> {
  let left = maxKnownPairs;
  for (const [low, high] of ranges) for (let number = low; number <= high && left-- > 0; number++) yield number;
  return undefined;
}

/**
 * What of the asked UIDs is gone since a mod-sequence, for VANISHED (EARLIER); `vanished` is what the store's tombstones say, and where
 * they do not reach back far enough, everything that is not there is told of.
 */
export async function vanishedSince(
  account: AccountId,
  selected: Selected,
  modseq: number,
  asked: readonly SetRange[],
  vanished: readonly number[],
  store: Pick<StoreReader, "openMailbox">,
): Promise<readonly SetRange[]> {
  const snapshot = await store.openMailbox(account, selected.mailbox);
  if ("kind" in snapshot) return [];
  const wanted = normalise(asked, selected.view.lastUid);
  return modseq < snapshot.tombstonesFrom
    ? missing(wanted, selected.view, 1, snapshot.mailbox.uidNext - 1)
    : rangesWithin(vanished, wanted, selected.view);
}

/** Those of ascending UIDs that are wanted and that the view does not show any more, as ranges. */
function rangesWithin(uids: readonly number[], wanted: readonly SetRange[], view: View): SetRange[] {
  const out: [number, number][] = [];
  for (const uid of uids) {
    if (!inRanges(wanted, uid) || view.seqOf(uid) !== 0) continue;
    const last = out[out.length - 1];
    if (last !== undefined && last[1] === uid - 1) last[1] = uid;
    else out.push([uid, uid]);
  }
  return out;
}

/** The UIDs from `first` to `last` within the ranges that the view does not have. */
function missing(ranges: readonly SetRange[], view: View, first: number, last: number): SetRange[] {
  const out: SetRange[] = [];
  for (const [low, high] of ranges) {
    let at = Math.max(low, first);
    const end = Math.min(high, last);
    if (at > end) continue;
    for (const uid of view.within([[at, end]])) {
      if (uid > at) out.push([at, uid - 1]);
      at = uid + 1;
    }
    if (at <= end) out.push([at, end]);
  }
  return out;
}

/** Closes the mailbox. RFC 3501 §2.3.2: what came meanwhile and was told of as recent is so for no session after this one. */
export async function leave(session: Session, store: Pick<Store, "takeRecent">): Promise<void> {
  const { selected } = session;
  session.close();
  if (selected === undefined || selected.readOnly || session.rev2 || selected.view.lastUid < selected.recentBelow)
    return;
  await store.takeRecent(selected.account, selected.mailbox, selected.view.lastUid + 1).catch(unlessTrouble(undefined));
}

/** CLOSE removes what is marked \Deleted, silently; UNSELECT (RFC 3691) does not. */
export async function close(
  session: Session,
  selected: Selected,
  command: { readonly name: "CLOSE" | "UNSELECT" },
  { store }: { readonly store: Pick<Store, "expunge" | "takeRecent"> },
): Promise<Answer> {
  if (command.name === "CLOSE" && !selected.readOnly && !selected.gone && may(selected, "e")) {
    const result = await store.expunge(selected.account, selected.mailbox, undefined);
    // RFC 7162 §3.2.8: so that a client knows it missed nothing.
    await leave(session, store);
    if (result.kind === "done" && session.qresync && result.uids.length > 0) {
      return ok("CLOSE completed", `HIGHESTMODSEQ ${result.modseq}`);
    }
    return ok("CLOSE completed");
  }
  await leave(session, store);
  return ok(`${command.name} completed`);
}
