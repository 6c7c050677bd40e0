/** The configuration file of a data folder. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "./config.ts";

export const configFile = (dataDir: string): string => join(dataDir, "angarium.toml");

/** The wrong configuration: the message is all mistakes, each on a line with its place. */
export class ConfigMistakes extends Error {}

/** Undefined where there is no such file. Throws `ConfigMistakes`. */
export async function readConfig(file: string): Promise<Config | undefined> {
  if (!existsSync(file)) return undefined;
  const { describeMistake, loadConfig } = await import("./load.ts");
  const loaded = loadConfig(readFileSync(file, "utf8"));
  if (loaded.kind === "ok") return loaded.config;
  throw new ConfigMistakes(loaded.mistakes.map((mistake) => describeMistake(file, mistake)).join("\n"));
}
