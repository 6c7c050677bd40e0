import { mailChanges } from "../mail-changes.ts";

/** RFC 8621 §4.3. */
export const emailChanges = mailChanges("M", (call, account, since, max) =>
  call.ports.store.emailChanges(account, since, max),
);
