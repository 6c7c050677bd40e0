/** JMAP over WebSocket: RFC 8887. */

import websocket from "@fastify/websocket";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { WebSocket } from "ws";
import * as is from "../../protocol/jmap/check.ts";
import { limitProblem, readingJson } from "../../protocol/jmap/request.ts";
import { isObject, type JsonObject, type Problem } from "../../protocol/jmap/types.ts";
import { breathing } from "../base/breathe.ts";
import { writeJson } from "../base/write-json.ts";
import { Hearing } from "./hearing.ts";
import { sendProblem } from "./problem.ts";
import type { PushHub, StateChange } from "./push.ts";
import { type Asking, answerRequest, type JmapService, originOf, whoAsks } from "./routes.ts";
import { paths } from "./session-object.ts";

/** RFC 8887 §4.3.5.2. */
const typeNames = is.maybe(is.array(is.string));

/** Bytes that a client has not taken; one that takes nothing is let go. */
const maxUnsentBytes = 64 * 1024 * 1024;
const pingMs = 60_000;
/** A socket that has not answered two pings is gone. */
const maxMissedPings = 2;

export async function webSocketRoute(app: FastifyInstance, service: JmapService, hub: PushHub): Promise<void> {
  await app.register(websocket, {
    options: { maxPayload: service.ports.settings.maxRequestBytes + 1024, handleProtocols: () => "jmap" },
  });
  const known = new WeakMap<FastifyRequest, Asking>();
  app.get(
    paths.webSocket,
    {
      websocket: true,
      preValidation: async (request, reply) => {
        const who = await whoAsks(service, request, reply);
        if (who === undefined) return reply;
        // RFC 8887 §4.1: the client must offer "jmap".
        if (!/(?:^|,)\s*jmap\s*(?:,|$)/.test(request.headers["sec-websocket-protocol"] ?? ""))
          return sendProblem(reply, {
            type: "about:blank",
            status: 400,
            detail: 'Offer the WebSocket protocol "jmap".',
          });
        known.set(request, who);
        return undefined;
      },
    },
    (socket, request) => {
      const who = known.get(request);
      if (who === undefined) return socket.close(1008);
      return serve(socket, who, originOf(request), service, hub);
    },
  );
}

function serve(socket: WebSocket, who: Asking, origin: string, service: JmapService, hub: PushHub): void {
  const { account } = who;
  const { log, settings } = service.ports;
  let hearing: Hearing | undefined;
  let missed = 0;
  const write = (text: Buffer | string): void => {
    if (socket.bufferedAmount > maxUnsentBytes) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.send(text, { binary: false });
  };
  const send = (message: object): void => write(JSON.stringify(message));
  const refuse = (problem: Problem, requestId: unknown): void =>
    send({ "@type": "RequestError", requestId: typeof requestId === "string" ? requestId : null, ...problem });
  const ping = setInterval(() => {
    if (++missed > maxMissedPings) socket.terminate();
    else socket.ping();
  }, pingMs);
  socket.on("pong", () => {
    missed = 0;
  });
  const forget = service.ports.untilSignedOut(account.id, who.pass, () => socket.terminate());
  socket.on("close", () => {
    forget();
    clearInterval(ping);
    hearing?.stop();
  });
  socket.on("error", (error) => log.debug({ error, account: account.name }, "WebSocket failed"));

  const pushEnable = async (message: JsonObject): Promise<void> => {
    const { dataTypes, pushState } = message;
    const asked = typeNames(dataTypes, "/dataTypes");
    if (asked instanceof is.Mismatch)
      return refuse(
        {
          type: "urn:ietf:params:jmap:error:notRequest",
          status: 400,
          detail: is.sayMismatch(asked),
          pointer: asked.pointer,
        },
        message["id"],
      );
    const types = asked === undefined ? undefined : new Set(asked);
    hearing?.stop();
    hearing = undefined;
    if (hub.listeners(account.id) >= settings.maxEventSources)
      return refuse(limitProblem("maxEventSources", "Too many connections of the account wait for pushes."), undefined);
    const tell = (change: StateChange, mark: string): void => send({ ...change, pushState: mark });
    const mine = new Hearing({ hub, ports: service.ports, account, types, tell });
    hearing = mine;
    // RFC 8887 §4.3.5.2: what has happened since the client's pushState is told at once.
    if (typeof pushState !== "string") return;
    const mark = await mine.mark();
    const missed = mark === pushState ? undefined : await mine.everything();
    if (missed !== undefined && hearing === mine) tell(missed, mark);
  };

  const receive = async (data: Buffer, isBinary: boolean): Promise<void> => {
    const parsed = isBinary
      ? { type: "urn:ietf:params:jmap:error:notRequest", status: 400, detail: "Messages are text." }
      : data.length > settings.maxRequestBytes
        ? limitProblem("maxSizeRequest", "The message is larger than this server takes.")
        : await breathing(readingJson(data));
    if ("status" in parsed) return refuse(parsed, undefined);
    const { value } = parsed;
    const type = isObject(value) ? value["@type"] : undefined;
    switch (type) {
      case "Request": {
        const { "@type": _, id, ...request } = value as JsonObject;
        const answer = await answerRequest(service, who, request, origin);
        if ("status" in answer) return refuse(answer as Problem, id);
        const requestId = typeof id === "string" ? { requestId: id } : {};
        return write(await writeJson({ "@type": "Response", ...requestId, ...answer }));
      }
      case "WebSocketPushEnable":
        return pushEnable(value as JsonObject);
      case "WebSocketPushDisable":
        hearing?.stop();
        hearing = undefined;
        return;
      default:
        return refuse(
          {
            type: "urn:ietf:params:jmap:error:notRequest",
            status: 400,
            detail: '/@type: expected "Request", "WebSocketPushEnable" or "WebSocketPushDisable".',
            pointer: "/@type",
          },
          isObject(value) ? value["id"] : undefined,
        );
    }
  };
  socket.on("message", (data: Buffer, isBinary: boolean) => {
    receive(data, isBinary).catch((error: unknown) => {
      log.error({ error, account: account.name }, "a WebSocket message failed");
      socket.close(1011);
    });
  });
}
