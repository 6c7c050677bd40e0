/** From the text of a configuration file to a checked value, or to all its mistakes at once, each with its line. */
import { checkValue, type Mistake, type ReadToml, readToml } from "../base/toml.ts";
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
  const read = loaded(readToml(text, configSchema));
  if (read.kind === "mistakes") return read;
  const lineOf = keyLines(text);
  const mistakes = fileMistakes(read.config, unreadable).map(([path, message]): Mistake => {
    return { line: lineOf(path), key: path.join("."), message };
  });
  return mistakes.length === 0 ? read : { kind: "mistakes", mistakes };
}

/** The same from settings that no file holds. */
export function readSettings(settings: unknown): Loaded {
  return loaded(checkValue(settings, configSchema));
}

/** `besideData`: a relative name is one of the data folder. */
export type Unreadable = (file: string, besideData: boolean) => string | undefined;
type Path = readonly (string | number)[];

/** Files without which the server does not start. */
function fileMistakes(
  { tls, ldap, sending }: Config,
  unreadable: Unreadable,
): readonly (readonly [path: Path, message: string])[] {
  const named: readonly (readonly [path: Path, file: string])[] = [
    [["tls", "certificate"], tls.certificate],
    [["tls", "key"], tls.key],
    ...tls.more.map((file, index) => [["tls", "more", index], file] as const),
    [["ldap", "caFile"], ldap.caFile],
    [["sending", "model"], sending.model],
    [["sending", "shaping"], sending.shaping],
  ];
  const found: [path: Path, message: string][] = [];
  for (const [path, file] of named) {
    const why = file === "" ? undefined : unreadable(file, path[0] === "sending");
    if (why !== undefined) found.push([path, `${file} cannot be read (${why})`]);
  }
  if (tls.certificate !== "" && tls.key === "")
    found.push([["tls", "certificate"], "its private key is missing: name it with key"]);
  if (tls.certificate === "" && tls.key !== "")
    found.push([["tls", "key"], "its certificate is missing: name it with certificate"]);
  return found;
}

const loaded = (read: ReadToml<Config>): Loaded => (read.kind === "ok" ? { kind: "ok", config: read.value } : read);
