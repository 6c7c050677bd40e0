/**
 * Names of the places where queued mail waits: "tenant|stream|campaign|provider", the provider "" until it is known; and "|domain" where the
 * author's domain has a warm-up of its own. Pure.
 */
export type ParkKey = {
  readonly tenant: string;
  readonly stream: string;
  readonly campaign: string;
  readonly provider: string;
  readonly domain: string;
};

export function parkName({ tenant, stream, campaign, provider, domain }: ParkKey): string {
  return `${tenant}|${stream}|${campaign}|${provider}${domain === "" ? "" : `|${domain}`}`;
}

export function parkKey(name: string): ParkKey {
  const [tenant = "", stream = "", campaign = "", provider = "", domain = ""] = name.split("|");
  return { tenant, stream, campaign, provider, domain };
}
