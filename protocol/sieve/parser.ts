/** The grammar of a script (RFC 5228 §8.2): commands, tests and arguments, whatever they mean. */
import type { SieveBounds } from "./bounds.ts";
import { describe, Lexer, type Mark, type Token } from "./lexer.ts";
import { ScriptError } from "./mistake.ts";

export type Argument =
  | { readonly kind: "tag"; readonly name: string; readonly at: number }
  | { readonly kind: "number"; readonly value: number; readonly at: number }
  /** `isList`: written with brackets. */
  | {
      readonly kind: "strings";
      readonly values: readonly string[];
      readonly ats: readonly number[];
      readonly isList: boolean;
      readonly at: number;
    };

/** A test, or what commands and tests have in common. Names are lower case. */
export type Test = {
  readonly name: string;
  readonly at: number;
  readonly args: readonly Argument[];
  readonly tests: readonly Test[];
  /** The tests stand in parentheses. */
  readonly isTestList: boolean;
};
export type Command = Test & { readonly block: readonly Command[] | undefined };

/** Reads a script; throws a `ScriptError` at the first thing that is not grammar. */
export function parseScript(source: string, bounds: SieveBounds): readonly Command[] {
  return new Parser(source, bounds).script();
}

class Parser {
  readonly #lexer: Lexer;
  readonly #bounds: SieveBounds;
  #token: Token;

  constructor(source: string, bounds: SieveBounds) {
    this.#lexer = new Lexer(source);
    this.#bounds = bounds;
    this.#token = this.#lexer.next();
  }

  script(): readonly Command[] {
    const commands: Command[] = [];
    while (this.#token.kind !== "end") commands.push(this.#command(0));
    return commands;
  }

  #take(): Token {
    const token = this.#token;
    this.#token = this.#lexer.next();
    return token;
  }

  #isMark(mark: Mark): boolean {
    return this.#token.kind === "mark" && this.#token.text === mark;
  }

  #isEnd(): boolean {
    return this.#token.kind === "end";
  }

  #expected(what: string): ScriptError {
    return new ScriptError(this.#token.at, `${what} was expected, not ${describe(this.#token)}`);
  }

  #command(depth: number): Command {
    if (this.#token.kind !== "word") throw this.#expected("a command");
    const head = this.#head(depth, "the command");
    if (this.#isMark(";")) {
      this.#take();
      return { ...head, block: undefined };
    }
    if (!this.#isMark("{")) throw this.#expected(`";" or a block after the command ${head.name}`);
    const open = this.#take();
    if (depth >= this.#bounds.nesting)
      throw new ScriptError(open.at, `blocks and tests are nested more than ${this.#bounds.nesting} deep`);
    const block: Command[] = [];
    while (!this.#isMark("}")) {
      if (this.#isEnd()) throw new ScriptError(open.at, 'this block has no end: "}" was expected');
      block.push(this.#command(depth + 1));
    }
    this.#take();
    return { ...head, block };
  }

  /** identifier *argument [test / test-list] */
  #head(depth: number, what: string): Test {
    const word = this.#take();
    if (word.kind !== "word") throw new ScriptError(word.at, `the name of ${what} was expected`);
    const args: Argument[] = [];
    for (;;) {
      const argument = this.#argument();
      if (argument === undefined) break;
      args.push(argument);
    }
    const head = { name: word.text.toLowerCase(), at: word.at, args };
    if (this.#isMark("(")) return { ...head, tests: this.#testList(depth), isTestList: true };
    if (this.#token.kind === "word") return { ...head, tests: [this.#test(depth + 1)], isTestList: false };
    return { ...head, tests: [], isTestList: false };
  }

  #test(depth: number): Test {
    if (depth > this.#bounds.nesting)
      throw new ScriptError(this.#token.at, `blocks and tests are nested more than ${this.#bounds.nesting} deep`);
    if (this.#token.kind !== "word") throw this.#expected("a test");
    return this.#head(depth, "the test");
  }

  #testList(depth: number): readonly Test[] {
    this.#take();
    const tests = [this.#test(depth + 1)];
    while (this.#isMark(",")) {
      this.#take();
      tests.push(this.#test(depth + 1));
    }
    if (!this.#isMark(")")) throw this.#expected('"," or ")" after a test');
    this.#take();
    return tests;
  }

  #argument(): Argument | undefined {
    const token = this.#token;
    switch (token.kind) {
      case "tag":
        this.#take();
        return { kind: "tag", name: token.text, at: token.at };
      case "number":
        this.#take();
        return { kind: "number", value: token.value, at: token.at };
      case "string":
        this.#take();
        return { kind: "strings", values: [token.text], ats: [token.at], isList: false, at: token.at };
      case "mark":
        return token.text === "[" ? this.#stringList() : undefined;
      default:
        return undefined;
    }
  }

  #stringList(): Argument {
    const open = this.#take();
    const values: string[] = [];
    const ats: number[] = [];
    if (this.#isMark("]")) throw this.#expected("a string");
    for (;;) {
      const token = this.#token;
      if (token.kind !== "string") throw this.#expected("a string");
      values.push(token.text);
      ats.push(token.at);
      this.#take();
      if (this.#isMark("]")) break;
      if (!this.#isMark(",")) throw this.#expected('"," or "]" after a string of a list');
      this.#take();
    }
    this.#take();
    return { kind: "strings", values, ats, isList: true, at: open.at };
  }
}
