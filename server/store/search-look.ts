/** One message as text keys see it: by its bytes, or by its folded text, which is kept of those that were looked into twice. */
import {
  bodyContains,
  type FoldedText,
  foldedContains,
  headerContains,
  textContains,
} from "../../protocol/mime/search-text.ts";
import { holdsWords } from "../../protocol/words/message-words.ts";
import type { Look } from "./search-judge.ts";

export function lookInto(bytes: Uint8Array): Look {
  return {
    header: (name, needle) => headerContains(bytes, name, needle),
    body: (needle) => bodyContains(bytes, needle),
    text: (needle) => textContains(bytes, needle),
    words: (words, places) => holdsWords(bytes, words, places),
  };
}

/** For keys of text alone. */
export function lookAgain(folded: FoldedText): Look {
  const never = (): never => {
    throw new Error("Of this message only the folded text is at hand.");
  };
  return {
    header: never,
    body: (needle) => foldedContains(folded, needle, false),
    text: (needle) => foldedContains(folded, needle, true),
    words: never,
  };
}
