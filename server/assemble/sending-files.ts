/** The files that `[sending]` names, laid over what is shipped and stored: read when the server starts, and by `angarium check`. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describeMistake, type Mistake } from "../base/toml.ts";
import { ConfigMistakes } from "../config/read.ts";
import { type Named, readModelFile } from "../dispatch/model.ts";
import type { SendingSettings } from "../dispatch/settings.ts";
import { loadShaping, type Shaping } from "../shape/shaping.ts";
import { shippedShaping } from "../shape/shipped.ts";

type FilesNamed = Pick<SendingSettings, "shaping" | "model">;
type Read<T> = { readonly kind: "ok"; readonly value: T } | { readonly kind: "mistakes"; readonly text: string };

/** Throws `ConfigMistakes`: all of both files. */
export function readSendingFiles(
  { shaping, model }: FilesNamed,
  dataDir: string,
): { readonly shaping: Shaping; readonly model: Named | undefined } {
  const rules = shapingOf(shaping, dataDir);
  const named = modelOf(model, dataDir);
  if (rules.kind === "ok" && named.kind === "ok") return { shaping: rules.value, model: named.value };
  throw new ConfigMistakes([rules, named].flatMap((one) => (one.kind === "ok" ? [] : [one.text])).join("\n"));
}

/** Throws `ConfigMistakes`. */
export function readShaping(path: string, dataDir: string): Shaping {
  return readSendingFiles({ shaping: path, model: "" }, dataDir).shaping;
}

function shapingOf(path: string, dataDir: string): Read<Shaping> {
  const shipped = shippedShaping();
  if (path === "") return { kind: "ok", value: shipped };
  return readText(resolve(dataDir, path), (text) => {
    const loaded = loadShaping(text, shipped);
    return loaded.kind === "ok" ? { kind: "ok", value: loaded.shaping } : loaded;
  });
}

function modelOf(path: string, dataDir: string): Read<Named | undefined> {
  if (path === "") return { kind: "ok", value: undefined };
  return readText(resolve(dataDir, path), (text) => {
    const read = readModelFile(text);
    return read.kind === "ok" ? { kind: "ok", value: read.model } : read;
  });
}

function readText<T>(
  name: string,
  load: (
    text: string,
  ) =>
    | { readonly kind: "ok"; readonly value: T }
    | { readonly kind: "mistakes"; readonly mistakes: readonly Mistake[] },
): Read<T> {
  let text: string;
  try {
    text = readFileSync(name, "utf8");
  } catch (error) {
    return {
      kind: "mistakes",
      text: `The file ${name} that [sending] names cannot be read: ${(error as Error).message}`,
    };
  }
  const read = load(text);
  return read.kind === "ok"
    ? read
    : { kind: "mistakes", text: read.mistakes.map((mistake) => describeMistake(name, mistake)).join("\n") };
}
