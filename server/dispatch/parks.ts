/** Names of the places where queued mail waits: "tenant|stream|campaign|provider"; the provider is "" until it is known. Pure. */
export type ParkKey = {
  readonly tenant: string;
  readonly stream: string;
  readonly campaign: string;
  readonly provider: string;
};

export function parkName({ tenant, stream, campaign, provider }: ParkKey): string {
  return `${tenant}|${stream}|${campaign}|${provider}`;
}

export function parkKey(name: string): ParkKey {
  const [tenant = "", stream = "", campaign = "", provider = ""] = name.split("|");
  return { tenant, stream, campaign, provider };
}
