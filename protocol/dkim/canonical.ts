/** The "relaxed" canonical forms that DKIM and ARC sign (RFC 6376 §3.4.2, §3.4.4). */
import { Buffer } from "node:buffer";

const tab = 9;
const lf = 10;
const cr = 13;
const space = 32;

/** RFC 6376 §3.4.2: a whole field (name, colon, value, folds and line end included) as a byte string; no line end after it. */
export function relaxedField(field: string): string {
  const colon = field.indexOf(":");
  const name = (colon < 0 ? field : field.slice(0, colon)).replace(/[ \t]+$/, "").toLowerCase();
  const value = field
    .slice(colon + 1)
    .replace(/\r\n/g, "")
    .replace(/[ \t]+/g, " ")
    .replace(/^ | $/g, "");
  return `${name}:${value}`;
}

/** RFC 6376 §3.4.4: runs of blanks are one space, none at the end of a line, no empty lines at the end. A view of `body` where nothing changes. */
export function relaxedBody(body: Buffer): Buffer {
  const plain =
    body.indexOf(tab) < 0 &&
    body.indexOf("  ", 0, "latin1") < 0 &&
    body.indexOf(" \r\n", 0, "latin1") < 0 &&
    body[body.length - 1] !== space;
  const squeezed = plain ? body : squeeze(body);
  let end = squeezed.length;
  while (end >= 2 && squeezed[end - 2] === cr && squeezed[end - 1] === lf) end -= 2;
  if (end === 0) return squeezed.subarray(0, 0);
  // The last line keeps, or is given, its CRLF.
  if (end + 2 <= squeezed.length) return squeezed.subarray(0, end + 2);
  return Buffer.concat([squeezed.subarray(0, end), Buffer.from("\r\n")]);
}

function squeeze(body: Buffer): Buffer {
  const out = Buffer.allocUnsafe(body.length);
  let length = 0;
  let blank = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]!;
    if (byte === space || byte === tab) {
      blank = true;
      continue;
    }
    if (blank) {
      if (byte !== cr || body[i + 1] !== lf) out[length++] = space;
      blank = false;
    }
    out[length++] = byte;
  }
  return out.subarray(0, length);
}
