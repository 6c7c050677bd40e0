/** Numbers and names by which the store knows things. */
export type Instant = number; // milliseconds since 1970, UTC
export type AccountId = number;
export type MailboxId = number; // unique within its account, and never given twice; INBOX is 1
export type ContentId = number; // one stored sequence of message bytes, shared by all who received it
export type EmailId = number; // one email of one account; copies in several mailboxes share it (RFC 8474 EMAILID)
export type ThreadId = number;
export type QueueId = string; // of a queued message, as people see it: "q" + base32, e.g. "q7k3m9xw2c"
