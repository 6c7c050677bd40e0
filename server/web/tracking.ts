/** Where links and pictures lead whose opens and clicks are counted: on to where the letter led, and a picture of one point. Nothing is kept of who asks. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Visit } from "../inject/machine.ts";
import { page } from "./unsubscribe.ts";

export type FollowingPorts = {
  readonly clickPath: string;
  readonly openPath: string;
  /** Where a link leads; the visit is noted. Undefined: it is none of ours. */
  readonly follow: (token: string, by: Visit) => string | undefined;
  /** The picture was loaded; false: it is none of ours. */
  readonly open: (token: string, by: Visit) => boolean;
};

/** GIF89a, one transparent point. */
const point = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");
type Asked = { readonly Params: { readonly "*": string } };

export function takeVisits(app: FastifyInstance, { clickPath, openPath, follow, open }: FollowingPorts): void {
  app.get<Asked>(`${clickPath}*`, async (request, reply) => {
    const target = follow(request.params["*"], visitOf(request));
    if (target === undefined)
      return page(reply, 404, "This link is not complete", "<p>Copy the whole link from the message.</p>");
    return reply
      .header("cache-control", "private, no-store")
      .header("referrer-policy", "no-referrer")
      .header("x-robots-tag", "noindex")
      .redirect(target, 302);
  });
  app.get<Asked>(`${openPath}*`, async (request, reply) => {
    if (!open(request.params["*"].replace(/\.gif$/, ""), visitOf(request))) return reply.code(404).send();
    return reply.header("cache-control", "private, no-store, max-age=0").type("image/gif").send(point);
  });
}

function visitOf({ method, headers }: FastifyRequest): Visit {
  const text = (name: string): string => String(headers[name] ?? "").slice(0, 500);
  return {
    method,
    userAgent: text("user-agent"),
    purpose: text("sec-purpose") || text("purpose") || text("x-moz"),
  };
}
