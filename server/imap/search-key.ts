/** A client's search as the store's: sequence numbers become UIDs, recency and "now" become UIDs and instants. */
import type { ImapSearchKey } from "../../protocol/imap/command.ts";
import { parseObjectId } from "../../protocol/imap/response.ts";
import { namesLast, type SetRange } from "../../protocol/imap/set.ts";
import type { View } from "../../protocol/imap/view.ts";
import type { SearchKey } from "../store/search-key.ts";
import { Flag, type Instant } from "../store/store.ts";

/** Undefined where a sequence number is out of range. */
export function storeKey(
  key: ImapSearchKey,
  view: View,
  saved: readonly SetRange[],
  now: Instant,
): SearchKey | undefined {
  switch (key.kind) {
    case "and":
    case "or": {
      const keys: SearchKey[] = [];
      for (const inner of key.keys) {
        const translated = storeKey(inner, view, saved, now);
        if (translated === undefined) return undefined;
        keys.push(translated);
      }
      return { kind: key.kind, keys };
    }
    case "not": {
      const inner = storeKey(key.key, view, saved, now);
      return inner === undefined ? undefined : { kind: "not", key: inner };
    }
    case "sequence":
    case "uids": {
      // RFC 9051 §9 wants BAD for "*" where there is no message. To search for it finds nothing: clients ask for 1:* of every mailbox.
      if (view.count === 0 && namesLast(key.set)) return { kind: "none" };
      const uids = view.select(key.set, key.kind === "uids", saved);
      return uids === undefined ? undefined : { kind: "uids", uids };
    }
    case "recent":
      return recentIn(view);
    case "new":
      return { kind: "and", keys: [recentIn(view), { kind: "not", key: { kind: "flag", flag: Flag.seen } }] };
    case "old":
      return { kind: "not", key: recentIn(view) };
    case "emailid":
      return object("M", key.id, (email) => ({ kind: "email", email }));
    case "threadid":
      return object("T", key.id, (thread) => ({ kind: "thread", thread }));
    case "younger":
      return { kind: "date", of: "received", from: now - key.seconds * 1000 };
    case "older":
      return { kind: "date", of: "received", before: now - key.seconds * 1000 + 1 };
    case "savedatesupported":
      return { kind: "all" };
    default:
      return key;
  }
}

function recentIn(view: View): SearchKey {
  return view.recent === 0 ? { kind: "none" } : { kind: "uids", uids: [[view.recentFrom, view.lastUid]] };
}

/** RFC 8474 ids are ours: what does not look like one names nothing. */
function object(kind: "M" | "T", id: string, make: (number: number) => SearchKey): SearchKey {
  const number = parseObjectId(kind, id);
  return number === undefined ? { kind: "none" } : make(number);
}

/** Is there a key of this kind anywhere in it? */
function holds(key: ImapSearchKey, kind: ImapSearchKey["kind"]): boolean {
  switch (key.kind) {
    case "and":
    case "or":
      return key.keys.some((inner) => holds(inner, kind));
    case "not":
      return holds(key.key, kind);
    default:
      return key.kind === kind;
  }
}

/** RFC 7162 §3.1.5: a search that speaks of mod-sequences is answered with one. */
export const asksModseq = (key: ImapSearchKey): boolean => holds(key, "modseq");

/** Does it name messages by their numbers (or by "$")? RFC 9586 §3.3, RFC 7377 §2.1. */
export const speaksNumbers = (key: ImapSearchKey): boolean => holds(key, "sequence");
