/** One HTTPS request to a host that a stranger named: names by our own resolver, no redirects, bounded in time and bytes. */
import { request } from "node:https";
import { isIP, isIPv6 } from "node:net";
import type { SecureContext } from "node:tls";
import { isPublicAddress } from "./guard.ts";
import type { Resolver } from "./resolver.ts";

export type HttpsRequest = {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly headers?: { readonly [name: string]: string };
  readonly body?: Buffer;
};

export type HttpsAsk = {
  readonly resolver: Pick<Resolver, "a" | "aaaa">;
  /** Trust anchors; undefined for the usual ones. */
  readonly trust: SecureContext | undefined;
  /** Addresses of this machine and of private networks may be asked: tests, and domains of one's own network. */
  readonly privateAddresses: boolean;
  /** For the whole of it. */
  readonly timeoutMs: number;
  /** Of the answer's body; a longer one is a failure. */
  readonly maxBytes: number;
};

export type HttpsAnswer =
  | { readonly kind: "answer"; readonly status: number; readonly contentType: string; readonly body: Buffer }
  /** `tls`: the certificate is not valid for the host. */
  | { readonly kind: "failed"; readonly what: "dns" | "tls" | "connection" | "timeout" | "size"; readonly why: string };

const maxAddresses = 4;

/** Never rejects. */
export async function httpsTalk(about: HttpsRequest, ask: HttpsAsk): Promise<HttpsAnswer> {
  const addresses = await addressesOf(about.host, ask);
  if (!Array.isArray(addresses)) return addresses as HttpsAnswer;
  return new Promise((resolve) => {
    let over = false;
    const finish = (answer: HttpsAnswer): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      outgoing.destroy();
      resolve(answer);
    };
    const timer = setTimeout(
      () => finish(failed("timeout", `${about.host} did not answer within ${ask.timeoutMs / 1000} seconds`)),
      ask.timeoutMs,
    );
    const outgoing = request({
      host: about.host,
      port: about.port,
      path: about.path,
      method: about.method,
      agent: false,
      servername: isIP(about.host) === 0 ? about.host : "",
      minVersion: "TLSv1.2",
      ...(ask.trust === undefined ? {} : { secureContext: ask.trust }),
      headers: {
        ...about.headers,
        "user-agent": "Angarium",
        ...(about.body === undefined ? {} : { "content-length": String(about.body.length) }),
      },
      lookup: (_host, options, answer) => {
        const all = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
        if (options.all === true) answer(null, all);
        else answer(null, all[0]!.address, all[0]!.family);
      },
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) =>
      finish(failed(isTls(error) ? "tls" : "connection", sentence(about.host, error))),
    );
    outgoing.on("response", (incoming) => {
      const chunks: Buffer[] = [];
      let size = 0;
      incoming.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > ask.maxBytes) finish(failed("size", `${about.host} answered with more than ${ask.maxBytes} bytes`));
        else chunks.push(chunk);
      });
      incoming.on("error", (error) => finish(failed("connection", sentence(about.host, error))));
      incoming.on("close", () => finish(failed("connection", `${about.host} closed the connection`)));
      incoming.on("end", () =>
        finish({
          kind: "answer",
          status: incoming.statusCode ?? 0,
          contentType: incoming.headers["content-type"] ?? "",
          body: Buffer.concat(chunks),
        }),
      );
    });
    outgoing.end(about.body);
  });
}

async function addressesOf(host: string, ask: HttpsAsk): Promise<readonly string[] | HttpsAnswer> {
  const literal = isIP(host) !== 0;
  const [a, aaaa] = literal
    ? [undefined, undefined]
    : await Promise.all([ask.resolver.a(host), ask.resolver.aaaa(host)]);
  const found = literal
    ? [host]
    : [a, aaaa].flatMap((answer) => (answer?.kind === "found" ? answer.records : [])).slice(0, maxAddresses);
  if (found.length === 0)
    return failed(
      "dns",
      a?.kind === "trouble" ? `${host} cannot be looked up (${a.reason})` : `${host} has no address`,
    );
  const usable = ask.privateAddresses ? found : found.filter(isPublicAddress);
  // What a stranger's DNS names must not be a way to the machines behind us.
  if (usable.length === 0)
    return failed("connection", `${host} has a private address (${found[0]}), which is not asked`);
  return usable;
}

function isTls({ code = "" }: NodeJS.ErrnoException): boolean {
  return /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|INVALID_CA|EPROTO)/.test(code);
}

const sentence = (host: string, error: NodeJS.ErrnoException): string => `${host}: ${error.code ?? error.message}`;

function failed(what: Extract<HttpsAnswer, { kind: "failed" }>["what"], why: string): HttpsAnswer {
  return { kind: "failed", what, why };
}
