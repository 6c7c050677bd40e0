/** `angarium restore FOLDER`: a backup into an empty data folder. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { counted } from "./admin/progress.ts";
import { restoreBackup } from "./store/backup.ts";
import { UsageError } from "./usage.ts";

/** Rejects with a sentence when the backup cannot be read or the data folder is not empty. */
export async function restore(words: readonly string[]): Promise<number> {
  let parsed: { readonly values: { readonly data?: string }; readonly positionals: readonly string[] };
  try {
    parsed = parseArgs({ args: [...words], options: { data: { type: "string" } }, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const [folder, ...others] = parsed.positionals;
  if (folder === undefined || others.length > 0) throw new UsageError("usage: angarium restore FOLDER [--data DIR]");
  const dataDir = resolve(parsed.values.data ?? "data");
  await restoreBackup(
    resolve(folder),
    dataDir,
    counted((line) => process.stderr.write(`${line}\n`), "restored"),
  );
  process.stdout.write(
    `Restored ${folder} into ${dataDir}. Start the server with --data ${dataDir}.
What waited in its queue is sent then, also what the original may have sent since the backup. To look first: angarium queue hold --all --data ${dataDir}
`,
  );
  return 0;
}
