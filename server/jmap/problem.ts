/** Errors of HTTP as RFC 7807 writes them (RFC 8620 §3.6.1). */
import type { FastifyReply } from "fastify";
import type { Problem } from "../../protocol/jmap/types.ts";

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.code(problem.status).type("application/problem+json").send(JSON.stringify(problem));
}
