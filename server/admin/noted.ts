/** The audit log of the command line: what changes something is written down, without the passwords in it. */
import { withoutPassword } from "../send/proxy.ts";
import type { Command, Outcome, World } from "./command.ts";

/** Last words of commands that only look. All others count as acts: who adds one need not think of it. */
const looking: ReadonlySet<string> = new Set([
  ...[
    "list",
    "show",
    "count",
    "status",
    "trace",
    "dns",
    "verify",
    "records",
    "zone",
    "check",
    "size",
    "extensions",
    "test",
    "preview",
    "requirements",
    "listings",
    "feedback",
    "runs",
    "placement",
    "index",
  ],
  ...[
    "rules",
    "dmarc",
    "tls",
    "failures",
    "find",
    "dashboard",
    "export",
    "dkim",
    "journey",
    "explain",
    "events",
    "quota-check",
  ],
]);

export const looks = ({ name }: Pick<Command, "name">): boolean => looking.has(name.slice(name.lastIndexOf(" ") + 1));

const commandLine = "command line";

/** Who does it, in the audit log and on what is kept: the user of the system, where that is known. */
export const typedBy = (by: string | undefined): string => by ?? commandLine;

/** Notes what was done. An act whose note cannot be written was done all the same: the error is the caller's to tell. */
export async function noteCommand(
  found: Pick<Command, "name" | "args">,
  given: { readonly [name: string]: unknown },
  outcome: Outcome,
  { store, now, by }: Pick<World, "store" | "now" | "by">,
): Promise<void> {
  if (outcome.kind !== "done" || looks(found)) return;
  const placed = Object.entries(found.args).find(([name, { placed }]) => placed && given[name] !== undefined);
  const target = placed === undefined ? "" : [given[placed[0]]].flat().slice(0, 20).join(" ");
  const domain = /(?:^|@)([a-z0-9.-]+)$/.exec(target.split(" ")[0]?.toLowerCase() ?? "")?.[1];
  const home = domain === undefined ? undefined : (await store.hostedDomains({ kind: "all" }, { limit: 1, domain }))[0];
  await store.noteAudit([
    {
      at: now(),
      tenant: home?.tenant ?? 0,
      actor: typedBy(by),
      via: commandLine,
      remote: "",
      action: found.name,
      target,
      detail: withoutSecrets(given) as { readonly [name: string]: unknown },
    },
  ]);
}

/** What was sent, with nothing in it that opens a door. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.length > 20 ? [`${value.length} entries`] : value.map(withoutSecrets);
  // A proxy's login stands in its address.
  if (typeof value === "string") return withoutPassword(value.length > 500 ? `${value.slice(0, 500)}…` : value);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      /password|secret|token|hash|oauth|^code$|key(?:File)?$|csv|routes/i.test(name) && part !== undefined
        ? "…"
        : withoutSecrets(part),
    ]),
  );
}
