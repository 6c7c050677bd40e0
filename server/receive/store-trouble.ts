/** What the peer hears when we break: try again, the message is still yours. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";

const trouble = reply(451, "4.3.0", "Local trouble, try again later");
const diskFull = reply(452, "4.3.1", "Insufficient system storage, try again later");

/** Codes of a full disk or quota: Node's, SQLite's (SQLITE_FULL), PostgreSQL's (disk_full). */
const fullCodes: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "SQLITE_FULL", 13, "53100"]);

/** 452 for a full disk, 451 for everything else. */
export function storeTrouble(error: unknown): Reply {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code, errcode } = at as { code?: unknown; errcode?: unknown };
    if (fullCodes.has(code) || fullCodes.has(errcode) || /disk is full|no space left/i.test(at.message))
      return diskFull;
  }
  return trouble;
}
