/** One HTTP request to where a stranger's message points: only where the guard lets it, every redirect looked at again, bounded in time and bytes. */
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, isIPv6, type LookupFunction } from "node:net";
import type { SecureContext } from "node:tls";
import type { Guard } from "../net/guard.ts";
import { request as httpRequest } from "../net/plain-http.ts";

export type Ask = {
  readonly guard: Guard;
  readonly schemes: readonly string[];
  /** Other ports than those of the schemes may be asked: tests. */
  readonly anyPort: boolean;
  /** Trust anchors; undefined for the usual ones. */
  readonly trust: SecureContext | undefined;
};

export type Wanted = {
  readonly method: "GET" | "POST";
  readonly headers: { readonly [name: string]: string };
  readonly body?: string;
  /** For the whole of it, redirects included. */
  readonly timeoutMs: number;
  /** Of the answer's body; a longer one is a failure. */
  readonly maxBytes: number;
  readonly maxRedirects: number;
};

export type Fetched =
  | { readonly kind: "answer"; readonly status: number; readonly body: Buffer }
  | { readonly kind: "failed"; readonly what: "refused" | "unreachable" | "size" | "redirects"; readonly why: string };

/** Never rejects. */
export async function fetchResource(url: string, wanted: Wanted, ask: Ask): Promise<Fetched> {
  const ends = AbortSignal.timeout(wanted.timeoutMs);
  let at = url;
  for (let redirects = 0; ; redirects++) {
    const allowed = await ask.guard.url(at, ask.schemes);
    if (allowed.kind === "refused") return failed("refused", allowed.why);
    const target = allowed.url!;
    // Other ports are for services that are not meant for whoever sends a message.
    if (!ask.anyPort && target.port !== "")
      return failed("refused", `Port ${target.port} is not one of the web, and not asked.`);
    const answer = await once(target, allowed.addresses, wanted, ask.trust, ends);
    if (answer.kind !== "redirect") return answer;
    if (redirects >= wanted.maxRedirects)
      return failed("redirects", `${target.host} sends from one place to the next.`);
    const next = URL.parse(answer.to, target);
    if (next === null) return failed("redirects", `${target.host} sends nowhere.`);
    next.hash = "";
    at = next.href;
  }
}

function once(
  url: URL,
  addresses: readonly string[],
  wanted: Wanted,
  trust: SecureContext | undefined,
  ends: AbortSignal,
): Promise<Fetched | { readonly kind: "redirect"; readonly to: string }> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const literal = isIP(host) !== 0;
  const secure = url.protocol === "https:";
  // The guard has seen these addresses: nothing is looked up a second time.
  const lookup: LookupFunction = (_host, options, answer) => {
    const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
    if (options.all === true) (answer as unknown as (error: null, all: object) => void)(null, all);
    else answer(null, all[0]!.address, all[0]!.family);
  };
  return new Promise((resolve) => {
    const outgoing = (secure ? httpsRequest : httpRequest)({
      host: literal ? addresses[0]! : host,
      port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
      path: url.pathname + url.search,
      method: wanted.method,
      agent: false,
      lookup,
      signal: ends,
      ...(secure ? { servername: literal ? "" : host, minVersion: "TLSv1.2" } : {}),
      ...(secure && trust !== undefined ? { secureContext: trust } : {}),
      headers: {
        ...wanted.headers,
        host: url.host,
        "accept-encoding": "identity",
        ...(wanted.body === undefined ? {} : { "content-length": String(Buffer.byteLength(wanted.body)) }),
      },
    });
    const end = (fetched: Awaited<ReturnType<typeof once>>): void => {
      resolve(fetched);
      outgoing.destroy();
    };
    const broken = (error: NodeJS.ErrnoException): void =>
      end(
        failed(
          "unreachable",
          ends.aborted ? `${host} did not answer in time.` : `${host}: ${error.code ?? error.message}`,
        ),
      );
    outgoing.on("error", broken);
    outgoing.on("response", (incoming: IncomingMessage) => {
      const status = incoming.statusCode ?? 0;
      const to = incoming.headers.location;
      if (status >= 300 && status < 400 && to !== undefined) return end({ kind: "redirect", to });
      if (Number(incoming.headers["content-length"] ?? 0) > wanted.maxBytes) return end(tooLarge(host, wanted));
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > wanted.maxBytes) end(tooLarge(host, wanted));
        else chunks.push(chunk);
      });
      incoming.on("error", broken);
      incoming.on("aborted", () => end(failed("unreachable", `${host} closed the connection.`)));
      incoming.on("end", () => end({ kind: "answer", status, body: Buffer.concat(chunks) }));
    });
    outgoing.end(wanted.body);
  });
}

const tooLarge = (host: string, { maxBytes }: Wanted): Fetched =>
  failed("size", `${host} answered with more than ${maxBytes} bytes.`);

const failed = (what: Extract<Fetched, { kind: "failed" }>["what"], why: string): Fetched => ({
  kind: "failed",
  what,
  why,
});
