/** Pictures that messages point to, under our own address: a capability of our own, for pages that would tell a stranger who reads. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { Load } from "./load.ts";
import { sendProblem } from "./problem.ts";
import { authenticated, type JmapService } from "./routes.ts";
import { paths } from "./session-object.ts";

/** Of one account: under way, and working at a time; a newsletter has fifty. */
const maxAsked = 200;
const workingAtOnce = 8;

/** Nothing in it runs, wherever it is opened. */
function asPicture(reply: FastifyReply, type: string, cache: string): FastifyReply {
  return reply
    .type(type)
    .header("content-security-policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
    .header("content-disposition", "inline")
    .header("cross-origin-resource-policy", "same-origin")
    .header("referrer-policy", "no-referrer")
    .header("x-content-type-options", "nosniff")
    .header("cache-control", cache);
}

export function pictureRoutes(app: FastifyInstance, service: JmapService): void {
  const { pictures, mark } = service.ports.elsewhere;
  const load = new Load(maxAsked, workingAtOnce);

  app.get(paths.picture, async (request, reply) => {
    const account = await authenticated(service, request, reply);
    if (account === undefined) return reply;
    const { url } = request.query as { readonly url?: string | readonly string[] };
    if (typeof url !== "string")
      return sendProblem(reply, { type: "about:blank", status: 400, detail: "Name the picture: ?url=https://…" });
    const picture = await load.run(account.id, () => pictures.of(url));
    if (picture === "full")
      return sendProblem(reply, { type: "about:blank", status: 429, detail: "Wait for the pictures under way." });
    if (picture.kind === "none")
      return sendProblem(reply, { type: "about:blank", status: picture.status, detail: picture.why });
    return asPicture(reply, picture.type, "private, max-age=3600").send(picture.bytes);
  });

  app.get(paths.mark, async (request, reply) => {
    const account = await authenticated(service, request, reply);
    if (account === undefined) return reply;
    const { domain } = request.query as { readonly domain?: string | readonly string[] };
    const svg = typeof domain === "string" ? await load.run(account.id, () => mark(domain)) : undefined;
    if (svg === undefined || svg === "full")
      return sendProblem(reply, {
        type: "about:blank",
        status: 404,
        detail: "This domain has no picture that a mark authority vouches for.",
      });
    return asPicture(reply, "image/svg+xml", "private, max-age=86400").send(svg);
  });
}
