/** EventSource push: RFC 8620 §7.3. */
import type { FastifyInstance } from "fastify";
import { limitProblem } from "../../protocol/jmap/request.ts";
import { Hearing } from "./hearing.ts";
import { sendProblem } from "./problem.ts";
import type { PushHub, StateChange } from "./push.ts";
import { type JmapService, whoAsks } from "./routes.ts";
import { paths } from "./session-object.ts";

/** Seconds between pings that a client may ask for; what is outside is brought inside (RFC 8620 §7.3). */
const pingSeconds = { least: 1, most: 900 } as const;
/** Bytes that a client has not taken; one that takes nothing is let go and comes back. */
const maxUnsentBytes = 256 * 1024;

export function eventSourceRoute(app: FastifyInstance, service: JmapService, hub: PushHub): void {
  app.get(paths.eventSource, async (request, reply) => {
    const who = await whoAsks(service, request, reply);
    if (who === undefined) return reply;
    const { account } = who;
    const query = request.query as { readonly types?: string; readonly closeafter?: string; readonly ping?: string };
    const ping = Number(query.ping ?? "0");
    if (!["state", "no", undefined].includes(query.closeafter) || !Number.isInteger(ping) || ping < 0)
      return sendProblem(reply, {
        type: "about:blank",
        status: 400,
        detail: 'closeafter is "state" or "no", ping a number of seconds.',
      });
    const { maxEventSources } = service.ports.settings;
    if (hub.listeners(account.id) >= maxEventSources)
      return sendProblem(
        reply,
        limitProblem(
          "maxEventSources",
          `At most ${maxEventSources} connections of an account can wait for pushes.`,
          429,
        ),
      );
    const types = query.types === undefined || query.types === "*" ? undefined : new Set(query.types.split(","));
    reply.hijack();
    const { raw } = reply;
    raw.setTimeout(0);
    raw.socket?.setNoDelay(true);
    raw.writeHead(200, {
      ...(Object.fromEntries(Object.entries(reply.getHeaders()).filter(([, value]) => value !== undefined)) as {
        [name: string]: string;
      }),
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-accel-buffering": "no",
    });
    raw.flushHeaders();
    let timer: NodeJS.Timeout | undefined;
    const write = (text: string): void => {
      if (raw.writableLength > maxUnsentBytes) raw.destroy();
      else raw.write(text);
    };
    const tell = (change: StateChange, mark: string): void => {
      write(`event: state\nid: ${mark}\ndata: ${JSON.stringify(change)}\n\n`);
      if (query.closeafter === "state") end();
    };
    const hearing = new Hearing({ hub, ports: service.ports, account, types, tell });
    const end = (): void => {
      clearInterval(timer);
      hearing.stop();
      raw.end();
    };
    const forget = service.ports.untilSignedOut(account.id, who.pass, () => raw.destroy());
    raw.on("close", () => {
      forget();
      clearInterval(timer);
      hearing.stop();
    });
    if (ping > 0) {
      const interval = Math.min(pingSeconds.most, Math.max(pingSeconds.least, ping));
      timer = setInterval(() => write(`event: ping\ndata: {"interval":${interval}}\n\n`), interval * 1000);
    }
    // Who was away hears at once where things are now, unless nothing has happened (RFC 8620 §7.3).
    const mark = await hearing.mark();
    const missed = [undefined, mark].includes(request.headers["last-event-id"] as string | undefined)
      ? undefined
      : await hearing.everything();
    if (missed === undefined) write(": here\n\n");
    else tell(missed, mark);
    return reply;
  });
}
