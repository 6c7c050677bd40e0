/** JSON of what may be large: it is written in pieces, with turns for others between them. */
import { isObject, type Json } from "../../protocol/jmap/types.ts";
import { writtenChars } from "../../protocol/jmap/written.ts";
import { breather } from "./breathe.ts";

/** More is written in pieces. */
const maxAtOnceChars = 256 * 1024;
/** So deep in an answer of JMAP stand the lists of its method responses, whose members are written one by one. */
const depth = 5;
/** Small pieces go out together. */
const pieceChars = 64 * 1024;

export async function writeJson(value: Json): Promise<Buffer> {
  if (writtenChars(value, maxAtOnceChars) <= maxAtOnceChars) return Buffer.from(JSON.stringify(value));
  const pause = breather();
  const pieces: Buffer[] = [];
  let text = "";
  for (const piece of piecesOf(value, depth)) {
    text += piece;
    if (text.length < pieceChars) continue;
    pieces.push(Buffer.from(text));
    text = "";
    const turn = pause();
    if (turn !== undefined) await turn;
  }
  return Buffer.concat([...pieces, Buffer.from(text)]);
}

function* piecesOf(value: Json, deep: number): Generator<string> {
  if (deep === 0 || value === null || typeof value !== "object") {
    yield JSON.stringify(value);
    return;
  }
  let before = "";
  if (Array.isArray(value)) {
    yield "[";
    for (const one of value as readonly Json[]) {
      yield before;
      yield* piecesOf(one ?? null, deep - 1);
      before = ",";
    }
    yield "]";
  } else if (isObject(value)) {
    yield "{";
    for (const [name, one] of Object.entries(value)) {
      if (one === undefined) continue;
      yield `${before}${JSON.stringify(name)}:`;
      yield* piecesOf(one, deep - 1);
      before = ",";
    }
    yield "}";
  }
}
