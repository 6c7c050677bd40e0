/**
 * One request to the API from its first byte to its answer, in an order that tells strangers nothing: who asks, how often, whether they
 * may, what of the world they may see, what they sent, whether it was sent before, whether what they saw is still so.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { withoutSecrets } from "../admin/noted.ts";
import type { Log } from "../base/log.ts";
import type { Who } from "../jmap/auth.ts";
import type { AuditEntry } from "../store/hosting.ts";
import { diskFullSentence, isDiskFull } from "../store/trouble.ts";
import { type Actor, allows, atLeast, isTest } from "./actor.ts";
import { type Bodies, readBytes } from "./body.ts";
import type { Routes } from "./match.ts";
import { forbidden, notFound, Problem, wrongParameter, wrongParameters } from "./problem.ts";
import type { Rate } from "./rate.ts";
import { changes, takesKeys } from "./refusals.ts";
import { beginRepeat, type KeptReply, type Repeat } from "./repeat.ts";
import { type ApiWorld, Created, Download, type Given, InPart, type Params, type Route } from "./route.ts";
import { sentenceOf } from "./sentences.ts";

export type ApiParts = {
  /** There is one when the server runs. */
  readonly world: () => ApiWorld;
  readonly who: (request: FastifyRequest) => Promise<Who>;
  readonly routes: () => Promise<Routes>;
  /** Undefined: nobody is slowed down. */
  readonly rate: Rate | undefined;
  readonly bodies: Bodies;
  readonly log: Log;
};

export const root = "/api/v1";
/** The same by a shorter name. */
export const shortRoot = "/v1";
const defaultMaxBodyBytes = 1024 * 1024;

/** Answers one request; rejects never. */
export async function serve(request: FastifyRequest, reply: FastifyReply, parts: ApiParts): Promise<FastifyReply> {
  reply
    .header("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
    .header("x-frame-options", "DENY")
    .header("referrer-policy", "no-referrer")
    .header("cross-origin-resource-policy", "same-origin");
  let answer: KeptReply;
  try {
    const found = await answerTo(request, reply, parts);
    if (found instanceof Download) {
      reply
        .type("application/x-tar")
        .header("content-disposition", `attachment; filename="${found.name.replace(/[^\w.@-]/g, "_")}"`);
      if (request.method !== "HEAD") return reply.send(found.stream);
      found.stream.destroy();
      return reply.send("");
    }
    answer = found instanceof Problem ? problemReply(found) : found;
  } catch (error) {
    parts.log.error({ error, method: request.method, url: request.url }, "API request broke");
    answer = problemReply(
      isDiskFull(error)
        ? new Problem("disk-full", diskFullSentence)
        : new Problem("server-error", "The server could not do it; its log says why."),
    );
  }
  reply.code(answer.status).headers(answer.headers);
  if (answer.status === 204 || answer.status === 304) return reply.send();
  return reply.send(request.method === "HEAD" ? "" : answer.body);
}

const problemReply = (problem: Problem): KeptReply => ({
  status: problem.status,
  headers: { "content-type": "application/problem+json", ...problem.headers },
  body: JSON.stringify(problem),
});

async function answerTo(
  request: FastifyRequest,
  reply: FastifyReply,
  parts: ApiParts,
): Promise<KeptReply | Download | Problem> {
  const world = parts.world();
  const [path = "", queryText = ""] = request.url
    .slice((request.url.startsWith(root) ? root : shortRoot).length)
    .split("?", 2);
  const method = request.method === "HEAD" ? "GET" : request.method;
  const found = (await parts.routes()).find(method, path === "" ? "/" : path);
  if (!("route" in found)) {
    if (found.methods.length === 0) return notFound("There is nothing at this address. See openapi.json.");
    const allow = [...found.methods, ...(found.methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
    if (method === "OPTIONS") return { status: 204, headers: { allow }, body: "" };
    return new Problem("method", `${method} is not known here: ${allow}.`, [], { allow });
  }
  const { route, texts } = found;
  const actor = route.who === undefined ? undefined : await actorOf(request, parts);
  if (actor instanceof Problem) return actor;
  if (parts.rate !== undefined) {
    const { allowed, remaining, resetSeconds } = parts.rate.take(
      actor === undefined ? `ip ${request.ip}` : String(actor.account.id),
    );
    reply.header("ratelimit-remaining", String(remaining)).header("ratelimit-reset", String(resetSeconds));
    if (!allowed)
      return new Problem("rate", "That was too much at once: wait a moment.", [], {
        "retry-after": String(Math.max(1, resetSeconds)),
      });
  }
  const writing = changes(route);
  if (actor !== undefined && route.who !== undefined) {
    if (!atLeast(actor.role, route.who)) return forbidden(`This is for ${whoWords[route.who]}.`);
    const verb = writing ? "write" : "read";
    if (!allows(actor.scopes, route.area, verb))
      return forbidden(`This token is not for that: it lacks the scope ${route.area}:${verb}.`);
  }
  const resolved: { [name: string]: unknown } = {};
  for (const [name, param] of Object.entries(route.params)) {
    const text = param.schema.safeParse(texts[name]);
    const thing =
      text.success && !text.data.includes("\0")
        ? await param.find(text.data, actor as Actor, world, writing)
        : undefined;
    if (thing instanceof Problem) return thing;
    if (thing === undefined) return notFound();
    resolved[name] = thing;
  }
  const query = readQuery(route, queryText);
  if (query instanceof Problem) return query;
  const key = request.headers["idempotency-key"];
  const keyed = typeof key === "string" && takesKeys(route);
  const read =
    route.method === "GET" || route.takesBytes === true
      ? { bytes: noBytes, hash: "" }
      : await readBytes(request.body as IncomingMessage | null, route.maxBodyBytes ?? defaultMaxBodyBytes, keyed);
  if (read instanceof Problem) return read;
  const body = await readJson(route, request, read.bytes, parts.bodies);
  if (body instanceof Problem) return body;
  const given: Given<Params, undefined, undefined> = {
    ...resolved,
    actor: actor as Actor,
    query: query.value as undefined,
    body: body.value as undefined,
    upload: (request.body as IncomingMessage | null | undefined) ?? Readable.from([]),
    origin: `${request.protocol}://${request.headers.host ?? world.hostname}`,
    audit: { tenant: undefined, target: undefined, detail: {} },
  };
  if (route.method === "GET" || actor === undefined) {
    const value = await route.run(given, world);
    return value instanceof Download ? value : toReply(route, value, request);
  }

  let repeat: Repeat | undefined;
  if (keyed) {
    const begun = await beginRepeat(world.requests, {
      key,
      account: actor.account.id,
      test: isTest(actor),
      method,
      url: request.url,
      bodyHash: read.hash,
      resumable: route.resumable === true,
    });
    if (begun instanceof Problem) return begun;
    if (!("end" in begun)) return { ...begun, headers: { ...begun.headers, "idempotent-replayed": "true" } };
    repeat = begun;
  }
  let answer: KeptReply | Problem | undefined;
  try {
    answer = await alone(request, async () => {
      const changed = await hasChanged(request, parts, path, given);
      if (changed !== undefined) return changed;
      const value = await route.run({ ...given, once: repeat?.begun }, world);
      if (!(value instanceof Problem) && writing && route.unaudited !== true && route.takesBytes !== true)
        await note(route, texts, resolved, given, body.value, parts);
      return value instanceof Problem ? value : toReply(route, value, request);
    });
  } finally {
    // What was refused may be mended and sent again with the same key; what broke goes on when it is tried again.
    if (answer === undefined && route.resumable === true) await repeat?.begun.leave();
    else await repeat?.end(answer === undefined || answer instanceof Problem ? undefined : answer);
  }
  return answer;
}

const noBytes = new Uint8Array(0);
const whoWords = {
  user: "people who have logged in",
  domain: "administrators",
  tenant: "administrators of a tenant or of the platform",
  platform: "administrators of the platform",
} as const;

const whoKinds = { 401: "login", 403: "refused", 429: "rate", 503: "unavailable" } as const;

async function actorOf(request: FastifyRequest, parts: ApiParts): Promise<Actor | Problem> {
  const who = await parts.who(request);
  if (who.kind === "refused") {
    const headers: { [name: string]: string } = {};
    if (who.status === 429) headers["retry-after"] = "60";
    // A browser that shows our pages must not open its own window for passwords.
    if (who.status === 401 && request.headers["x-requested-with"] === undefined)
      headers["www-authenticate"] = 'Basic realm="Angarium", charset="UTF-8", Bearer';
    return new Problem(whoKinds[who.status], who.detail, [], headers);
  }
  const standing = await parts.world().standings.of(who.account);
  return {
    account: who.account,
    ...standing,
    scopes: who.scopes,
    appPassword: who.appPassword,
    by: who.by,
    session: who.pass?.session,
    remote: request.ip,
  };
}

const noParameters = z.object({});

function readQuery(route: Route, text: string): { readonly value: unknown } | Problem {
  const raw = [...new URLSearchParams(text)];
  for (const [at, [name, value]] of raw.entries()) {
    if (raw.findIndex(([other]) => other === name) !== at) return wrongParameter(name, "Say it once.");
    if (value.includes("\0")) return wrongParameter(name, "It cannot hold the character U+0000.");
  }
  const read = (route.query ?? noParameters).strict().safeParse(Object.fromEntries(raw), { error: sentenceOf });
  if (!read.success) return wrongParameters(read.error);
  return { value: route.query === undefined ? undefined : read.data };
}

async function readJson(
  route: Route,
  request: FastifyRequest,
  bytes: Uint8Array,
  bodies: Bodies,
): Promise<{ readonly value: unknown } | Problem> {
  if (route.method === "GET") return { value: undefined };
  if (route.body === undefined) {
    if (bytes.length === 0 || (bytes.length < 16 && Buffer.from(bytes).toString("utf8").trim() === "{}"))
      return { value: undefined };
    return new Problem("body", "Nothing can be sent with this request.");
  }
  if (
    bytes.length > 0 &&
    !/^application\/(?:merge-patch\+)?json\s*(?:;|$)/i.test(request.headers["content-type"] ?? "")
  )
    return new Problem("media-type", "Send JSON: Content-Type: application/json.");
  return bodies.parse(route, bytes);
}

// ---------------------------------------------------------------- answers

const etagOf = (text: string): string => `"${createHash("sha256").update(text).digest("base64url").slice(0, 22)}"`;

function textOf(route: Route, value: unknown): string {
  if (route.type !== undefined && route.type !== "application/json") return String(value);
  // What the schema does not name is not told.
  return JSON.stringify((route.answer as z.ZodType).parse(value));
}

function toReply(route: Route, given: unknown, request: FastifyRequest): KeptReply | Problem {
  if (given instanceof Problem) return given;
  const headers: { [name: string]: string } = {};
  let value = given;
  if (given instanceof Created) {
    headers["location"] = root + given.location;
    value = given.value;
  }
  const inPart = given instanceof InPart;
  if (inPart) value = given.value;
  if (route.answer === undefined) return { status: 204, headers, body: "" };
  const body = textOf(route, value);
  headers["content-type"] = route.type ?? "application/json; charset=utf-8";
  if (route.method !== "POST" || route.status === 201) headers["etag"] = etagOf(body);
  const next = (value as { readonly next?: string | null } | null)?.next;
  if (typeof next === "string") {
    const url = new URL(request.url, "http://here");
    url.searchParams.set("cursor", next);
    headers["link"] = `<${url.pathname}${url.search}>; rel="next"`;
  }
  if (route.method === "GET" && matches(request.headers["if-none-match"], headers["etag"] ?? ""))
    return { status: 304, headers, body: "" };
  return { status: inPart ? 200 : route.status, headers, body };
}

/** RFC 9110 §13.1: a list of tags, or "*". Weak ones compare for reading. */
function matches(field: string | undefined, etag: string): boolean {
  if (field === undefined) return false;
  return field.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}

/** If-Match: what is at this address must still be what the client has seen. */
async function hasChanged(
  request: FastifyRequest,
  parts: ApiParts,
  path: string,
  given: Given<Params, undefined, undefined>,
): Promise<Problem | undefined> {
  const wanted = request.headers["if-match"];
  if (wanted === undefined) return undefined;
  const found = (await parts.routes()).find("GET", path);
  if (!("route" in found)) return new Problem("if-match", "There is nothing to read at this address.");
  const { route, texts } = found;
  const reading: { [name: string]: unknown } = {};
  for (const [name, param] of Object.entries(route.params))
    reading[name] = await param.find(texts[name] ?? "", given.actor, parts.world(), false);
  const query = route.query?.safeParse({});
  const value = await route.run({ ...given, ...reading, query: query?.data }, parts.world());
  const etag = value instanceof Problem ? "" : etagOf(textOf(route, value));
  if (matches(wanted, etag)) return undefined;
  return new Problem("if-match", "It has changed since you have read it: read it again.", [], { etag });
}

/** Requests with If-Match on one address go one after the other: between the look and the change nobody else changes it. */
const underWay = new Map<string, Promise<unknown>>();
async function alone<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
  if (request.headers["if-match"] === undefined) return work();
  const before = underWay.get(request.url);
  const mine = (before ?? Promise.resolve()).then(work, work);
  underWay.set(request.url, mine);
  try {
    return await mine;
  } finally {
    if (underWay.get(request.url) === mine) underWay.delete(request.url);
  }
}

// ---------------------------------------------------------------- audit

async function note(
  route: Route,
  texts: { readonly [name: string]: string },
  resolved: { readonly [name: string]: unknown },
  { actor, audit }: Given<Params, undefined, undefined>,
  body: unknown,
  parts: ApiParts,
): Promise<void> {
  const world = parts.world();
  const owned = Object.values(resolved).find(
    (thing): thing is { readonly tenant: number } =>
      typeof thing === "object" && thing !== null && typeof (thing as { tenant?: unknown }).tenant === "number",
  );
  const entry: AuditEntry = {
    at: world.now(),
    tenant: audit.tenant ?? owned?.tenant ?? actor.tenant,
    actor: actor.account.name,
    via: "api",
    remote: actor.remote,
    action: `${route.method} ${route.path}`,
    target: audit.target ?? Object.values(texts).join(" "),
    detail: { ...(withoutSecrets(body) as object | undefined), ...audit.detail },
  };
  await world.store.noteAudit([entry]);
}
