/** The API on the HTTP servers. Its resources are loaded when they are first asked for, or a moment after the start. */
import type { FastifyInstance } from "fastify";
import { makeBodies } from "./body.ts";
import { loadRoutes } from "./load.ts";
import type { Routes } from "./match.ts";
import { openApi } from "./openapi.ts";
import { type ApiParts, root, serve, shortRoot } from "./serve.ts";

/** A server is ready without the resources, and has them before somebody asks. */
const loadAfterMs = 700;

export type Api = Disposable & { readonly mount: (app: FastifyInstance) => void; readonly start: () => void };

export function makeApi(given: Omit<ApiParts, "routes" | "bodies"> & { readonly version: string }): Api {
  let loading: Promise<Routes> | undefined;
  const routes = () => (loading ??= loadRoutes());
  const bodies = makeBodies();
  const parts: ApiParts = { ...given, routes, bodies };
  let description: string | undefined;
  return {
    [Symbol.dispose]: () => bodies[Symbol.dispose](),
    start: () => {
      setTimeout(() => void routes(), loadAfterMs).unref();
    },
    mount: (app) => {
      app.register(async (scope) => {
        scope.removeAllContentTypeParsers();
        // Read when it is known who sends it, and how much they may.
        scope.addContentTypeParser("*", (_request, body, done) => done(null, body));
        for (const place of [root, shortRoot])
          scope.get(`${place}/openapi.json`, async (_request, reply) => {
            description ??= JSON.stringify(openApi((await routes()).all, given.version), undefined, 1);
            return reply.type("application/json; charset=utf-8").send(description);
          });
        for (const url of [root, `${root}/*`, `${shortRoot}/*`])
          scope.all(url, (request, reply) => serve(request, reply, parts));
      });
    },
  };
}
