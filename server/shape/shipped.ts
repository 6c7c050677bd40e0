/** The shaping file that comes with Angarium. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describeMistake } from "../base/toml.ts";
import { loadShaping, type Shaping } from "./shaping.ts";

export function shippedShaping(): Shaping {
  const file = join(import.meta.dirname, "shaping.toml");
  const loaded = loadShaping(readFileSync(file, "utf8"));
  if (loaded.kind === "ok") return loaded.shaping;
  throw new Error(loaded.mistakes.map((mistake) => describeMistake("shaping.toml", mistake)).join("\n"));
}
