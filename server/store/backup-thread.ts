/** The thread that copies. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { backUp, restore, type Tell } from "./backup-files.ts";
import { type Failure, failureOf } from "./calls.ts";

export type BackupOrder = { readonly task: "backup" | "restore"; readonly from: string; readonly to: string };
export type FromBackup = { readonly done: number; readonly total: number } | { readonly failed: Failure | undefined };

const { task, from, to } = workerData as BackupOrder;
const port = parentPort as MessagePort;
const tell: Tell = (done, total) => port.postMessage({ done, total } satisfies FromBackup);
let failed: Failure | undefined;
try {
  (task === "backup" ? backUp : restore)(from, to, tell);
} catch (error) {
  failed = failureOf(error);
}
port.postMessage({ failed } satisfies FromBackup);
