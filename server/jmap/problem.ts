/** Errors of HTTP as RFC 7807 writes them (RFC 8620 §3.6.1). */
import type { FastifyReply } from "fastify";
import type { Problem } from "../../protocol/jmap/types.ts";

const codes: { readonly [status: number]: string } = {
  400: "body",
  401: "login",
  403: "refused",
  404: "not_found",
  421: "host",
  422: "validation",
  429: "rate",
  503: "unavailable",
};

/** A refusal of /auth/*, with the `code` that the REST API has for its kind. */
export function refuse(
  reply: FastifyReply,
  status: number,
  detail: string,
  more: { readonly type?: string; readonly code?: string; readonly [name: string]: unknown } = {},
): FastifyReply {
  return sendProblem(reply, { type: "about:blank", code: codes[status] ?? "server_error", status, detail, ...more });
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type("application/problem+json").send(JSON.stringify(problem));
}
