/** The bytes of one message as text keys see them. */
import { bodyContains, headerContains, textContains } from "../../protocol/mime/search-text.ts";
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
