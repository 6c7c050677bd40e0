/** The listeners: which protocol each service speaks, and in which words it turns a peer away. */

import type { Log } from "../base/log.ts";
import { type ListenAddress, type Service, services } from "../config/schema.ts";
import type { Connection } from "../net/connection.ts";
import { type Listener, type ListenerSettings, listen, type Refusal } from "../net/listener.ts";
import type { KeyRing } from "../net/tls.ts";
import { smtpTurnAway } from "../receive/closing.ts";

/** Services that are connections of ours; HTTP has its own server. */
export type MailService = Exclude<Service, "http" | "https">;
export const mailServices = services.filter(
  (service): service is MailService => service !== "http" && service !== "https",
);

/** Serves one connection to its end. */
export type Serve = (connection: Connection, stopping: AbortSignal) => Promise<void>;

const implicitTls: ReadonlySet<MailService> = new Set(["submissions", "imaps", "pop3s"]);

/** Binds every address; when one cannot be bound, those that were are closed again and it rejects with a sentence. */
export async function openListeners(parts: {
  readonly addresses: { readonly [service in MailService]: readonly ListenAddress[] };
  readonly serve: { readonly [service in MailService]: Serve };
  readonly settings: ListenerSettings;
  readonly keyRing: KeyRing;
  readonly ourHost: string;
  readonly log: Log;
}): Promise<readonly (Listener & { readonly service: MailService })[]> {
  const { keyRing, log, settings, ourHost } = parts;
  const opened: (Listener & { readonly service: MailService })[] = [];
  for (const service of mailServices)
    for (const { address, port } of parts.addresses[service]) {
      try {
        const listener = await listen({
          host: address,
          port,
          name: service,
          implicitTls: implicitTls.has(service) ? () => keyRing.serverOptions() : undefined,
          turnAway: (why) => turnAway(service, why, ourHost),
          serve: parts.serve[service],
          settings,
          log,
        });
        opened.push(Object.assign(listener, { service }));
      } catch (error) {
        await Promise.all(opened.map((listener) => listener.close(0)));
        throw new Error(whyNotBound(service, address, port, error as NodeJS.ErrnoException));
      }
    }
  return opened;
}

export function whyNotBound(service: string, address: string, port: number, error: NodeJS.ErrnoException): string {
  const place = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  switch (error.code) {
    case "EADDRINUSE":
      return `${service} cannot listen on ${place}: another program does. Stop it, or change [listen] ${service} in the configuration.`;
    case "EACCES":
      return `${service} may not listen on ${place}: ports below 1024 need the right to (root, or the capability cap_net_bind_service). Or change [listen] ${service}.`;
    case "EADDRNOTAVAIL":
      return `${service} cannot listen on ${place}: this machine does not have that address. Change [listen] ${service}.`;
    default:
      return `${service} cannot listen on ${place}: ${error.message}`;
  }
}

function turnAway(service: MailService, why: Refusal, ourHost: string): string {
  const text = why === "too-many-connections" ? "Too many connections" : "Too many connections from your address";
  switch (service) {
    case "imap":
    case "imaps":
      return `* BYE [UNAVAILABLE] ${text}, try again later\r\n`;
    case "pop3":
    case "pop3s":
      return `-ERR [SYS/TEMP] ${text}, try again later\r\n`;
    case "sieve":
      return `BYE (TRYLATER) "${text}, try again later"\r\n`;
    case "smtp":
    case "submission":
    case "submissions":
    case "lmtp":
      return smtpTurnAway(ourHost, why);
    default:
      return service satisfies never;
  }
}
