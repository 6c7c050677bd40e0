/** What a machine still lacks before the first start: said by `angarium check` where there is no configuration yet. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { whyNotBound } from "../assemble/listeners.ts";
import { services, standardPorts } from "../config/schema.ts";

const minNode = 26;
const minFreeBytes = 1024 * 1024 * 1024;

/** Sentences; none where all is well. */
export async function machineLacks(dataDir: string): Promise<readonly string[]> {
  const lacks: string[] = [];
  if (Number(process.versions.node.split(".")[0]) < minNode)
    lacks.push(`This is Node ${process.versions.node}: version ${minNode} or newer is needed.`);
  const folder = existing(dataDir);
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < minFreeBytes)
      lacks.push(
        `Where ${dataDir} will be there is less than 1 GB of room (${Math.floor((bavail * bsize) / 1e6)} MB).`,
      );
  } catch {
    lacks.push(`This user may not write to ${folder}, where the data folder ${dataDir} will be.`);
  }
  for (const service of services) {
    const { port } = standardPorts[service];
    const error = await whyNot(port);
    if (error !== undefined) lacks.push(whyNotBound(service, "0.0.0.0", port, error));
  }
  return lacks;
}

/** The folder itself, or the nearest one above it that is there. */
function existing(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existing(dirname(folder));
}

function whyNot(port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen(port, "0.0.0.0", () => server.close(() => resolve(undefined)));
  });
}
