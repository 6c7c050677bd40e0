/** Every method by its name in the protocol. */
import type { Method } from "./call.ts";
import type { PreviewMemory } from "./emails.ts";
import type { MailboxMemory } from "./mailboxes.ts";
import { coreEcho } from "./methods/core-echo.ts";
import { emailChanges } from "./methods/email-changes.ts";
import { emailCopy } from "./methods/email-copy.ts";
import { emailGet } from "./methods/email-get.ts";
import { emailImport } from "./methods/email-import.ts";
import { emailParse } from "./methods/email-parse.ts";
import { emailQuery } from "./methods/email-query.ts";
import { emailQueryChanges } from "./methods/email-query-changes.ts";
import { emailSet } from "./methods/email-set.ts";
import { mailboxChanges } from "./methods/mailbox-changes.ts";
import { mailboxGet } from "./methods/mailbox-get.ts";
import { mailboxQuery } from "./methods/mailbox-query.ts";
import { mailboxQueryChanges } from "./methods/mailbox-query-changes.ts";
import { mailboxSet } from "./methods/mailbox-set.ts";
import { threadChanges } from "./methods/thread-changes.ts";
import { threadGet } from "./methods/thread-get.ts";

export const makeMethods = (mailboxes: MailboxMemory, previews: PreviewMemory): ReadonlyMap<string, Method> =>
  new Map([
    ["Core/echo", coreEcho],
    ["Mailbox/get", mailboxGet(mailboxes)],
    ["Mailbox/changes", mailboxChanges],
    ["Mailbox/query", mailboxQuery(mailboxes)],
    ["Mailbox/queryChanges", mailboxQueryChanges(mailboxes)],
    ["Mailbox/set", mailboxSet(mailboxes)],
    ["Thread/get", threadGet],
    ["Thread/changes", threadChanges],
    ["Email/get", emailGet(previews)],
    ["Email/changes", emailChanges],
    ["Email/query", emailQuery],
    ["Email/queryChanges", emailQueryChanges],
    ["Email/set", emailSet],
    ["Email/copy", emailCopy],
    ["Email/import", emailImport],
    ["Email/parse", emailParse],
  ]);
