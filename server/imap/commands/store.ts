/** STORE. RFC 9051 §6.4.6, RFC 7162 §3.1.3. */
import type { Command, Marks } from "../../../protocol/imap/command.ts";
import { allRights } from "../../../protocol/imap/rights.ts";
import { formatSet, rangesOf } from "../../../protocol/imap/set.ts";
import type { Store } from "../../store/store.ts";
import { type Answer, no, noSuchMailbox, notAllowed, ok, outOfRange, readOnly } from "../answer.ts";
import { type ClientScripts, flagNames } from "../client-scripts.ts";
import type { ContentCache } from "../content-cache.ts";
import { marksFor, may } from "../names.ts";
import { ofEach } from "../pages.ts";
import type { Selected, Session } from "../session.ts";
import { type Marked, tellMarked, tellMarks } from "../updates.ts";

type StoreCommand = Extract<Command, { name: "STORE" }>;
type Ask = {
  readonly store: Pick<Store, "setFlags" | "fetch">;
  readonly cache: ContentCache;
  readonly scripts: ClientScripts;
};

export async function store(
  session: Session,
  selected: Selected,
  command: StoreCommand,
  { store, cache, scripts }: Ask,
): Promise<Answer> {
  // RFC 7162 §3.1.3: asking by mod-sequence enables CONDSTORE.
  if (command.unchangedSince !== undefined) session.condstore = true;
  const ranges = selected.view.select(command.set, command.uid, session.saved);
  if (ranges === undefined) return outOfRange;
  if (selected.readOnly) return readOnly;
  const marks = allowedMarks(selected, command);
  if (marks === undefined) return notAllowed;
  if (ranges.length === 0) return ok("STORE completed");
  const id = selected.account;
  const result = await store.setFlags(id, selected.mailbox, {
    uids: ranges,
    mode: command.mode,
    marks,
    ...(command.unchangedSince === undefined ? undefined : { unchangedSince: command.unchangedSince }),
  });
  if (result.kind === "no-mailbox") return noSuchMailbox;
  if (result.kind === "too-many-keywords") return no("LIMIT", "Too many keywords");
  // RFC 9051 §6.4.6: what another has done to a message is told of, .SILENT or not. After our change nobody would look for it any more.
  const unheard = new Set(
    result.changed.filter(({ modseqBefore }) => !selected.knows(modseqBefore)).map(({ uid }) => uid),
  );
  if (result.changed.length > 0) {
    selected.changedBySelf(result.modseq);
    await scripts({
      user: session.user,
      account: id,
      mailbox: selected.mailbox,
      uids: result.changed.map(({ uid }) => uid),
      cause: "FLAG",
      changedFlags: flagNames(marks),
    });
  }
  tellMarks(session, selected, result.changed);
  const asked = selected.view.within(ranges);
  // Messages that were as asked already: the client wants to see that they are.
  const unchanged = command.silent ? [] : without(asked, result.changed, result.modified);
  const rest =
    unchanged.length === 0
      ? []
      : await ofEach(store, cache.budget, id, selected.mailbox, rangesOf(unchanged), ["marks"], (row): Marked => row);
  // RFC 7162 §3.1.3: with CONDSTORE even .SILENT is told the new mod-sequence.
  for (const message of result.changed) {
    const withFlags = !command.silent || unheard.has(message.uid);
    if (withFlags || session.condstore) tellMarked(session, selected, message, withFlags, command.uid);
  }
  for (const message of rest) tellMarked(session, selected, message, true, command.uid);
  if (result.modified.length > 0) {
    const failed = command.uid
      ? result.modified
      : result.modified.map((uid) => selected.view.seqOf(uid)).filter((sequence) => sequence > 0);
    return ok("Some messages have changed since", `MODIFIED ${formatSet(failed)}`);
  }
  if (!command.uid && !command.silent && result.changed.length + rest.length < asked.length) {
    return no("EXPUNGEISSUED", "Some of these messages are gone");
  }
  return ok("STORE completed");
}

/** RFC 4314 §4: what may be set is set; undefined where nothing of it may. All of them are needed to replace them. */
function allowedMarks(selected: Selected, { mode, marks }: StoreCommand): Marks | undefined {
  if (selected.rights === allRights) return marks;
  if (mode === "replace") return may(selected, "swt") ? marks : undefined;
  const allowed = marksFor(selected, marks);
  return allowed.flags === 0 && allowed.keywords.length === 0 ? undefined : allowed;
}

function without(asked: readonly number[], changed: readonly Marked[], modified: readonly number[]): number[] {
  const done = new Set(modified);
  for (const message of changed) done.add(message.uid);
  return asked.filter((uid) => !done.has(uid));
}
