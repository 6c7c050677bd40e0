/** Every method by its name in the protocol. */
import type { Method } from "./call.ts";
import type { PreviewMemory } from "./emails.ts";
import type { MailboxMemory } from "./mailboxes.ts";
import type { MatchMemory } from "./match-memory.ts";
import { addressBookChanges } from "./methods/address-book-changes.ts";
import { addressBookGet } from "./methods/address-book-get.ts";
import { addressBookSet } from "./methods/address-book-set.ts";
import { blobCopy } from "./methods/blob-copy.ts";
import { blobGet } from "./methods/blob-get.ts";
import { blobLookup } from "./methods/blob-lookup.ts";
import { blobUpload } from "./methods/blob-upload.ts";
import { contactCardChanges } from "./methods/contact-card-changes.ts";
import { contactCardCopy } from "./methods/contact-card-copy.ts";
import { contactCardGet } from "./methods/contact-card-get.ts";
import { contactCardQuery } from "./methods/contact-card-query.ts";
import { contactCardQueryChanges } from "./methods/contact-card-query-changes.ts";
import { contactCardSet } from "./methods/contact-card-set.ts";
import { coreEcho } from "./methods/core-echo.ts";
import { emailChanges } from "./methods/email-changes.ts";
import { emailCopy } from "./methods/email-copy.ts";
import { emailGet } from "./methods/email-get.ts";
import { emailImport } from "./methods/email-import.ts";
import { emailParse } from "./methods/email-parse.ts";
import { emailQuery } from "./methods/email-query.ts";
import { emailQueryChanges } from "./methods/email-query-changes.ts";
import { emailSet } from "./methods/email-set.ts";
import { emailSubmissionChanges } from "./methods/email-submission-changes.ts";
import { emailSubmissionGet } from "./methods/email-submission-get.ts";
import { emailSubmissionQuery } from "./methods/email-submission-query.ts";
import { emailSubmissionQueryChanges } from "./methods/email-submission-query-changes.ts";
import { emailSubmissionSet } from "./methods/email-submission-set.ts";
import { emailUnsubscribe } from "./methods/email-unsubscribe.ts";
import { identityChanges } from "./methods/identity-changes.ts";
import { identityGet } from "./methods/identity-get.ts";
import { identityOnBehalf } from "./methods/identity-on-behalf.ts";
import { identitySet } from "./methods/identity-set.ts";
import { mailboxChanges } from "./methods/mailbox-changes.ts";
import { mailboxGet } from "./methods/mailbox-get.ts";
import { mailboxQuery } from "./methods/mailbox-query.ts";
import { mailboxQueryChanges } from "./methods/mailbox-query-changes.ts";
import { mailboxSet } from "./methods/mailbox-set.ts";
import { mdnParse } from "./methods/mdn-parse.ts";
import { mdnSend } from "./methods/mdn-send.ts";
import { principalChanges } from "./methods/principal-changes.ts";
import { principalGet } from "./methods/principal-get.ts";
import { principalQuery } from "./methods/principal-query.ts";
import { principalQueryChanges } from "./methods/principal-query-changes.ts";
import { principalSet } from "./methods/principal-set.ts";
import { publicKeyGet } from "./methods/public-key-get.ts";
import { publicKeyLookup } from "./methods/public-key-lookup.ts";
import { publicKeySet } from "./methods/public-key-set.ts";
import { pushSubscriptionGet } from "./methods/push-subscription-get.ts";
import { pushSubscriptionSet } from "./methods/push-subscription-set.ts";
import { quotaChanges } from "./methods/quota-changes.ts";
import { quotaGet } from "./methods/quota-get.ts";
import { quotaQuery } from "./methods/quota-query.ts";
import { quotaQueryChanges } from "./methods/quota-query-changes.ts";
import { searchSnippetGet } from "./methods/search-snippet-get.ts";
import { shareNotificationChanges } from "./methods/share-notification-changes.ts";
import { shareNotificationGet } from "./methods/share-notification-get.ts";
import { shareNotificationQuery } from "./methods/share-notification-query.ts";
import { shareNotificationQueryChanges } from "./methods/share-notification-query-changes.ts";
import { shareNotificationSet } from "./methods/share-notification-set.ts";
import { sieveScriptGet } from "./methods/sieve-script-get.ts";
import { sieveScriptQuery } from "./methods/sieve-script-query.ts";
import { sieveScriptSet } from "./methods/sieve-script-set.ts";
import { sieveScriptValidate } from "./methods/sieve-script-validate.ts";
import { threadChanges } from "./methods/thread-changes.ts";
import { threadGet } from "./methods/thread-get.ts";
import { uploadSet } from "./methods/upload-set.ts";
import { vacationResponseGet } from "./methods/vacation-response-get.ts";
import { vacationResponseSet } from "./methods/vacation-response-set.ts";
import type { OrderMemory } from "./order-memory.ts";
import type { Outbox } from "./outbox.ts";
import type { Subscriptions } from "./push-subscriptions.ts";

export type MethodParts = {
  readonly mailboxes: MailboxMemory;
  readonly previews: PreviewMemory;
  readonly orders: OrderMemory;
  readonly matches: MatchMemory;
  readonly outbox: Outbox;
  readonly subscriptions: Subscriptions;
};

export const makeMethods = ({
  mailboxes,
  previews,
  orders,
  matches,
  outbox,
  subscriptions,
}: MethodParts): ReadonlyMap<string, Method> =>
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
    ["Email/query", emailQuery(orders, matches)],
    ["Email/queryChanges", emailQueryChanges(orders, matches)],
    ["Email/set", emailSet],
    ["Email/copy", emailCopy],
    ["Email/import", emailImport],
    ["Email/parse", emailParse],
    ["Email/unsubscribe", emailUnsubscribe],
    ["PublicKey/get", publicKeyGet],
    ["PublicKey/set", publicKeySet],
    ["PublicKey/lookup", publicKeyLookup],
    ["SearchSnippet/get", searchSnippetGet],
    ["Identity/get", identityGet],
    ["Identity/changes", identityChanges],
    ["Identity/set", identitySet],
    ["Identity/onBehalf", identityOnBehalf],
    ["EmailSubmission/get", emailSubmissionGet(outbox)],
    ["EmailSubmission/changes", emailSubmissionChanges(outbox)],
    ["EmailSubmission/query", emailSubmissionQuery(outbox)],
    ["EmailSubmission/queryChanges", emailSubmissionQueryChanges(outbox)],
    ["EmailSubmission/set", emailSubmissionSet(outbox)],
    ["Blob/copy", blobCopy],
    ["Blob/get", blobGet],
    ["Blob/lookup", blobLookup],
    ["Blob/upload", blobUpload],
    ["Upload/set", uploadSet],
    ["Quota/get", quotaGet],
    ["Quota/changes", quotaChanges],
    ["Quota/query", quotaQuery],
    ["Quota/queryChanges", quotaQueryChanges],
    ["MDN/send", mdnSend],
    ["MDN/parse", mdnParse],
    ["VacationResponse/get", vacationResponseGet],
    ["VacationResponse/set", vacationResponseSet],
    ["AddressBook/get", addressBookGet],
    ["AddressBook/changes", addressBookChanges],
    ["AddressBook/set", addressBookSet],
    ["ContactCard/get", contactCardGet],
    ["ContactCard/changes", contactCardChanges],
    ["ContactCard/query", contactCardQuery],
    ["ContactCard/queryChanges", contactCardQueryChanges],
    ["ContactCard/set", contactCardSet],
    ["ContactCard/copy", contactCardCopy],
    ["Principal/get", principalGet],
    ["Principal/query", principalQuery],
    ["Principal/changes", principalChanges],
    ["Principal/queryChanges", principalQueryChanges],
    ["Principal/set", principalSet],
    ["ShareNotification/get", shareNotificationGet],
    ["ShareNotification/changes", shareNotificationChanges],
    ["ShareNotification/set", shareNotificationSet],
    ["ShareNotification/query", shareNotificationQuery],
    ["ShareNotification/queryChanges", shareNotificationQueryChanges],
    ["SieveScript/get", sieveScriptGet],
    ["SieveScript/set", sieveScriptSet],
    ["SieveScript/query", sieveScriptQuery],
    ["SieveScript/validate", sieveScriptValidate],
    ["PushSubscription/get", pushSubscriptionGet],
    ["PushSubscription/set", pushSubscriptionSet(subscriptions)],
  ]);
