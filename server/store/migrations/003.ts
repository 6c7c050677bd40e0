/** JMAP: an email is found by its id and by its time of arrival, mailboxes know when they changed, and objects beside mail have a place. */
export const statements: readonly string[] = [
  // 1 where the email has, or has had, a row in another place: only then must the others be asked for its keywords.
  "ALTER TABLE messages ADD COLUMN shared BIGINT NOT NULL DEFAULT 0",
  `UPDATE messages SET shared = 1 WHERE (account, email) IN
     (SELECT account, email FROM messages GROUP BY account, email HAVING count(*) > 1)`,
  "CREATE INDEX messages_email ON messages (account, email)",
  "CREATE INDEX messages_received ON messages (account, mailbox, received_at, email)",
  // The first email of a thread has the thread's own number and is found by it.
  "CREATE INDEX messages_thread ON messages (account, thread) WHERE thread <> email",
  "CREATE INDEX messages_shared ON messages (account, mailbox, email) WHERE shared = 1",
  "ALTER TABLE expunged ADD COLUMN thread BIGINT NOT NULL DEFAULT 0",
  "ALTER TABLE mailboxes ADD COLUMN created_modseq BIGINT NOT NULL DEFAULT 0",
  "ALTER TABLE mailboxes ADD COLUMN changed_modseq BIGINT NOT NULL DEFAULT 0", // of its name, place, role or subscription
  "ALTER TABLE mailboxes ADD COLUMN sort_order BIGINT NOT NULL DEFAULT 0",
  "ALTER TABLE accounts ADD COLUMN changes_from BIGINT NOT NULL DEFAULT 0", // changes up to this one are forgotten
  `CREATE TABLE gone_mailboxes (
    account BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    id BIGINT NOT NULL,
    PRIMARY KEY (account, modseq, id)
  ) {without_rowid}`,
  // What a list is sorted by, folded and cut: narrow, so that a large mailbox is sorted without reading its contents.
  `CREATE TABLE content_keys (
    content {key},
    sent_at BIGINT,
    has_attachment BIGINT NOT NULL,
    subject TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL
  )`,
  `INSERT INTO content_keys (content, sent_at, has_attachment, subject, sender, recipient)
     SELECT id, sent_at, has_attachment, lower(substr(subject, 1, 60)), '', '' FROM contents`,
  // Identities, submissions, address books and other small things of an account: JSON, with their changes.
  `CREATE TABLE objects (
    account BIGINT NOT NULL,
    type TEXT NOT NULL,
    id TEXT NOT NULL,
    created_modseq BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (account, type, id)
  ) {without_rowid}`,
  "CREATE INDEX objects_changed ON objects (account, type, modseq)",
  // Blobs that a client has uploaded, until they expire.
  `CREATE TABLE uploads (
    account BIGINT NOT NULL,
    id TEXT NOT NULL,
    content BIGINT NOT NULL,
    type TEXT NOT NULL,
    size BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account, id)
  ) {without_rowid}`,
  "CREATE INDEX uploads_expiring ON uploads (expires_at)",
  // Sessions of browsers and access tokens, by the hash of their secret.
  `CREATE TABLE web_sessions (
    hash TEXT NOT NULL PRIMARY KEY,
    account BIGINT NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
  ) {without_rowid}`,
  "CREATE INDEX web_sessions_account ON web_sessions (account)",
];
