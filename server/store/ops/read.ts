/** The operations that read, by their names in `Store`. */
import { search, searchPacked } from "../search.ts";
import { sort } from "../search-sort.ts";
import { tryOut } from "../search-trial.ts";
import { verify } from "../verify.ts";
import { absentSubscriptions } from "./absent-subscriptions.ts";
import * as accounts from "./accounts.ts";
import * as addresses from "./addresses.ts";
import { audit } from "./audit.ts";
import * as carry from "./carry.ts";
import * as contents from "./contents.ts";
import * as credentials from "./credentials.ts";
import { deletions, deletionTakes } from "./deletions.ts";
import * as domains from "./domains.ts";
import { emailChanges, enteredInto, lostFrom, mailboxChanges, threadChanges } from "./email-changes.ts";
import { emailOrder } from "./email-in-order.ts";
import { emailMatching } from "./email-matching.ts";
import { emailQuery, emailQueryChanges } from "./email-query.ts";
import * as emails from "./email-rows.ts";
import * as engagement from "./engagement.ts";
import * as events from "./events.ts";
import * as changes from "./fetch.ts";
import * as grams from "./grams.ts";
import * as hosting from "./hosting.ts";
import * as journey from "./journey.ts";
import * as finding from "./journey-find.ts";
import * as lists from "./lists.ts";
import * as jmapMailboxes from "./mailbox-jmap.ts";
import { mailboxThreads } from "./mailbox-threads.ts";
import * as tree from "./mailbox-tree.ts";
import * as mailboxes from "./mailboxes.ts";
import { namings } from "./naming.ts";
import * as objects from "./objects.ts";
import { peers } from "./peers.ts";
import { quarantined } from "./quarantine.ts";
import * as admin from "./queue-admin.ts";
import { restraints } from "./restraints.ts";
import * as security from "./security.ts";
import * as sending from "./sending.ts";
import * as settings from "./settings.ts";
import * as sharing from "./sharing.ts";
import * as sieve from "./sieve.ts";
import * as sts from "./sts.ts";
import * as tallies from "./tallies.ts";
import * as texts from "./templates.ts";
import * as desk from "./tickets.ts";
import * as words from "./words.ts";

export const readOps = {
  domains: domains.domains,
  accounts: accounts.accounts,
  credentials: credentials.credentials,
  addresses: addresses.addresses,
  setting: settings.setting,
  settings: settings.settings,
  mailboxes: tree.mailboxes,
  absentSubscriptions,
  openMailbox: mailboxes.openMailbox,
  fetchCells: changes.fetchCells,
  changesSince: changes.changesSince,
  searchPacked,
  tryOut,
  content: contents.content,
  queueCount: admin.queueCount,
  queueList: admin.queueList,
  trace: journey.trace,
  sendingRows: sending.sendingRows,
  quotasUsed: sending.quotasUsed,
  suppressed: sending.suppressed,
  suppressions: sending.suppressions,
  tenantSuppressions: sending.tenantSuppressions,
  anySuppression: sending.anySuppression,
  sendingEvents: events.sendingEvents,
  newestEvent: events.newestEvent,
  queueParks: sending.queueParks,
  parkNames: sending.parkNames,
  parkLanes: sending.parkLanes,
  parkNext: sending.parkNext,
  engaged: engagement.engaged,
  templates: texts.templates,
  templateVersions: texts.templateVersions,
  tickets: desk.tickets,
  strikes: desk.strikes,
  peers,
  quarantined,
  listMembers: lists.listMembers,
  listPosts: lists.listPosts,
  listDigests: lists.listDigests,
  listRequests: lists.listRequests,
  sharedWith: sharing.sharedWith,
  mailboxRights: sharing.mailboxRights,
  wordsDue: words.wordsDue,
  wordsInput: words.wordsInput,
  findWords: words.findWords,
  wordsSize: words.wordsSize,
  nextGrams: grams.nextGrams,
  tallyDays: tallies.tallyDays,
  tallyRows: tallies.tallyRows,
  sieveScripts: sieve.sieveScripts,
  vacationResponse: sieve.vacationResponse,
  sieveAccounts: sieve.sieveAccounts,
  sharedScripts: sieve.sharedScripts,
  sieveRemembers: sieve.sieveRemembers,
  annotations: sieve.annotations,
  stsPolicy: sts.stsPolicy,
  stsPoliciesBefore: sts.stsPoliciesBefore,
  search,
  sort,
  verify,
  mailState: emails.mailState,
  emailRows: emails.emailRows,
  threadEmails: emails.threadEmails,
  emailQuery,
  emailQueryChanges,
  emailMatching,
  emailOrder,
  emailChanges,
  threadChanges,
  lostFrom,
  enteredInto,
  mailboxChanges,
  jmapMailboxes: jmapMailboxes.jmapMailboxes,
  mailboxCounts: jmapMailboxes.mailboxCounts,
  mailboxThreads,
  objects: objects.objects,
  objectTexts: objects.objectTexts,
  objectStates: objects.objectStates,
  objectChanges: objects.objectChanges,
  objectsOfAll: objects.objectsOfAll,
  uploads: objects.uploads,
  webSession: objects.webSession,
  webSessions: objects.webSessions,
  journeys: finding.journeys,
  journey: finding.journey,
  tenants: hosting.tenants,
  hostedDomains: hosting.hostedDomains,
  hostedAccounts: hosting.hostedAccounts,
  hostedAddresses: hosting.hostedAddresses,
  hostedCounts: hosting.hostedCounts,
  hostedQueue: hosting.hostedQueue,
  grants: hosting.grants,
  audit,
  deletions,
  restraints,
  deletionTakes,
  namings,
  importedKeys: carry.importedKeys,
  imports: carry.imports,
  factors: security.factors,
  factorByKey: security.factorByKey,
  invitation: security.invitation,
  invitations: security.invitations,
  sealedCredentials: credentials.sealedCredentials,
  limitedCredentials: credentials.limitedCredentials,
} as const;
