/** From the text of a configuration file to a checked value, or to all its mistakes at once, each with its line. */
import { checkValue, type Mistake, readToml } from "../base/toml.ts";
import { keyLines } from "../base/toml-lines.ts";
import { type Config, configSchema } from "./config.ts";

export { describeMistake } from "../base/toml.ts";
export type { Mistake };
export type Loaded =
  | { readonly kind: "ok"; readonly config: Config }
  | { readonly kind: "mistakes"; readonly mistakes: readonly Mistake[] };

/**
 * Never throws for what a person may have written. `unreadable` says why a file that the configuration names cannot be read; without it
 * files are not looked at.
 */
export function loadConfig(text: string, unreadable: Unreadable = () => undefined): Loaded {
  const read = readToml(text, configSchema);
  const lineOf = keyLines(text);
  const ofFiles = fileMistakes(read.kind === "ok" ? read.value : read.raw, unreadable).map(
    ([path, message]): Mistake => ({ line: lineOf(path), key: path.join("."), message }),
  );
  if (read.kind === "ok" && ofFiles.length === 0) return { kind: "ok", config: read.value };
  const mistakes = [...(read.kind === "ok" ? [] : read.mistakes), ...ofFiles];
  return { kind: "mistakes", mistakes: mistakes.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

/** The same from settings that no file holds. */
export function readSettings(settings: unknown): Loaded {
  const read = checkValue(settings, configSchema);
  return read.kind === "ok" ? { kind: "ok", config: read.value } : { kind: "mistakes", mistakes: read.mistakes };
}

/** `besideData`: a relative name is one of the data folder. */
export type Unreadable = (file: string, besideData: boolean) => string | undefined;
type Path = readonly (string | number)[];

/** What names files without which the server does not start; of lists each entry does. */
const filesNamed: readonly Path[] = [
  ["tls", "certificate"],
  ["tls", "key"],
  ["tls", "more"],
  ["ldap", "caFile"],
  ["filter", "model"],
  ["sending", "model"],
  ["sending", "shaping"],
];

/** `raw` may be wrong otherwise: what is no text, or of no table, has a mistake of its own. */
function fileMistakes(raw: unknown, unreadable: Unreadable): readonly (readonly [path: Path, message: string])[] {
  const found: [path: Path, message: string][] = [];
  const isThere = (...path: Path): boolean => textsAt(raw, path).length > 0;
  for (const [path, file] of filesNamed.flatMap((path) => textsAt(raw, path))) {
    // [filter] model: the word says that there is no file.
    const why = file === "none" && path[0] === "filter" ? undefined : unreadable(file, path[0] === "sending");
    if (why !== undefined) found.push([path, `${file} cannot be read (${why})`]);
  }
  if (isThere("tls", "certificate") && !isThere("tls", "key"))
    found.push([["tls", "certificate"], "its private key is missing: name it with key"]);
  if (!isThere("tls", "certificate") && isThere("tls", "key"))
    found.push([["tls", "key"], "its certificate is missing: name it with certificate"]);
  return found;
}

/** The texts that stand there, with their own paths where it is a list; no empty ones. */
function textsAt(raw: unknown, path: Path): readonly (readonly [path: Path, text: string])[] {
  let value = raw;
  for (const key of path) value = (value as { readonly [key: string | number]: unknown } | null | undefined)?.[key];
  const all: readonly (readonly [path: Path, value: unknown])[] = Array.isArray(value)
    ? value.map((one: unknown, index) => [[...path, index], one])
    : [[path, value]];
  return all.filter((one): one is readonly [Path, string] => typeof one[1] === "string" && one[1] !== "");
}
