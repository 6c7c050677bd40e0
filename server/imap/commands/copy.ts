/** COPY, MOVE, EXPUNGE and UID EXPUNGE. RFC 9051 §6.4.3, §6.4.7-9, RFC 4315. */
import type { Command } from "../../../protocol/imap/command.ts";
import { copyUid } from "../../../protocol/imap/response.ts";
import type { Store } from "../../store/store.ts";
import { type Answer, noSuchMailbox, ok, outOfRange, overQuota, readOnly, tryCreate } from "../answer.ts";
import { findMailbox } from "../names.ts";
import type { Selected, Session } from "../session.ts";
import { tellExpunged } from "../updates.ts";

export async function copyOrMove(
  session: Session,
  selected: Selected,
  command: Extract<Command, { name: "COPY" | "MOVE" }>,
  { store }: { readonly store: Pick<Store, "mailboxes" | "copy" | "move"> },
): Promise<Answer> {
  const moves = command.name === "MOVE";
  const ranges = selected.view.select(command.set, command.uid, session.saved);
  if (ranges === undefined) return outOfRange;
  if (moves && selected.readOnly) return readOnly;
  const account = session.user.id;
  const target = await findMailbox(store, account, command.mailbox);
  if (target === undefined) return tryCreate;
  if (ranges.length === 0) return ok(`${command.name} completed`);
  const result = await store[moves ? "move" : "copy"](account, selected.mailbox, ranges, target.id);
  switch (result.kind) {
    case "no-mailbox":
      return noSuchMailbox;
    case "no-target":
      return tryCreate;
    case "over-quota":
      return overQuota;
    case "done":
      break;
    default:
      return result satisfies never;
  }
  if (result.from.length === 0) return ok(`${command.name} completed`);
  const places = copyUid(result.uidValidity, result.from, result.to);
  if (!moves) return ok("COPY completed", places);
  // RFC 9051 §6.4.8: where they went, then that they are gone from here.
  session.out.line(`* OK [${places}] Moved`);
  tellExpunged(
    session,
    selected,
    result.from.toSorted((a, b) => a - b),
  );
  // Moved into the same mailbox they arrive again: `update` has to look.
  if (target.id !== selected.mailbox) selected.changedBySelf(result.modseq);
  return ok("MOVE completed", session.condstore ? `HIGHESTMODSEQ ${result.modseq}` : undefined);
}

export async function expunge(
  session: Session,
  selected: Selected,
  command: Extract<Command, { name: "EXPUNGE" }>,
  { store }: { readonly store: Pick<Store, "expunge"> },
): Promise<Answer> {
  if (selected.readOnly) return readOnly;
  const ranges = command.set === undefined ? undefined : selected.view.select(command.set, true, session.saved);
  // What arrived and was not told of yet may be \Deleted already: it is expunged too, and the client never hears of it.
  const result = await store.expunge(session.user.id, selected.mailbox, ranges);
  if (result.kind === "no-mailbox") return noSuchMailbox;
  if (result.uids.length === 0) return ok("EXPUNGE completed");
  tellExpunged(session, selected, result.uids);
  selected.changedBySelf(result.modseq);
  return ok("EXPUNGE completed", session.condstore ? `HIGHESTMODSEQ ${result.modseq}` : undefined);
}
