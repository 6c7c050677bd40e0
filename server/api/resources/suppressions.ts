/** Addresses that a tenant does not write to: because they asked for it, complained, or do not exist. */
import { z } from "zod";
import { parseCsv } from "../../../protocol/csv.ts";
import { formatMailbox, parseMailbox } from "../../../protocol/smtp/address.ts";
import { maxAtOnce, type SuppressionReason, suppressionReasons } from "../../dispatch/suppression.ts";
import type { Suppression } from "../../store/sending.ts";
import type { Actor } from "../actor.ts";
import { notFound, Problem, wrongField } from "../problem.ts";
import { type ApiWorld, at, list, type Param, page, paged, type Route, route, time } from "../route.ts";
import { askedTenant, sendingIsOff, tenantName } from "../sending-tenant.ts";

const scopeForm = /^(?:all|marketing|(?:stream|list)\/[A-Za-z0-9._-]{1,64})$/;
const scope = z
  .string()
  .regex(scopeForm, "This must be all, marketing, stream/NAME or list/NAME.")
  .describe("all: whatever the tenant sends; marketing: all its marketing; stream/NAME; list/NAME.");
const address = z
  .string()
  .max(330)
  .transform((text, context) => {
    const mailbox = parseMailbox(text.trim());
    if (mailbox !== undefined) return formatMailbox(mailbox).toLowerCase();
    context.addIssue("This is no address.");
    return z.NEVER;
  });
const reason = z.enum(suppressionReasons);

const Shown = z
  .object({
    address: z.string(),
    scope,
    reason: z.string(),
    evidence: z.string().describe("What proves it: a reply, a report."),
    created_at: time,
    expires_at: time.nullable(),
  })
  .meta({ id: "Suppression" });

/** Exported at most; more is to be read in pages. */
const maxExported = 500_000;
const importBytes = 20 * 1024 * 1024;

const stored = (tenant: string, text: string): string => {
  if (text === "all") return `tenant:${tenant}`;
  const [kind = "", name] = text.split("/");
  return name === undefined ? `${kind}:${tenant}` : `${kind}:${tenant}/${name}`;
};

/** The opposite. */
const told = (text: string): string => {
  const [, kind = "", name] = /^([a-z]+):[^/]*(?:\/(.*))?$/.exec(text) ?? [];
  return kind === "tenant" ? "all" : name === undefined ? kind : `${kind}/${name}`;
};

const shown = (row: Suppression): z.input<typeof Shown> => ({
  address: row.address,
  scope: told(row.scope),
  reason: row.reason,
  evidence: row.evidence,
  created_at: at(row.at),
  expires_at: row.expiresAt === undefined ? null : at(row.expiresAt),
});

type Whose = { readonly tenant: string; readonly book: NonNullable<ApiWorld["sending"]>["suppression"] };

async function whose(
  named: string | undefined,
  actor: Actor,
  world: ApiWorld,
): Promise<Whose | Problem<"forbidden" | "not-found" | "sending-off">> {
  if (world.sending === undefined) return sendingIsOff();
  const tenant = await askedTenant(named, actor, world);
  return tenant instanceof Problem ? tenant : { tenant, book: world.sending.suppression };
}

const theAddress: Param<string> = {
  schema: z.string().max(330).describe("An address."),
  find: async (text) => {
    const read = address.safeParse(text);
    return read.success ? read.data : undefined;
  },
};

const query = { tenant: tenantName.optional() } as const;

async function* allOf({ tenant }: Whose, { store }: ApiWorld): AsyncGenerator<Suppression> {
  for (let after: Suppression | undefined, count = 0; count < maxExported; ) {
    const rows = await store.tenantSuppressions({ tenant, limit: 1000, ...(after === undefined ? {} : { after }) });
    yield* rows;
    count += rows.length;
    after = rows.at(-1);
    if (rows.length < 1000) return;
  }
}

const quoted = (text: string): string => {
  // A spreadsheet must not take it for a formula.
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",;\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
};

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/suppressions",
    summary: "Addresses that are not written to.",
    area: "suppressions",
    who: "domain",
    query: z.object({ ...page, ...query, address: address.optional().describe("Only this one.") }),
    answer: list(Shown),
    refuses: ["not-found", "sending-off"],
    run: async ({ actor, query: { limit, cursor, tenant, address: wanted } }, world) => {
      const of = await whose(tenant, actor, world);
      if (of instanceof Problem) return of;
      const [from = "", hash = ""] = (cursor ?? "").split(" ");
      const rows = await world.store.tenantSuppressions({
        tenant: of.tenant,
        limit: limit + 1,
        ...(cursor === undefined ? {} : { after: { scope: from, hash } }),
        ...(wanted === undefined ? {} : { hash: of.book.hash(wanted) }),
      });
      return paged(rows, limit, (row) => `${row.scope} ${row.hash}`, shown);
    },
  }),
  route({
    method: "POST",
    path: "/suppressions",
    summary: "Write to these addresses no more.",
    area: "suppressions",
    who: "domain",
    query: z.object(query),
    body: z
      .strictObject({
        address: address.optional(),
        addresses: z.array(address).min(1).max(1000).optional(),
        scope: scope.default("all"),
        reason: reason.default("manual"),
        evidence: z.string().max(500).default(""),
        expires_at: z.iso.datetime({ offset: true }).optional(),
      })
      .refine((given) => given.address !== undefined || given.addresses !== undefined, {
        path: ["address"],
        message: "Say which address, or addresses.",
      }),
    answer: z.object({ items: z.array(Shown) }),
    status: 201,
    refuses: ["not-found", "sending-off"],
    run: async ({ actor, query: { tenant }, body }, world) => {
      const of = await whose(tenant, actor, world);
      if (of instanceof Problem) return of;
      const all = [...new Set([...(body.address === undefined ? [] : [body.address]), ...(body.addresses ?? [])])];
      const expiresAt = body.expires_at === undefined ? undefined : Date.parse(body.expires_at);
      const rows = all.map((one) =>
        of.book.row(stored(of.tenant, body.scope), one, body.reason, { evidence: body.evidence, expiresAt }),
      );
      await world.store.suppress(rows);
      return { items: rows.map(shown) };
    },
  }),
  route({
    method: "DELETE",
    path: "/suppressions/{suppressed}",
    summary: "Write to an address again.",
    area: "suppressions",
    who: "domain",
    params: { suppressed: theAddress },
    query: z.object({ ...query, scope: scope.optional().describe("Only there; everywhere where it is left out.") }),
    refuses: ["sending-off"],
    run: async ({ actor, suppressed: wanted, query: { tenant, scope: only } }, world) => {
      const of = await whose(tenant, actor, world);
      if (of instanceof Problem) return of;
      const rows = await world.store.tenantSuppressions({ tenant: of.tenant, hash: of.book.hash(wanted), limit: 1000 });
      const gone = rows.filter((row) => only === undefined || told(row.scope) === only);
      for (const row of gone) await of.book.remove(row.scope, [wanted]);
      return gone.length === 0 ? notFound() : undefined;
    },
  }),
  route({
    method: "POST",
    path: "/suppressions/import",
    summary: "Take over a list: CSV with the columns address, scope, reason, evidence (or addresses alone).",
    area: "suppressions",
    who: "domain",
    query: z.object(query),
    body: z.strictObject({ csv: z.string(), scope: scope.default("all"), reason: reason.default("manual") }),
    answer: z.object({
      imported: z.int(),
      wrong: z.array(z.object({ line: z.int(), detail: z.string() })).describe("What was left out; the first hundred."),
    }),
    maxBodyBytes: importBytes,
    refuses: ["not-found", "sending-off"],
    run: async ({ actor, query: { tenant }, body }, world) => {
      const of = await whose(tenant, actor, world);
      if (of instanceof Problem) return of;
      const rows = parseCsv(body.csv);
      if (rows.length > maxAtOnce * 10) return wrongField("/csv", `At most ${maxAtOnce * 10} lines at a time.`);
      const names = (rows[0] ?? []).map((name) => name.trim().toLowerCase());
      const column = (name: string): number => names.indexOf(name);
      const named = names.includes("address") || names.includes("email");
      const place = named ? Math.max(column("address"), column("email")) : 0;
      const made: Suppression[] = [];
      const wrong: { line: number; detail: string }[] = [];
      for (const [index, cells] of rows.entries()) {
        if (named && index === 0) continue;
        const cell = (name: string): string => (named ? (cells[column(name)] ?? "").trim() : "");
        const read = address.safeParse((cells[place] ?? "").replace(/^'/, ""));
        const where = cell("scope") || body.scope;
        const why = cell("reason") || body.reason;
        const detail = !read.success
          ? "This is no address."
          : !scopeForm.test(where)
            ? "This scope is none."
            : reason.safeParse(why).success
              ? undefined
              : "This reason is none.";
        if (detail !== undefined || !read.success) wrong.push({ line: index + 1, detail: detail ?? "" });
        else
          made.push(
            of.book.row(stored(of.tenant, where), read.data, why as SuppressionReason, { evidence: cell("evidence") }),
          );
      }
      for (let start = 0; start < made.length; start += 1000)
        await world.store.suppress(made.slice(start, start + 1000));
      return { imported: made.length, wrong: wrong.slice(0, 100) };
    },
  }),
  route({
    method: "GET",
    path: "/suppressions/export",
    summary: "The whole list as CSV.",
    area: "suppressions",
    who: "domain",
    query: z.object(query),
    answer: z.string(),
    type: "text/csv; charset=utf-8",
    refuses: ["not-found", "sending-off"],
    run: async ({ actor, query: { tenant } }, world) => {
      const of = await whose(tenant, actor, world);
      if (of instanceof Problem) return of;
      let text = "address,scope,reason,evidence,created_at\r\n";
      for await (const row of allOf(of, world))
        text += `${[row.address, told(row.scope), row.reason, row.evidence, at(row.at)].map(quoted).join(",")}\r\n`;
      return text;
    },
  }),
];
