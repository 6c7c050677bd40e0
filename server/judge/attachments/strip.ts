/** A message without some of its attachments, each replaced by a note that says what was there and why it is gone. */
import { bytesOf } from "../../../protocol/mime/header.ts";
import { parseMessage } from "../../../protocol/mime/parse.ts";
import { type Finding, sentenceOf } from "./finding.ts";
import { leavesOf } from "./scan-message.ts";

/** Undefined where a finding is not in a part of its own (the message is nothing but the attachment): then it cannot be stripped. */
export function strip(raw: Uint8Array, findings: readonly Finding[]): Buffer | undefined {
  const bytes = bytesOf(raw);
  const root = parseMessage(bytes);
  if (root.kind === "leaf") return undefined;
  const leaves = leavesOf(root);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const [part, some] of [...Map.groupBy(findings, (finding) => finding.part)].sort(([a], [b]) => a - b)) {
    const leaf = leaves[part];
    if (leaf === undefined) return undefined;
    pieces.push(bytes.subarray(from, leaf.start), note(some));
    from = leaf.end;
  }
  pieces.push(bytes.subarray(from));
  return Buffer.concat(pieces);
}

function note(findings: readonly Finding[]): Buffer {
  const lines = findings.map((finding) => `${sentenceOf(finding)}.`);
  const text = `An attachment was removed by the mail server.\r\n${lines.join("\r\n")}\r\n`;
  const body = Buffer.from(text).toString("base64").replace(/.{76}/g, "$&\r\n");
  return Buffer.from(
    `Content-Type: text/plain; charset=utf-8\r\nContent-Disposition: inline\r\nContent-Transfer-Encoding: base64\r\n\r\n${body}`,
  );
}
