/** Settings of the spam filter, of a tenant, of a domain and of a person. */
import { z } from "zod";
import { performed } from "../outcome.ts";
import { theAccount, theDomain, theTenant } from "../params.ts";
import { notFound, Problem } from "../problem.ts";
import { type ApiWorld, type Route, route } from "../route.ts";

const percent = z
  .number()
  .min(0)
  .max(100)
  .nullable()
  .describe("From which probability on, in percent; 0: never; null: as the server does.");
const senders = z
  .array(
    z
      .string()
      .regex(/^(?=.{1,330}$)(?:[^\s@]+@)?[^\s@]+\.[^\s@]+$/, "Write an address or a domain.")
      .max(330),
  )
  .max(1000);

const Filter = z
  .object({
    junk: percent,
    quarantine: percent,
    refuse: percent,
    allow: z.array(z.string()).describe("Senders whose mail never goes into Junk, if it is really theirs."),
    block: z.array(z.string()).describe("Senders whose mail always does."),
  })
  .meta({ id: "FilterSettings" });
const Change = z
  .strictObject({
    junk: z.int().min(0).max(100),
    quarantine: z.int().min(0).max(100),
    refuse: z.int().min(0).max(100),
    allow: senders,
    block: senders,
  })
  .partial();

type Shown = z.input<typeof Filter>;

async function read(target: string, world: ApiWorld): Promise<Shown | Problem<"not-found">> {
  const answer = await performed(world, "filter show", { target });
  if (answer instanceof Problem) return notFound(answer.detail);
  const found = answer.result as { readonly [name: string]: unknown };
  const list = (name: string): string[] => (Array.isArray(found[name]) ? found[name].map(String) : []);
  const share = (name: string): number | null => {
    const value = found[`${name}Percent`];
    return typeof value === "number" ? value : null;
  };
  return {
    junk: share("junk"),
    quarantine: share("quarantine"),
    refuse: share("refuse"),
    allow: list("allow"),
    block: list("block"),
  };
}

async function change(
  target: string,
  body: z.output<typeof Change>,
  world: ApiWorld,
): Promise<Shown | Problem<"conflict" | "not-found" | "validation">> {
  const { allow, block, ...thresholds } = body;
  if (Object.keys(thresholds).length > 0) {
    const answer = await performed(world, "filter set", { target, ...thresholds });
    if (answer instanceof Problem) return answer;
  }
  const before = await read(target, world);
  if (before instanceof Problem) return before;
  for (const [kind, wanted] of [
    ["allow", allow],
    ["block", block],
  ] as const) {
    if (wanted === undefined) continue;
    const gone = before[kind].filter((one) => !wanted.includes(one));
    for (const args of [
      { target, senders: gone, remove: true },
      { target, senders: wanted },
    ]) {
      if (args.senders.length === 0) continue;
      const answer = await performed(world, `filter ${kind}`, args);
      if (answer instanceof Problem) return answer;
    }
  }
  return read(target, world);
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/tenants/{tenant}/filter",
    summary: "What the spam filter does for a tenant's domains.",
    area: "filter",
    who: "tenant",
    params: { tenant: theTenant },
    answer: Filter,
    run: ({ tenant }, world) => read(tenant.name, world),
  }),
  route({
    method: "PATCH",
    path: "/tenants/{tenant}/filter",
    summary:
      "Change what the spam filter does for a tenant's domains; what a domain or a person has set holds over it.",
    area: "filter",
    who: "tenant",
    params: { tenant: theTenant },
    body: Change,
    answer: Filter,
    refuses: ["conflict"],
    run: ({ tenant, body }, world) => change(tenant.name, body, world),
  }),
  route({
    method: "GET",
    path: "/domains/{domain}/filter",
    summary: "What the spam filter does for a domain.",
    area: "filter",
    who: "domain",
    params: { domain: theDomain },
    answer: Filter,
    run: ({ domain }, world) => read(domain.name, world),
  }),
  route({
    method: "PATCH",
    path: "/domains/{domain}/filter",
    summary: "Change what the spam filter does for a domain.",
    area: "filter",
    who: "domain",
    params: { domain: theDomain },
    body: Change,
    answer: Filter,
    refuses: ["conflict"],
    run: ({ domain, body }, world) => change(domain.name, body, world),
  }),
  route({
    method: "GET",
    path: "/accounts/{account}/filter",
    summary: "What the spam filter does for a person.",
    area: "filter",
    who: "user",
    params: { account: theAccount },
    answer: Filter,
    run: ({ account }, world) => read(account.name, world),
  }),
  route({
    method: "PATCH",
    path: "/accounts/{account}/filter",
    summary: "Change what the spam filter does for a person.",
    area: "filter",
    who: "user",
    params: { account: theAccount },
    body: Change,
    answer: Filter,
    refuses: ["conflict"],
    run: ({ account, body }, world) => change(account.name, body, world),
  }),
];
