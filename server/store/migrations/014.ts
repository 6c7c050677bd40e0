/** Mailing lists (`../lists-store.ts`). What a list is stands with its address. */
export const statements: readonly string[] = [
  `CREATE TABLE list_members (
    id {id},
    list {text} NOT NULL,            -- "team@example.org"
    address {text} NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,              -- member, moderator, owner
    delivery TEXT NOT NULL,          -- each, none
    paused BIGINT NOT NULL,
    bounces BIGINT NOT NULL,
    bounced_at BIGINT,
    since BIGINT NOT NULL
  )`,
  "CREATE UNIQUE INDEX list_members_address ON list_members (list, address)",
  "CREATE INDEX list_members_of ON list_members (address)",
  `CREATE TABLE list_posts (
    id {id},
    list {text} NOT NULL,
    state {text} NOT NULL,           -- held, archived
    content BIGINT NOT NULL,
    message_id {text} NOT NULL,
    envelope_from TEXT NOT NULL,
    author TEXT NOT NULL,
    subject TEXT NOT NULL,
    why TEXT NOT NULL,
    at BIGINT NOT NULL,
    size BIGINT NOT NULL
  )`,
  "CREATE INDEX list_posts_list ON list_posts (list, state, id)",
  "CREATE INDEX list_posts_content ON list_posts (content)",
  `CREATE TABLE list_requests (
    id {id},
    list {text} NOT NULL,
    address {text} NOT NULL,
    display_name TEXT NOT NULL,
    action TEXT NOT NULL,            -- subscribe, unsubscribe
    state TEXT NOT NULL,             -- unconfirmed, waiting
    secret TEXT NOT NULL,
    at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
  )`,
  "CREATE UNIQUE INDEX list_requests_address ON list_requests (list, address, action)",
];
