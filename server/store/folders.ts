/** Makes folders one by one: Node's recursive way never ends where nothing can be made (in /proc). */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Makes the folder, and those above it that are missing, for this user alone. One that is there stays as it is. Throws as `mkdir` does. */
export function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(path);
  if (above !== path) makeFolder(above);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
