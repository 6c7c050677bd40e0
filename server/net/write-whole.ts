/** A file that is never half there. */
import { chmod, rename, writeFile } from "node:fs/promises";

/** Never half a file, and never readable by others for a moment. */
export async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const fresh = `${file}.new`;
  await writeFile(fresh, text, { mode, flush: true });
  await chmod(fresh, mode);
  await rename(fresh, file);
}
