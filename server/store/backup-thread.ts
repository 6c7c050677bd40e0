/** The thread that copies. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { backUp, restore, type Tell } from "./backup-files.ts";
import { type Failure, failureOf } from "./calls.ts";
import type { Withheld } from "./withheld.ts";

export type BackupOrder = { readonly from: string; readonly to: string } & (
  | { readonly task: "backup" }
  /** `withheld`: nothing leaves the copy until somebody lets it go. */
  | { readonly task: "restore"; readonly withheld: Withheld | undefined }
);
export type FromBackup = { readonly done: number; readonly total: number } | { readonly failed: Failure | undefined };

const order = workerData as BackupOrder;
const port = parentPort as MessagePort;
const tell: Tell = (done, total) => port.postMessage({ done, total } satisfies FromBackup);
let failed: Failure | undefined;
try {
  if (order.task === "backup") backUp(order.from, order.to, tell);
  else restore(order.from, order.to, order.withheld, tell);
} catch (error) {
  failed = failureOf(error);
}
port.postMessage({ failed } satisfies FromBackup);
