/** One letter to many seed mailboxes: whom it goes to, when each is looked at, and what is made of what was found. Pure. */
import type { Instant } from "../store/store.ts";

export type EntryState =
  /** In our queue. */
  | "waiting"
  /** The receiver said 250; it was not found yet. */
  | "sent"
  | "inbox"
  | "tab"
  | "junk"
  | "elsewhere"
  | "missing"
  | "refused"
  /** Never to be known: the mailbox could not be looked at, or the letter was not sent. */
  | "unknown";

export type Entry = {
  readonly seed: string;
  readonly provider: string;
  /** Our id of the letter. */
  readonly id: string;
  /** Of the letter in the queue, once that is known. */
  readonly message?: string;
  readonly state: EntryState;
  /** When the receiver said 250. */
  readonly sentAt?: Instant;
  /** The source that sent it. */
  readonly source?: string;
  /** As its mailbox dates it. */
  readonly arrivedAt?: Instant;
  readonly folder?: string;
  /** Of its receiver: "spf=pass dkim=pass dmarc=pass". */
  readonly authentication?: string;
  /** A sentence, where something is wrong. */
  readonly why?: string;
  /** How often it was looked for. */
  readonly looks: number;
};

export type Run = {
  readonly id: string;
  readonly tenant: string;
  readonly stream: string;
  /** "" for a probe. */
  readonly campaign: string;
  /** Of its author. */
  readonly domain: string;
  /** Name of the probe; "" for a campaign. */
  readonly probe: string;
  readonly startedAt: Instant;
  readonly entries: readonly Entry[];
  /** The node that looks after it, and until when nobody else does. */
  readonly owner: string;
  readonly heldUntil: Instant;
  readonly endedAt?: Instant;
};

const minuteMs = 60_000;
/** After the 250. */
export const lookAfterMs: readonly number[] = [1, 5, 15, 60, 240].map((minutes) => minutes * minuteMs);
/** A letter that did not leave within this is not waited for. */
export const givesUpMs = 73 * 60 * minuteMs;
/** Seeds of one provider that get a letter at most. */
export const maxPerProvider = 30;

/** When it is to be looked for next; undefined: never again, or not yet. */
export function nextLook({ sentAt, state, looks }: Entry): Instant | undefined {
  const after = lookAfterMs[looks];
  return sentAt === undefined || after === undefined || state === "refused" || state === "unknown"
    ? undefined
    : sentAt + after;
}

export type Found = {
  readonly place: "inbox" | "tab" | "junk" | "elsewhere";
  readonly folder: string;
  readonly arrivedAt: Instant;
  readonly authentication: string;
  /** Somebody has opened it there. */
  readonly isRead: boolean;
};
export type Looked = { readonly found: Found | undefined } | { readonly trouble: string };

const placed: ReadonlySet<EntryState> = new Set(["inbox", "tab", "junk", "elsewhere"]);

/** What a look makes of an entry; where it was first found counts, whatever becomes of it later. */
export function afterLook(entry: Entry, looked: Looked): Entry {
  const looks = entry.looks + 1;
  const isLast = looks >= lookAfterMs.length;
  if ("trouble" in looked)
    return { ...entry, looks, why: looked.trouble, ...(isLast && entry.state === "sent" ? { state: "unknown" } : {}) };
  const { why: _, ...rest } = entry;
  if (placed.has(entry.state)) return { ...rest, looks };
  const { found } = looked;
  if (found !== undefined) {
    const { place, folder, arrivedAt, authentication } = found;
    return { ...rest, looks, state: place, folder, arrivedAt, ...(authentication === "" ? {} : { authentication }) };
  }
  return isLast
    ? { ...rest, looks, state: "missing", why: "It was taken, and four hours later it is in no folder." }
    : { ...rest, looks };
}

/** Why a seed measures nothing any more: who opens or rescues what came to it teaches its provider. */
export function spoiledBy({ state }: Entry, found: Found | undefined): string | undefined {
  if (found === undefined) return undefined;
  if (state === "junk" && (found.place === "inbox" || found.place === "tab"))
    return "A letter was taken out of its junk folder: somebody uses this mailbox.";
  return found.isRead ? "A letter in it was opened: somebody uses this mailbox." : undefined;
}

export const isOver = ({ state, looks, sentAt }: Entry): boolean =>
  state === "refused" || state === "unknown" || (sentAt !== undefined && looks >= lookAfterMs.length);

/** In the order of chance, which `random` gives: a number below 1. */
export function shuffled<T>(given: readonly T[], random: () => number): readonly T[] {
  const all = [...given];
  for (let last = all.length - 1; last > 0; last--) {
    const at = Math.floor(random() * (last + 1));
    [all[last], all[at]] = [all[at]!, all[last]!];
  }
  return all;
}

/** Those that get a letter: some of each provider. */
export function chosen<T extends { readonly provider: string }>(
  seeds: readonly T[],
  random: () => number,
): readonly T[] {
  const byProvider = Map.groupBy(shuffled(seeds, random), ({ provider }) => provider);
  return shuffled(
    [...byProvider.values()].flatMap((of) => of.slice(0, maxPerProvider)),
    random,
  );
}
