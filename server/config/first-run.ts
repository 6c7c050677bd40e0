/** The first start on a machine: which ports may be bound, which name it has, and the configuration file that says so. */
import { createServer } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { services, standardPorts } from "./schema.ts";

/** Whether this process may listen there now. */
export function canListen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** "::" takes IPv4 too; a machine without IPv6 has only 0.0.0.0. */
export function anyAddress(): string {
  const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.family === "IPv6"));
  return hasIpv6 ? "::" : "0.0.0.0";
}

/** The standard ports when all of them are ours to take, else the high set (docs/configuration.md), never a mix. */
export async function choosePorts(address: string): Promise<"standard" | "high"> {
  for (const service of services) {
    if (service === "sieve" || service === "http" || service === "lmtp") continue;
    if (!(await canListen(address, standardPorts[service].port))) return "high";
  }
  return "standard";
}

/** The name this machine calls itself by; one without a dot gets ".internal", the domain for private use. */
export function ownName(): string {
  const name = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, "-")
    .replace(/^[-.]+|[-.]+$/g, "");
  if (name === "") return "mail.internal";
  return name.includes(".") ? name : `${name}.internal`;
}

/** "mail.example.org" → "example.org"; a name of two labels or a private one stays as it is. */
export function domainOf(host: string): string {
  const labels = host.split(".");
  return labels.length > 2 ? labels.slice(1).join(".") : host;
}

/** The first configuration file: what was found out, and a word on where the rest is explained. */
export function firstConfig(host: string, address: string, ports: "standard" | "high"): string {
  const bracketed = address.includes(":") ? `[${address}]` : address;
  const line = (service: (typeof services)[number], where = bracketed): string => {
    const { port, high } = standardPorts[service];
    return `${service} = ["${where}:${ports === "standard" ? port : high}"]`;
  };
  return `# Angarium. Every setting, its default and what it does: docs/configuration.md
# "angarium check" says what is wrong here or still missing in DNS.
# Domains, accounts, aliases and routes are not here: they are kept in the store and changed while it runs.

hostname = "${host}"

[listen]
${line("smtp")}
${line("submission")}
${line("submissions")}
${line("lmtp", "127.0.0.1")}
${line("imap")}
${line("imaps")}
${line("pop3")}
${line("pop3s")}
${line("sieve")}
${line("http", "127.0.0.1")}
${line("https")}
`;
}
