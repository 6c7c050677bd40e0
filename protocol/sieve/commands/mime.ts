/** replace, enclose and extracttext: RFC 5703 §5, §6 and §7. */
import { Buffer } from "node:buffer";
import { decodeText } from "../../mime/decode.ts";
import { encodeBase64, encodeQuotedPrintable, encodingFor, withCrlf } from "../../mime/encode.ts";
import { formatDate } from "../../mime/fields/date.ts";
import { addressField, textField } from "../../mime/fields/write.ts";
import type { Part } from "../../mime/parse.ts";
import type { CommandRule } from "../compiler.ts";
import type { Field } from "../message.ts";
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
      // RFC 5703 §5: what :mime gives has its own header.
      const beside = ["subject", "from"].find((tag) => mime && args.tags.has(tag));
      if (beside !== undefined)
        throw new ScriptError(args.tags.get(beside)!.at, `:mime and :${beside} exclude each other`);
      const subject = c.optionalText(args.tags.get("subject"));
      const from = c.optionalText(args.tags.get("from"));
      const replacement = c.text(args.positional[0]);
      return (run) => {
        const entity = mime ? Buffer.from(withCrlf(replacement(run))) : plainEntity(replacement(run));
        const part = run.part;
        if (part === undefined || part === run.message.root()) {
          const title = subject?.(run);
          const sender = from?.(run);
          const fields = [
            ...(title === undefined ? [] : [...formerly(run, "Subject"), textField("Subject", title)]),
            ...(sender === undefined ? [] : [...formerly(run, "From"), textField("From", sender)]),
          ];
          const gone = namesOf(fields);
          run.message.replace(
            Buffer.concat([
              fieldsWhere(run, ({ key }) => !isOfContent(key) && !gone.has(key)),
              Buffer.from(fields.join(""), "latin1"),
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

/** Fields of the message as they stand. */
function fieldsWhere(run: Run, stays: (field: Field) => boolean): Buffer {
  const kept = run.message.allFields().filter(stays).map(whole);
  return Buffer.from(kept.join(""), "latin1");
}

const whole = ({ raw }: Field): string => (raw.endsWith("\n") ? raw : `${raw}\r\n`);

/** What speaks of the body alone. */
const isOfContent = (key: string): boolean => key.startsWith("content-") || key === "mime-version";

const namesOf = (fields: readonly string[]): ReadonlySet<string> =>
  new Set(fields.map((field) => field.slice(0, field.indexOf(":")).toLowerCase()));

/** RFC 5703 §5, §6: a field that another takes the place of is kept as Original-Subject or Original-From. */
function formerly(run: Run, name: string): readonly string[] {
  const [before] = run.message.fields(name.toLowerCase());
  return before === undefined ? [] : [`Original-${name}${whole(before).slice(before.raw.indexOf(":"))}`];
}

/** Puts an entity where a part stood; the part's neighbours stay as they are. */
function replacePart(run: Run, part: Part, entity: Buffer): void {
  const raw = run.message.raw();
  const changed = Buffer.concat([raw.subarray(0, part.start), entity, raw.subarray(part.end)]);
  run.part = run.message.replace(changed, part);
}

/** The way that the message has come, which the new one has come too. */
const traceFields: ReadonlySet<string> = new Set([
  "return-path",
  "received",
  "delivered-to",
  "authentication-results",
  "received-spf",
]);

/** RFC 5703 §6: a multipart/mixed of the text and the message as it was. `headers`: names of fields that it takes over. */
function enclose(run: Run, subject: string | undefined, headers: readonly string[], text: string): void {
  const original = run.message.bytes();
  const copied = new Set(headers.map((name) => name.trim().toLowerCase()).filter((name) => !isOfContent(name)));
  if (subject === undefined) copied.add("subject");
  else copied.delete("subject");
  const { envelopeTo, environment, now } = run.world;
  // RFC 6785 knows no envelope, but who is at the client.
  const user = envelopeTo ?? environment["imap.user"];
  const added = [
    ...(subject === undefined ? [] : [...formerly(run, "Subject"), textField("Subject", subject)]),
    ...(copied.has("from") || user === undefined ? [] : [addressField("From", [{ address: user }])]),
    ...(copied.has("date") ? [] : [`Date: ${formatDate(now)}\r\n`]),
  ];
  const boundary = freshBoundary(original, text);
  run.message.enclose(
    Buffer.concat([
      fieldsWhere(run, ({ key }) => copied.has(key) || traceFields.has(key)),
      Buffer.from(added.join(""), "latin1"),
      Buffer.from(
        `MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n--${boundary}\r\n`,
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
