/** `angarium restore FOLDER`: a backup into an empty data folder. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { counted } from "./admin/progress.ts";
import { restoreBackup } from "./store/backup.ts";
import { UsageError } from "./usage.ts";

/** Rejects with a sentence when the backup cannot be read or the data folder is not empty. */
export async function restore(words: readonly string[]): Promise<number> {
  let parsed: {
    readonly values: { readonly data?: string; readonly send?: boolean };
    readonly positionals: readonly string[];
  };
  try {
    const options = { data: { type: "string" }, send: { type: "boolean" } } as const;
    parsed = parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const [folder, ...others] = parsed.positionals;
  if (folder === undefined || others.length > 0)
    throw new UsageError("usage: angarium restore FOLDER [--data DIR] [--send]");
  const dataDir = resolve(parsed.values.data ?? "data");
  const sends = parsed.values.send === true;
  await restoreBackup(resolve(folder), dataDir, {
    withheld: sends
      ? undefined
      : { since: Date.now(), why: "it was restored, and the original may have sent what waits here" },
    progress: counted((line) => process.stderr.write(`${line}\n`), "restored"),
  });
  process.stdout.write(`Restored ${folder} into ${dataDir}. Start the server with --data ${dataDir}.\n`);
  process.stdout.write(
    sends
      ? "What waits in it is sent then.\n"
      : `It takes and serves mail, and nothing leaves it until you let it go: the original may have sent what waits in it already.
What waits:  angarium outgoing show --data ${dataDir}
Let it go:   angarium outgoing release --data ${dataDir}      (with --discard: but not what waits by then)
`,
  );
  return 0;
}
