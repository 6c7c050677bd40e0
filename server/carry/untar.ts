/** A tar file becomes a folder: files and folders alone, all of them below it, and no more bytes than were said. */
import { extract, type ReadEntry } from "tar";
import { CannotCarry } from "./put.ts";

export const maxArchiveEntries = 10_000_000;

/** `into` must be there. Rejects with `CannotCarry` where the file is no tar, holds links, devices or paths that lead out, or is cut off. */
export async function untar(file: string, into: string, maxBytes: number): Promise<void> {
  let [entries, bytes] = [0, 0];
  let wrong: string | undefined;
  try {
    await extract({
      file,
      cwd: into,
      strict: true,
      // Files of others' making get our rights and our time, not theirs.
      noChmod: true,
      noMtime: true,
      preserveOwner: false,
      fmode: 0o600,
      dmode: 0o700,
      filter: (path, entry) => {
        const { type, size = 0 } = entry as ReadEntry;
        entries++;
        bytes += size;
        wrong ??= whatIsWrong(path, type);
        if (entries > maxArchiveEntries || bytes > maxBytes)
          wrong ??= `The archive holds more than ${maxArchiveEntries} entries, or than ${maxBytes} bytes.`;
        return wrong === undefined;
      },
    });
  } catch (error) {
    if (wrong === undefined && (error as { readonly tarCode?: string }).tarCode === undefined) throw error;
    throw new CannotCarry(wrong ?? `The archive cannot be read as tar: ${(error as Error).message}`);
  }
  if (wrong !== undefined) throw new CannotCarry(wrong);
  if (entries === 0) throw new CannotCarry("The archive is empty, or no tar file.");
}

const taken = new Set(["File", "OldFile", "ContiguousFile", "Directory"]);

function whatIsWrong(path: string, type: string): string | undefined {
  if (!taken.has(type)) return `${path} is neither a file nor a folder (${type}).`;
  return path.startsWith("/") || path.split(/[\\/]/).includes("..") ? `${path} leads out of the archive.` : undefined;
}
