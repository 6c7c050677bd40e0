/** Where links to unsubscribe lead: a POST unsubscribes at once (RFC 8058 §3.2), a GET shows a button, for mail scanners follow links. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { escapeHtml } from "../inject/personalise.ts";

export type Unsubscribing = {
  readonly path: string;
  /** What a link is about, or undefined where it is none of ours. */
  readonly read: (token: string) => { readonly address: string; readonly list: string } | undefined;
  readonly leave: (token: string) => Promise<void>;
};

const maxBodyBytes = 64 * 1024;
type Link = { readonly Params: { readonly "*": string } };

export function takeUnsubscribes(app: FastifyInstance, { path, read, leave }: Unsubscribing): void {
  app.register(async (scope) => {
    // RFC 8058 §3.1: multipart/form-data or a form; what it says is known from the address already.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: maxBodyBytes }, (_request, _body, done) =>
      done(null),
    );
    // The length of a named part of a path is bounded, and an address can be long.
    const url = `${path}*`;
    scope.get<Link>(url, async (request, reply) => {
      const about = read(request.params["*"]);
      if (about === undefined) return page(reply, 404, "This link is not complete", wrongUnsubscribe);
      return page(
        reply,
        200,
        "Unsubscribe?",
        `<p>No more of this mail to <b>${escapeHtml(about.address)}</b>?</p>` +
          '<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>Unsubscribe</button></form>',
      );
    });
    scope.post<Link>(url, async (request, reply) => {
      const about = read(request.params["*"]);
      if (about === undefined) return page(reply, 404, "This link is not complete", wrongUnsubscribe);
      await leave(request.params["*"]);
      return page(reply, 200, "Unsubscribed", `<p><b>${escapeHtml(about.address)}</b> gets no more of this mail.</p>`);
    });
  });
}

const wrongUnsubscribe = "<p>Copy the whole link from the message, or answer the message and ask to be taken off.</p>";

export function page(reply: FastifyReply, status: number, title: string, body: string): FastifyReply {
  return reply
    .code(status)
    .type("text/html; charset=utf-8")
    .header(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    )
    .header("referrer-policy", "no-referrer")
    .header("x-robots-tag", "noindex")
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>` +
        "<style>:root{color-scheme:light dark}body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem;overflow-wrap:anywhere}button{font:inherit;padding:.6rem 1.4rem;border:0;border-radius:.5rem;background:#1f5fd6;color:#fff;cursor:pointer}</style>" +
        `<h1>${title}</h1>${body}</html>`,
    );
}
