/** COPY, MOVE, EXPUNGE and UID EXPUNGE. RFC 9051 §6.4.3, §6.4.7-9, RFC 4315. */
import type { Command } from "../../../protocol/imap/command.ts";
import { copyUid } from "../../../protocol/imap/response.ts";
import { rangesOf, type SetRange } from "../../../protocol/imap/set.ts";
import type { Field, Store } from "../../store/store.ts";
import {
  type Answer,
  no,
  noSuchMailbox,
  notAllowed,
  ok,
  outOfRange,
  overQuota,
  readOnly,
  tryCreate,
} from "../answer.ts";
import type { ClientScripts } from "../client-scripts.ts";
import type { ContentCache } from "../content-cache.ts";
import { findPlace, marksFor, may, type Place, type PlaceStore } from "../names.ts";
import { Pages } from "../pages.ts";
import type { Selected, Session } from "../session.ts";
import { tellExpunged } from "../updates.ts";
import type { FactsMakers } from "./append.ts";

export async function copyOrMove(
  session: Session,
  selected: Selected,
  command: Extract<Command, { name: "COPY" | "MOVE" }>,
  ask: Ask,
): Promise<Answer> {
  const { store } = ask;
  const moves = command.name === "MOVE";
  const ranges = selected.view.select(command.set, command.uid, session.saved);
  if (ranges === undefined) return outOfRange;
  if (moves && selected.readOnly) return readOnly;
  const place = await findPlace(store, session.user, command.mailbox);
  if (place === undefined) return tryCreate;
  if (!may(place, "i") || (moves && !may(selected, "te"))) return notAllowed;
  if (ranges.length === 0) return ok(`${command.name} completed`);
  const { account } = selected;
  const target = place.mailbox;
  // Within an account nothing but a row is copied; rights that keep a mark from being set need a copy of their own.
  const result =
    place.account === account && may(place, "swt")
      ? await store[moves ? "move" : "copy"](account, selected.mailbox, ranges, target.id)
      : await copyAcross(selected, ranges, place, moves, ask);
  switch (result.kind) {
    case "no-mailbox":
      return noSuchMailbox;
    case "no-target":
      return tryCreate;
    case "over-quota":
      return overQuota;
    case "too-many":
      return no("LIMIT", `To or from another's mailbox at most ${maxAcross} messages go at once`);
    case "done":
      break;
    default:
      return result satisfies never;
  }
  // RFC 2180 §4.4.1: who named messages that another session has taken away must not think that they are copied.
  if (result.from.length === 0)
    return command.uid ? ok(`${command.name} completed`) : no("EXPUNGEISSUED", "These messages are gone");
  await ask.scripts({
    user: session.user,
    account: place.account,
    mailbox: target.id,
    uids: result.to,
    cause: "COPY",
    changedFlags: [],
  });
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
  if (target.id !== selected.mailbox || place.account !== account) selected.changedBySelf(result.modseq);
  return ok("MOVE completed", session.condstore ? `HIGHESTMODSEQ ${result.modseq}` : undefined);
}

type Ask = FactsMakers & {
  readonly store: PlaceStore & Pick<Store, "copy" | "move" | "fetch" | "append" | "expunge">;
  readonly cache: ContentCache;
  readonly scripts: ClientScripts;
  readonly settings: { readonly largeMessageBytes: number };
};

/** Messages that one COPY may take to another account: each is read and written anew. */
const maxAcross = 10_000;

/** Copies message by message, for another account: all of them, or none (RFC 9051 §6.4.7). */
async function copyAcross(
  selected: Selected,
  ranges: readonly SetRange[],
  place: Place,
  moves: boolean,
  { store, cache, factsOf, factsOfLarge, settings }: Ask,
): Promise<Awaited<ReturnType<Store["copy"]>> | { readonly kind: "too-many" }> {
  const { account, mailbox } = selected;
  const fields: readonly Field[] = ["marks", "receivedAt", "bytes"];
  const wanted = selected.view.within(ranges);
  if (wanted.length > maxAcross) return { kind: "too-many" };
  const from: number[] = [];
  const to: number[] = [];
  let uidValidity = place.mailbox.uidValidity;
  await using pages = new Pages(store, cache.budget, account, mailbox, [rangesOf(wanted)], fields);
  for (let page = await pages.next(); page !== undefined; page = await pages.next()) {
    const uids: number[] = [];
    const messages: Parameters<Store["append"]>[2][number][] = [];
    for (const { uid, bytes, receivedAt, ...row } of page) {
      if (bytes === undefined) continue;
      const facts = bytes.length >= settings.largeMessageBytes ? await factsOfLarge(bytes) : factsOf(bytes);
      messages.push({ bytes, facts, marks: marksFor(place, row), receivedAt });
      uids.push(uid);
    }
    const done = await store.append(place.account, place.mailbox.id, messages);
    if (done.kind === "no-mailbox") return { kind: "no-target" };
    if (done.kind === "over-quota") {
      await store.expunge(place.account, place.mailbox.id, rangesOf(to), true);
      return { kind: "over-quota" };
    }
    uidValidity = done.uidValidity;
    from.push(...uids);
    to.push(...done.uids);
  }
  if (!moves || from.length === 0) return { kind: "done", uidValidity, from, to, modseq: selected.modseq };
  const gone = await store.expunge(account, mailbox, rangesOf(from), true);
  return gone.kind === "no-mailbox" ? gone : { kind: "done", uidValidity, from, to, modseq: gone.modseq };
}

export async function expunge(
  session: Session,
  selected: Selected,
  command: Extract<Command, { name: "EXPUNGE" }>,
  { store }: { readonly store: Pick<Store, "expunge"> },
): Promise<Answer> {
  if (selected.readOnly) return readOnly;
  if (!may(selected, "e")) return notAllowed;
  const ranges = command.set === undefined ? undefined : selected.view.select(command.set, true, session.saved);
  // What arrived and was not told of yet may be \Deleted already: it is expunged too, and the client never hears of it.
  const result = await store.expunge(selected.account, selected.mailbox, ranges);
  if (result.kind === "no-mailbox") return noSuchMailbox;
  if (result.uids.length === 0) return ok("EXPUNGE completed");
  tellExpunged(session, selected, result.uids);
  selected.changedBySelf(result.modseq);
  return ok("EXPUNGE completed", session.condstore ? `HIGHESTMODSEQ ${result.modseq}` : undefined);
}
