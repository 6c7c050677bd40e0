/** addheader and deleteheader (RFC 5293). */
import { decodeWords } from "../../mime/fields/encoded-word.ts";
import { textField } from "../../mime/fields/write.ts";
import type { CommandRule } from "../compiler.ts";
import { matcherOf, matchTags } from "../matcher.ts";
import type { Field } from "../message.ts";
import { RunError, ScriptError } from "../mistake.ts";
import { next } from "../run.ts";

/** RFC 5293 §4, §6: where it has come from, and that a machine wrote it, stays. */
const protectedFields: ReadonlySet<string> = new Set([
  "received",
  "return-path",
  "auto-submitted",
  "delivered-to",
  "x-sieve-redirected-from",
  "authentication-results",
  "arc-seal",
  "arc-message-signature",
  "arc-authentication-results",
]);

const isFieldName = (name: string): boolean => /^[!-9;-~]{1,100}$/.test(name);

export const editCommands: { readonly [name: string]: CommandRule } = {
  addheader: {
    needs: "editheader",
    compile: (node, c) => {
      const args = c.take(node, { tags: { last: {} }, positional: ["string", "string"] });
      const known = c.constant(args.positional[0]);
      if (known !== undefined && !isFieldName(known))
        throw new ScriptError(args.positional[0]!.at, `"${known}" is no name of a header field`);
      const name = c.text(args.positional[0]);
      const value = c.text(args.positional[1]);
      const last = args.tags.has("last");
      return (run) => {
        const title = name(run);
        if (!isFieldName(title)) throw new RunError(`"${title}" is no name of a header field`, node.at);
        if (++run.addedFields > run.bounds.addedFields)
          throw new RunError(`a script may add ${run.bounds.addedFields} header fields`, node.at);
        const text = value(run)
          .replace(/[\r\n\0]+[ \t]*/g, " ")
          .trim();
        const raw = textField(title, text);
        run.message.addField(
          title,
          raw,
          raw
            .slice(title.length + 1)
            .replace(/\r\n/g, "")
            .trim(),
          last,
        );
        return next;
      };
    },
  },
  deleteheader: {
    needs: "editheader",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: { ...matchTags, index: { value: "number" }, last: {} },
        positional: node.args.some(isSecondPositional) ? ["string", "strings"] : ["string"],
      });
      const index = args.tags.get("index");
      const last = args.tags.has("last");
      if (last && index === undefined) throw new ScriptError(node.at, ":last stands with :index only");
      if (index?.kind === "number" && index.value < 1) throw new ScriptError(index.at, ":index counts from 1");
      const known = c.constant(args.positional[0]);
      if (known !== undefined && !isFieldName(known))
        throw new ScriptError(args.positional[0]!.at, `"${known}" is no name of a header field`);
      const name = c.text(args.positional[0]);
      const patterns = args.positional[1];
      const matches = patterns === undefined ? undefined : matcherOf(c, args, patterns);
      return (run) => {
        const key = name(run).toLowerCase();
        // RFC 5293 §6: an attempt to take away what is protected does nothing.
        if (protectedFields.has(key)) return next;
        let fields = run.message.fields(key);
        if (index?.kind === "number") {
          const one = last ? fields.at(-index.value) : fields[index.value - 1];
          fields = one === undefined ? [] : [one];
        }
        const gone = new Set<Field>();
        for (const field of fields)
          if (matches === undefined || matches(run, [decodeWords(field.value)])) gone.add(field);
        run.message.removeFields(gone);
        return next;
      };
    },
  },
};

/** Whether a value pattern follows the field name. */
function isSecondPositional(
  argument: { readonly kind: string },
  at: number,
  all: readonly { kind: string }[],
): boolean {
  return (
    argument.kind === "strings" && at === all.length - 1 && all[at - 1]?.kind === "strings" && !isTagValue(all, at - 1)
  );
}

const valued: ReadonlySet<string> = new Set(["comparator", "count", "value", "index"]);

function isTagValue(all: readonly { kind: string; name?: string }[], at: number): boolean {
  const before = all[at - 1];
  return before?.kind === "tag" && valued.has(before.name ?? "");
}
