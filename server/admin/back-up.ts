/** A backup that whoever has it can be restored from: passwords that wait to be hashed are hashed first. */
import type { BackupProgress } from "../store/backup.ts";
import type { Progress, World } from "./command.ts";

/**
 * Copies everything into `folder`. The key of sealed passwords (`access/sealed-passwords.ts`) never goes with a copy, and without it they are
 * worth nothing: so they are hashed before, which takes a minute for a thousand. Answers a sentence where that could not be.
 */
export async function backUp(
  { store, sealed }: Pick<World, "store" | "sealed">,
  folder: string,
  copied?: BackupProgress,
  tell: Progress = () => {},
): Promise<string | undefined> {
  await sealed?.hashAll((hashed) => tell(`${hashed} passwords hashed that had waited for it`));
  await store.backup(folder, copied);
  const waiting = await store.sealedCredentials({ account: 0, id: 0 }, 1);
  return waiting.length === 0
    ? undefined
    : "Passwords of an import wait to be hashed and cannot be used from this backup: let the server run until they are, and make another.";
}
