/** The webmail at `/` and the administrators' console at `/admin/`: built files under a strict policy, nothing else. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { BuiltPage, type PageFile } from "./page-files.ts";

export type PageSettings = {
  /** "/" or "/admin/". */
  readonly base: string;
  /** What `npm run build` made. */
  readonly dist: string;
  /** Names beside index.html that keep their name from build to build: asked for anew each time. */
  readonly fixed: readonly string[];
  /** Names among them that are shown in a frame of the page. */
  readonly framed: readonly string[];
  /** Further addresses below it at which the page stands. */
  readonly also: readonly string[];
};

/** Assets have a hash of their content in their names. */
const forever = "public, max-age=31536000, immutable";

/** Svelte makes elements from templates that are part of its script; what mail brings goes through DOMPurify. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  // Editors set style attributes; elements of style and style sheets of others stay out.
  "style-src 'self'",
  "style-src-attr 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self' blob:",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** A frame that shows a message: styles of the message are its own, scripts, forms and everything from elsewhere do not exist. */
const framePolicy = [
  "default-src 'none'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  "sandbox allow-same-origin",
].join("; ");

const features =
  "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

function guard(reply: FastifyReply, policy: string): FastifyReply {
  return (
    reply
      .header("content-security-policy", policy)
      .header("cross-origin-opener-policy", "same-origin")
      .header("cross-origin-resource-policy", "same-origin")
      .header("permissions-policy", features)
      .header("referrer-policy", "no-referrer")
      // The host of a link in a message may be its reader's own: looking it up would tell.
      .header("x-dns-prefetch-control", "off")
      .header("x-content-type-options", "nosniff")
  );
}

/** RFC 9110 §12.5.3, as far as browsers use it: what is named without q=0. */
function accepts(request: FastifyRequest, coding: string): boolean {
  return (request.headers["accept-encoding"] ?? "").split(",").some((one) => {
    const [name = "", ...parameters] = one.split(";").map((part) => part.trim().toLowerCase());
    return name === coding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  reply.type(file.type).header("vary", "accept-encoding");
  if (file.br !== undefined && accepts(request, "br")) return reply.header("content-encoding", "br").send(file.br);
  if (file.gzip !== undefined && accepts(request, "gzip"))
    return reply.header("content-encoding", "gzip").send(file.gzip);
  return reply.send(file.plain);
}

const waiting = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="1">
<title>Angarium</title><p>This page is being prepared; it comes by itself in a few seconds.</p></html>
`;

/** Adds the routes of one page. */
export function servePage(app: FastifyInstance, { base, dist, fixed, framed, also }: PageSettings): void {
  const page = new BuiltPage(dist);
  const missing = (reply: FastifyReply) =>
    guard(reply, pagePolicy).code(404).type("text/plain").send("There is no such page.\n");
  if (base !== "/") app.get(base.slice(0, -1), async (_request, reply) => reply.redirect(base, 308));
  const show = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const file = await page.fresh("index.html");
    if (file !== undefined) return sendFile(request, guard(reply, pagePolicy).header("x-frame-options", "DENY"), file);
    return guard(reply, pagePolicy).code(503).header("retry-after", "1").type("text/html; charset=utf-8").send(waiting);
  };
  for (const path of ["", ...also]) app.get(`${base}${path}`, show);
  for (const name of fixed)
    app.get(`${base}${name}`, async (request, reply) => {
      const file = await page.fresh(name);
      if (file === undefined) return missing(reply);
      // no-cache: kept, but never used without asking.
      guard(reply, framed.includes(name) ? framePolicy : pagePolicy).header("cache-control", "no-cache");
      return sendFile(request, reply, file);
    });
  app.get(`${base}assets/:name`, async (request, reply) => {
    const name = `assets/${(request.params as { readonly name: string }).name}`;
    const file = page.known(name) ?? (await page.fresh(name));
    if (file === undefined) return missing(reply);
    return sendFile(request, guard(reply, pagePolicy).header("cache-control", forever), file);
  });
}
