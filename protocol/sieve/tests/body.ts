/** RFC 5173: the body test. */
import type { Buffer } from "node:buffer";
import { decodeByteString } from "../../mime/charset.ts";
import { decodeBody, decodeText } from "../../mime/decode.ts";
import type { Part } from "../../mime/parse.ts";
import { partsOf } from "../../mime/searchable.ts";
import type { TestRule } from "../compiler.ts";
import { matcherOf, matchTags } from "../matcher.ts";
import { ScriptError } from "../mistake.ts";
import type { Run } from "../run.ts";

export const bodyTests: { readonly [name: string]: TestRule } = {
  body: {
    needs: "body",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: {
          ...matchTags,
          raw: { group: "body transform" },
          text: { group: "body transform" },
          content: { group: "body transform", value: "strings" },
        },
        positional: ["strings"],
      });
      const matches = matcherOf(c, args, args.positional[0]);
      if (args.tags.has("raw"))
        return (run) => {
          const body = run.message.body();
          return matches(run, [decodeByteString(body.toString("latin1", 0, run.takeBody(body.length)))]);
        };
      const content = args.tags.get("content");
      if (content !== undefined) {
        const types = c.texts(content);
        for (const type of c.constants(content) ?? [])
          if (type.split("/").length > 2)
            throw new ScriptError(content.at, `"${type}" is no content type: "", "text" or "text/plain" was expected`);
        return (run) => {
          const wanted = types(run).map((type) => type.toLowerCase());
          return anyPart(run, (part) => (isOfType(part, wanted) ? contentOf(run, part) : undefined), matches);
        };
      }
      return (run) =>
        anyPart(run, (part) => (part.contentType.type === "text" ? textOf(run, part) : undefined), matches);
    },
  },
};

/** Even an empty part costs something to decode. */
const stepsOfDecoding = 30;

function anyPart(
  run: Run,
  read: (part: Part) => string | undefined,
  matches: (run: Run, values: readonly string[]) => boolean,
): boolean {
  const texts: string[] = [];
  for (const part of partsOf(run.message.root())) {
    run.spend(1);
    const text = read(part);
    if (text === undefined) continue;
    run.spend(stepsOfDecoding);
    texts.push(text);
  }
  return matches(run, texts);
}

/** RFC 5173 §5.2: "" is every type, "text" all subtypes, an unlike one nothing. */
function isOfType(part: Part, wanted: readonly string[]): boolean {
  const { type, subtype } = part.contentType;
  return wanted.some((one) => one === "" || one === type || one === `${type}/${subtype}`);
}

/** RFC 5173 §5.2: of a multipart what stands around its parts, of a message its header, of others what they are. */
function contentOf(run: Run, part: Part): string {
  const raw = run.message.raw();
  const slice = (start: number, end: number): string =>
    decodeByteString(raw.toString("latin1", start, start + run.takeBody(Math.max(0, end - start))));
  if (part.kind === "message") return slice(part.bodyStart, part.parts[0]?.bodyStart ?? part.end);
  if (part.kind === "multipart") {
    const first = part.parts[0];
    const last = part.parts.at(-1);
    if (first === undefined || last === undefined) return slice(part.bodyStart, part.end);
    return withoutDelimiters(slice(part.bodyStart, first.start)) + withoutDelimiters(slice(last.end, part.end));
  }
  return part.contentType.type === "text" ? textOf(run, part) : decodeByteString(bytesOf(run, part).toString("latin1"));
}

function withoutDelimiters(text: string): string {
  return text.replace(/^--[^\n]*(?:\n|$)/gm, "");
}

function bytesOf(run: Run, part: Part): Buffer {
  return decodeBody(run.message.raw(), part, run.takeBody(part.end - part.bodyStart));
}

/** The text of a text part; of HTML what is shown of it, and the rest apart. */
function textOf(run: Run, part: Part): string {
  return decodeText(run.message.raw(), part, run.takeBody(part.end - part.bodyStart));
}
