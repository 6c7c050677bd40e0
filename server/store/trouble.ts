/** Breakage of the store, told apart only as far as callers answer differently (SMTP 452 or 451, IMAP NO [UNAVAILABLE]). */
export type TroubleKind = "disk-full" | "io" | "unavailable";

/** Nothing of the call was acknowledged. It may nevertheless have become durable where the commit itself failed. */
export class StoreTrouble extends Error {
  readonly kind: TroubleKind;

  constructor(kind: TroubleKind, message: string) {
    super(message);
    this.name = "StoreTrouble";
    this.kind = kind;
  }
}

// Primary result codes of SQLite.
const sqliteKinds: { readonly [code: number]: TroubleKind } = {
  5: "unavailable", // BUSY
  6: "unavailable", // LOCKED
  7: "unavailable", // NOMEM
  8: "io", // READONLY
  10: "io", // IOERR
  11: "io", // CORRUPT
  13: "disk-full", // FULL
  14: "io", // CANTOPEN
  26: "io", // NOTADB
};

const systemKinds: { readonly [code: string]: TroubleKind } = {
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
  EIO: "io",
  EROFS: "io",
  ENOENT: "io",
  EACCES: "io",
  EMFILE: "unavailable",
  ENFILE: "unavailable",
  ENOMEM: "unavailable",
};

/** The trouble that an error of SQLite or of the file system is, or undefined where it is a mistake in the program. */
export function troubleOf(error: unknown): StoreTrouble | undefined {
  if (error instanceof StoreTrouble) return error;
  if (!(error instanceof Error)) return undefined;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  const kind =
    typeof errcode === "number"
      ? sqliteKinds[errcode & 0xff]
      : typeof code === "string"
        ? systemKinds[code]
        : undefined;
  if (kind === undefined) return undefined;
  const damaged = typeof errcode === "number" && [11, 26].includes(errcode & 0xff);
  return new StoreTrouble(
    kind,
    damaged ? `the database is damaged (${error.message}): restore the last backup` : error.message,
  );
}

/** Codes of a full disk or quota: Node's, SQLite's (SQLITE_FULL), PostgreSQL's (disk_full). */
const fullCodes: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "SQLITE_FULL", 13, "53100"]);

/** Whether what broke is that there is no room: the disk is full, or the quota of the server's own user. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { kind, code, errcode } = at as { kind?: unknown; code?: unknown; errcode?: unknown };
    if (kind === ("disk-full" satisfies TroubleKind) || fullCodes.has(code) || fullCodes.has(errcode)) return true;
    if (/disk is full|no space left/i.test(at.message)) return true;
  }
  return false;
}

/** What people and programs are told where it is. */
export const diskFullSentence =
  "The server's disk is full: nothing of this was kept. Try again later; an administrator has to make room.";
/** The type of that as a problem (RFC 9457), in the API and in JMAP. */
export const diskFullType = "urn:angarium:problem:disk-full";

/** For `catch`: where writing is only by the way, trouble of the store is answered with `instead`; mistakes in the program are not. */
export function unlessTrouble<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof StoreTrouble) return instead;
    throw error;
  };
}
