/** The configuration file of a data folder. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Config } from "./config.ts";

export const configFile = (dataDir: string): string => join(dataDir, "angarium.toml");

/** The wrong configuration: the message is all mistakes, each on a line with its place. */
export class ConfigMistakes extends Error {}

/** Undefined where there is no such file. With a data folder the files that it names are looked for too. Throws `ConfigMistakes`. */
export async function readConfig(file: string, dataDir?: string): Promise<Config | undefined> {
  if (!existsSync(file)) return undefined;
  const { describeMistake, loadConfig } = await import("./load.ts");
  const loaded = loadConfig(
    readFileSync(file, "utf8"),
    dataDir === undefined ? undefined : (name, besideData) => unreadable(besideData ? resolve(dataDir, name) : name),
  );
  if (loaded.kind === "ok") return loaded.config;
  throw new ConfigMistakes(loaded.mistakes.map((mistake) => describeMistake(file, mistake)).join("\n"));
}

function unreadable(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}
