/** The first schema. Booleans are 0/1, instants are milliseconds since 1970, lists and settings are JSON text. */
export const statements: readonly string[] = [
  // ------------------------------------------------ directory
  `CREATE TABLE accounts (
    id {id},
    name TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    disabled BIGINT NOT NULL,
    quota_bytes BIGINT NOT NULL,
    used_bytes BIGINT NOT NULL,
    used_messages BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    modseq BIGINT NOT NULL,          -- last one given, over all mailboxes of the account
    next_email BIGINT NOT NULL,
    next_object BIGINT NOT NULL,     -- mailboxes and credentials
    uidvalidity BIGINT NOT NULL      -- last one given
  )`,
  `CREATE TABLE credentials (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    argon2id TEXT NOT NULL,
    scram_sha256 TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (account, id)
  ) {without_rowid}`,
  `CREATE TABLE domains (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL
  ) {without_rowid}`,
  `CREATE TABLE addresses (
    domain TEXT NOT NULL,
    local TEXT NOT NULL,
    kind TEXT NOT NULL,
    account BIGINT,
    targets TEXT NOT NULL,           -- JSON: ["a@b.test"]
    senders TEXT NOT NULL,           -- JSON: [1,2,-3]; negative: on behalf
    PRIMARY KEY (domain, local)
  ) {without_rowid}`,
  "CREATE INDEX addresses_account ON addresses (account)",
  "CREATE TABLE settings (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) {without_rowid}",

  // ------------------------------------------------ mail
  `CREATE TABLE mailboxes (
    account BIGINT NOT NULL,
    id BIGINT NOT NULL,
    parent BIGINT NOT NULL,          -- 0: at the top
    name TEXT NOT NULL,
    role TEXT NOT NULL,              -- '' for none
    subscribed BIGINT NOT NULL,
    uidvalidity BIGINT NOT NULL,
    uidnext BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    unseen BIGINT NOT NULL,
    deleted BIGINT NOT NULL,
    size BIGINT NOT NULL,
    recent_from BIGINT NOT NULL,     -- first UID that no session has had as \\Recent
    tombstones_from BIGINT NOT NULL, -- expunged rows up to this mod-sequence are gone
    keywords TEXT NOT NULL,          -- JSON: all that have been used here
    PRIMARY KEY (account, id)
  ) {without_rowid}`,
  "CREATE UNIQUE INDEX mailboxes_name ON mailboxes (account, parent, name)",
  `CREATE TABLE messages (
    account BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    email BIGINT NOT NULL,
    thread BIGINT NOT NULL,
    content BIGINT NOT NULL,
    flags BIGINT NOT NULL,
    keywords TEXT NOT NULL,          -- separated by one space; '' for none
    modseq BIGINT NOT NULL,
    created_modseq BIGINT NOT NULL,  -- ascends with uid
    received_at BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (account, mailbox, uid)
  ) {without_rowid}`,
  // New messages are found by created_modseq from the end, so that a delivery has one tree less to write to.
  "CREATE INDEX messages_changed ON messages (account, mailbox, modseq) WHERE modseq > created_modseq",
  `CREATE TABLE expunged (
    account BIGINT NOT NULL,
    mailbox BIGINT NOT NULL,
    modseq BIGINT NOT NULL,
    uid BIGINT NOT NULL,
    email BIGINT NOT NULL,
    PRIMARY KEY (account, mailbox, modseq, uid)
  ) {without_rowid}`,
  // RFC 8621 §3: a hash of one message id (own or referred to) and the base subject, and the thread it belongs to.
  `CREATE TABLE thread_refs (
    account BIGINT NOT NULL,
    hash BIGINT NOT NULL,
    thread BIGINT NOT NULL,
    PRIMARY KEY (account, hash)
  ) {without_rowid}`,
  `CREATE TABLE contents (
    id {id},
    refs BIGINT NOT NULL,            -- rows of messages and queue_messages that name it
    size BIGINT NOT NULL,
    header_bytes BIGINT NOT NULL,
    envelope TEXT NOT NULL,          -- byte string: one character per byte
    structure TEXT NOT NULL,         -- byte string
    subject TEXT NOT NULL,
    sent_at BIGINT,
    message_id TEXT,
    has_attachment BIGINT NOT NULL,
    signature {bytes} NOT NULL
  )`,
  "CREATE INDEX contents_unused ON contents (id) WHERE refs = 0",
  `CREATE TABLE bytes (
    content {key},
    encoding BIGINT NOT NULL,        -- 0 plain, 1 zstd, 2 zstd with our dictionary
    blob TEXT NOT NULL,              -- name of the file when data is null, else ''
    data {bytes}
  )`,
  "CREATE INDEX bytes_blob ON bytes (blob) WHERE blob <> ''",
  // Blobs whose content row is gone; the file is removed a grace period later, so that no reader is in the middle of it.
  "CREATE TABLE doomed_blobs (blob TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL) {without_rowid}",

  // ------------------------------------------------ queue
  `CREATE TABLE queue_messages (
    id {key},                        -- the content
    envelope_from TEXT NOT NULL,
    envid TEXT,
    ret TEXT,
    smtputf8 BIGINT NOT NULL,
    body TEXT NOT NULL,
    require_tls BIGINT NOT NULL,
    account BIGINT,
    stream TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    size BIGINT NOT NULL
  )`,
  `CREATE TABLE queue_recipients (
    queue BIGINT NOT NULL,
    id BIGINT NOT NULL,              -- 1, 2, … within the message
    address TEXT NOT NULL,
    domain TEXT NOT NULL,
    orcpt TEXT,
    notify BIGINT,                   -- bits: 1 never, 2 success, 4 failure, 8 delay; null: not said
    state BIGINT NOT NULL,           -- 0 scheduled, 1 leased, 2 held
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    delay_warned BIGINT NOT NULL,
    last_reply TEXT,
    lease_owner TEXT,                -- null unless leased
    lease_token BIGINT NOT NULL,     -- last one given: it only grows
    PRIMARY KEY (queue, id)
  ) {without_rowid}`,
  "CREATE INDEX queue_due ON queue_recipients (next_at, domain) WHERE state = 0",
  // The leases of one owner end together: renewing a million of them is one row.
  "CREATE TABLE queue_owners (owner TEXT NOT NULL PRIMARY KEY, until BIGINT NOT NULL) {without_rowid}",

  // ------------------------------------------------ journey
  `CREATE TABLE journey (
    id {counter},
    at BIGINT NOT NULL,
    stage TEXT NOT NULL,
    trace TEXT NOT NULL,
    keys TEXT NOT NULL,              -- lower case, separated by line feeds
    detail TEXT NOT NULL             -- JSON: the detail, or [detail, [stage, detail], …] with what came in the same moment
  )`,
  // bucket: journey id / 128. Keys of one time lie together, so that a delivery writes to few pages.
  `CREATE TABLE journey_keys (
    bucket BIGINT NOT NULL,
    hash BIGINT NOT NULL,
    journey BIGINT NOT NULL,
    PRIMARY KEY (bucket, hash, journey)
  ) {without_rowid}`,
];
