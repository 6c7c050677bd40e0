import { mailChanges } from "../mail-changes.ts";

/** RFC 8621 §3.2. */
export const threadChanges = mailChanges("T", (call, account, since, max) =>
  call.ports.store.threadChanges(account, since, max),
);
