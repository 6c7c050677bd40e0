/** The command line: the few commands that are programs of their own, and the administrative ones from `admin/`. */
import { safeJson, safeText } from "../../protocol/terminal.ts";
import { fromWords } from "../admin/arguments.ts";
import { commandHelp, commandOf, helpText, textOf } from "../admin/commands.ts";
import { runCommand } from "../admin/control.ts";
import { UsageError } from "../base/usage.ts";
import { version } from "../base/version.ts";
import { ConfigMistakes } from "../config/read.ts";
import { programHelp, programLines, programOf, programs, programsOf } from "./programs.ts";

const help = (): string => `Usage: angarium COMMAND

${programLines(programs)}

Commands that work beside a running server, or without one (--data DIR, default "data"; --json for programs):

${helpText()}

"angarium help COMMAND" tells more.
`;

/** Runs the words given (a server: until it is stopped) and answers the exit code: 0 done, 1 refused, broken, or bad news, 2 used wrongly. */
export async function commandLine(words: readonly string[]): Promise<number> {
  const [first = "help", ...rest] = words;
  try {
    if (programOf(words) !== undefined && rest.some(isHelp)) return showHelp(words);
    switch (first) {
      case "start":
        return await (await import("./start.ts")).start(rest);
      case "dev":
        return await (await import("./dev.ts")).dev(rest);
      case "check":
        return await (await import("./check.ts")).check(rest);
      case "config":
        process.stdout.write((await import("../config/describe.ts")).describeConfiguration());
        return 0;
      case "simulate":
        return await (await import("./simulate.ts")).simulate(rest);
      case "filter":
        // The others of the name are administrative: they work on the store.
        if (rest[0] !== "train" && rest[0] !== "score") return await administer(words);
        return await (await import("./filter.ts")).filterCommand(rest);
      case "restore":
        return await (await import("./restore.ts")).restore(rest);
      case "version":
      case "--version":
        process.stdout.write(`${version}\n`);
        return 0;
      case "help":
      case "--help":
      case "-h":
        return showHelp(rest);
      default:
        return await administer(words);
    }
  } catch (error) {
    if (error instanceof UsageError) return complain(error.message, 2);
    if (error instanceof ConfigMistakes) {
      process.stderr.write(`${error.message}\n`);
      return 2;
    }
    return complain(error instanceof Error ? error.message : String(error), 1);
  }
}

function complain(sentence: string, code: number): number {
  process.stderr.write(`angarium: ${safeText(sentence)}\n`);
  return code;
}

const isHelp = (word: string): boolean => word === "--help" || word === "-h";

/** All about the command that the words name, a line for each that begins with them, or everything where there are none. */
function showHelp(words: readonly string[]): number {
  const named = common(words).others.filter((word) => !word.startsWith("-"));
  const program = programOf(named);
  const found = program === undefined ? commandOf(named) : undefined;
  const text =
    named.length === 0
      ? help()
      : program !== undefined
        ? programHelp(program)
        : found !== undefined
          ? commandHelp(found.command)
          : beginningWith(named);
  if (text === "") throw unknown(named);
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  return 0;
}

function beginningWith(words: readonly string[]): string {
  const own = programsOf(words);
  return [own.length === 0 ? "" : programLines(own), helpText(words)].filter((lines) => lines !== "").join("\n");
}

function unknown(words: readonly string[]): UsageError {
  const [first = ""] = words;
  if (first === "") return new UsageError("say what to do. See all commands: angarium help");
  const group = beginningWith([first]) === "" ? "" : ` ${first}`;
  return new UsageError(`there is no command "${words.slice(0, 2).join(" ")}". See them all: angarium help${group}`);
}

async function administer(words: readonly string[]): Promise<number> {
  const { dataDir, json, others } = common(words);
  const found = commandOf(others);
  if (found === undefined) {
    if (others.some(isHelp)) return showHelp(others);
    const named = others.filter((word) => !word.startsWith("-"));
    const known = named.length === 0 ? "" : beginningWith(named);
    throw known === "" ? unknown(named) : new UsageError(`which of these?\n${known}`);
  }
  if (others.some(isHelp)) return showHelp(others);
  const read = fromWords(found.command, found.rest);
  if (read.kind === "refused") throw new UsageError(read.why);
  const outcome = await runCommand(
    dataDir,
    found.command.name,
    read.given,
    async () => (await import("../assemble/world.ts")).openWorld(dataDir),
    (line) => process.stderr.write(`${safeText(line)}\n`),
  );
  if (outcome.kind === "refused") return complain(outcome.why, outcome.misused === true ? 2 : 1);
  const text = json ? safeJson(JSON.stringify(outcome.result)) : safeText(textOf(found.command.name, outcome.result));
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  return found.command.isBad?.(outcome.result as never) === true ? 1 : 0;
}

/** Takes out what every command understands. */
function common(words: readonly string[]): {
  readonly dataDir: string;
  readonly json: boolean;
  readonly others: readonly string[];
} {
  let dataDir = "data";
  let json = false;
  const others: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--json") json = true;
    else if (word === "--data") {
      const value = words[++i];
      if (value === undefined) throw new UsageError("--data wants a folder");
      dataDir = value;
    } else if (word.startsWith("--data=")) dataDir = word.slice("--data=".length);
    else others.push(word);
  }
  return { dataDir, json, others };
}
