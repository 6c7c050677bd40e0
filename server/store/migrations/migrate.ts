/** Brings the schema up to date, within the transaction that the driver has opened. */
import { type Op, one, run } from "../ops/tx.ts";
import { statements as first } from "./001.ts";
import { statements as tallies } from "./002.ts";
import { statements as jmap } from "./003.ts";
import { statements as sieve } from "./004.ts";
import { statements as sts } from "./005.ts";
import { statements as door } from "./006.ts";
import { statements as words } from "./007.ts";
import { statements as sending } from "./008.ts";
import { statements as hosting } from "./009.ts";
import { statements as security } from "./010.ts";
import { statements as index } from "./011.ts";
import { statements as sharing } from "./012.ts";
import { statements as carry } from "./013.ts";
import { statements as lists } from "./014.ts";
import { statements as copies } from "./015.ts";
import { statements as keywords } from "./016.ts";
import { statements as templates } from "./017.ts";
import { statements as flagged } from "./018.ts";
import { statements as digests } from "./019.ts";
import { statements as engagements } from "./020.ts";
import { statements as absent } from "./021.ts";
import { statements as wordLists } from "./022.ts";
import { statements as segmentNumbers } from "./023.ts";
import { statements as told } from "./024.ts";
import { statements as waits } from "./025.ts";
import { statements as grams } from "./026.ts";
import { statements as restraints } from "./027.ts";
import { statements as tickets } from "./028.ts";
import { statements as spans } from "./029.ts";
import { statements as gramKinds } from "./030.ts";
import { statements as counted } from "./031.ts";
import { statements as turns } from "./032.ts";
import { statements as delivered } from "./033.ts";
import { statements as byPassword } from "./034.ts";
import { statements as toldAs } from "./035.ts";

/** Migration n is at n - 1. A released one is never changed. */
const migrations: readonly (readonly string[])[] = [
  first,
  tallies,
  jmap,
  sieve,
  sts,
  door,
  words,
  sending,
  hosting,
  security,
  index,
  sharing,
  carry,
  lists,
  copies,
  keywords,
  templates,
  flagged,
  digests,
  engagements,
  absent,
  wordLists,
  segmentNumbers,
  told,
  waits,
  grams,
  restraints,
  tickets,
  spans,
  gramKinds,
  counted,
  turns,
  delivered,
  byPassword,
  toldAs,
];
export const schemaVersion = migrations.length;

/** Answers the version it found. Throws where the data are of a newer Angarium: an older one would harm them. */
export function* migrate(): Op<number> {
  yield* run("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)");
  const row = yield* one<{ readonly version: number }>("SELECT version FROM schema_version");
  const found = row?.version ?? 0;
  if (found > schemaVersion)
    throw new Error(
      `These data were written by a newer Angarium (schema ${found}; this one knows ${schemaVersion}). Run that version or restore a backup.`,
    );
  for (const statements of migrations.slice(found)) for (const statement of statements) yield* run(statement);
  if (row === undefined) yield* run("INSERT INTO schema_version (version) VALUES ($1)", schemaVersion);
  else if (found < schemaVersion) yield* run("UPDATE schema_version SET version = $1", schemaVersion);
  return found;
}
