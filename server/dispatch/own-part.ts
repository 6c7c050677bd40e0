/** What one tenant sees of sending at volume: its own streams, the sources that carry them, what waits and why, in sentences. Pure. */
import { type Model, membersOf, streamOf } from "./model.ts";
import type { ParkKey } from "./parks.ts";
import type { Throttle, WarmupStatus } from "./status.ts";

/** Sources that carry a stream's mail, by the pools that it may go by. */
function sourcesOf(model: Model, tenant: string, stream: string): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<string>();
  for (let name = streamOf(model, tenant, stream)?.pool ?? ""; name !== "" && !seen.has(name); ) {
    seen.add(name);
    const pool = model.pool.get(name);
    for (const source of membersOf(pool?.sources ?? []).keys()) found.add(source);
    name = pool?.overflow ?? "";
  }
  return [...found];
}

/** Names of a tenant's streams: its own, and those that it can name. */
export function streamsOf(model: Model, tenant: string): readonly string[] {
  const own = [...model.stream.keys()].flatMap((name) =>
    name.startsWith(`${tenant}/`) ? [name.slice(tenant.length + 1)] : name.includes("/") ? [] : [name],
  );
  return [...new Set([...own, "transactional", "marketing"])].sort();
}

/** Warm-ups of the addresses that carry a tenant's mail, and of its own sending domains. */
export function warmupsOf(model: Model, tenant: string, all: readonly WarmupStatus[]): readonly WarmupStatus[] {
  const sources = new Set(streamsOf(model, tenant).flatMap((stream) => sourcesOf(model, tenant, stream)));
  return all.filter(({ scope, subject }) =>
    scope === "source" ? sources.has(subject) : model.domain.get(subject)?.tenant === tenant,
  );
}

/** What is slowed or suspended and touches a tenant's mail: by its sources, its domains, itself, or its campaigns. */
export function throttlesFor(model: Model, tenant: string, all: readonly Throttle[]): readonly Throttle[] {
  const sources = new Set(streamsOf(model, tenant).flatMap((stream) => sourcesOf(model, tenant, stream)));
  if (sources.size === 0) sources.add("default");
  return all.filter(({ scope, subject }) => {
    switch (scope) {
      case "source":
        return sources.has(subject);
      case "domain":
        return model.domain.get(subject)?.tenant === tenant;
      case "tenant":
        return subject === tenant;
      case "campaign":
        return subject.startsWith(`${tenant}/`);
      default:
        return false;
    }
  });
}

export type Waiting = Pick<ParkKey, "stream" | "campaign" | "provider">;

/** Why mail waits, the gravest reason first; `title`: the provider's for people. */
export function whyWaits(
  model: Model,
  tenant: string,
  { stream, campaign, provider }: Waiting,
  at: { readonly warmups: readonly WarmupStatus[]; readonly throttles: readonly Throttle[]; readonly title: string },
): string {
  const owner = model.tenant.get(tenant);
  const because = (reason: string | undefined): string => (reason === undefined || reason === "" ? "." : `: ${reason}`);
  if (owner?.state === "suspended") return `Sending is suspended${because(owner.reason)}`;
  if (owner?.state === "paused" && streamOf(model, tenant, stream)?.kind === "marketing")
    return `Marketing is paused${because(owner.reason)}`;
  const mailing = campaign === "" ? undefined : model.campaign.get(`${tenant}/${campaign}`);
  if (mailing?.state === "paused" || mailing?.state === "stopped")
    return `The campaign is ${mailing.state}${because(mailing.reason)}`;
  if (provider === "") return "It has just come in, and finds its way.";
  const held = at.throttles.find((one) => one.provider === provider && one.suspended);
  if (held !== undefined)
    return `${at.title} takes nothing from ${held.scope === "source" ? "the address" : `the ${held.scope}`} ${held.subject} for now: ${held.because}`;
  const sources = new Set(sourcesOf(model, tenant, stream));
  const plans = at.warmups
    .filter(({ scope, subject }) => scope === "domain" || sources.has(subject))
    .flatMap(({ subject, providers }) =>
      providers.filter((one) => one.provider === provider).map((plan) => ({ subject, plan })),
    );
  const paused = plans.find(({ plan }) => plan.state === "paused");
  if (paused !== undefined) return `The warm-up of ${paused.subject} at ${at.title} is paused: ${paused.plan.because}`;
  const spent = plans.find(({ plan }) => plan.state !== "warm" && plan.today.used >= plan.today.cap - 1);
  if (spent !== undefined)
    return `What ${spent.subject} may send to ${at.title} today (${Math.round(spent.plan.today.cap)}) is sent: it goes on tomorrow.`;
  const warming = plans.find(({ plan }) => plan.state !== "warm");
  if (warming !== undefined)
    return `${warming.subject} is being warmed up at ${at.title} (step ${warming.plan.step} of ${warming.plan.steps}): what may go today is spread over the day, those that wait for it first.`;
  const slow = at.throttles.find((one) => one.provider === provider);
  if (slow !== undefined) return `${at.title} is being sent to more slowly: ${slow.because}`;
  return "It waits for its turn.";
}
