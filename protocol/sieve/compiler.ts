/** What commands and tests are compiled with: the extensions in force, arguments checked, strings made values, mistakes kept. */
import type { SieveBounds } from "./bounds.ts";
import { builtIn, capabilities, impliedCapabilities } from "./capabilities.ts";
import { type Mistake, mistakeAt, ScriptError } from "./mistake.ts";
import type { Argument, Command, Test } from "./parser.ts";
import { next, type Probe, type Run, type Step } from "./run.ts";
import { decodeCharacters, splitVariables, type Text } from "./template.ts";

/** The source of an included script, or undefined where there is none. */
export type Library = (location: "personal" | "global", name: string) => string | undefined;

export type TagSpec = {
  readonly value?: "string" | "strings" | "number";
  /** Extension that it belongs to. */
  readonly needs?: string;
  /** Of the tags of one group only one may be given. */
  readonly group?: string;
};
export type Spec = {
  readonly tags?: { readonly [name: string]: TagSpec };
  /** Kinds of the positional arguments; a "string" is not a list. */
  readonly positional?: readonly ("string" | "strings" | "number")[];
  /** How many of the first positional arguments may be left out. */
  readonly optional?: number;
  readonly tests?: "none" | "one" | "list";
  readonly block?: boolean;
};
export type Strings = Extract<Argument, { kind: "strings" }>;
export type Arguments = {
  readonly at: number;
  readonly tags: ReadonlyMap<string, Argument>;
  readonly positional: readonly Argument[];
};

export type CommandRule = { readonly needs?: string; readonly compile: (node: Command, c: Compiler) => Step };
/** A probe that is decided already: `ihave`. */
export type TestRule = {
  readonly needs?: string | readonly string[];
  readonly compile: (node: Test, c: Compiler) => Probe;
};
export type Language = {
  readonly commands: { readonly [name: string]: CommandRule };
  readonly tests: { readonly [name: string]: TestRule };
};

export const always: Probe = () => true;
export const never: Probe = () => false;

/** What a script and those that it includes have in common: each is compiled once, and together they have bounds. */
export class Family {
  /** What can be run, or why it cannot, by "location name". */
  readonly included = new Map<string, Step | string>();
  includedBytes = 0;
  regexes = 0;
}

export class Compiler {
  readonly source: string;
  readonly bounds: SieveBounds;
  readonly library: Library | undefined;
  readonly mistakes: Mistake[] = [];
  /** What is right but will hardly be meant. */
  readonly warnings: Mistake[] = [];
  readonly #language: Language;
  readonly #required = new Set<string>(builtIn);
  readonly #slots = new Map<string, number>();
  /** Names that `global` has declared (RFC 6609 §3.4.1). */
  readonly #globals = new Set<string>();
  /** Loops around the command in hand, by name. */
  readonly loops: (string | undefined)[] = [];
  readonly family: Family;

  constructor(
    source: string,
    language: Language,
    bounds: SieveBounds,
    library: Library | undefined,
    family: Family = new Family(),
  ) {
    this.source = source;
    this.#language = language;
    this.bounds = bounds;
    this.library = library;
    this.family = family;
  }

  /** Regular expressions are the only small text that becomes much. */
  countRegex(size: number, at: number): void {
    this.family.regexes += size;
    if (this.family.regexes > this.bounds.regexesSize)
      throw new ScriptError(at, "the regular expressions of this script are too large together");
  }

  // ---------------------------------------------------------------- extensions

  has(capability: string): boolean {
    return this.#required.has(capability);
  }

  get required(): ReadonlySet<string> {
    return this.#required;
  }

  require(name: string): boolean {
    const known = name.toLowerCase();
    if (!capabilities.includes(known)) return false;
    this.#required.add(known);
    for (const implied of impliedCapabilities[known] ?? []) this.#required.add(implied);
    return true;
  }

  /** Throws where the extension is not required. */
  need(capability: string | readonly string[], at: number, what: string): void {
    const wanted = typeof capability === "string" ? [capability] : capability;
    if (wanted.some((one) => this.has(one))) return;
    throw new ScriptError(at, `${what} needs require "${wanted[0]}"`);
  }

  // ---------------------------------------------------------------- commands and tests

  /** Compiles what it can; each command's first mistake is kept. */
  block(commands: readonly Command[]): Step {
    const steps: Step[] = [];
    for (let i = 0; i < commands.length; i++) {
      const command = commands[i]!;
      try {
        if (command.name === "if") {
          const chain = [command];
          while (
            commands[i + 1]?.name === "elsif" ||
            (commands[i + 1]?.name === "else" && chain.at(-1)!.name !== "else")
          )
            chain.push(commands[++i]!);
          steps.push(this.#choice(chain));
        } else steps.push(this.#command(command));
      } catch (error) {
        this.note(error);
      }
    }
    return inOrder(steps);
  }

  warn(at: number, message: string): void {
    if (this.warnings.length < this.bounds.mistakes) this.warnings.push(mistakeAt(this.source, at, message));
  }

  /** Keeps a mistake; what is none is thrown on. */
  note(error: unknown): void {
    if (!(error instanceof ScriptError)) throw error;
    if (this.mistakes.length < this.bounds.mistakes)
      this.mistakes.push(mistakeAt(this.source, error.at, error.message));
  }

  #command(command: Command): Step {
    const rule = Object.hasOwn(this.#language.commands, command.name)
      ? this.#language.commands[command.name]
      : undefined;
    if (rule === undefined) {
      if (command.name === "elsif" || command.name === "else")
        throw new ScriptError(command.at, `${command.name} stands after the block of an if or elsif only`);
      if (Object.hasOwn(this.#language.tests, command.name))
        throw new ScriptError(command.at, `${command.name} is a test: it stands after if, elsif or another test`);
      throw new ScriptError(command.at, `there is no command "${command.name}"`);
    }
    if (rule.needs !== undefined) this.need(rule.needs, command.at, command.name);
    const step = rule.compile(command, this);
    return (run) => {
      run.spend(1);
      return step(run);
    };
  }

  test(test: Test): Probe {
    const rule = Object.hasOwn(this.#language.tests, test.name) ? this.#language.tests[test.name] : undefined;
    if (rule === undefined) throw new ScriptError(test.at, `there is no test "${test.name}"`);
    if (rule.needs !== undefined) this.need(rule.needs, test.at, test.name);
    return rule.compile(test, this);
  }

  /** if, elsif, else. What an `ihave` rules out is not looked at further (RFC 5463 §4). */
  #choice(chain: readonly Command[]): Step {
    const branches: { readonly probe: Probe; readonly step: Step }[] = [];
    let decided = false;
    for (const node of chain) {
      const isElse = node.name === "else";
      if (decided) {
        continue;
      }
      try {
        this.take(node, { tests: isElse ? "none" : "one", block: true });
        const probe = isElse ? always : this.test(node.tests[0]!);
        if (probe === never) continue;
        branches.push({ probe, step: this.block(node.block ?? []) });
        decided = probe === always;
      } catch (error) {
        this.note(error);
        this.block(node.block ?? []);
      }
    }
    const [first, ...others] = branches;
    if (first === undefined) return () => next;
    const { probe, step } = first;
    if (others.length === 0)
      return (run) => {
        run.spend(1);
        return probe(run) ? step(run) : next;
      };
    return (run) => {
      run.spend(1);
      for (const branch of branches) if (branch.probe(run)) return branch.step(run);
      return next;
    };
  }

  // ---------------------------------------------------------------- arguments

  /** Checks the arguments of a command or test against what it takes. */
  take(node: Test & { readonly block?: readonly Command[] | undefined }, spec: Spec): Arguments {
    const tags = new Map<string, Argument>();
    const positional: Argument[] = [];
    const groups = new Map<string, string>();
    const known = spec.tags ?? {};
    for (let i = 0; i < node.args.length; i++) {
      const argument = node.args[i]!;
      if (argument.kind !== "tag") {
        positional.push(argument);
        continue;
      }
      const tag = Object.hasOwn(known, argument.name) ? known[argument.name] : undefined;
      if (tag === undefined) throw new ScriptError(argument.at, `${node.name} takes no :${argument.name}`);
      if (positional.length > 0)
        throw new ScriptError(argument.at, `:${argument.name} stands before the other arguments of ${node.name}`);
      if (tag.needs !== undefined) this.need(tag.needs, argument.at, `:${argument.name}`);
      if (tags.has(argument.name)) throw new ScriptError(argument.at, `:${argument.name} is given twice`);
      if (tag.group !== undefined) {
        const other = groups.get(tag.group);
        if (other !== undefined)
          throw new ScriptError(argument.at, `:${argument.name} and :${other} exclude each other`);
        groups.set(tag.group, argument.name);
      }
      if (tag.value === undefined) tags.set(argument.name, argument);
      else {
        const value = node.args[++i];
        tags.set(argument.name, this.#ofKind(value, tag.value, argument.at, `after :${argument.name}`));
      }
    }
    const kinds = spec.positional ?? [];
    const missing = kinds.length - positional.length;
    if (missing < 0)
      throw new ScriptError(positional[kinds.length]!.at, `${node.name} takes no more arguments than ${kinds.length}`);
    if (missing > (spec.optional ?? 0))
      throw new ScriptError(
        node.at,
        `${node.name} lacks an argument: ${kindWord(kinds[positional.length]!)} was expected`,
      );
    for (const [index, argument] of positional.entries())
      this.#ofKind(argument, kinds[missing + index]!, argument.at, `as argument ${index + 1} of ${node.name}`);
    this.#checkTests(node, spec);
    return { at: node.at, tags, positional: [...new Array<Argument>(missing), ...positional] };
  }

  #checkTests(node: Test & { readonly block?: readonly Command[] | undefined }, spec: Spec): void {
    const { tests = "none", block = false } = spec;
    const first = node.tests[0];
    if (tests === "none" && first !== undefined)
      throw new ScriptError(first.at, `${node.name} takes no test; is a ";" missing?`);
    if (tests === "one" && (node.tests.length !== 1 || node.isTestList))
      throw new ScriptError(node.at, `one test was expected after ${node.name}`);
    if (tests === "list" && (node.tests.length === 0 || !node.isTestList))
      throw new ScriptError(node.at, `a list of tests in parentheses was expected after ${node.name}`);
    if (!("block" in node)) return;
    if (block && node.block === undefined) throw new ScriptError(node.at, `a block was expected after ${node.name}`);
    if (!block && node.block !== undefined)
      throw new ScriptError(node.at, `${node.name} takes no block: ";" was expected`);
  }

  #ofKind(argument: Argument | undefined, kind: "string" | "strings" | "number", at: number, where: string): Argument {
    if (argument === undefined) throw new ScriptError(at, `${kindWord(kind)} was expected ${where}`);
    const fits = kind === "number" ? argument.kind === "number" : argument.kind === "strings";
    if (!fits || (kind === "string" && argument.kind === "strings" && argument.isList))
      throw new ScriptError(argument.at, `${kindWord(kind)} was expected ${where}`);
    return argument;
  }

  // ---------------------------------------------------------------- strings and variables

  /** The text of a string when it is known now; undefined when it holds variables. */
  constant(argument: Argument | undefined, index = 0): string | undefined {
    if (argument?.kind !== "strings") return undefined;
    const text = this.#decoded(argument, index);
    if (!this.has("variables") || !text.includes("${")) return text;
    const pieces = splitVariables(text);
    return pieces.every((piece) => typeof piece === "string") ? pieces.join("") : undefined;
  }

  #decoded(argument: Strings, index: number): string {
    const text = argument.values[index]!;
    return this.has("encoded-character") ? decodeCharacters(text, argument.ats[index]!) : text;
  }

  /** The constant text of a string that must be one. */
  fixed(argument: Argument | undefined, what: string): string {
    const text = this.constant(argument);
    if (text === undefined) throw new ScriptError(argument?.at ?? 0, `${what} cannot hold variables`);
    return text;
  }

  text(argument: Argument | undefined, index = 0): Text {
    const strings = argument as Strings;
    const constant = this.constant(strings, index);
    if (constant !== undefined) return () => constant;
    const at = strings.ats[index]!;
    const parts: readonly (string | Text)[] = splitVariables(this.#decoded(strings, index)).map((piece) => {
      if (typeof piece === "string") return piece;
      if ("match" in piece) {
        if (piece.match > this.bounds.matchVariables)
          throw new ScriptError(at, `match variables go up to \${${this.bounds.matchVariables}}`);
        return (run: Run) => run.match[piece.match] ?? "";
      }
      return this.reference(piece.namespace === "" ? piece.variable : `${piece.namespace}.${piece.variable}`, at);
    });
    return (run) => {
      let out = "";
      for (const part of parts) out += typeof part === "string" ? part : part(run);
      return run.bounded(out);
    };
  }

  optionalText(argument: Argument | undefined): Text | undefined {
    return argument === undefined ? undefined : this.text(argument);
  }

  texts(argument: Argument | undefined): (run: Run) => readonly string[] {
    const strings = argument as Strings;
    const constants = strings.values.map((_, index) => this.constant(strings, index));
    if (constants.every((text) => text !== undefined)) {
      const all = Object.freeze(constants);
      return () => all;
    }
    const texts = strings.values.map((_, index) => this.text(strings, index));
    return (run) => texts.map((text) => text(run));
  }

  /** All of the list known now, or undefined. */
  constants(argument: Argument | undefined): readonly string[] | undefined {
    const strings = argument as Strings;
    const constants = strings.values.map((_, index) => this.constant(strings, index));
    return constants.every((text) => text !== undefined) ? constants : undefined;
  }

  reference(name: string, at: number): Text {
    const global = this.#globalName(name, at);
    if (global !== undefined) return (run) => run.globals.get(global) ?? "";
    const slot = this.#slot(name, at);
    return (run) => run.scope.values[slot] ?? "";
  }

  /** What sets the variable of this name. */
  setter(name: string, at: number): (run: Run, value: string) => void {
    const lower = name.toLowerCase();
    if (!/^(?:[a-z_]\w*\.)*[a-z_]\w*$/.test(lower)) throw new ScriptError(at, `"${name}" is no name of a variable`);
    const global = this.#globalName(lower, at);
    if (global !== undefined) return (run, value) => run.setGlobal(global, value);
    const slot = this.#slot(lower, at);
    return (run, value) => run.setVariable(slot, value);
  }

  declareGlobal(name: string, at: number): void {
    const lower = name.toLowerCase();
    if (!/^[a-z_]\w*$/.test(lower)) throw new ScriptError(at, `"${name}" is no name of a variable`);
    if (this.#slots.has(lower)) throw new ScriptError(at, `"${name}" is used before it is declared global`);
    this.#globals.add(lower);
  }

  /** RFC 6609 §3.4: declared with `global`, or in the namespace "global". */
  #globalName(name: string, at: number): string | undefined {
    if (this.#globals.has(name)) return name;
    const dot = name.indexOf(".");
    if (dot < 0) return undefined;
    const namespace = name.slice(0, dot);
    if (namespace !== "global" || !this.has("include"))
      throw new ScriptError(at, `the namespace of the variable "${name}" is not known here`);
    return name.slice(dot + 1);
  }

  #slot(name: string, at: number): number {
    let slot = this.#slots.get(name);
    if (slot === undefined) {
      slot = this.#slots.size;
      if (slot >= this.bounds.variables)
        throw new ScriptError(at, `a script may have ${this.bounds.variables} variables`);
      this.#slots.set(name, slot);
    }
    return slot;
  }

  /** A compiler for an included script: its own extensions and variables. */
  forIncluded(source: string): Compiler {
    return new Compiler(source, this.#language, this.bounds, this.library, this.family);
  }
}

function kindWord(kind: "string" | "strings" | "number"): string {
  return kind === "string" ? "a string" : kind === "strings" ? "a string or a list of strings" : "a number";
}

function inOrder(steps: readonly Step[]): Step {
  const [only, second] = steps;
  if (only === undefined) return () => next;
  if (second === undefined) return only;
  return (run) => {
    for (const step of steps) {
      const flow = step(run);
      if (flow !== next) return flow;
    }
    return next;
  };
}
