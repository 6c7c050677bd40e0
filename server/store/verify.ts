/**
 * Reads everything and checks it against everything else. Each part is one operation, so that it sees one moment and
 * keeps the reader for a bounded time; what it finds wrong it says in sentences for an administrator.
 */
import { blobShards, type Encoding, glance, listBlobs, type Op, one, type Row, rows } from "./ops/tx.ts";
import { orphanGraceMs } from "./tidy.ts";

/** What to look at next: the whole of the small tables, one account, some contents, one folder of blobs. */
export type VerifyPart =
  | { readonly kind: "totals" }
  | { readonly kind: "account"; readonly after: number }
  | { readonly kind: "contents"; readonly after: number }
  | { readonly kind: "blobs"; readonly shard: number; readonly now: number };

export type Verified = {
  readonly sentences: readonly string[];
  /** Messages and contents looked at. */
  readonly looked: number;
  /** How many there are, where the part knows. */
  readonly total?: number;
  readonly next: VerifyPart | undefined;
};

/** Sentences of one kind in one part; a broken disk would say the same thing a million times. */
const maxSentences = 100;
const maxContentsAtOnce = 500;
const maxBytesAtOnce = 16 * 1024 * 1024;

/** Runs all parts through `look` and answers every sentence, at most `maxSentences` of each part. */
export async function verifyStore(
  look: (part: VerifyPart) => Promise<Verified>,
  progress?: (done: number, total: number) => void,
): Promise<readonly string[]> {
  const sentences: string[] = [];
  let done = 0;
  let total = 0;
  for (let part: VerifyPart | undefined = { kind: "totals" }; part !== undefined; ) {
    const verified: Verified = await look(part);
    sentences.push(...verified.sentences);
    done += verified.looked;
    total = Math.max(verified.total ?? total, done);
    progress?.(done, total);
    part = verified.next;
  }
  return sentences;
}

export function* verify(part: VerifyPart): Op<Verified> {
  switch (part.kind) {
    case "totals":
      return yield* totals();
    case "account":
      return yield* account(part.after);
    case "contents":
      return yield* contents(part.after);
    case "blobs":
      return yield* blobs(part.shard, part.now);
    default:
      return part satisfies never;
  }
}

// ---------------------------------------------------------------- what must never be found

/** A question whose every row is something wrong, and the sentence for a row. */
type Check = readonly [sql: string, say: (cells: readonly unknown[]) => string];

const totalChecks: readonly Check[] = [
  [
    `SELECT c.id, c.refs, coalesce(d.n, 0) FROM contents c LEFT JOIN (
       SELECT named.id, count(*) AS n FROM (SELECT content AS id FROM messages UNION ALL SELECT id FROM queue_messages
       UNION ALL SELECT template FROM queue_messages WHERE template IS NOT NULL
       UNION ALL SELECT content FROM uploads UNION ALL SELECT content FROM quarantine UNION ALL SELECT content FROM list_posts) AS named
       GROUP BY named.id) AS d ON d.id = c.id
     WHERE c.refs <> coalesce(d.n, 0)`,
    ([id, refs, found]) => `Content ${id} says that ${refs} rows name it; ${found} do.`,
  ],
  [
    `SELECT m.account, m.mailbox, m.uid, m.content FROM messages m LEFT JOIN contents c ON c.id = m.content WHERE c.id IS NULL`,
    ([owner, mailbox, uid, content]) =>
      `Message ${uid} in mailbox ${mailbox} of account ${owner} names content ${content}, which is not there.`,
  ],
  [
    `SELECT m.account, m.mailbox, m.uid, m.size, c.size FROM messages m JOIN contents c ON c.id = m.content WHERE m.size <> c.size`,
    ([owner, mailbox, uid, says, is]) =>
      `Message ${uid} in mailbox ${mailbox} of account ${owner} says it has ${says} bytes; its content says ${is}.`,
  ],
  [
    "SELECT c.id FROM contents c LEFT JOIN bytes b ON b.content = c.id WHERE b.content IS NULL",
    ([id]) => `Content ${id} has no bytes.`,
  ],
  [
    "SELECT b.content FROM bytes b LEFT JOIN contents c ON c.id = b.content WHERE c.id IS NULL",
    ([id]) => `There are bytes of content ${id}, which is not there.`,
  ],
  [
    "SELECT q.id FROM queue_messages q LEFT JOIN contents c ON c.id = q.id WHERE c.id IS NULL",
    ([id]) => `Queued message ${id} has no content.`,
  ],
  [
    "SELECT r.queue, r.id FROM queue_recipients r LEFT JOIN queue_messages q ON q.id = r.queue WHERE q.id IS NULL",
    ([queue, id]) => `Queue recipient ${id} belongs to message ${queue}, which is not in the queue.`,
  ],
  [
    "SELECT q.id FROM queue_messages q WHERE NOT EXISTS (SELECT 1 FROM queue_recipients r WHERE r.queue = q.id)",
    ([id]) => `Queued message ${id} has no recipient left.`,
  ],
  [
    `SELECT d.blob, b.content FROM doomed_blobs d JOIN bytes b ON b.blob = d.blob WHERE b.blob <> ''`,
    ([blob, content]) => `Blob ${blob} is to be removed, and content ${content} names it.`,
  ],
  ...["mailboxes", "messages", "expunged", "gone_mailboxes", "thread_refs", "credentials", "objects", "uploads"].map(
    (table): Check => [
      `SELECT t.account, count(*) FROM ${table} t LEFT JOIN accounts a ON a.id = t.account WHERE a.id IS NULL GROUP BY t.account`,
      ([id, count]) => `${count} rows of ${table} belong to account ${id}, which is not there.`,
    ],
  ),
  [
    `SELECT t.domain, t.local FROM addresses t LEFT JOIN accounts a ON a.id = t.account WHERE t.kind = 'account' AND a.id IS NULL`,
    ([domain, local]) => `Address ${local}@${domain} belongs to an account that is not there.`,
  ],
  [
    "SELECT t.domain, t.local FROM addresses t LEFT JOIN domains d ON d.name = t.domain WHERE d.name IS NULL",
    ([domain, local]) => `Address ${local}@${domain} is of a domain that is not there.`,
  ],
];

function* totals(): Op<Verified> {
  const sentences = yield* findings(totalChecks);
  const messages = (yield* one<{ n: number }>("SELECT count(*) AS n FROM messages"))?.n ?? 0;
  const kept = (yield* one<{ n: number }>("SELECT count(*) AS n FROM contents"))?.n ?? 0;
  return { sentences, looked: 0, total: messages + kept, next: { kind: "account", after: 0 } };
}

function* findings(checks: readonly Check[], ...params: readonly number[]): Op<string[]> {
  const sentences: string[] = [];
  for (const [sql, say] of checks) {
    const found = yield* rows(`${sql} LIMIT ${maxSentences + 1}`, ...params);
    for (const cells of found.slice(0, maxSentences)) sentences.push(say(cells));
    if (found.length > maxSentences)
      sentences.push(`… and more of the same: ${say(found[maxSentences] as readonly unknown[])}`);
  }
  return sentences;
}

// ---------------------------------------------------------------- one account

const counted = `SELECT m.mailbox AS id, count(*) AS messages, sum(CASE WHEN m.flags % 2 = 0 THEN 1 ELSE 0 END) AS unseen,
    sum(CASE WHEN (m.flags & 8) <> 0 THEN 1 ELSE 0 END) AS deleted, sum(m.size) AS size, max(m.uid) AS last,
    max(m.modseq) AS modseq
  FROM messages m WHERE m.account = $1 GROUP BY m.mailbox`;

const counters = ["messages", "unseen", "deleted", "size"] as const;

const accountChecks: readonly Check[] = [
  ...counters.map(
    (name): Check => [
      `SELECT b.account, b.id, b.${name}, coalesce(d.${name}, 0) FROM mailboxes b LEFT JOIN (${counted}) AS d ON d.id = b.id
       WHERE b.account = $1 AND b.${name} <> coalesce(d.${name}, 0)`,
      ([owner, id, says, is]) => `Mailbox ${id} of account ${owner}: "${name}" says ${says}, a recount says ${is}.`,
    ],
  ),
  [
    `SELECT b.account, b.id, b.uidnext, d.last FROM mailboxes b JOIN (${counted}) AS d ON d.id = b.id
     WHERE b.account = $1 AND d.last >= b.uidnext`,
    ([owner, id, next, last]) => `Mailbox ${id} of account ${owner} would give UID ${next} next and has UID ${last}.`,
  ],
  [
    `SELECT b.account, b.id, b.modseq, d.modseq FROM mailboxes b JOIN (${counted}) AS d ON d.id = b.id
     WHERE b.account = $1 AND d.modseq > b.modseq`,
    ([owner, id, says, is]) =>
      `Mailbox ${id} of account ${owner} knows mod-sequences up to ${says} and has a message with ${is}.`,
  ],
  [
    `SELECT b.account, b.id, b.modseq, a.modseq FROM mailboxes b JOIN accounts a ON a.id = b.account
     WHERE b.account = $1 AND b.modseq > a.modseq`,
    ([owner, id, says, is]) =>
      `Mailbox ${id} of account ${owner} has mod-sequence ${says}, beyond the account's ${is}.`,
  ],
  [
    `SELECT m.account, m.mailbox, count(*) FROM messages m LEFT JOIN mailboxes b ON b.account = m.account AND b.id = m.mailbox
     WHERE m.account = $1 AND b.id IS NULL GROUP BY m.account, m.mailbox`,
    ([owner, id, count]) => `${count} messages of account ${owner} are in mailbox ${id}, which is not there.`,
  ],
  [
    `SELECT b.account, b.id, b.parent FROM mailboxes b LEFT JOIN mailboxes p ON p.account = b.account AND p.id = b.parent
     WHERE b.account = $1 AND b.parent <> 0 AND p.id IS NULL`,
    ([owner, id, parent]) => `Mailbox ${id} of account ${owner} lies in mailbox ${parent}, which is not there.`,
  ],
  [
    "SELECT a.id FROM accounts a WHERE a.id = $1 AND (SELECT count(*) FROM mailboxes b WHERE b.account = a.id AND b.role = 'inbox') <> 1",
    ([owner]) => `Account ${owner} has not exactly one INBOX.`,
  ],
  [
    `SELECT a.id, a.used_bytes, coalesce(d.size, 0), a.used_messages, coalesce(d.n, 0) FROM accounts a LEFT JOIN (
       SELECT account, sum(size) AS size, count(*) AS n FROM messages WHERE account = $1 GROUP BY account) AS d ON d.account = a.id
     WHERE a.id = $1 AND (a.used_bytes <> coalesce(d.size, 0) OR a.used_messages <> coalesce(d.n, 0))`,
    ([owner, bytes, isBytes, messages, isMessages]) =>
      `Account ${owner} says it uses ${bytes} bytes in ${messages} messages; a recount says ${isBytes} in ${isMessages}.`,
  ],
  [
    `SELECT e.account, e.mailbox, e.uid FROM expunged e JOIN messages m
       ON m.account = e.account AND m.mailbox = e.mailbox AND m.uid = e.uid
     WHERE e.account = $1`,
    ([owner, mailbox, uid]) => `Message ${uid} in mailbox ${mailbox} of account ${owner} is there and has a tombstone.`,
  ],
  [
    `SELECT e.account, e.mailbox, e.uid, e.modseq, b.tombstones_from, b.modseq FROM expunged e JOIN mailboxes b
       ON b.account = e.account AND b.id = e.mailbox
     WHERE e.account = $1 AND (e.modseq > b.modseq OR e.modseq <= b.tombstones_from OR e.uid >= b.uidnext)`,
    ([owner, mailbox, uid, modseq, from, to]) =>
      `The tombstone of UID ${uid} in mailbox ${mailbox} of account ${owner} has mod-sequence ${modseq}, outside of ${from} to ${to}, or a UID not given yet.`,
  ],
];

function* account(after: number): Op<Verified> {
  const next = yield* one<{ id: number; used_messages: number } & Row>(
    "SELECT id, used_messages FROM accounts WHERE id > $1 ORDER BY id LIMIT 1",
    after,
  );
  if (next === undefined) return { sentences: [], looked: 0, next: { kind: "contents", after: 0 } };
  const sentences = yield* findings(accountChecks, next.id);
  return { sentences, looked: next.used_messages, next: { kind: "account", after: next.id } };
}

// ---------------------------------------------------------------- bytes

function* contents(after: number): Op<Verified> {
  const found = yield* rows(
    "SELECT c.id, c.size, c.header_bytes FROM contents c WHERE c.id > $1 ORDER BY c.id LIMIT $2",
    after,
    maxContentsAtOnce,
  );
  const sentences: string[] = [];
  let last = after;
  let looked = 0;
  for (let bytes = 0; looked < found.length && bytes < maxBytesAtOnce; looked++) {
    const [id, size, headerBytes] = found[looked] as readonly [number, number, number];
    bytes += size;
    last = id;
    if (headerBytes > size) sentences.push(`Content ${id} says its header has ${headerBytes} of ${size} bytes.`);
    const damage = yield* damageOf(id, size);
    if (damage !== undefined && sentences.length <= maxSentences) sentences.push(damage);
  }
  const next: VerifyPart =
    looked === 0 ? { kind: "blobs", shard: 0, now: yield* clock() } : { kind: "contents", after: last };
  return { sentences, looked, next };
}

/** Whether the bytes can be read, and are as many as they should be. */
function* damageOf(id: number, size: number): Op<string | undefined> {
  const [cells] = yield* rows("SELECT encoding, blob, data FROM bytes WHERE content = $1", id);
  if (cells === undefined) return undefined; // Said already, among the totals.
  const [encoding, blob, data] = cells as readonly [Encoding, string, Uint8Array | null];
  if (data === null && blob === "") return `Content ${id} has neither bytes nor the name of a blob.`;
  try {
    const bytes = yield* glance({ encoding, sizeBytes: size, blob, data }, size);
    if (bytes.length === size && (encoding !== 0 || data === null || data.length === size)) return undefined;
    return `Content ${id} should have ${size} bytes and has ${encoding === 0 ? data?.length : bytes.length}.`;
  } catch (error) {
    const where = blob === "" ? "" : ` in blob ${blob}`;
    return `The bytes of content ${id}${where} cannot be read: ${(error as Error).message}`;
  }
}

function* clock(): Op<number> {
  return yield { kind: "now" };
}

/** Files that no row names are harmless; old ones say that nobody tidies. */
function* blobs(shard: number, now: number): Op<Verified> {
  const next: VerifyPart | undefined = shard + 1 < blobShards ? { kind: "blobs", shard: shard + 1, now } : undefined;
  const old = (yield* listBlobs(shard)).filter(({ modifiedAt }) => modifiedAt < now - 2 * orphanGraceMs);
  const sentences: string[] = [];
  for (let from = 0; from < old.length; from += maxContentsAtOnce) {
    const names = JSON.stringify(old.slice(from, from + maxContentsAtOnce).map(({ blob }) => blob));
    const lost = yield* rows(
      `SELECT t.value FROM {texts $1} AS t WHERE NOT EXISTS (SELECT 1 FROM bytes b WHERE b.blob = t.value AND b.blob <> '')
         AND NOT EXISTS (SELECT 1 FROM doomed_blobs d WHERE d.blob = t.value)`,
      names,
    );
    for (const [blob] of lost.slice(0, maxSentences))
      sentences.push(`Blob ${blob} is named by nobody (tidying removes it).`);
  }
  return { sentences, looked: 0, next };
}
