/** Files of one JSON object a line, as exports have them. */
import { createReadStream } from "node:fs";
import { CannotCarry } from "./put.ts";

/** A message of 100 MB as Base64, and the rest of its line. */
const maxLineChars = 150_000_000;

export type Line = { readonly [name: string]: unknown };

/** Rejects with `CannotCarry`. */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  let parts: string[] = [];
  let chars = 0;
  for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: 256 * 1024 })) {
    const pieces = (chunk as string).split("\n");
    const last = pieces.pop() ?? "";
    for (const piece of pieces) {
      yield* lineOf(parts.join("") + piece, path);
      parts = [];
      chars = 0;
    }
    parts.push(last);
    chars += last.length;
    if (chars > maxLineChars) throw new CannotCarry(`${path} has a line of more than ${maxLineChars} characters.`);
  }
  yield* lineOf(parts.join(""), path);
}

function* lineOf(text: string, path: string): Generator<Line> {
  if (text.trim() === "") return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CannotCarry(`${path} has a line that is no JSON: it was cut off or changed.`);
  }
  if (typeof value === "object" && value !== null) yield value as Line;
}
