/** What is wrong with a script, and where. */

export type Mistake = {
  /** From 1, in characters. */
  readonly line: number;
  readonly column: number;
  /** A sentence without its full stop: what was expected, or what is wrong. */
  readonly message: string;
};

/** Thrown within the parser and the compiler, caught at their doors. */
export class ScriptError extends Error {
  /** Offset in the script. */
  readonly at: number;
  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** Thrown within a run, caught at its door: the implicit keep holds (RFC 5228 §2.10.6). */
export class RunError extends Error {
  /** Offset in the script, where it is known. */
  readonly at: number | undefined;
  constructor(message: string, at?: number) {
    super(message);
    this.at = at;
  }
}

export function mistakeAt(source: string, at: number, message: string): Mistake {
  let line = 1;
  let start = 0;
  for (let end = source.indexOf("\n"); end >= 0 && end < at; end = source.indexOf("\n", start)) {
    line++;
    start = end + 1;
  }
  return { line, column: [...source.slice(start, at)].length + 1, message };
}

/** "line 3, column 5: a string was expected" */
export function mistakeText({ line, column, message }: Mistake): string {
  return `line ${line}, column ${column}: ${message}`;
}
