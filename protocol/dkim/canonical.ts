/** The canonical forms that DKIM and ARC sign (RFC 6376 §3.4). */
import { Buffer } from "node:buffer";

const tab = 9;
const lf = 10;
const cr = 13;
const space = 32;
const maxLoop = 200;

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
  const squeezed = squeeze(body);
  let end = squeezed.length;
  while (end >= 2 && squeezed[end - 2] === cr && squeezed[end - 1] === lf) end -= 2;
  if (end === 0) return squeezed.subarray(0, 0);
  // The last line keeps, or is given, its CRLF.
  if (end + 2 <= squeezed.length) return squeezed.subarray(0, end + 2);
  return Buffer.concat([squeezed.subarray(0, end), Buffer.from("\r\n")]);
}

/** RFC 6376 §3.4.3: as it is, with one line end at its end. A view of `body` where nothing changes. */
export function simpleBody(body: Buffer): Buffer {
  let end = body.length;
  while (end >= 2 && body[end - 2] === cr && body[end - 1] === lf) end -= 2;
  if (end + 2 <= body.length) return body.subarray(0, end + 2);
  return Buffer.concat([body.subarray(0, end), Buffer.from("\r\n")]);
}

/** Most bytes are only looked at: what lies between two places that change is copied as a whole. */
function squeeze(body: Buffer): Buffer {
  let out = body;
  let length = 0;
  let from = 0;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i]!;
    if (byte > space || (byte !== space && byte !== tab)) continue;
    if (byte === space && (body[i + 1] ?? 0) > space) continue; // nearly always
    let end = i + 1;
    while (body[end] === space || body[end] === tab) end++;
    const last = end === body.length || (body[end] === cr && body[end + 1] === lf);
    if (!last && end === i + 1 && byte === space) continue;
    if (out === body) out = Buffer.allocUnsafe(body.length);
    // A call into native code costs more than a short loop.
    if (i - from > maxLoop) length += body.copy(out, length, from, i);
    else while (from < i) out[length++] = body[from++]!;
    if (!last) out[length++] = space;
    from = end;
    i = end - 1;
  }
  if (out === body) return body;
  length += body.copy(out, length, from);
  return out.subarray(0, length);
}
