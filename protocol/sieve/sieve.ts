/** Scripts compiled once and run many times: the door to everything here. */
import type { Failure, Outcome, Surroundings } from "./actions.ts";
import { defaultSieveBounds, type SieveBounds } from "./bounds.ts";
import { actionCommands } from "./commands/actions.ts";
import { answerCommands } from "./commands/answers.ts";
import { compileWhole, controlCommands } from "./commands/control.ts";
import { editCommands } from "./commands/edit.ts";
import { flagCommands, flagTests } from "./commands/flags.ts";
import { mimeCommands } from "./commands/mime.ts";
import { variableCommands, variableTests } from "./commands/variables.ts";
import { Compiler, type Language, type Library } from "./compiler.ts";
import type { SieveMessage } from "./message.ts";
import { type Mistake, mistakeAt, RunError, ScriptError } from "./mistake.ts";
import { Run, type Step } from "./run.ts";
import { bodyTests } from "./tests/body.ts";
import { dateTests } from "./tests/date.ts";
import { fieldTests } from "./tests/fields.ts";
import { logicTests } from "./tests/logic.ts";
import { worldTests } from "./tests/world.ts";

const language: Language = {
  commands: {
    ...controlCommands,
    ...actionCommands,
    ...flagCommands,
    ...variableCommands,
    ...answerCommands,
    ...editCommands,
    ...mimeCommands,
  },
  tests: { ...logicTests, ...fieldTests, ...bodyTests, ...dateTests, ...worldTests, ...flagTests, ...variableTests },
};

export type Compiled = {
  readonly kind: "script";
  readonly source: string;
  /** Extensions in force. */
  readonly required: ReadonlySet<string>;
  readonly step: Step;
  /** Right, but hardly meant. */
  readonly warnings: readonly Mistake[];
};
export type CompileResult = Compiled | { readonly kind: "mistakes"; readonly mistakes: readonly Mistake[] };

/** Checks a script and makes it ready to run; at most `bounds.mistakes` mistakes, in their order. `library` finds included scripts when the script runs. */
export function compileScript(
  source: string,
  library?: Library,
  bounds: SieveBounds = defaultSieveBounds,
): CompileResult {
  const compiler = new Compiler(source, language, bounds, library);
  try {
    const step = compileWhole(compiler);
    if (compiler.mistakes.length > 0) return { kind: "mistakes", mistakes: compiler.mistakes };
    return { kind: "script", source, required: compiler.required, step, warnings: compiler.warnings };
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return { kind: "mistakes", mistakes: [mistakeAt(source, error.at, error.message)] };
  }
}

export type NamedScript = { readonly name: string; readonly script: Compiled };

/**
 * Runs scripts one after another: the next one has its turn while the message would still be kept. A script that fails
 * counts as not there: what it asked is forgotten, the message is as it was before it, and its failure is told.
 */
export function runScripts(
  scripts: readonly NamedScript[],
  message: SieveMessage,
  world: Surroundings,
  bounds: SieveBounds = defaultSieveBounds,
): Outcome {
  const run = new Run(message, world, bounds);
  const failures: Failure[] = [];
  for (const { name, script } of scripts) {
    const before = { actions: run.actions, duplicates: run.duplicates, flags: run.flags, kept: run.kept };
    const couldChange =
      script.required.has("editheader") ||
      script.required.has("replace") ||
      script.required.has("enclose") ||
      script.required.has("include");
    const untouched = couldChange ? run.message.copy() : undefined;
    // A keep of an earlier script leaves the last word to this one.
    run.actions = run.actions.filter(({ kind }) => kind !== "keep");
    run.duplicates = [...run.duplicates];
    run.implicitKeep = true;
    run.kept = undefined;
    run.scope = { values: [] };
    run.part = undefined;
    try {
      script.step(run);
    } catch (error) {
      if (!(error instanceof RunError) && !(error instanceof ScriptError)) throw error;
      failures.push({ script: name, mistake: mistakeAt(script.source, error.at ?? 0, error.message) });
      Object.assign(run, before);
      run.implicitKeep = before.kept === undefined;
      if (untouched !== undefined) run.message = untouched;
      continue;
    }
    if (!run.implicitKeep && run.kept === undefined) break;
  }
  const keep = run.actions.find((action) => action.kind === "keep");
  return {
    actions: run.actions.filter(({ kind }) => kind !== "keep"),
    keeps: run.implicitKeep || keep !== undefined,
    keepFlags: keep?.flags ?? run.flags,
    keepMessage: run.implicitKeep ? run.message.changedBytes() : keep?.message,
    duplicates: run.duplicates,
    failures,
  };
}
