/** The operations that write, by their names in `Store`. */
import { tidy } from "../tidy.ts";
import * as accounts from "./accounts.ts";
import * as addresses from "./addresses.ts";
import { beginRequest, endRequest, leaveRequest, noteAudit } from "./audit.ts";
import * as carry from "./carry.ts";
import * as credentials from "./credentials.ts";
import { purge, softDelete, undelete } from "./deletions.ts";
import * as domains from "./domains.ts";
import { emailAdd, emailsSet } from "./email-set.ts";
import * as engagement from "./engagement.ts";
import * as events from "./events.ts";
import { setFlags } from "./flags.ts";
import { gramsLay } from "./grams.ts";
import * as hosting from "./hosting.ts";
import * as journey from "./journey.ts";
import * as lists from "./lists.ts";
import * as jmapMailboxes from "./mailbox-jmap.ts";
import * as tree from "./mailbox-tree.ts";
import * as mailboxes from "./mailboxes.ts";
import { nameInstead } from "./naming.ts";
import * as objects from "./objects.ts";
import { putPeers } from "./peers.ts";
import * as place from "./place.ts";
import { removeQuarantined } from "./quarantine.ts";
import * as queue from "./queue.ts";
import * as admin from "./queue-admin.ts";
import { reschedule } from "./reschedule.ts";
import { restrain } from "./restraints.ts";
import * as security from "./security.ts";
import * as sending from "./sending.ts";
import * as settings from "./settings.ts";
import * as sharing from "./sharing.ts";
import * as sieve from "./sieve.ts";
import * as sts from "./sts.ts";
import * as tallies from "./tallies.ts";
import * as texts from "./templates.ts";
import * as desk from "./tickets.ts";
import * as transfer from "./transfer.ts";
import * as words from "./words-write.ts";

export const writeOps = {
  putDomain: domains.putDomain,
  removeDomain: domains.removeDomain,
  createAccount: accounts.createAccount,
  updateAccount: accounts.updateAccount,
  renameAccount: accounts.renameAccount,
  removeAccount: accounts.removeAccount,
  putCredential: credentials.putCredential,
  removeCredential: credentials.removeCredential,
  putAddress: addresses.putAddress,
  removeAddress: addresses.removeAddress,
  putSetting: settings.putSetting,
  swapSetting: settings.swapSetting,
  accept: place.accept,
  acceptCopies: place.acceptCopies,
  append: place.append,
  createMailbox: tree.createMailbox,
  renameMailbox: mailboxes.renameMailbox,
  deleteMailbox: mailboxes.deleteMailbox,
  setSubscribed: tree.setSubscribed,
  setFlags,
  copy: transfer.copy,
  move: transfer.move,
  expunge: transfer.expunge,
  replaceMessage: transfer.replaceMessage,
  takeRecent: mailboxes.takeRecent,
  claim: queue.claim,
  settle: queue.settle,
  renewLeases: queue.renewLeases,
  releaseLeases: queue.releaseLeases,
  queueAct: admin.queueAct,
  note: journey.note,
  putSendingRows: sending.putSendingRows,
  takeQuota: sending.takeQuota,
  suppress: sending.suppress,
  strike: sending.strike,
  unsuppress: sending.unsuppress,
  addSendingEvents: events.addSendingEvents,
  wakeParks: sending.wakeParks,
  reschedule,
  engage: engagement.engage,
  putTemplate: texts.putTemplate,
  publishTemplate: texts.publishTemplate,
  removeTemplate: texts.removeTemplate,
  openTicket: desk.openTicket,
  changeTicket: desk.changeTicket,
  giveStrike: desk.giveStrike,
  liftStrike: desk.liftStrike,
  claimExpired: queue.claimExpired,
  putPeers,
  removeQuarantined,
  setMailboxRights: sharing.setMailboxRights,
  setSharedSubscribed: sharing.setSharedSubscribed,
  wordsLay: words.wordsLay,
  wordsJoin: words.wordsJoin,
  wordsMerge: words.wordsMerge,
  wordsForget: words.wordsForget,
  gramsLay,
  tally: tallies.tally,
  dropTally: tallies.dropTally,
  forgetTallies: tallies.forgetTallies,
  putSieveScript: sieve.putSieveScript,
  updateSieveScript: sieve.updateSieveScript,
  activateSieveScript: sieve.activateSieveScript,
  removeSieveScript: sieve.removeSieveScript,
  putVacationResponse: sieve.putVacationResponse,
  putSharedScript: sieve.putSharedScript,
  removeSharedScript: sieve.removeSharedScript,
  putAnnotations: sieve.putAnnotations,
  putStsPolicy: sts.putStsPolicy,
  dropStsPolicies: sts.dropStsPolicies,
  tidy,
  emailAdd,
  emailsSet,
  mailboxMake: jmapMailboxes.mailboxMake,
  mailboxChange: jmapMailboxes.mailboxChange,
  mailboxRemove: jmapMailboxes.mailboxRemove,
  objectsPut: objects.objectsPut,
  uploadPut: objects.uploadPut,
  uploadsDrop: objects.uploadsDrop,
  webSessionPut: objects.webSessionPut,
  webSessionUsed: objects.webSessionUsed,
  webSessionsEnd: objects.webSessionsEnd,
  createTenant: hosting.createTenant,
  updateTenant: hosting.updateTenant,
  giveDomain: hosting.giveDomain,
  putGrant: hosting.putGrant,
  restrain,
  noteAudit,
  softDelete,
  undelete,
  nameInstead,
  purge,
  beginRequest,
  endRequest,
  leaveRequest,
  putListMember: lists.putListMember,
  removeListMember: lists.removeListMember,
  noteListBounce: lists.noteListBounce,
  resumeListMember: lists.resumeListMember,
  removeListPost: lists.removeListPost,
  putListRequest: lists.putListRequest,
  changeListRequest: lists.changeListRequest,
  removeListRequest: lists.removeListRequest,
  forgetList: lists.forgetList,
  putImported: carry.putImported,
  importedMarks: carry.importedMarks,
  putImport: carry.putImport,
  changeImport: carry.changeImport,
  removeImport: carry.removeImport,
  putFactor: security.putFactor,
  changeFactor: security.changeFactor,
  removeFactors: security.removeFactors,
  credentialUsed: security.credentialUsed,
  limitCredential: credentials.limitCredential,
  raiseCredential: security.raiseCredential,
  webSessionEnd: security.webSessionEnd,
  putInvitation: security.putInvitation,
  takeInvitation: security.takeInvitation,
  removeInvitation: security.removeInvitation,
} as const;
