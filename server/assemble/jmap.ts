/** Puts JMAP together: its methods, its memory, its pushes, and its routes on the HTTP servers. */
import type { FastifyInstance } from "fastify";
import type { Oidc } from "../access/oidc.ts";
import { Passkeys } from "../access/passkeys.ts";
import type { SignUp } from "../access/sign-up.ts";
import { Authentication } from "../jmap/auth.ts";
import { eventSourceRoute } from "../jmap/event-source.ts";
import { joinRoutes } from "../jmap/join-routes.ts";
import { loginRoutes } from "../jmap/login-routes.ts";
import { refuseOthers } from "../jmap/no-such-address.ts";
import { oidcRoutes } from "../jmap/oidc-routes.ts";
import { Outbox } from "../jmap/outbox.ts";
import { pictureRoutes } from "../jmap/picture-routes.ts";
import type { JmapPorts } from "../jmap/ports.ts";
import { PushHub } from "../jmap/push.ts";
import { Subscriptions } from "../jmap/push-subscriptions.ts";
import { type JmapService, jmapRoutes, makeLoads } from "../jmap/routes.ts";
import { Sleepers } from "../jmap/sleepers.ts";
import { waysIn } from "../jmap/ways-in.ts";
import { webSocketRoute } from "../jmap/web-socket.ts";
import type { Queue } from "../queue/queue.ts";

export type Jmap = {
  readonly passkeys: Passkeys;
  /** Who asks over HTTP, for the others that do. */
  readonly auth: Authentication;
  /** Adds the routes to an HTTP server. */
  readonly mount: (app: FastifyInstance) => void;
  /** Takes up what a former life left: mail that waits for its time, subscriptions to pushes. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** The methods are many files: a server is ready without them, and has them before somebody asks. */
const loadAfterMs = 500;

export function makeJmap(
  given: Omit<JmapPorts, "sleepers">,
  queue: Pick<Queue, "act" | "show">,
  signUp: SignUp,
  oidc?: Oidc,
): Jmap {
  const sleepers = new Sleepers(given);
  const ports: JmapPorts = { ...given, sleepers };
  const auth = new Authentication(ports);
  const { store, directory, ourHost, now } = ports;
  const passkeys = new Passkeys({ store, directory, hosts: [ourHost], now });
  const hub = new PushHub(ports);
  const outbox = new Outbox(ports, queue);
  const subscriptions = new Subscriptions(ports, hub);
  let loaded: ReturnType<JmapService["methods"]> | undefined;
  const load = async () => {
    const [{ makeMethods }, { MailboxMemory }, { PreviewMemory }, { OrderMemory }, { MatchMemory }] = await Promise.all(
      [
        import("../jmap/methods.ts"),
        import("../jmap/mailboxes.ts"),
        import("../jmap/emails.ts"),
        import("../jmap/order-memory.ts"),
        import("../jmap/match-memory.ts"),
      ],
    );
    const memory = {
      mailboxes: new MailboxMemory(ports.store),
      previews: new PreviewMemory(),
      orders: new OrderMemory(ports.store),
      matches: new MatchMemory(ports.store),
    };
    return makeMethods({ ...memory, outbox, subscriptions });
  };
  const methods: JmapService["methods"] = () => (loaded ??= load());
  const service: JmapService = {
    ports,
    auth,
    methods,
    vapidKey: () => subscriptions.applicationServerKey,
    ...makeLoads(ports),
  };
  return {
    auth,
    passkeys,
    mount: (app) => {
      app.register(async (scope) => {
        const refuse = refuseOthers(scope);
        jmapRoutes(scope, service);
        loginRoutes(scope, service, passkeys);
        pictureRoutes(scope, service);
        joinRoutes(scope, service, signUp);
        waysIn(scope, oidc, signUp);
        if (oidc !== undefined) oidcRoutes(scope, service, oidc, [ourHost, "localhost", "127.0.0.1"]);
        eventSourceRoute(scope, service, hub);
        await webSocketRoute(scope, service, hub);
        refuse();
      });
    },
    start: async () => {
      await subscriptions.start();
      await outbox.start();
      await sleepers.start();
      setTimeout(() => void methods(), loadAfterMs).unref();
    },
    stop: async () => {
      auth[Symbol.dispose]();
      subscriptions.stop();
      await outbox.stop();
      await sleepers.stop();
    },
  };
}
