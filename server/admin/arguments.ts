/** Arguments of a command, from the command line or from JSON, checked against its description; what is wrong is a sentence. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { textOfFile } from "../../protocol/csv.ts";
import type { Argument, Arguments, Command, Given } from "./command.ts";

export type Read =
  | { readonly kind: "given"; readonly given: Given<Arguments> }
  | { readonly kind: "refused"; readonly why: string };

const refused = (why: string): Read => ({ kind: "refused", why });
const units: { readonly [unit: string]: number } = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const maxTextChars = 1_000_000;
/** What a file given by its name may hold. */
const maxFileChars = 16_000_000;

/** camelCase is --kebab-case on the command line. */
export const optionName = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** "angarium account add NAME [--password PASSWORD]" */
export function usage({ name, args }: Command): string {
  const parts = Object.entries(args).map(([key, { type, placed, required }]) => {
    const word = key.replace(/[A-Z]/g, "-$&").toUpperCase();
    const value = (type === "list" || type === "paths") && placed ? `${word}…` : word;
    const text = placed ? value : type === "flag" ? optionName(key) : `${optionName(key)} ${word}`;
    return required ? text : `[${text}]`;
  });
  return ["angarium", name, ...parts].join(" ");
}

/** The words after a command's name. `--` ends the options. */
export function fromWords(command: Command, words: readonly string[]): Read {
  const options = new Map(Object.keys(command.args).map((name) => [optionName(name), name]));
  const placed = Object.entries(command.args).filter(([, argument]) => argument.placed);
  const raw: { [name: string]: unknown } = {};
  let place = 0;
  let onlyPlaced = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!onlyPlaced && word === "--") onlyPlaced = true;
    else if (!onlyPlaced && word.startsWith("--")) {
      const equals = word.indexOf("=");
      const name = options.get(equals < 0 ? word : word.slice(0, equals));
      const argument = name === undefined ? undefined : command.args[name];
      if (name === undefined || argument === undefined) {
        return refused(`There is no option ${word.split("=", 1)[0]}. Usage: ${usage(command)}`);
      }
      let value: unknown = equals < 0 ? undefined : word.slice(equals + 1);
      if (argument.type === "flag") value = value === undefined ? true : value === "true";
      else if (value === undefined) {
        value = words[++i];
        if (value === undefined) return refused(`${word} wants a value. Usage: ${usage(command)}`);
      }
      if (argument.type === "file") {
        const content = contentOf(String(value));
        if (typeof content !== "string") return refused(content.why);
        raw[name] = content;
      } else if (argument.type === "list")
        raw[name] = [...((raw[name] as string[] | undefined) ?? []), ...String(value).split(",")];
      else raw[name] = value;
    } else {
      const [name, argument] = placed[place] ?? [];
      if (name === undefined) return refused(`"${word}" is one word too many. Usage: ${usage(command)}`);
      if (argument?.type === "list" || argument?.type === "paths")
        raw[name] = [...((raw[name] as string[] | undefined) ?? []), word];
      else {
        const value = argument?.type === "file" ? contentOf(word) : word;
        if (typeof value !== "string") return refused(value.why);
        raw[name] = value;
        place++;
      }
    }
  }
  for (const [name, { type }] of Object.entries(command.args)) {
    if (type === "path" && typeof raw[name] === "string") raw[name] = resolve(raw[name]);
    if (type === "paths" && Array.isArray(raw[name])) raw[name] = raw[name].map((path) => resolve(String(path)));
  }
  return fromJson(command, raw);
}

/** What a file holds, or a sentence about why it cannot be read. */
function contentOf(path: string): string | { readonly why: string } {
  try {
    return textOfFile(readFileSync(path === "-" ? 0 : path));
  } catch (error) {
    return { why: `The file ${path} cannot be read: ${(error as Error).message}` };
  }
}

/** An object as the control socket or an API brings it. */
export function fromJson(command: Command, raw: unknown): Read {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) return refused("Arguments must be a JSON object.");
  const given: { [name: string]: unknown } = {};
  for (const name of Object.keys(raw)) {
    if (!Object.hasOwn(command.args, name)) return refused(`"${command.name}" has no argument "${name}".`);
  }
  for (const [name, argument] of Object.entries(command.args)) {
    const value = (raw as { [name: string]: unknown })[name];
    if (value === undefined || value === null) {
      if (argument.required) {
        const label = argument.placed ? name.replace(/[A-Z]/g, "-$&").toUpperCase() : optionName(name);
        return refused(`${label} is missing (${argument.help}). Usage: ${usage(command)}`);
      }
      continue;
    }
    const read = readValue(argument, value);
    if (read === undefined)
      return refused(`${optionName(name)} cannot be ${JSON.stringify(value).slice(0, 60)}: ${expected(argument)}.`);
    given[name] = read.value;
  }
  return { kind: "given", given: given as Given<Arguments> };
}

/** "500M", "2GB", plain bytes; "none" is 0. */
export function readBytes(text: string): number | undefined {
  if (text === "none") return 0;
  const found = /^(\d{1,15}(?:\.\d{1,3})?)\s*([kmgt]?)(?:i?b)?$/i.exec(text);
  return found === null ? undefined : Math.round(Number(found[1]) * units[found[2]!.toLowerCase()]!);
}

function readValue(argument: Argument, value: unknown): { readonly value: unknown } | undefined {
  switch (argument.type) {
    case "text":
    case "path":
    case "file":
      if (typeof value !== "string" || value.length > (argument.type === "file" ? maxFileChars : maxTextChars))
        return undefined;
      return argument.choices === undefined || argument.choices.includes(value) ? { value } : undefined;
    case "number": {
      const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
      return Number.isSafeInteger(number) && (number as number) >= 0 ? { value: number } : undefined;
    }
    case "bytes": {
      const bytes = typeof value === "string" ? readBytes(value) : value;
      return Number.isSafeInteger(bytes) && (bytes as number) >= 0 ? { value: bytes } : undefined;
    }
    case "flag":
      return typeof value === "boolean" ? { value } : undefined;
    case "list":
    case "paths":
      return Array.isArray(value) && value.every((one) => typeof one === "string") ? { value } : undefined;
    case "json":
      if (typeof value !== "string") return { value };
      try {
        return { value: JSON.parse(value) };
      } catch {
        return undefined;
      }
    default:
      return argument.type satisfies never;
  }
}

function expected(argument: Argument): string {
  if (argument.choices !== undefined) return `one of ${argument.choices.join(", ")}`;
  switch (argument.type) {
    case "text":
      return "a text";
    case "path":
    case "paths":
      return "a file or folder";
    case "file":
      return "a file of up to 16 million characters";
    case "number":
      return "a whole number";
    case "bytes":
      return "a size like 500M or 2G, or none";
    case "flag":
      return "true or false";
    case "list":
      return "a list of texts";
    case "json":
      return "JSON";
    default:
      return argument.type satisfies never;
  }
}
