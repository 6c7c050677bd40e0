/** Bytes that strangers wrote, handed to a browser: never as something it would run. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { sendProblem } from "./problem.ts";

/** A blob, or the range of it that is asked for (RFC 9110 §14). */
export function sendDownload(
  request: FastifyRequest,
  reply: FastifyReply,
  bytes: Uint8Array,
  type: string,
  name: string,
): FastifyReply {
  reply
    .header("content-disposition", disposition(name))
    .header("x-content-type-options", "nosniff")
    .header(
      "content-security-policy",
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
    )
    .header("cross-origin-resource-policy", "same-origin")
    .header("accept-ranges", "bytes")
    // A blob never changes.
    .header("cache-control", "private, immutable, max-age=31536000")
    .type(type);
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const range = readRange(request.headers.range, bytes.length);
  if (range === undefined) return reply.send(body);
  if (range === "unsatisfiable")
    return sendProblem(reply.header("content-range", `bytes */${bytes.length}`), {
      type: "about:blank",
      status: 416,
      detail: `The blob has ${bytes.length} bytes: the range begins behind them.`,
    });
  return reply
    .code(206)
    .header("content-range", `bytes ${range.from}-${range.to}/${bytes.length}`)
    .send(body.subarray(range.from, range.to + 1));
}

/** One range; several, and other units, are answered whole. Both ends are inside. */
function readRange(
  header: string | undefined,
  size: number,
): { readonly from: number; readonly to: number } | "unsatisfiable" | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  if (match === null || (match[1] === "" && match[2] === "")) return undefined;
  if (match[1] === "") {
    const last = Number(match[2]);
    return last === 0 || size === 0 ? "unsatisfiable" : { from: Math.max(0, size - last), to: size - 1 };
  }
  const from = Number(match[1]);
  const to = match[2] === "" ? size - 1 : Math.min(Number(match[2]), size - 1);
  if (match[2] !== "" && Number(match[2]) < from) return undefined;
  return from >= size ? "unsatisfiable" : { from, to };
}

/** RFC 6266: a name for old and for new clients. */
function disposition(name: string): string {
  const clean =
    name
      .replace(/[\x00-\x1f\x7f/\\]/g, "_")
      .toWellFormed()
      .slice(0, 200) || "download";
  const ascii = clean.replace(/[^\x20-\x7e]/g, "_").replace(/["%]/g, "_");
  const encoded = encodeURIComponent(clean).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
