/** Every operation of the store by its name. The drivers run these; the clients speak `Store`. */

import { search } from "../search.ts";
import { sort } from "../search-sort.ts";
import { tidy } from "../tidy.ts";
import { verify } from "../verify.ts";
import * as contents from "./contents.ts";
import * as directory from "./directory.ts";
import * as changes from "./fetch.ts";
import { setFlags } from "./flags.ts";
import * as journey from "./journey.ts";
import * as tree from "./mailbox-tree.ts";
import * as mailboxes from "./mailboxes.ts";
import * as place from "./place.ts";
import * as queue from "./queue.ts";
import * as admin from "./queue-admin.ts";
import * as transfer from "./transfer.ts";

export const readOps = {
  domains: directory.domains,
  accounts: directory.accounts,
  credentials: directory.credentials,
  addresses: directory.addresses,
  setting: directory.setting,
  settings: directory.settings,
  mailboxes: tree.mailboxes,
  openMailbox: mailboxes.openMailbox,
  fetchCells: changes.fetchCells,
  changesSince: changes.changesSince,
  content: contents.content,
  queueCount: admin.queueCount,
  queueList: admin.queueList,
  trace: journey.trace,
  search,
  sort,
  verify,
} as const;

export const writeOps = {
  putDomain: directory.putDomain,
  removeDomain: directory.removeDomain,
  createAccount: directory.createAccount,
  updateAccount: directory.updateAccount,
  removeAccount: directory.removeAccount,
  putCredential: directory.putCredential,
  removeCredential: directory.removeCredential,
  putAddress: directory.putAddress,
  removeAddress: directory.removeAddress,
  putSetting: directory.putSetting,
  accept: place.accept,
  append: place.append,
  createMailbox: tree.createMailbox,
  renameMailbox: mailboxes.renameMailbox,
  deleteMailbox: mailboxes.deleteMailbox,
  setSubscribed: tree.setSubscribed,
  setFlags,
  copy: transfer.copy,
  move: transfer.move,
  expunge: transfer.expunge,
  takeRecent: mailboxes.takeRecent,
  claim: queue.claim,
  settle: queue.settle,
  renewLeases: queue.renewLeases,
  releaseLeases: queue.releaseLeases,
  queueAct: admin.queueAct,
  note: journey.note,
  tidy,
} as const;

export type ReadOps = typeof readOps;
export type WriteOps = typeof writeOps;
export type OpName = keyof ReadOps | keyof WriteOps;
