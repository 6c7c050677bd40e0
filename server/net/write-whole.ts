/** A file that is never half there. */
import { chmod, open, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Never half a file, and never readable by others for a moment. */
export async function writeWhole(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  const fresh = `${file}.new`;
  await writeFile(fresh, content, { mode, flush: true });
  await chmod(fresh, mode);
  await rename(fresh, file);
  const folder = await open(dirname(file));
  await folder.sync().finally(() => folder.close());
}
