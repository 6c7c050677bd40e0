/** Breakage of PostgreSQL in the words of the store. */
import { CommitUnknown } from "./postgres-session.ts";
import { StoreTrouble, type TroubleKind, troubleOf } from "./trouble.ts";

// SQLSTATE, the first characters that tell.
const kinds: readonly (readonly [code: string, kind: TroubleKind])[] = [
  ["53100", "disk-full"],
  ["53", "unavailable"], // out of memory, too many connections
  ["58", "io"],
  ["XX", "io"], // data corrupted and the like
  ["25006", "io"], // read-only: a standby, or after a failure
  ["08", "unavailable"],
  ["57", "unavailable"], // shutting down, cancelled
  ["40", "unavailable"], // lost to others too often
  ["55P03", "unavailable"],
  ["ECONN", "unavailable"],
  ["EPIPE", "unavailable"],
  ["ETIMEDOUT", "unavailable"],
  ["EHOST", "unavailable"],
  ["ENOTFOUND", "unavailable"],
];

/** The trouble that an error of PostgreSQL or of the way to it is, or undefined where it is a mistake in the program. */
export function postgresTroubleOf(error: unknown): StoreTrouble | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof CommitUnknown) return new StoreTrouble("unavailable", error.message);
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "string") {
    const known = kinds.find(([start]) => code.startsWith(start));
    return known === undefined ? troubleOf(error) : new StoreTrouble(known[1], error.message);
  }
  return /connection|terminated|timeout/i.test(error.message)
    ? new StoreTrouble("unavailable", error.message)
    : troubleOf(error);
}
