/** From the text of a configuration file to a checked value, or to all its mistakes at once, each with its line. */
import { type Mistake, readToml } from "../toml.ts";
import { type Config, configSchema } from "./config.ts";

export { describeMistake } from "../toml.ts";
export type { Mistake };
export type Loaded =
  | { readonly kind: "ok"; readonly config: Config }
  | { readonly kind: "mistakes"; readonly mistakes: readonly Mistake[] };

/** Never throws for what a person may have written. */
export function loadConfig(text: string): Loaded {
  const read = readToml(text, configSchema);
  return read.kind === "ok" ? { kind: "ok", config: read.value } : read;
}
