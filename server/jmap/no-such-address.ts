/** Requests under `/jmap` where there is nothing, or nothing for that method (RFC 9110 §15.5.5, §15.5.6): RFC 7807 problems as everywhere there. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { sendProblem } from "./problem.ts";

const root = "/jmap";
const wellKnown = "/.well-known/jmap";
const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** Called before the routes of JMAP are added; what it answers, after them. */
export function refuseOthers(app: FastifyInstance): () => void {
  const known: { readonly path: RegExp; readonly method: string }[] = [];
  let complete = false;
  app.addHook("onRoute", ({ url, method }) => {
    if (complete || url.includes("*")) return;
    const path = new RegExp(`^${url.replace(/[.]/g, "\\.").replace(/:\w+/g, "[^/]+")}$`);
    for (const one of [method].flat()) if (one !== "OPTIONS") known.push({ path, method: one });
  });
  const refuse = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const [path = ""] = request.url.split("?", 1);
    const allow = [...new Set(known.filter((one) => one.path.test(path)).map(({ method }) => method)), "OPTIONS"];
    if (allow.length === 1)
      return sendProblem(reply, {
        type: "about:blank",
        status: 404,
        detail: "There is nothing at this address: the session object names every other.",
      });
    return sendProblem(reply.header("allow", allow.join(", ")), {
      type: "about:blank",
      status: 405,
      detail: `${request.method} is not known here: ${allow.join(", ")}.`,
    });
  };
  return () => {
    complete = true;
    for (const url of [root, `${root}/*`]) app.route({ method: [...methods], url, handler: refuse });
    app.route({ method: methods.filter((method) => method !== "GET"), url: wellKnown, handler: refuse });
  };
}
