/** JMAP over HTTP (RFC 8620): session, API, upload, download. */
import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { numberOf } from "../../protocol/jmap/ids.ts";
import { limitProblem, readingJson, readRequest } from "../../protocol/jmap/request.ts";
import type { JsonObject, Problem } from "../../protocol/jmap/types.ts";
import { permits } from "../access/scopes.ts";
import { breathing } from "../base/breathe.ts";
import { writeJson } from "../base/write-json.ts";
import type { Account } from "../store/store.ts";
import { diskFullSentence, diskFullType, isDiskFull } from "../store/trouble.ts";
import { type Access, accessToBlobs, blobFor } from "./access.ts";
import { sharedWith } from "./accounts.ts";
import type { Authentication, Who } from "./auth.ts";
import { upload } from "./blobs.ts";
import { type Method, runRequest } from "./call.ts";
import { sendDownload } from "./download.ts";
import { Load } from "./load.ts";
import type { JmapPorts } from "./ports.ts";
import { sendProblem } from "./problem.ts";
import { knowsCapability, paths, sessionObject } from "./session-object.ts";

export type JmapService = {
  readonly ports: JmapPorts;
  readonly auth: Authentication;
  /** Loaded when first asked for. */
  readonly methods: () => Promise<ReadonlyMap<string, Method>>;
  /** RFC 9749: the key that pushes are signed with. */
  readonly vapidKey: () => string;
  readonly requests: Load;
  readonly uploads: Load;
};

/** Requests of an account that work at the same time; more of them wait. */
const workingAtOnce = 4;

export const makeLoads = ({ settings }: Pick<JmapPorts, "settings">): Pick<JmapService, "requests" | "uploads"> => ({
  requests: new Load(settings.maxConcurrentRequests, workingAtOnce),
  uploads: new Load(settings.maxConcurrentUploads, settings.maxConcurrentUploads),
});

const basic = 'Basic realm="Angarium", charset="UTF-8"';

/** Our own pages ask for the password themselves: a challenge with Basic would open the browser's window. */
const isOwnPage = ({ headers }: FastifyRequest): boolean =>
  headers["sec-fetch-site"] === "same-origin" || headers["x-requested-with"] !== undefined;

export const originOf = (request: FastifyRequest): string =>
  `${request.protocol}://${request.headers.host ?? "localhost"}`;

export type Asking = Extract<Who, { kind: "ok" }>;

/** The account that asks; where there is none the reply has been sent. */
export const authenticated = async (...asked: Parameters<typeof whoAsks>): Promise<Account | undefined> =>
  (await whoAsks(...asked))?.account;

/** Who asks, and by what they have proved it. */
export async function whoAsks(
  service: Pick<JmapService, "auth">,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Asking | undefined> {
  const who = await service.auth.who(request);
  if (who.kind === "ok") {
    if (permits(who.scopes, "jmap")) return who;
    sendProblem(reply, {
      type: "about:blank",
      status: 403,
      detail: "This token is not for mail: it lacks the scope mail.",
    });
    return undefined;
  }
  if (who.status === 401) reply.header("www-authenticate", isOwnPage(request) ? "Bearer" : [basic, "Bearer"]);
  if (who.status === 429) reply.header("retry-after", "60");
  sendProblem(reply, { type: "about:blank", status: who.status, detail: who.detail });
  return undefined;
}

/** Answers one API request; for HTTP and the WebSocket alike. */
export async function answerRequest(
  service: JmapService,
  { account, pass, appPassword }: Asking,
  value: unknown,
  origin: string,
): Promise<JsonObject | Problem> {
  const { ports } = service;
  const methods = await service.methods();
  const { settings } = ports;
  const request = readRequest(
    value,
    { maxCallsInRequest: settings.maxCallsInRequest, maxSizeRequest: settings.maxRequestBytes },
    knowsCapability,
  );
  if ("status" in request) return request;
  const [answer, shared] = await Promise.all([
    service.requests.run(account.id, () => runRequest(request, methods, { ports, account, pass, appPassword, origin })),
    sharedWith(ports, account),
  ]);
  if (answer === "full")
    return limitProblem(
      "maxConcurrentRequests",
      `At most ${settings.maxConcurrentRequests} requests of an account can be under way: wait for their answers.`,
      429,
    );
  const { state } = sessionObject(account, { settings, origin, vapidKey: service.vapidKey() }, shared);
  return { ...(answer as unknown as JsonObject), sessionState: state };
}

export function jmapRoutes(app: FastifyInstance, service: JmapService): void {
  const { settings } = service.ports;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "*",
    { parseAs: "buffer", bodyLimit: Math.max(settings.maxUploadBytes, settings.maxRequestBytes) },
    (_, body, done) => done(null, body),
  );
  app.setErrorHandler(async (error: Error & { readonly statusCode?: number }, request, reply) => {
    if (error.statusCode === 413) {
      await passOver(request.raw, maxPassedOver);
      const name = request.url.startsWith(paths.upload) ? "maxSizeUpload" : "maxSizeRequest";
      return sendProblem(reply, limitProblem(name, "The body is larger than this server takes.", 413));
    }
    if (isDiskFull(error)) {
      service.ports.log.error({ error, url: request.url }, "the disk is full");
      return sendProblem(reply, { type: diskFullType, status: 507, detail: diskFullSentence });
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) service.ports.log.error({ error, url: request.url }, "request failed");
    return sendProblem(reply, {
      type: "about:blank",
      status,
      detail: status >= 500 ? "The server could not do it; its log says why." : error.message,
    });
  });
  allowOtherOrigins(app);

  const session = async (request: FastifyRequest, reply: FastifyReply) => {
    const account = await authenticated(service, request, reply);
    if (account === undefined) return reply;
    const facts = { settings, origin: originOf(request), vapidKey: service.vapidKey() };
    const shared = await sharedWith(service.ports, account);
    return reply.type("application/json").send(JSON.stringify(sessionObject(account, facts, shared)));
  };
  app.get("/.well-known/jmap", session);
  app.get(paths.session, session);

  const api = { bodyLimit: settings.maxRequestBytes };
  app.post(paths.api, api, async (request, reply) => {
    const who = await whoAsks(service, request, reply);
    if (who === undefined) return reply;
    if (!/^application\/json\b/i.test(request.headers["content-type"] ?? ""))
      return sendProblem(reply, {
        type: "urn:ietf:params:jmap:error:notJSON",
        status: 400,
        detail: "The Content-Type of a request is application/json.",
      });
    const parsed = await breathing(readingJson(bodyOf(request)));
    if ("status" in parsed) return sendProblem(reply, parsed);
    const answer = await answerRequest(service, who, parsed.value, originOf(request));
    if ("status" in answer) return sendProblem(reply, answer as Problem);
    return reply.type("application/json").send(await writeJson(answer));
  });
  app.post(`${paths.api}/`, api, (_request, reply) => reply.redirect(paths.api, 308));

  const uploading = { bodyLimit: settings.maxUploadBytes };
  const takeUpload = async (request: FastifyRequest, reply: FastifyReply) => {
    const account = await authenticated(service, request, reply);
    if (account === undefined) return reply;
    const { accountId } = request.params as { readonly accountId: string };
    // What is uploaded for another's account is kept for who uploads it.
    if ((await accessIn(service, account, accountId)) === undefined) return notFound(reply);
    const type = mediaType(request.headers["content-type"]);
    const bytes = bodyOf(request);
    const kept = await service.uploads.run(account.id, () => upload(service.ports, account.id, bytes, type));
    if (kept === "full")
      return sendProblem(
        reply,
        limitProblem("maxConcurrentUpload", `At most ${settings.maxConcurrentUploads} uploads can be under way.`, 429),
      );
    if (kept === "over-quota")
      return sendProblem(reply, {
        type: "about:blank",
        status: 507,
        detail:
          "There is no room for it beside the mail that waits for its time, or it is larger than all uploads together may be.",
      });
    return reply
      .code(201)
      .type("application/json")
      .send(JSON.stringify({ accountId, blobId: kept.id, type: kept.type, size: kept.sizeBytes }));
  };
  app.post(`${paths.upload}/:accountId`, uploading, takeUpload);
  app.post(`${paths.upload}/:accountId/`, uploading, takeUpload);

  app.get(`${paths.download}/:accountId/:blobId/:name`, async (request, reply) => {
    const account = await authenticated(service, request, reply);
    if (account === undefined) return reply;
    const { accountId, blobId, name } = request.params as { readonly [name: string]: string };
    const access = await accessIn(service, account, accountId ?? "");
    if (access === undefined) return notFound(reply);
    const blob = await service.requests.run(account.id, () =>
      blobFor({ ports: service.ports, account, access }, numberOf("A", accountId ?? "") as number, blobId ?? ""),
    );
    if (blob === "full") return sendProblem(reply, limitProblem("maxConcurrentRequests", "Wait for the others.", 429));
    if (blob === undefined) return notFound(reply);
    const { type, accept } = request.query as { readonly type?: string; readonly accept?: string };
    return sendDownload(request, reply, blob.bytes, mediaType(type ?? accept ?? blob.type), name ?? "download");
  });
}

async function accessIn(
  { ports }: Pick<JmapService, "ports">,
  account: Account,
  accountId: string,
): Promise<Access | undefined> {
  const named = numberOf("A", accountId);
  return named === undefined ? undefined : accessToBlobs(ports.store, account.id, named);
}

const notFound = (reply: FastifyReply): FastifyReply =>
  sendProblem(reply, { type: "about:blank", status: 404, detail: "There is no such account or blob for you." });

const noBytes = new Uint8Array(0);
const bodyOf = (request: FastifyRequest): Uint8Array => (request.body as Uint8Array | null | undefined) ?? noBytes;

/** A media type with its parameters, or application/octet-stream. */
function mediaType(value: string | undefined): string {
  return value !== undefined &&
    /^[\w!#$&.+^-]+\/[\w!#$&.+^-]+(?:\s*;\s*[\w-]+=(?:[\w.+-]+|"[^"\r\n]*"))*\s*$/.test(value) &&
    value.length < 250
    ? value
    : "application/octet-stream";
}

/** Any page may speak to us with a password or a token of its own, none with our cookies. */
function allowOtherOrigins(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    if (request.headers.origin === undefined) return;
    reply
      .header("access-control-allow-origin", "*")
      .header("access-control-expose-headers", "Content-Disposition, Content-Range");
  });
  const preflight = async (_request: FastifyRequest, reply: FastifyReply) =>
    reply
      .header("access-control-allow-methods", "GET, POST, OPTIONS")
      .header("access-control-allow-headers", "Authorization, Content-Type, Range, Last-Event-ID")
      .header("access-control-max-age", "86400")
      .code(204)
      .send();
  app.options("/jmap/*", preflight);
  app.options("/.well-known/jmap", preflight);
}

/** What still comes of a body that is too large is read, up to this: the client is to hear why, not to meet a closed connection. */
const maxPassedOver = 128 * 1024 * 1024;

function passOver(request: IncomingMessage, most: number): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    let left = most;
    request.on("data", (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) resolve();
    });
    for (const end of ["end", "close", "error"]) request.on(end, () => resolve());
    request.resume();
  });
}
