/** One POST to an endpoint that somebody named: only where the guard lets it, no redirect followed, bounded in time. */
import { isIP, isIPv6, type LookupFunction } from "node:net";
import type { Dispatcher, Pool } from "undici";
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
const whyClosed = "The server stopped before it had an answer.";

export type Poster = {
  /** Never rejects. */
  post(body: string, headers: { readonly [name: string]: string }): Promise<Posted>;
  /** What is under way has failed. */
  close(): Promise<void>;
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
  let pool: Promise<Pool> | undefined;
  let isClosed = false;

  const allowed = async (): Promise<NonNullable<typeof known> | string> => {
    if (known !== undefined && known.until > ask.now()) return known;
    const found = await ask.guard.url(url, ask.schemes);
    if (found.kind === "refused") return found.why;
    known = { url: found.url!, addresses: found.addresses, until: ask.now() + lookAgainMs };
    return known;
  };

  /** The library is loaded once somebody has a webhook. */
  const poolFor = async ({ origin, hostname, protocol }: URL): Promise<Pool> => {
    const { Pool: Connections } = await import("undici");
    // A literal address is connected to as it is: the guard has seen it.
    const named = isIP(hostname.replace(/^\[|\]$/g, "")) === 0;
    return new Connections(origin, {
      connections: maxUnderWay,
      allowH2: false,
      headersTimeout: 2 * timeoutMs,
      bodyTimeout: timeoutMs,
      connect: {
        timeout: timeoutMs,
        lookup,
        ...(named && protocol === "https:" ? { servername: hostname } : {}),
      },
    });
  };

  return {
    post: async (body, headers) => {
      const to = await allowed();
      if (typeof to === "string") return { kind: "failed", why: to };
      if (isClosed) return { kind: "failed", why: whyClosed };
      const { pathname, search } = to.url;
      const connections = await (pool ??= poolFor(to.url));
      return new Promise((resolve) => {
        const answer = new Answer(resolve);
        connections.dispatch(
          {
            method: "POST",
            path: `${pathname}${search}`,
            headers: { ...headers, "content-type": "application/json", "user-agent": "Angarium-Webhooks/1" },
            body,
          },
          answer,
        );
      });
    },
    close: async () => {
      isClosed = true;
      await (await pool)?.destroy();
    },
  };
}

/** What is answered counts; the rest of the answer is read so that the connection can be used again. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #end: (posted: Posted) => void;
  readonly #timer: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #late = false;
  #bytes = 0;

  constructor(end: (posted: Posted) => void) {
    this.#end = end;
    this.#timer = setTimeout(() => {
      this.#late = true;
      end({ kind: "failed", why: `It did not answer within ${timeoutMs / 1000} seconds.` });
      this.#controller?.abort(new Error("too late"));
    }, timeoutMs);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#late) controller.abort(new Error("too late"));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    // RFC 9110 §15.2: more comes.
    if (status < 200) return;
    if (status < 300) this.#end({ kind: "ok", status });
    else if (status === 410) this.#end({ kind: "gone", status });
    else this.#end({ kind: "failed", status, why: `It answered ${status}.` });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > maxAnswerBytes) controller.abort(new Error("too long an answer"));
  }

  onResponseEnd(): void {
    clearTimeout(this.#timer);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: NodeJS.ErrnoException): void {
    clearTimeout(this.#timer);
    this.#end({ kind: "failed", why: troubleOf(error) });
  }
}

/** A broken connection in a sentence; what is rare keeps the system's word for it. */
function troubleOf({ name, code = "", message }: NodeJS.ErrnoException): string {
  if (code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE")
    return "It closed the connection and did not answer.";
  if (code === "ECONNREFUSED") return "Nothing listens there.";
  if (code === "UND_ERR_DESTROYED") return whyClosed;
  if (code.startsWith("UND_ERR_CONNECT_TIMEOUT") || code === "ETIMEDOUT") return "It could not be reached in time.";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "Its certificate is for another name.";
  if (/^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/.test(code)) return `Its certificate is not good (${code}).`;
  if (name === "HTTPParserError") return "What it answers is no HTTP.";
  return `It could not be reached: ${code || message}.`;
}
