/** Who has part in a message on its way: its source, author, tenant, campaign and provider, and what keeps it. Pure. */
import type { Path } from "../send/site.ts";
import type { Parties } from "../shape/overrides.ts";
import { otherProvider, providerOf, type Shaping } from "../shape/shaping.ts";
import type { QueuedMessage, QueuedRecipient } from "../store/store.ts";
import type { Rank } from "../warm/eligible.ts";
import type { Model } from "./model.ts";
import type { Stream } from "./schema.ts";

const anybody: Rank = 1;
/** Stopped tenants and campaigns are looked at again after this. */
export const stoppedMs = 60_000;

export function providerFor(shaping: Shaping, path: Path, domain: string): string {
  return path.provider ?? (path.fixed ? providerOf(shaping, domain, []) : otherProvider);
}

export function partiesOf(
  { tenant, campaign, author, envelopeFrom }: QueuedMessage,
  source: string,
  provider: string,
): Parties {
  return {
    source,
    domain: author ?? envelopeFrom.slice(envelopeFrom.lastIndexOf("@") + 1).toLowerCase(),
    tenant: tenant ?? "",
    campaign: campaign === undefined ? "" : `${tenant}/${campaign}`,
    provider,
  };
}

/** Why nothing of a tenant, or of a campaign, goes now. */
export function stoppedBecause(
  model: Model,
  { tenant, campaign }: Pick<QueuedMessage, "tenant" | "campaign">,
  stream: Stream,
): string | undefined {
  if (tenant === undefined) return undefined;
  const state = model.tenant.get(tenant)?.state ?? "active";
  if (state === "suspended") return `the tenant ${tenant} is suspended`;
  if (state === "paused" && stream.kind === "marketing") return `marketing of the tenant ${tenant} is paused`;
  const mailing = campaign === undefined ? undefined : model.campaign.get(`${tenant}/${campaign}`)?.state;
  return mailing === "paused" || mailing === "stopped" ? `the campaign ${campaign} is ${mailing}` : undefined;
}

export function rankOf({ urgency = 0 }: Pick<QueuedRecipient, "urgency">): Rank {
  return urgency === 0 ? anybody : (urgency as Rank);
}
