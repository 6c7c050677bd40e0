/** RFC 9051 STORE with RFC 7162 UNCHANGEDSINCE. */
import { type AccountId, Flag, type FlagChange, type FlagResult, type MailboxId } from "../store.ts";
import { adoptKeywords, inMailboxCase, keywordText, parseKeywordList, parseKeywords } from "./keywords.ts";
import { lockAccount, mailboxRow, nextModseq } from "./mailbox-tree.ts";
import { clamp, rangesOf, within } from "./ranges.ts";
import { noteBack, touchOthers } from "./transfer.ts";
import { type Op, publish, rows, run } from "./tx.ts";

type Marked = readonly [uid: number, flags: number, keywords: string, modseq: number, shared: number];
type Changed = Extract<FlagResult, { kind: "done" }>["changed"][number];

export function* setFlags(account: AccountId, mailbox: MailboxId, change: FlagChange): Op<FlagResult> {
  const row = (yield* lockAccount(account)) ? yield* mailboxRow(account, mailbox) : undefined;
  if (row === undefined) return { kind: "no-mailbox" };
  const { mode, unchangedSince } = change;
  let named: readonly string[];
  if (mode === "remove") named = inMailboxCase(change.marks.keywords, parseKeywordList(row.keywords));
  else {
    const adopted = yield* adoptKeywords(account, mailbox, change.marks.keywords);
    if (adopted === "too-many") return { kind: "too-many-keywords" };
    named = adopted;
  }
  const part = within(account, mailbox, clamp(change.uids, row.uidnext));
  const found = (yield* rows(
    `SELECT m.uid, m.flags, m.keywords, m.modseq, m.shared FROM ${part.from} WHERE ${part.where}`,
    ...part.params,
  )) as readonly unknown[] as Marked[];
  found.sort((a, b) => a[0] - b[0]);

  const modified: number[] = [];
  const changed: { uid: number; flags: number; text: string; modseqBefore: number }[] = [];
  let [unseen, deleted] = [0, 0];
  /** Back from \Deleted; and those by which an email may be read or unread in other mailboxes too. */
  const [back, counted]: [number[], number[]] = [[], []];
  const textAfter = keywordChange(mode, named);
  for (const [uid, flags, text, modseq, shared] of found) {
    if (unchangedSince !== undefined && modseq > unchangedSince) {
      modified.push(uid);
      continue;
    }
    const after = flagsAfter(mode, flags, change.marks.flags);
    const keywords = textAfter(text);
    if (after === flags && keywords === text) continue;
    changed.push({ uid, flags: after, text: keywords, modseqBefore: modseq });
    unseen += (flags & Flag.seen) - (after & Flag.seen);
    deleted += ((after & Flag.deleted) - (flags & Flag.deleted)) / Flag.deleted;
    if ((flags & ~after & Flag.deleted) !== 0) back.push(uid);
    if (shared === 1 && ((flags ^ after) & (Flag.seen | Flag.draft | Flag.deleted)) !== 0) counted.push(uid);
  }
  if (changed.length === 0) return { kind: "done", changed: [], modified, modseq: row.modseq };

  const modseq = yield* nextModseq(account);
  const groups = new Map<string, { flags: number; text: string; uids: number[] }>();
  for (const { uid, flags, text } of changed) {
    const name = `${flags} ${text}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, { flags, text, uids: [uid] });
    else group.uids.push(uid);
  }
  for (const { flags, text, uids } of groups.values()) {
    const exact = within(account, mailbox, rangesOf(uids));
    yield* run(
      `UPDATE messages SET flags = $5, keywords = $6, modseq = $7 WHERE ${exact.own}`,
      ...exact.params,
      flags,
      text,
      modseq,
    );
  }
  yield* run(
    `UPDATE mailboxes SET unseen = unseen + $3, deleted = deleted + $4, modseq = $5 WHERE account = $1 AND id = $2`,
    account,
    mailbox,
    unseen,
    deleted,
    modseq,
  );
  yield* publish({ kind: "mail", account, mailbox, modseq });
  if (back.length > 0) yield* noteBack(within(account, mailbox, rangesOf(back)), modseq);
  if (counted.length > 0) yield* touchOthers(within(account, mailbox, rangesOf(counted)), modseq);
  const shared = new Map<string, readonly string[]>();
  const parsed = (text: string) => {
    let keywords = shared.get(text);
    if (keywords === undefined) shared.set(text, (keywords = parseKeywords(text)));
    return keywords;
  };
  return {
    kind: "done",
    changed: changed.map(
      ({ uid, flags, text, modseqBefore }): Changed => ({ uid, flags, keywords: parsed(text), modseq, modseqBefore }),
    ),
    modified,
    modseq,
  };
}

function flagsAfter(mode: FlagChange["mode"], before: number, flags: number): number {
  if (mode === "add") return before | flags;
  return mode === "remove" ? before & ~flags : flags;
}

/** What the change makes of a keyword text; each text is worked out once. */
function keywordChange(mode: FlagChange["mode"], named: readonly string[]): (text: string) => string {
  if (mode !== "replace" && named.length === 0) return (text) => text;
  const known = new Map<string, string>();
  return (text) => {
    let after = known.get(text);
    if (after !== undefined) return after;
    // A copy from another mailbox may have brought other case along: compared is without it.
    const present = parseKeywords(text);
    const has = (list: readonly string[]) => {
      const lower = new Set(list.map((keyword) => keyword.toLowerCase()));
      return (keyword: string) => lower.has(keyword.toLowerCase());
    };
    if (mode === "add") after = keywordText([...present, ...named.filter((keyword) => !has(present)(keyword))]);
    else if (mode === "remove") after = keywordText(present.filter((keyword) => !has(named)(keyword)));
    else after = present.length === named.length && present.every(has(named)) ? text : keywordText(named);
    known.set(text, after);
    return after;
  };
}
