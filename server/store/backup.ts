/**
 * Backup of the SQLite store beside its running server, and the way back. The copy is of one moment: blobs are copied
 * first, then the database as it is at that moment, then the blobs that it names and that came, or became whole, meanwhile;
 * none of those can have been removed, since a blob outlives its last row by `blobGraceMs`.
 */
import { Worker } from "node:worker_threads";
import type { BackupOrder, FromBackup } from "./backup-thread.ts";
import { StoreTrouble } from "./trouble.ts";
import type { Withheld } from "./withheld.ts";

/** `done` of `total` files. */
export type BackupProgress = (done: number, total: number) => void;

/** Copies the data in `dir` into `folder`, which is missing or empty. Rejects with a sentence where it cannot; what is there then is no backup. */
export function backUp(dir: string, folder: string, progress?: BackupProgress): Promise<void> {
  return inThread({ task: "backup", from: dir, to: folder }, progress);
}

/** Makes the data folder `dir`, which holds no mail yet, of the backup in `folder`. No server may be running on it. `withheld`: nothing leaves it until somebody lets it go. */
export function restoreBackup(
  folder: string,
  dir: string,
  how: { readonly withheld?: Withheld | undefined; readonly progress?: BackupProgress } = {},
): Promise<void> {
  return inThread({ task: "restore", from: folder, to: dir, withheld: how.withheld }, how.progress);
}

function inThread(order: BackupOrder, progress: BackupProgress | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./backup-thread.ts", import.meta.url), { workerData: order, name: "backup" });
    worker.on("message", (message: FromBackup) => {
      if ("done" in message) progress?.(message.done, message.total);
      else if (message.failed === undefined) resolve();
      else {
        const { kind, message: sentence } = message.failed;
        reject(kind === undefined ? new Error(sentence) : new StoreTrouble(kind, sentence));
      }
    });
    worker.on("error", reject);
    worker.on("exit", () => reject(new Error("The thread that copies has ended early.")));
  });
}
