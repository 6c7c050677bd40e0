/** One POST to an endpoint that somebody named: only where the guard lets it, no redirect followed, bounded in time. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { isIP, isIPv6, type LookupFunction } from "node:net";
import type { Guard } from "../net/guard.ts";

export type Posted =
  | { readonly kind: "ok"; readonly status: number }
  /** Nobody wants them there any more. */
  | { readonly kind: "gone"; readonly status: number }
  | { readonly kind: "failed"; readonly status?: number; readonly why: string };

export const timeoutMs = 15_000;
/** What a host's name leads to is asked again so often. */
const lookAgainMs = 30_000;
/** Requests of one endpoint that are under way at a time. */
export const maxUnderWay = 16;
const maxAnswerBytes = 64 * 1024;

export type Poster = {
  /** Never rejects. */
  post(body: string, headers: { readonly [name: string]: string }): Promise<Posted>;
  close(): void;
};

export function makePoster(
  url: string,
  ask: { readonly guard: Guard; readonly schemes: readonly string[]; readonly now: () => number },
): Poster {
  let known: { readonly url: URL; readonly addresses: readonly string[]; readonly until: number } | undefined;
  const lookup: LookupFunction = (_host, options, answer) => {
    const all = (known?.addresses ?? []).map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
    if (options.all === true) (answer as unknown as (error: null, all: object) => void)(null, all);
    else answer(null, all[0]!.address, all[0]!.family);
  };
  const options = { keepAlive: true, maxSockets: maxUnderWay, timeout: timeoutMs };
  const agents = { "http:": new HttpAgent(options), "https:": new HttpsAgent(options) };

  const allowed = async (): Promise<NonNullable<typeof known> | string> => {
    if (known !== undefined && known.until > ask.now()) return known;
    const found = await ask.guard.url(url, ask.schemes);
    if (found.kind === "refused") return found.why;
    known = { url: found.url!, addresses: found.addresses, until: ask.now() + lookAgainMs };
    return known;
  };

  return {
    post: async (body, headers) => {
      const to = await allowed();
      if (typeof to === "string") return { kind: "failed", why: to };
      return new Promise((resolve) => {
        const { hostname, protocol } = to.url;
        const host = hostname.replace(/^\[|\]$/g, "");
        const secure = protocol === "https:";
        let over = false;
        const end = (posted: Posted): void => {
          if (over) return;
          over = true;
          clearTimeout(timer);
          resolve(posted);
        };
        const timer = setTimeout(() => {
          end({ kind: "failed", why: `It did not answer within ${timeoutMs / 1000} seconds.` });
          outgoing.destroy();
        }, timeoutMs);
        const outgoing = (secure ? httpsRequest : httpRequest)({
          // A literal address is connected to as it is: the guard has seen it.
          host: isIP(host) === 0 ? host : to.addresses[0]!,
          port: to.url.port === "" ? (secure ? 443 : 80) : Number(to.url.port),
          path: `${to.url.pathname}${to.url.search}`,
          method: "POST",
          agent: secure ? agents["https:"] : agents["http:"],
          lookup,
          ...(secure && isIP(host) === 0 ? { servername: host } : {}),
          headers: {
            ...headers,
            host: to.url.host,
            "content-type": "application/json",
            "content-length": String(Buffer.byteLength(body)),
            "user-agent": "Angarium-Webhooks/1",
          },
        });
        outgoing.on("error", (error: NodeJS.ErrnoException) =>
          end({ kind: "failed", why: `It could not be reached: ${error.code ?? error.message}.` }),
        );
        outgoing.on("response", (incoming: IncomingMessage) => {
          let size = 0;
          incoming.on("data", (chunk: Buffer) => {
            size += chunk.length;
            if (size > maxAnswerBytes) outgoing.destroy();
          });
          incoming.on("error", () => {});
          const status = incoming.statusCode ?? 0;
          // What is answered counts; the rest of the answer is read so that the connection can be used again.
          if (status >= 200 && status < 300) end({ kind: "ok", status });
          else if (status === 410) end({ kind: "gone", status });
          else end({ kind: "failed", status, why: `It answered ${status}.` });
        });
        outgoing.end(body);
      });
    },
    close: () => {
      agents["http:"].destroy();
      agents["https:"].destroy();
    },
  };
}
