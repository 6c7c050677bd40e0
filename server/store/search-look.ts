/** The bytes of one message as text keys see them. */

import { decodeWords } from "../../protocol/mime/fields/encoded-word.ts";
import { foldText } from "../../protocol/mime/fold.ts";
import { fieldValue } from "../../protocol/mime/header.ts";
import { parseMessage } from "../../protocol/mime/parse.ts";
import { partsOf, visitHeader, visitText } from "../../protocol/mime/searchable.ts";
import type { Look } from "./search-judge.ts";

export function lookInto(bytes: Uint8Array): Look {
  const root = parseMessage(bytes);
  const holds = (folded: string) => (text: string | Buffer) =>
    foldText(typeof text === "string" ? text : text.latin1Slice()).includes(folded);
  return {
    header: (name, needle) => {
      const folded = foldText(needle);
      const wanted = name.toLowerCase();
      return root.header.fields.some(
        (field) => field.name === wanted && holds(folded)(decodeWords(fieldValue(root.header, field))),
      );
    },
    body: (needle) => {
      const test = holds(foldText(needle));
      for (const part of partsOf(root)) if (visitText(bytes, part, 1e9, test)) return true;
      return false;
    },
    text: (needle) => {
      const test = holds(foldText(needle));
      for (const part of partsOf(root)) if (visitHeader(part, test) || visitText(bytes, part, 1e9, test)) return true;
      return false;
    },
  };
}
