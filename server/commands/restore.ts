/** `angarium restore FOLDER`: a backup into an empty data folder. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { counted } from "../admin/progress.ts";
import { UsageError } from "../base/usage.ts";
import { restoreBackup } from "../store/backup.ts";

/** Rejects with a sentence when the backup cannot be read or the data folder is not empty. */
export async function restore(words: readonly string[]): Promise<number> {
  let parsed: {
    readonly values: { readonly data?: string; readonly hold?: boolean };
    readonly positionals: readonly string[];
  };
  try {
    const options = { data: { type: "string" }, hold: { type: "boolean" } } as const;
    parsed = parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const [folder, ...others] = parsed.positionals;
  if (folder === undefined || others.length > 0)
    throw new UsageError("usage: angarium restore FOLDER [--data DIR] [--hold]");
  const dataDir = resolve(parsed.values.data ?? "data");
  const hold = parsed.values.hold === true;
  await restoreBackup(resolve(folder), dataDir, {
    withheld: hold
      ? { since: Date.now(), why: "it was restored, and the original may have sent what waits here" }
      : undefined,
    progress: counted((line) => process.stderr.write(`${line}\n`), "restored"),
  });
  process.stdout.write(`Restored ${folder} into ${dataDir}. Start the server with --data ${dataDir}.\n`);
  process.stdout.write(
    hold
      ? `It takes and serves mail, and nothing leaves it until you let it go: the original may have sent what waits in it already.
What waits:  angarium outgoing show --data ${dataDir}
Let it go:   angarium outgoing release --data ${dataDir}      (with --discard: but not what waits by then)
`
      : `What waits in it is sent then, also what the original may have sent since the backup. If that is at work still, or to look first: angarium outgoing hold --data ${dataDir}
`,
  );
  return 0;
}
