/** GETMETADATA and SETMETADATA: annotations of mailboxes and of the server as this account sees it. RFC 5464. */
import type { Command } from "../../../protocol/imap/command.ts";
import { metadataLine } from "../../../protocol/imap/response.ts";
import { maxAnnotationChars } from "../../store/sieve-store.ts";
import type { Store } from "../../store/store.ts";
import { type Answer, bad, no, noSuchMailbox, notAllowed, ok } from "../answer.ts";
import { findPlace, may, type Place, type PlaceStore } from "../names.ts";
import type { Session } from "../session.ts";

type Ask = { readonly store: PlaceStore & Pick<Store, "annotations" | "putAnnotations"> };

/** RFC 5464 §3.1: "/private/…" or "/shared/…", without wildcards, empty levels or controls. */
const entryName = /^\/(?:private|shared)(?:\/[\x21-\x24\x26-\x29\x2b-\x2e\x30-\x7e]+)+$/;

/** Whose annotations: of a mailbox, or of the server (0) for oneself. */
async function subject(session: Session, path: string, store: PlaceStore): Promise<Place | undefined | "server"> {
  return path === "" ? "server" : findPlace(store, session.user, path);
}

export async function getMetadata(
  session: Session,
  command: Extract<Command, { name: "GETMETADATA" }>,
  { store }: Ask,
): Promise<Answer> {
  const place = await subject(session, command.mailbox, store);
  if (place === undefined) return noSuchMailbox;
  // RFC 5464 §4.2: who may look it up and read it.
  if (place !== "server" && !may(place, "lr")) return notAllowed;
  if (!command.entries.every((entry) => /^\/(?:private|shared)(?:\/|$)/.test(entry))) return bad("Not an entry name");
  const { found, longest } = await annotationsOf(session, place, command, store);
  if (found.length > 0) session.out.text(metadataLine(command.mailbox, session.utf8, found));
  return ok("GETMETADATA completed", longest > 0 ? `METADATA LONGENTRIES ${longest}` : undefined);
}

export type AnnotationStore = Pick<Store, "annotations">;

/** The entries that somebody may see of those asked for; `longest`: octets of the longest that is above `maxSize`, 0 for none. */
export async function annotationsOf(
  session: Session,
  place: Place | "server",
  asked: {
    readonly entries: readonly string[];
    readonly depth?: "0" | "1" | "infinity";
    readonly maxSize?: number | undefined;
  },
  store: AnnotationStore,
): Promise<{ readonly found: [entry: string, value: string | undefined][]; readonly longest: number }> {
  const { entries, depth = "0", maxSize } = asked;
  const isOwn = place === "server" || place.account === session.user.id;
  const account = place === "server" ? session.user.id : place.account;
  const all = await store.annotations(account, place === "server" ? 0 : place.mailbox.id);
  const found: [entry: string, value: string | undefined][] = [];
  let longest = 0;
  for (const wanted of entries) {
    const hits = all.filter(({ entry }) => (isOwn || entry.startsWith("/shared/")) && within(entry, wanted, depth));
    // RFC 5464 §4.2.1: what is asked for by name and not there is NIL.
    if (hits.length === 0 && depth === "0") found.push([wanted, undefined]);
    for (const { entry, value } of hits) {
      const size = Buffer.byteLength(value);
      if (maxSize !== undefined && size > maxSize) longest = Math.max(longest, size);
      else if (!found.some(([one]) => one === entry)) found.push([entry, value]);
    }
  }
  return { found, longest };
}

function within(entry: string, wanted: string, depth: "0" | "1" | "infinity"): boolean {
  if (entry === wanted) return true;
  if (depth === "0" || !entry.startsWith(`${wanted}/`)) return false;
  return depth === "infinity" || !entry.slice(wanted.length + 1).includes("/");
}

export async function setMetadata(
  session: Session,
  command: Extract<Command, { name: "SETMETADATA" }>,
  { store }: Ask,
): Promise<Answer> {
  const place = await subject(session, command.mailbox, store);
  if (place === undefined) return noSuchMailbox;
  const account = place === "server" ? session.user.id : place.account;
  if (place !== "server" && place.account !== session.user.id) {
    if (command.entries.some(({ entry }) => entry.startsWith("/private/")))
      return no("METADATA NOPRIVATE", "Private annotations are for mailboxes of your own");
    // RFC 6785 §2.3.1: such an entry makes the owner's scripts run, which are nobody else's to set off.
    const runsScripts = command.entries.some(({ entry }) => entry.toLowerCase().startsWith("/shared/imapsieve/"));
    if (!may(place, runsScripts ? "wa" : "w")) return notAllowed;
  }
  for (const { entry, value } of command.entries) {
    if (!entryName.test(entry)) return bad("Not an entry name");
    if (value?.includes("\0")) return no(undefined, "A value must not hold NUL");
  }
  const done = await store.putAnnotations(account, place === "server" ? 0 : place.mailbox.id, command.entries);
  switch (done) {
    case "done":
      return ok("SETMETADATA completed");
    case "no-mailbox":
      return noSuchMailbox;
    case "too-many":
      return no("METADATA TOOMANY", "There are as many annotations as there may be");
    case "too-large":
      return no(`METADATA MAXSIZE ${maxAnnotationChars}`, "The value is too long");
    default:
      return done satisfies never;
  }
}
