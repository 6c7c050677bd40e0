/** Puts JMAP together: its methods, its memory and its routes on the HTTP servers. */
import type { FastifyInstance } from "fastify";
import { Authentication } from "./jmap/auth.ts";
import { PreviewMemory } from "./jmap/emails.ts";
import { loginRoutes } from "./jmap/login-routes.ts";
import { MailboxMemory } from "./jmap/mailboxes.ts";
import { makeMethods } from "./jmap/methods.ts";
import type { JmapPorts } from "./jmap/ports.ts";
import { type JmapService, jmapRoutes, makeLoads } from "./jmap/routes.ts";

export type Jmap = Disposable & {
  /** Adds the routes to an HTTP server. */
  readonly mount: (app: FastifyInstance) => void;
};

export function makeJmap(ports: JmapPorts): Jmap {
  const auth = new Authentication(ports);
  const methods = makeMethods(new MailboxMemory(ports.store), new PreviewMemory());
  const service: JmapService = { ports, auth, methods, ...makeLoads(ports) };
  return {
    mount: (app) => {
      app.register(async (scope) => {
        jmapRoutes(scope, service);
        loginRoutes(scope, service);
      });
    },
    [Symbol.dispose]: () => auth[Symbol.dispose](),
  };
}
