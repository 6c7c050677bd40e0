/**
 * Upkeep, a bounded piece at a time: contents that nobody names go, their blobs a grace period later; blobs that no row
 * names (a process died before its commit) go after two such periods; old tombstones and journeys go.
 */
import { dropAudit } from "./ops/audit.ts";
import { purgeDue } from "./ops/deletions.ts";
import { dropEngagements } from "./ops/engagement.ts";
import { dropOlderEvents, dropSpans } from "./ops/events.ts";
import { bucketEntries, dropPacked, packJourneys } from "./ops/journey.ts";
import { dropPeers } from "./ops/peers.ts";
import { dropQuarantined } from "./ops/quarantine.ts";
import { dropOver } from "./ops/sending.ts";
import { forget } from "./ops/sieve.ts";
import { dropTickets } from "./ops/tickets.ts";
import { blobShards, listBlobs, type Op, one, type Row, removeBlob, rows, run } from "./ops/tx.ts";
import { eventDays } from "./sending.ts";
import type { Instant } from "./store.ts";

/** Longer than any transaction and than any reader is in the middle of a blob. */
export const blobGraceMs = 60 * 60_000;
/** Age at which a blob that no row names is one that nobody will name any more. */
export const orphanGraceMs = 24 * 60 * 60_000;
/** Tombstones kept per mailbox: who was away for longer is told everything anew (RFC 7162 §3.2.5). */
export const maxTombstones = 20_000;
/** Days that a journey is kept, unless the setting `upkeep.journeyDays` says otherwise. */
export const journeyDays = 30;
export const journeyDaysSetting = "upkeep.journeyDays";
/** Before which entry nothing is left but what tells events, where journeys are kept for fewer days than these. */
const journeyPlace = "upkeep.journeyPlace";

const maxContents = 500;
const maxPeersDropped = 5000;
const maxBlobs = 500;
const maxJourneys = 2000;
/** What Sieve scripts need not remember any more. */
const maxForgotten = 2000;
const maxEventsDropped = 5000;
const maxMailboxesLookedAt = 100;
const dayMs = 86_400_000;

export function* tidy(now: Instant): Op<{ readonly more: boolean }> {
  const quarantined = yield* dropQuarantined(now, maxContents);
  const peers = yield* dropPeers(now, maxPeersDropped);
  const uploads = yield* dropUploads(now);
  const contents = yield* dropContents(now);
  const blobs = yield* dropBlobs(now);
  const journeys = yield* dropJourneys(now);
  const tombstones = yield* dropTombstones();
  const forgotten = (yield* forget(now, maxForgotten)) === maxForgotten;
  const events = yield* dropOlderEvents(now, maxEventsDropped);
  yield* dropOver(now);
  yield* dropTickets(now);
  const engagements = yield* dropEngagements(now, maxForgotten);
  const purged = yield* purgeDue(now);
  const audit = yield* dropAudit(now);
  yield* findOrphans(now);
  const some = [
    purged,
    audit,
    events,
    engagements,
    quarantined,
    peers,
    uploads,
    contents,
    blobs,
    journeys,
    tombstones,
    forgotten,
  ];
  return {
    more: some.some(Boolean),
  };
}

/** Uploads that have expired give their contents back; sessions that have, go. */
function* dropUploads(now: Instant): Op<boolean> {
  const due = yield* rows(
    "SELECT account, id, content FROM uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2",
    now,
    maxContents,
  );
  for (const [account, id, content] of due) {
    yield* run("DELETE FROM uploads WHERE account = $1 AND id = $2", account as number, id as string);
    yield* run("UPDATE contents SET refs = refs - 1 WHERE id = $1", content as number);
  }
  yield* run("DELETE FROM web_sessions WHERE expires_at <= $1", now);
  yield* run("DELETE FROM invitations WHERE expires_at <= $1", now);
  return due.length === maxContents;
}

/** Rows of contents without an owner. Answers whether there may be more. */
function* dropContents(now: Instant): Op<boolean> {
  const found = yield* rows(
    `SELECT c.id, b.blob FROM contents c LEFT JOIN bytes b ON b.content = c.id WHERE c.refs = 0 ORDER BY c.id LIMIT $1`,
    maxContents,
  );
  if (found.length === 0) return false;
  const ids = JSON.stringify(found.map(([id]) => id));
  yield* doom(
    found.map(([, blob]) => blob as string | null),
    now,
  );
  yield* run("DELETE FROM bytes WHERE content IN {list $1}", ids);
  yield* run("DELETE FROM content_keys WHERE content IN {list $1}", ids);
  yield* run("DELETE FROM contents WHERE id IN {list $1}", ids);
  return found.length === maxContents;
}

function* doom(blobs: readonly (string | null)[], now: Instant): Op<void> {
  const named = blobs.filter((blob) => blob !== null && blob !== "");
  if (named.length === 0) return;
  yield* run(
    "INSERT INTO doomed_blobs (blob, at) SELECT t.value, $2 FROM {texts $1} t WHERE true ON CONFLICT (blob) DO NOTHING",
    JSON.stringify(named),
    now,
  );
}

/** The blobs among these that a content names after all. */
function* namedAmong(blobs: readonly string[]): Op<ReadonlySet<string>> {
  if (blobs.length === 0) return new Set();
  const found = yield* rows(
    "SELECT b.blob FROM {texts $1} t {cross} bytes b WHERE b.blob = t.value AND b.blob <> ''",
    JSON.stringify(blobs),
  );
  return new Set(found.map(([blob]) => blob as string));
}

function* dropBlobs(now: Instant): Op<boolean> {
  const due = (yield* rows(
    "SELECT blob FROM doomed_blobs WHERE at <= $1 ORDER BY blob LIMIT $2",
    now - blobGraceMs,
    maxBlobs,
  )).map(([blob]) => blob as string);
  if (due.length === 0) return false;
  const named = yield* namedAmong(due);
  for (const blob of due) if (!named.has(blob)) yield* removeBlob(blob);
  yield* run("DELETE FROM doomed_blobs WHERE blob IN {texts $1}", JSON.stringify(due));
  return due.length === maxBlobs;
}

/** Entries whose days are over go; those that tell a tenant what happened stay as long as events do. */
function* dropJourneys(now: Instant): Op<boolean> {
  const days = yield* numberSetting(journeyDaysSetting, journeyDays);
  const first = yield* journeysFrom(0);
  const before = now - Math.max(days, eventDays) * dayMs;
  const old = first.filter(([, at]) => at < before).map(([id]) => id);
  const packed = yield* packJourneys();
  const dropped = yield* dropPacked(first[0]?.[0] ?? 0);
  yield* dropSpans(first[0]?.[0] ?? 0);
  yield* dropEntries(old);
  const more = days < eventDays && (yield* dropBetweenEvents(now - days * dayMs));
  return packed || dropped || more || old.length === maxJourneys;
}

/** What tells no event goes from between what does; where there is nothing to look at any more is kept as a setting. */
function* dropBetweenEvents(before: Instant): Op<boolean> {
  const place = yield* numberSetting(journeyPlace, 0);
  const next = yield* journeysFrom(place);
  yield* dropEntries(next.filter(([, at, tells]) => at < before && tells === 0).map(([id]) => id));
  const young = next.find(([, at]) => at >= before);
  const last = next.at(-1);
  if (last === undefined) return false;
  const reached = young === undefined ? last[0] + 1 : young[0];
  if (reached !== place) yield* putNumberSetting(journeyPlace, reached);
  return young === undefined && next.length === maxJourneys;
}

/** The newest entry is never among them: its number must not be given again. Numbers ascend with time, but for a clock that was set. */
function* journeysFrom(id: number): Op<readonly (readonly [id: number, at: number, tells: number])[]> {
  return (yield* rows(
    `SELECT id, at, CASE WHEN events IS NULL THEN 0 ELSE 1 END FROM journey
     WHERE id >= $2 AND id < (SELECT max(id) FROM journey) ORDER BY id LIMIT $1`,
    maxJourneys,
    id,
  )) as never;
}

function* dropEntries(old: readonly number[]): Op<void> {
  if (old.length === 0) return;
  const ids = JSON.stringify(old);
  yield* run(
    "DELETE FROM journey_keys WHERE bucket BETWEEN $2 AND $3 AND journey IN {list $1}",
    ids,
    Math.floor(old[0]! / bucketEntries),
    Math.floor(old.at(-1)! / bucketEntries),
  );
  yield* run("DELETE FROM journey WHERE id IN {list $1}", ids);
}

type Place = { readonly account: number; readonly mailbox: number };

/** Looks at the next mailboxes that have tombstones; where it stopped is kept as a setting. */
function* dropTombstones(): Op<boolean> {
  let at = (yield* placeSetting()) ?? { account: 0, mailbox: 0 };
  let more = false;
  for (let looked = 0; looked < maxMailboxesLookedAt; looked++) {
    const next: (Place & Row) | undefined = yield* one<Place & Row>(
      `SELECT account, mailbox FROM expunged WHERE (account, mailbox) > ($1, $2) ORDER BY account, mailbox LIMIT 1`,
      at.account,
      at.mailbox,
    );
    at = next === undefined ? { account: 0, mailbox: 0 } : { account: next.account, mailbox: next.mailbox };
    if (next === undefined) break;
    more = (yield* thin(at)) || more;
  }
  yield* run(
    "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    tombstonePlace,
    JSON.stringify(at),
  );
  return more;
}

const tombstonePlace = "upkeep.tombstonesLookedAt";

function* placeSetting(): Op<Place | undefined> {
  const row = yield* one<{ value: string }>("SELECT value FROM settings WHERE key = $1", tombstonePlace);
  return row && (JSON.parse(row.value) as Place);
}

/** Drops what one mailbox has above its share, and says so in `tombstones_from`. */
function* thin({ account, mailbox }: Place): Op<boolean> {
  const last = yield* one<{ modseq: number }>(
    `SELECT modseq FROM expunged WHERE account = $1 AND mailbox = $2 ORDER BY modseq DESC LIMIT 1 OFFSET ${maxTombstones}`,
    account,
    mailbox,
  );
  if (last === undefined) return false;
  yield* run(
    `UPDATE mailboxes SET tombstones_from = CASE WHEN tombstones_from < $3 THEN $3 ELSE tombstones_from END
     WHERE account = $1 AND id = $2`,
    account,
    mailbox,
    last.modseq,
  );
  yield* run(
    `UPDATE accounts SET changes_from = $3 WHERE id = $1 AND changes_from < $3
       AND EXISTS (SELECT 1 FROM gone_mailboxes WHERE account = $1 AND id = $2)`,
    account,
    mailbox,
    last.modseq,
  );
  yield* run(
    "DELETE FROM expunged WHERE account = $1 AND mailbox = $2 AND modseq <= $3",
    account,
    mailbox,
    last.modseq,
  );
  return true;
}

/** Looks through the next folder of blobs for old ones that no row names, and dooms them. */
function* findOrphans(now: Instant): Op<void> {
  const shard = (yield* numberSetting(shardSetting, 0)) % blobShards;
  const old = (yield* listBlobs(shard)).filter(({ modifiedAt }) => modifiedAt < now - orphanGraceMs);
  for (let from = 0; from < old.length; from += maxBlobs) {
    const blobs = old.slice(from, from + maxBlobs).map(({ blob }) => blob);
    const named = yield* namedAmong(blobs);
    yield* doom(
      blobs.filter((blob) => !named.has(blob)),
      now,
    );
  }
  yield* putNumberSetting(shardSetting, (shard + 1) % blobShards);
}

const shardSetting = "upkeep.blobShardLookedAt";

function* numberSetting(key: string, otherwise: number): Op<number> {
  const row = yield* one<{ value: string }>("SELECT value FROM settings WHERE key = $1", key);
  const value: unknown = row === undefined ? otherwise : JSON.parse(row.value);
  return typeof value === "number" && value >= 0 ? value : otherwise;
}

function* putNumberSetting(key: string, value: number): Op<void> {
  yield* run(
    "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    key,
    JSON.stringify(value),
  );
}
