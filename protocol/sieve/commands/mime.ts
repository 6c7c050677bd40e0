/** replace, enclose and extracttext: RFC 5703 §5 to §7. */
import { Buffer } from "node:buffer";
import { decodeText } from "../../mime/decode.ts";
import { encodeBase64, encodeQuotedPrintable, encodingFor, withCrlf } from "../../mime/encode.ts";
import { textField } from "../../mime/fields/write.ts";
import type { Part } from "../../mime/parse.ts";
import type { CommandRule } from "../compiler.ts";
import { ScriptError } from "../mistake.ts";
import { next, type Run } from "../run.ts";
import { modifierOf, modifierTags } from "./variables.ts";

export const mimeCommands: { readonly [name: string]: CommandRule } = {
  extracttext: {
    needs: "extracttext",
    compile: (node, c) => {
      c.need("variables", node.at, "extracttext");
      if (c.loops.length === 0) throw new ScriptError(node.at, "extracttext stands within a foreverypart only");
      const args = c.take(node, { tags: { ...modifierTags, first: { value: "number" } }, positional: ["string"] });
      const write = c.setter(c.fixed(args.positional[0], "the name of a variable"), args.positional[0]!.at);
      const first = args.tags.get("first");
      const modify = modifierOf(args.tags);
      return (run) => {
        const { part } = run;
        let text = "";
        if (part !== undefined && part.kind === "leaf" && part.contentType.type === "text") {
          const room = run.takeBody(Math.min(part.end - part.bodyStart, run.bounds.variableChars * 8));
          text = decodeText(run.message.raw(), part, room);
          if (first?.kind === "number") text = [...text.slice(0, first.value * 2)].slice(0, first.value).join("");
        }
        write(run, modify(text));
        return next;
      };
    },
  },
  replace: {
    needs: "replace",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: { mime: {}, subject: { value: "string" }, from: { value: "string" } },
        positional: ["string"],
      });
      const mime = args.tags.has("mime");
      const subject = c.optionalText(args.tags.get("subject"));
      const from = c.optionalText(args.tags.get("from"));
      const replacement = c.text(args.positional[0]);
      return (run) => {
        const entity = mime ? Buffer.from(withCrlf(replacement(run))) : plainEntity(replacement(run));
        const part = run.part;
        if (part === undefined || part === run.message.root()) {
          const fields: string[] = [];
          const title = subject?.(run);
          const sender = from?.(run);
          if (title !== undefined) fields.push(textField("Subject", title));
          if (sender !== undefined) fields.push(textField("From", sender));
          run.message.replace(
            Buffer.concat([
              keptFields(run, new Set(fields.map((field) => field.slice(0, field.indexOf(":")).toLowerCase()))),
              Buffer.from(fields.join("")),
              withMimeVersion(entity),
            ]),
          );
          run.part = undefined;
        } else replacePart(run, part, entity);
        return next;
      };
    },
  },
  enclose: {
    needs: "enclose",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: { subject: { value: "string" }, headers: { value: "strings" } },
        positional: ["string"],
      });
      const subject = c.optionalText(args.tags.get("subject"));
      const headers = args.tags.has("headers") ? c.texts(args.tags.get("headers")) : () => [];
      const text = c.text(args.positional[0]);
      return (run) => {
        enclose(run, subject?.(run), headers(run), text(run));
        return next;
      };
    },
  },
};

/** A text as an entity with its header. */
function plainEntity(text: string): Buffer {
  const bytes = Buffer.from(withCrlf(text));
  const encoding = encodingFor(bytes);
  const body =
    encoding === "7bit"
      ? bytes
      : Buffer.from(encoding === "base64" ? encodeBase64(bytes) : encodeQuotedPrintable(bytes), "latin1");
  const header = `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  return Buffer.concat([Buffer.from(header), body]);
}

function withMimeVersion(entity: Buffer): Buffer {
  return Buffer.concat([Buffer.from("MIME-Version: 1.0\r\n"), entity]);
}

/** The fields of the message that stay when its body becomes another one. */
function keptFields(run: Run, others: ReadonlySet<string>): Buffer {
  const kept = [];
  for (const field of run.message.allFields())
    if (!field.key.startsWith("content-") && field.key !== "mime-version" && !others.has(field.key))
      kept.push(field.raw.endsWith("\n") ? field.raw : `${field.raw}\r\n`);
  return Buffer.from(kept.join(""), "latin1");
}

/** Puts an entity where a part stood; the part's neighbours stay as they are. */
function replacePart(run: Run, part: Part, entity: Buffer): void {
  const raw = run.message.raw();
  const changed = Buffer.concat([raw.subarray(0, part.start), entity, raw.subarray(part.end)]);
  run.part = run.message.replace(changed, part);
}

/** RFC 5703 §7: a multipart/mixed of the text and the message as it was. */
function enclose(run: Run, subject: string | undefined, headers: readonly string[], text: string): void {
  const original = run.message.bytes();
  const named = headers.filter((header) => /^[!-9;-~]+[ \t]*:/.test(header));
  const added = named.map((header) => {
    const colon = header.indexOf(":");
    return textField(
      header.slice(0, colon).trim(),
      header
        .slice(colon + 1)
        .replace(/[\r\n\0]+/g, " ")
        .trim(),
    );
  });
  if (subject !== undefined) added.push(textField("Subject", subject));
  const replaced = new Set(added.map((field) => field.slice(0, field.indexOf(":")).toLowerCase()));
  const boundary = freshBoundary(original, text);
  run.message.replace(
    Buffer.concat([
      keptFields(run, replaced),
      Buffer.from(
        `${added.join("")}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n--${boundary}\r\n`,
      ),
      plainEntity(text),
      Buffer.from(`\r\n--${boundary}\r\nContent-Type: message/rfc822\r\n\r\n`),
      original,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
  );
  run.part = undefined;
}

/** One that occurs in neither: made from what is there, for this code knows no chance. */
function freshBoundary(original: Buffer, text: string): string {
  for (let count = original.length; ; count++) {
    const boundary = `=_enclosed_${count.toString(36)}`;
    if (!original.includes(boundary) && !text.includes(boundary)) return boundary;
  }
}
