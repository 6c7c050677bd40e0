/** The configuration reference, written from the schema itself: docs/configuration.md is this text, and a test says so. */
import { z } from "zod";
import { configSchema } from "./config.ts";
import { services, standardPorts } from "./schema.ts";

type Node = {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: { readonly [key: string]: Node };
  readonly anyOf?: readonly Node[];
  readonly enum?: readonly string[];
};

/** Markdown. */
export function describeConfiguration(): string {
  const root = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" }) as Node;
  const top: string[] = [];
  const tables: string[] = [];
  for (const [key, node] of Object.entries(root.properties ?? {})) {
    if (node.properties === undefined) top.push(row(key, node));
    else tables.push(...tablesOf(key, node));
  }
  return `${intro}\n${head}\n${top.join("\n")}\n\n${tables.join("\n")}\n${portsTable()}`;
}

/** A table, and one for each below it. */
function tablesOf(key: string, node: Node): readonly string[] {
  const all = Object.entries(node.properties ?? {});
  const rows = all.filter(([, child]) => child.properties === undefined);
  return [
    `## [${key}]\n`,
    ...(node.description === undefined ? [] : [`${node.description}\n`]),
    head,
    ...rows.map(([name, child]) => row(name, child)),
    "",
    ...all.flatMap(([name, child]) => (child.properties === undefined ? [] : tablesOf(`${key}.${name}`, child))),
  ];
}

const intro = `# Configuration

One TOML file, \`angarium.toml\` in the data folder (or \`--config FILE\`). The first start writes it. It holds what belongs to this machine;
domains, accounts, aliases, routes and keys are kept in the store and changed while the server runs (\`angarium help\`).

An unknown key is a mistake. \`angarium check\` shows all mistakes at once with their lines, and exits with 2.
Sizes are bytes or text such as \`"50MB"\` (1 KB is 1024 bytes); times are milliseconds or text such as \`"5m"\` (ms, s, m, h, d).
This page is written by \`npm run angarium -- config\`.
`;

const head = "| setting | default | meaning |\n|---|---|---|";

function row(key: string, node: Node): string {
  const byDefault = node.default === undefined ? "" : `\`${readable(key, node.default)}\``;
  const choices = node.enum === undefined ? "" : ` One of ${node.enum.map((choice) => `\`${choice}\``).join(", ")}.`;
  return `| \`${key}\` | ${byDefault} | ${node.description ?? ""}${choices} |`;
}

function readable(key: string, value: unknown): string {
  if (typeof value !== "number") return JSON.stringify(value);
  if (key.endsWith("Bytes"))
    return whole(value, [
      ["GB", 1024 ** 3],
      ["MB", 1024 ** 2],
      ["KB", 1024],
    ]);
  if (key.endsWith("Ms"))
    return whole(value, [
      ["d", 86_400_000],
      ["h", 3_600_000],
      ["m", 60_000],
      ["s", 1000],
      ["ms", 1],
    ]);
  return String(value);
}

function whole(value: number, units: readonly (readonly [string, number])[]): string {
  const unit = units.find(([, size]) => value >= size && value % size === 0);
  return unit === undefined ? String(value) : `"${value / unit[1]}${unit[0]}"`;
}

function portsTable(): string {
  const rows = services.map(
    (service) => `| ${service} | ${standardPorts[service].port} | ${standardPorts[service].high} |`,
  );
  return `## Ports\n\nThe first start takes the standard ports if it may bind them all, otherwise the high set. \`http\` (health, metrics) and \`lmtp\` listen on\n127.0.0.1 alone.\n\n| service | standard | high |\n|---|---|---|\n${rows.join("\n")}\n`;
}
