/** The figures of a first look: mail in and out, verdicts, queue, storage, what needs a person. */
import { z } from "zod";
import { standingsOf } from "../../admin/domain-dns.ts";
import { stoppedSenders } from "../../admin/stopped-senders.ts";
import type { HostedCounts } from "../../store/hosting.ts";
import { withheldOf, withheldSetting, withheldWords } from "../../store/withheld.ts";
import type { Actor } from "../actor.ts";
import { Need, worstFirst } from "../needs.ts";
import { type ApiWorld, type Route, route, time } from "../route.ts";

const hour = z.object({
  at: time,
  in: z.int().describe("Messages taken from others."),
  out: z.int().describe("Messages that our people and programs handed in."),
  refused: z.int(),
  junk: z.int(),
  quarantined: z.int(),
  delivered: z.int(),
  deferred: z.int(),
  bounced: z.int(),
});

const Dashboard = z
  .object({
    domains: z.int(),
    accounts: z.int(),
    aliases: z.int(),
    storage: z.object({ messages: z.int(), usedBytes: z.int(), quotaBytes: z.int() }),
    queue: z.object({ messages: z.int().describe("At most 1000 are counted for administrators of a tenant.") }),
    quarantine: z.object({ messages: z.int().describe("At most 1000 are counted.") }),
    mail: z
      .object({ hours: z.array(hour) })
      .nullable()
      .describe("Of the last 24 hours; for administrators of the platform."),
    needs: z
      .array(Need)
      .describe("What needs a person, the worst first: of what is alike some by name, the others as a number."),
  })
  .meta({ id: "Dashboard" });

const maxCounted = 1000;
const dayMs = 86_400_000;
const fullShare = 0.95;

async function needsOf(actor: Actor, world: ApiWorld, counts: HostedCounts): Promise<readonly Need[]> {
  const { store, now } = world;
  const needs: Need[] = [];
  const mine = new Set((await store.hostedDomains(actor.within, { limit: 100_000 })).map(({ name }) => name));
  const standings = await standingsOf(store);
  for (const [domain, check] of standings) {
    if (!mine.has(domain) || check.standing === "good" || check.standing === "unknown") continue;
    needs.push({
      severity: check.standing === "broken" ? "bad" : "warning",
      kind: "dns",
      about: domain,
      words: `DNS lacks ${Object.values(check.lacks).slice(0, 5).join(", ")}.`,
    });
  }
  // The server looks within minutes; whoever opens the page of the domain looks now.
  if (world.resolver !== undefined)
    for (const about of mine)
      if (!standings.has(about))
        needs.push({
          severity: "warning",
          kind: "dns-unseen",
          about,
          words: "Its DNS records have not been looked at yet.",
        });
  if (actor.within.kind === "all") {
    const withheld = withheldOf(await store.setting(withheldSetting));
    if (withheld !== undefined)
      needs.push({ severity: "bad", kind: "outgoing", about: "", words: withheldWords(withheld) });
    for (const { names, validTo } of world.certificates()) {
      const days = Math.floor((Date.parse(validTo) - now()) / dayMs);
      if (days < 14)
        needs.push({
          severity: days < 3 ? "bad" : "warning",
          kind: "certificate",
          about: names[0] ?? "",
          words: days < 0 ? "Its certificate has ended." : `Its certificate ends in ${days} days.`,
        });
    }
    const held = await store.queueList({ state: "held", limit: maxCounted });
    if (held.length > 0)
      needs.push({
        severity: "warning",
        kind: "queue",
        about: "",
        words: `${held.length} messages are held in the queue.`,
      });
  }
  for (const { name, stop } of await stoppedSenders(world))
    if (mine.has(name.slice(name.lastIndexOf("@") + 1)))
      needs.push({
        severity: "bad",
        kind: "sender",
        about: name,
        words: `${stop.kind === "braked" ? "Its mail is held" : "It may not send"}: ${stop.why}.`,
      });
  // Where nobody has a quota there is nobody to look at.
  const bounded = counts.unlimited < counts.accounts;
  for (const { name, quotaBytes, usedBytes } of bounded
    ? await store.hostedAccounts(actor.within, { limit: 100_000 })
    : [])
    if (quotaBytes > 0 && usedBytes >= quotaBytes * fullShare)
      needs.push({
        severity: usedBytes >= quotaBytes ? "bad" : "warning",
        kind: "quota",
        about: name,
        words: `${name} has used ${Math.floor((usedBytes / quotaBytes) * 100)} % of its quota.`,
      });
  return worstFirst(needs);
}

async function quarantineCount(actor: Actor, { store }: ApiWorld): Promise<number> {
  return (await store.quarantined({ within: actor.within, limit: maxCounted })).length;
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/dashboard",
    summary: "Mail in and out, verdicts, queue, storage, and what needs a person.",
    area: "dashboard",
    who: "domain",
    answer: Dashboard,
    run: async ({ actor }, world) => {
      const { store } = world;
      const all = actor.within.kind === "all";
      const counts = await store.hostedCounts(actor.within);
      const [queued, quarantined, needs] = await Promise.all([
        all ? store.queueCount() : store.hostedQueue(actor.within, { limit: maxCounted }).then(({ length }) => length),
        quarantineCount(actor, world),
        needsOf(actor, world, counts),
      ]);
      return {
        domains: counts.domains,
        accounts: counts.accounts,
        aliases: counts.aliases,
        storage: { messages: counts.messages, usedBytes: counts.usedBytes, quotaBytes: counts.quotaBytes },
        queue: { messages: queued },
        quarantine: { messages: quarantined },
        mail: all ? { hours: [...world.traffic()] } : null,
        needs: [...needs],
      };
    },
  }),
];
