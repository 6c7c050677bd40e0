/** A whole message: its attachments one by one, within one budget. Pure: runs in a worker thread. */

import { dispositionOf } from "../../../protocol/mime/attachments.ts";
import { decodeBase64, decodeBody, fileNameOf } from "../../../protocol/mime/decode.ts";
import { bytesOf, fieldValue } from "../../../protocol/mime/header.ts";
import { type Part, parseMessage } from "../../../protocol/mime/parse.ts";
import { openArchives } from "./archive.ts";
import { Budget, defaultScanBounds, type ScanBounds } from "./bounds.ts";
import { type Examination, examine, teachMessages } from "./examine.ts";
import type { Finding } from "./finding.ts";

/** Attachments of one message that are looked at; more is noted. */
const maxAttachments = 500;

export type AttachmentReport = {
  readonly findings: readonly Finding[];
  readonly attachments: number;
};

/** Whether a leaf is something that a reader would open, rather than the text of the message. */
function isAttachment(part: Part): boolean {
  if (part.kind !== "leaf") return false;
  const { type, subtype } = part.contentType;
  if (type !== "text" || (subtype !== "plain" && subtype !== "html")) return true;
  return dispositionOf(part) === "attachment" || fileNameOf(part) !== undefined;
}

/** Whether a message has anything to look at: cheap, for the many that have not. */
export function hasAttachments(raw: Buffer, root: Part): boolean {
  if (isTwoFaced(root)) return true;
  return root.kind === "leaf"
    ? isAttachment(root) || hasUuencoded(raw, root)
    : leavesOf(root).some((part) => isAttachment(part) || hasUuencoded(raw, part));
}

/** Its header says two kinds of structure, or two boundaries: some programs find parts in it where others see none. */
function isTwoFaced({ header }: Part): boolean {
  const types = header.fields
    .filter(({ name }) => name === "content-type")
    .map((field) => fieldValue(header, field).slice(0, maxNamedChars).trim());
  const isMultipart = types.some((type) => /^multipart\//i.test(type));
  if (!isMultipart) return false;
  return new Set(types).size > 1 || types.some((type) => (type.match(/[;\s]boundary\s*=/gi)?.length ?? 0) > 1);
}

export function leavesOf(root: Part): readonly Part[] {
  const found: Part[] = [];
  const walk = (part: Part): void => {
    if (part.kind === "leaf") found.push(part);
    else for (const child of part.parts) walk(child);
  };
  walk(root);
  return found;
}

export async function scanMessage(raw: Uint8Array, bounds: ScanBounds = defaultScanBounds): Promise<AttachmentReport> {
  const bytes = bytesOf(raw);
  await openArchives();
  const root = parseMessage(bytes);
  const budget = new Budget(bounds);
  const findings: Finding[] = [];
  let attachments = 0;
  const twice = "its header names two structures";
  if (isTwoFaced(root)) findings.push({ danger: "polyglot", name: "", what: twice, part: -1 });
  for (const [part, leaf] of leavesOf(root).entries()) {
    const at: Examination = { budget, part, findings };
    for (const { name, type, content } of filesOf(bytes, leaf)) {
      if (++attachments > maxAttachments || !budget.entry()) {
        findings.push({ danger: "unopened", name: "", what: "there are very many attachments", part: -1 });
        return { findings, attachments };
      }
      if (type === "message/partial") findings.push({ danger: "fragment", name, what: "message/partial", part });
      examine(content(), name, type, at);
      await openArchives(); // One that broke is made anew.
    }
  }
  return { findings, attachments };
}

type File = { readonly name: string; readonly type: string; readonly content: () => Buffer };

function* filesOf(raw: Buffer, leaf: Part): Generator<File> {
  const { type, subtype } = leaf.contentType;
  if (isAttachment(leaf)) {
    const size = leaf.end - leaf.bodyStart;
    const bytes = { type: `${type}/${subtype}`, content: (): Buffer => decodeBody(raw, leaf, size) };
    const [first = "", ...others] = namesOf(leaf);
    yield { name: first, ...bytes };
    // A second name, in the other field, is one that some programs would use.
    for (const name of others) yield { name, ...bytes };
    if (mayBeBase64(raw, leaf))
      yield { name: first, ...bytes, content: () => decodeBase64(raw.subarray(leaf.bodyStart, leaf.end), size) };
  } else if (hasUuencoded(raw, leaf))
    yield* uuencoded(decodeBody(raw, leaf, leaf.end - leaf.bodyStart).toString("latin1"));
}

const plainEncodings = new Set(["base64", "quoted-printable", "7bit", "8bit", "binary"]);

/** It says two encodings, or one that nobody knows, and looks like Base64: some programs will take it for that. */
function mayBeBase64(raw: Buffer, { header, encoding, bodyStart, end }: Part): boolean {
  const said = header.fields.filter(({ name }) => name === "content-transfer-encoding");
  if (said.length < 2 && plainEncodings.has(encoding)) return false;
  return /^\s*[A-Za-z0-9+/]{40}/.test(raw.toString("latin1", bodyStart, Math.min(end, bodyStart + 200)));
}

function namesOf(leaf: Part): readonly string[] {
  const names = new Set<string>();
  const shown = fileNameOf(leaf);
  if (shown !== undefined) names.add(shown);
  // In both fields, each as often as it stands there.
  for (const field of leaf.header.fields) {
    if (field.name !== "content-type" && field.name !== "content-disposition") continue;
    const value = fieldValue(leaf.header, field).slice(0, maxNamedChars);
    for (const [, quoted, plain] of value.matchAll(anyName)) {
      const name = quoted ?? plain;
      // An encoded name is the same one in other letters.
      if (name === undefined || name.startsWith("=?") || !/^[ -~]+$/.test(name)) continue;
      if (names.size < maxNames) names.add(name);
    }
  }
  return [...names];
}

const maxNames = 6;
const maxNamedChars = 4000;
const anyName = /[;\s](?:file)?name\s*=\s*(?:"([^"]{1,500})"|([^\s;"]{1,500}))/gi;

/** Of one file in the text of a message. */
const maxUuencodedChars = 8 * 1024 * 1024;

const begin = Buffer.from("\nbegin ", "latin1");

function hasUuencoded(raw: Buffer, leaf: Part): boolean {
  if (leaf.kind !== "leaf") return false;
  const body = raw.subarray(leaf.bodyStart, leaf.end);
  const at = body.indexOf(begin);
  return at >= 0
    ? /^\nbegin [0-7]{3,4} \S/.test(body.toString("latin1", at, at + 20))
    : /^begin [0-7]{3,4} \S/.test(body.toString("latin1", 0, 20));
}

/** Files in the text itself, as mail had them before MIME; programs still show them. */
function* uuencoded(text: string): Generator<File> {
  let from = 0;
  for (let count = 0; count < 50; count++) {
    const found = /(?:^|\n)begin [0-7]{3,4} ([^\r\n]{1,500})\r?\n/.exec(text.slice(from));
    if (found === null) return;
    const start = from + found.index + found[0].length;
    let end = text.indexOf("\nend", start);
    if (end < 0) end = text.length;
    const encoded = text.slice(start, Math.min(end, start + maxUuencodedChars));
    yield { name: found[1]!, type: "", content: () => uudecode(encoded) };
    from = end;
  }
}

function uudecode(text: string): Buffer {
  const out = Buffer.alloc(Math.ceil(text.length / 4) * 3);
  let filled = 0;
  for (let line = 0; line < text.length; ) {
    let end = text.indexOf("\n", line);
    if (end < 0) end = text.length;
    const size = (text.charCodeAt(line) - 32) & 63;
    const at = (i: number): number => (i < end ? (text.charCodeAt(i) - 32) & 63 : 0);
    let written = 0;
    for (let i = line + 1; written < size && i < end; i += 4, written += 3) {
      out[filled + written] = (at(i) << 2) | (at(i + 1) >> 4);
      out[filled + written + 1] = (at(i + 1) << 4) | (at(i + 2) >> 2);
      out[filled + written + 2] = (at(i + 2) << 6) | at(i + 3);
    }
    filled = Math.min(filled + Math.min(written, size), out.length);
    line = end + 1;
  }
  return out.subarray(0, filled);
}

teachMessages((raw, root, inner) => {
  for (const leaf of leavesOf(root)) for (const { name, content } of filesOf(raw, leaf)) inner(content(), name, 1);
});
