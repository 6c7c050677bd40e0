/** Message bytes and what is known about them, stored once however many mailboxes and queues name them. */
import { foldText } from "../../../protocol/mime/fold.ts";
import { baseSubject } from "../../../protocol/mime/subject.ts";
import { firstAddress, shownName } from "../search-envelope.ts";
import type { ContentId } from "../store.ts";
import type { KeptMessage } from "./kept.ts";
import { type Encoding, insert, load, type Op, one, run, type StoredBytes } from "./tx.ts";

/** PostgreSQL keeps no NUL in a text; it says nothing in any of these either. Lengths stay, so literals stay true. */
function text(value: string): string {
  return value.includes("\0") ? value.replaceAll("\0", "?") : value;
}

/** Characters of a subject or a name that a list is sorted by. */
const maxSortChars = 60;
const sortText = (value: string): string => foldText(value.slice(0, maxSortChars)).toWellFormed();

/** Stores bytes and facts with `refs` owners. `isListed`: some of them are mailboxes, whose lists are sorted by its keys. */
export function* insertContent(
  { stored, facts, delivered }: KeptMessage,
  refs: number,
  isListed = true,
): Op<ContentId> {
  const id = yield* insert(
    `INSERT INTO contents (refs, size, header_bytes, envelope, structure, subject, sent_at, message_id, has_attachment, signature, delivered)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    refs,
    stored.sizeBytes,
    facts.headerBytes,
    text(facts.envelope),
    text(facts.structure),
    text(facts.subject),
    facts.sentAt ?? null,
    facts.messageId === undefined ? null : text(facts.messageId),
    facts.hasAttachment ? 1 : 0,
    facts.signature,
    delivered === true ? 1 : 0,
  );
  if (isListed) yield* insertKeys(id, facts);
  yield* run(
    "INSERT INTO bytes (content, encoding, blob, data) VALUES ($1, $2, $3, $4)",
    id,
    stored.encoding,
    stored.blob,
    stored.data,
  );
  return id;
}

function* insertKeys(id: ContentId, facts: KeptMessage["facts"]): Op<void> {
  yield* run(
    "INSERT INTO content_keys (content, sent_at, has_attachment, subject, sender, recipient) VALUES ($1, $2, $3, $4, $5, $6)",
    id,
    facts.sentAt ?? null,
    facts.hasAttachment ? 1 : 0,
    text(sortText(baseSubject(facts.subject).text)),
    text(sortText(shownName(firstAddress(facts.envelope, "from")))),
    text(sortText(shownName(firstAddress(facts.envelope, "to")))),
  );
}

export function* content(id: ContentId): Op<Uint8Array | undefined> {
  const row = yield* one<{ size: number; encoding: Encoding; blob: string; data: Uint8Array | null }>(
    "SELECT c.size, b.encoding, b.blob, b.data FROM contents c JOIN bytes b ON b.content = c.id WHERE c.id = $1",
    id,
  );
  if (row === undefined) return undefined;
  const stored: StoredBytes = { encoding: row.encoding, sizeBytes: row.size, blob: row.blob, data: row.data };
  return yield* load(stored, row.size);
}
