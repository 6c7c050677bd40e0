/** Opens the doors: the listeners of mail and those of HTTP, and closes them again. */
import type { FastifyInstance } from "fastify";
import type { Log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import type { Service } from "../config/schema.ts";
import type { KeyRing } from "../net/tls.ts";
import { type HttpPorts, makeHttp } from "../web/http.ts";
import { type MailService, openListeners, type Serve, whyNotBound } from "./listeners.ts";

export type BoundAddress = { readonly service: Service; readonly address: string; readonly port: number };

export type Doors = {
  /** What is bound, with the ports that the system chose. */
  readonly addresses: readonly BoundAddress[];
  /** Open at the moment, by service. */
  readonly connections: () => { readonly [service: string]: number };
  /** Nobody comes in any more; who is in may take leave for `graceMs`. */
  readonly close: (graceMs: number) => Promise<void>;
};

/** Rejects with a sentence for an administrator where an address cannot be bound; then none is. */
export async function openDoors(parts: {
  readonly config: Config;
  readonly serve: { readonly [service in MailService]: Serve };
  readonly http: HttpPorts;
  readonly keyRing: KeyRing;
  /** Off: addresses have as many connections as they like. */
  readonly edgePolicies: boolean;
  readonly ourHost: string;
  readonly log: Log;
}): Promise<Doors> {
  const { config, serve, http, keyRing, edgePolicies, ourHost, log } = parts;
  const uncounted = edgePolicies ? config.connections.uncounted : ["0.0.0.0/0", "::/0"];
  const listeners = await openListeners({
    addresses: config.listen,
    serve,
    settings: { ...config.connections, uncounted, proxies: config.proxyNetworks },
    keyRing,
    ourHost,
    log,
  });
  const apps: FastifyInstance[] = [];
  const close = async (graceMs: number): Promise<void> => {
    await Promise.all([...apps.map((app) => app.close()), ...listeners.map((listener) => listener.close(graceMs))]);
  };
  const addresses: BoundAddress[] = listeners.map(({ service, host, port }) => ({ service, address: host, port }));
  for (const service of ["http", "https"] as const)
    for (const { address, port } of config.listen[service]) {
      const app = makeHttp(http, service === "https" ? keyRing : undefined);
      try {
        await app.listen({ host: address, port });
      } catch (error) {
        await close(0);
        throw new Error(whyNotBound(service, address, port, error as NodeJS.ErrnoException));
      }
      apps.push(app);
      const bound = app.server.address();
      addresses.push({ service, address, port: typeof bound === "object" && bound !== null ? bound.port : port });
    }
  return {
    addresses,
    connections() {
      const counts: { [service: string]: number } = {};
      for (const { service, connections } of listeners) counts[service] = (counts[service] ?? 0) + connections;
      return counts;
    },
    close,
  };
}
