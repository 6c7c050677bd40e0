/** The name of a node among those on one store: the same after a restart, another for each data folder, whatever its host is called outside. */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const fileName = "node-name";
const form = /^[0-9a-f]{16}$/;

/** Nodes behind one host name would else take each other's mail for what they left behind. */
export async function nodeName(dataDir: string, ourHost: string): Promise<string> {
  const file = join(dataDir, fileName);
  try {
    const known = (await readFile(file, "utf8")).trim();
    if (form.test(known)) return `${ourHost}/${known}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const made = randomBytes(8).toString("hex");
  await writeFile(file, `${made}\n`);
  return `${ourHost}/${made}`;
}
