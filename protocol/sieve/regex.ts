/**
 * Extended regular expressions (POSIX 1003.2, as draft-ietf-sieve-regex takes them) run by a machine that is in all its states
 * at once: time grows with the text times the expression, whatever the expression is.
 */
import { ScriptError } from "./mistake.ts";

type Instruction =
  | { readonly op: "char"; readonly code: number }
  | { readonly op: "any" }
  | { readonly op: "set"; readonly set: CharSet }
  | { op: "split"; first: number; second: number }
  | { op: "jump"; to: number }
  | { readonly op: "save"; readonly slot: number }
  | { readonly op: "start" | "end" | "edge" | "inside" }
  | { readonly op: "match" };

/** Pairs of lowest and highest code points. */
type CharSet = { readonly ranges: readonly number[]; readonly negated: boolean };

export type Regex = {
  readonly program: readonly Instruction[];
  readonly groups: number;
  readonly ignoreCase: boolean;
};

type Node =
  | { readonly kind: "empty" | "any" | "start" | "end" | "edge" | "inside" }
  | { readonly kind: "char"; readonly code: number }
  | { readonly kind: "set"; readonly set: CharSet }
  | { readonly kind: "group"; readonly node: Node; readonly index: number }
  | { readonly kind: "all" | "either"; readonly nodes: readonly Node[] }
  | {
      readonly kind: "repeat";
      readonly node: Node;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
    };

const maxRepeat = 255; // RE_DUP_MAX
const maxRegexNesting = 50;

const classes: { readonly [name: string]: readonly number[] } = {
  alpha: [65, 90, 97, 122, 0xaa, 0xaa, 0xb5, 0xb5, 0xc0, 0x24f, 0x370, 0x3ff, 0x400, 0x52f],
  digit: [48, 57],
  alnum: [48, 57, 65, 90, 97, 122, 0xaa, 0xaa, 0xb5, 0xb5, 0xc0, 0x24f, 0x370, 0x3ff, 0x400, 0x52f],
  upper: [65, 90],
  lower: [97, 122],
  space: [9, 13, 32, 32],
  blank: [9, 9, 32, 32],
  punct: [33, 47, 58, 64, 91, 96, 123, 126],
  print: [32, 126, 0xa0, 0x10ffff],
  graph: [33, 126, 0xa1, 0x10ffff],
  cntrl: [0, 31, 127, 127],
  xdigit: [48, 57, 65, 70, 97, 102],
};
const word = [48, 57, 65, 90, 95, 95, 97, 122];
const escapes: { readonly [letter: string]: CharSet } = {
  w: { ranges: word, negated: false },
  W: { ranges: word, negated: true },
  s: { ranges: classes["space"]!, negated: false },
  S: { ranges: classes["space"]!, negated: true },
  d: { ranges: classes["digit"]!, negated: false },
  D: { ranges: classes["digit"]!, negated: true },
};

/** Throws a `ScriptError` at `at` where the expression is none, or compiles to more than `maxSize` instructions. */
export function compileRegex(pattern: string, ignoreCase: boolean, maxSize: number, at: number): Regex {
  const reader = new Reader([...pattern], at);
  const node = reader.whole();
  const program: Instruction[] = [];
  emit(node, program, maxSize, at);
  program.push({ op: "match" });
  return { program, groups: reader.groups, ignoreCase };
}

class Reader {
  readonly #chars: readonly string[];
  readonly #at: number;
  #position = 0;
  #depth = 0;
  groups = 0;

  constructor(chars: readonly string[], at: number) {
    this.#chars = chars;
    this.#at = at;
  }

  whole(): Node {
    const node = this.#either();
    if (this.#position < this.#chars.length) throw this.#wrong('")" without "("');
    return node;
  }

  #wrong(what: string): ScriptError {
    return new ScriptError(
      this.#at,
      `this regular expression is wrong at its character ${this.#position + 1}: ${what}`,
    );
  }

  #either(): Node {
    if (++this.#depth > maxRegexNesting) throw this.#wrong("groups are nested too deep");
    const nodes = [this.#all()];
    while (this.#chars[this.#position] === "|") {
      this.#position++;
      nodes.push(this.#all());
    }
    this.#depth--;
    return nodes.length === 1 ? nodes[0]! : { kind: "either", nodes };
  }

  #all(): Node {
    const nodes: Node[] = [];
    for (;;) {
      const char = this.#chars[this.#position];
      if (char === undefined || char === "|" || char === ")") break;
      nodes.push(this.#repeated(this.#atom()));
    }
    return nodes.length === 0 ? { kind: "empty" } : nodes.length === 1 ? nodes[0]! : { kind: "all", nodes };
  }

  #repeated(node: Node): Node {
    let repeated = node;
    for (;;) {
      const char = this.#chars[this.#position];
      let bounds: readonly [number, number] | undefined;
      if (char === "*") bounds = [0, Number.POSITIVE_INFINITY];
      else if (char === "+") bounds = [1, Number.POSITIVE_INFINITY];
      else if (char === "?") bounds = [0, 1];
      else if (char === "{") {
        const end = this.#chars.indexOf("}", this.#position);
        const counts = /^(\d{1,3})(?:(,)(\d{1,3})?)?$/.exec(
          this.#chars.slice(this.#position + 1, Math.max(end, 0)).join(""),
        );
        if (end < 0 || counts === null) throw this.#wrong("{n}, {n,} or {n,m} was expected");
        const min = Number(counts[1]);
        const max =
          counts[2] === undefined ? min : counts[3] === undefined ? Number.POSITIVE_INFINITY : Number(counts[3]);
        if (min > maxRepeat || (max !== Number.POSITIVE_INFINITY && (max > maxRepeat || max < min)))
          throw this.#wrong(`a repetition goes up to ${maxRepeat}`);
        bounds = [min, max];
        this.#position = end;
      }
      if (bounds === undefined) return repeated;
      if (node.kind === "start" || node.kind === "end") throw this.#wrong("there is nothing to repeat");
      this.#position++;
      const lazy = this.#chars[this.#position] === "?";
      if (lazy) this.#position++;
      repeated = { kind: "repeat", node: repeated, min: bounds[0], max: bounds[1], lazy };
    }
  }

  #atom(): Node {
    const char = this.#chars[this.#position++]!;
    switch (char) {
      case ".":
        return { kind: "any" };
      case "^":
        return { kind: "start" };
      case "$":
        return { kind: "end" };
      case "*":
      case "+":
      case "?":
      case "{":
        this.#position--;
        throw this.#wrong("there is nothing to repeat");
      case "(": {
        const silent = this.#chars[this.#position] === "?" && this.#chars[this.#position + 1] === ":";
        if (silent) this.#position += 2;
        const index = silent ? 0 : ++this.groups;
        const node = this.#either();
        if (this.#chars[this.#position] !== ")") throw this.#wrong('")" was expected');
        this.#position++;
        return silent ? node : { kind: "group", node, index };
      }
      case "[":
        return { kind: "set", set: this.#set() };
      case "\\": {
        const next = this.#chars[this.#position++];
        if (next === undefined) throw this.#wrong("a character was expected after the backslash");
        if (next === "b" || next === "<" || next === ">") return { kind: "edge" };
        if (next === "B") return { kind: "inside" };
        const set = escapes[next];
        if (set !== undefined) return { kind: "set", set };
        if (/^[1-9]$/.test(next)) throw this.#wrong("back-references are not supported");
        return { kind: "char", code: next.codePointAt(0)! };
      }
      default:
        return { kind: "char", code: char.codePointAt(0)! };
    }
  }

  #set(): CharSet {
    const negated = this.#chars[this.#position] === "^";
    if (negated) this.#position++;
    const ranges: number[] = [];
    for (let first = true; ; first = false) {
      const char = this.#chars[this.#position];
      if (char === undefined) throw this.#wrong('"]" was expected');
      if (char === "]" && !first) break;
      const low = this.#setItem(ranges);
      if (low === undefined) continue;
      const next = this.#chars[this.#position + 1];
      if (this.#chars[this.#position] === "-" && next !== undefined && next !== "]") {
        this.#position++;
        const high = this.#setItem(ranges);
        if (high === undefined || high < low) throw this.#wrong("this range ends before it begins");
        ranges.push(low, high);
      } else ranges.push(low, low);
    }
    this.#position++;
    return { ranges, negated };
  }

  /** The code of one character of a set, or undefined where a whole class was added. */
  #setItem(ranges: number[]): number | undefined {
    const char = this.#chars[this.#position]!;
    const next = this.#chars[this.#position + 1];
    if (char === "[" && (next === ":" || next === "." || next === "=")) {
      const text = this.#chars.slice(this.#position + 2, this.#position + 12).join("");
      const end = text.indexOf(`${next}]`);
      if (end <= 0) throw this.#wrong(`"${next}]" was expected`);
      const name = text.slice(0, end);
      this.#position += 4 + [...name].length;
      if (next !== ":") {
        if ([...name].length !== 1) throw this.#wrong("collating elements of one character only are known");
        return name.codePointAt(0)!;
      }
      const known = classes[name];
      if (known === undefined) throw this.#wrong(`there is no class [:${name}:]`);
      ranges.push(...known);
      return undefined;
    }
    this.#position++;
    return char.codePointAt(0)!;
  }
}

function emit(node: Node, program: Instruction[], maxSize: number, at: number): void {
  if (program.length > maxSize) throw new ScriptError(at, "this regular expression is too large");
  switch (node.kind) {
    case "empty":
      return;
    case "any":
    case "start":
    case "end":
    case "edge":
    case "inside":
      program.push({ op: node.kind });
      return;
    case "char":
      program.push({ op: "char", code: node.code });
      return;
    case "set":
      program.push({ op: "set", set: node.set });
      return;
    case "group":
      program.push({ op: "save", slot: node.index * 2 });
      emit(node.node, program, maxSize, at);
      program.push({ op: "save", slot: node.index * 2 + 1 });
      return;
    case "all":
      for (const child of node.nodes) emit(child, program, maxSize, at);
      return;
    case "either": {
      const ends: { op: "jump"; to: number }[] = [];
      for (const [index, child] of node.nodes.entries()) {
        if (index === node.nodes.length - 1) {
          emit(child, program, maxSize, at);
          break;
        }
        const split = { op: "split" as const, first: program.length + 1, second: 0 };
        program.push(split);
        emit(child, program, maxSize, at);
        const jump = { op: "jump" as const, to: 0 };
        program.push(jump);
        ends.push(jump);
        split.second = program.length;
      }
      for (const jump of ends) jump.to = program.length;
      return;
    }
    case "repeat": {
      for (let i = 0; i < node.min; i++) emit(node.node, program, maxSize, at);
      const splitTo = (first: number): { op: "split"; first: number; second: number } => {
        const split = { op: "split" as const, first, second: 0 };
        program.push(split);
        return split;
      };
      const leave = (split: { first: number; second: number }): void => {
        split.second = program.length;
        if (node.lazy) [split.first, split.second] = [split.second, split.first];
      };
      if (node.max === Number.POSITIVE_INFINITY) {
        const loop = program.length;
        const split = splitTo(loop + 1);
        emit(node.node, program, maxSize, at);
        program.push({ op: "jump", to: loop });
        leave(split);
        return;
      }
      const splits: { first: number; second: number }[] = [];
      for (let i = node.min; i < node.max; i++) {
        splits.push(splitTo(program.length + 1));
        emit(node.node, program, maxSize, at);
      }
      for (const split of splits) leave(split);
      return;
    }
    default:
      node satisfies never;
  }
}

type Thread = { readonly pc: number; readonly saves: readonly number[] };

/** Offsets of the whole match and of the groups in pairs (-1: took no part), or undefined. The leftmost match; of at most `maxGroups` groups. `spend` is told of the work and may throw. */
export function matchRegex(
  regex: Regex,
  text: string,
  maxGroups: number,
  spend: (steps: number) => void,
): readonly number[] | undefined {
  const { program, ignoreCase } = regex;
  const slots = (Math.min(regex.groups, maxGroups) + 1) * 2;
  let threads: Thread[] = [];
  let matched: readonly number[] | undefined;
  const seen = new Int32Array(program.length).fill(-1);
  for (let at = 0; ; ) {
    const code = at < text.length ? text.codePointAt(at)! : -1;
    const next = at + (code > 0xffff ? 2 : 1);
    let work = 1;
    if (matched === undefined) {
      const saves = new Array<number>(slots).fill(-1);
      saves[0] = at;
      work += add(program, threads, { pc: 0, saves }, text, at, seen);
    }
    const following: Thread[] = [];
    for (const { pc, saves } of threads) {
      const instruction = program[pc]!;
      if (instruction.op === "match") {
        const whole = [...saves];
        whole[1] = at;
        matched = whole;
        break; // The threads behind it are of less account.
      }
      if (code < 0 || !fits(instruction, code, ignoreCase)) continue;
      work += add(program, following, { pc: pc + 1, saves }, text, next, seen);
    }
    spend(work);
    threads = following;
    if (code < 0 || (matched !== undefined && threads.length === 0)) return matched;
    at = next;
  }
}

/** Follows what takes no character; answers how much work it was. `seen`: the last position at which an instruction was reached. */
function add(
  program: readonly Instruction[],
  threads: Thread[],
  thread: Thread,
  text: string,
  at: number,
  seen: Int32Array,
): number {
  let work = 0;
  const stack: Thread[] = [thread];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { pc, saves } = top;
    work++;
    if (seen[pc] === at) continue;
    seen[pc] = at;
    const instruction = program[pc]!;
    switch (instruction.op) {
      case "jump":
        stack.push({ pc: instruction.to, saves });
        break;
      case "split":
        stack.push({ pc: instruction.second, saves }, { pc: instruction.first, saves });
        break;
      case "save": {
        if (instruction.slot >= saves.length) {
          stack.push({ pc: pc + 1, saves });
          break;
        }
        const saved = [...saves];
        saved[instruction.slot] = at;
        work += saved.length >> 3;
        stack.push({ pc: pc + 1, saves: saved });
        break;
      }
      case "start":
        if (at === 0) stack.push({ pc: pc + 1, saves });
        break;
      case "end":
        if (at === text.length) stack.push({ pc: pc + 1, saves });
        break;
      case "edge":
      case "inside":
        if (isEdge(text, at) === (instruction.op === "edge")) stack.push({ pc: pc + 1, saves });
        break;
      default:
        threads.push(top);
    }
  }
  return work;
}

function isEdge(text: string, at: number): boolean {
  return isWord(text.charCodeAt(at - 1)) !== isWord(text.charCodeAt(at));
}

function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}

function fits(instruction: Instruction, code: number, ignoreCase: boolean): boolean {
  switch (instruction.op) {
    case "any":
      return true;
    case "char":
      return instruction.code === code || (ignoreCase && lower(instruction.code) === lower(code));
    case "set": {
      const { ranges, negated } = instruction.set;
      const has = inRanges(ranges, code) || (ignoreCase && inRanges(ranges, otherCase(code)));
      return has !== negated;
    }
    default:
      return false;
  }
}

function inRanges(ranges: readonly number[], code: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (code >= ranges[i]! && code <= ranges[i + 1]!) return true;
  return false;
}

function lower(code: number): number {
  return code >= 65 && code <= 90 ? code + 32 : code;
}

function otherCase(code: number): number {
  if (code >= 65 && code <= 90) return code + 32;
  return code >= 97 && code <= 122 ? code - 32 : code;
}
