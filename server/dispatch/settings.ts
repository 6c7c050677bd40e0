/** Settings of sending at volume; what it is made of is in the store or in the file that `model` names. */
export type SendingSettings = {
  readonly model: string;
  readonly shaping: string;
  readonly enabled: boolean;
  readonly publicUrl: string;
  readonly sandbox: string;
  readonly perUnknownSite: number;
  readonly ownBlocklists: readonly string[];
  readonly ownDomainLists: readonly string[];
  readonly listsEveryMs: number;
  readonly confirmationsPerHour: number;
  readonly tenantsPerHour: number;
  readonly senderId: string;
  readonly sampleSize: number;
  readonly sampleHardPercent: number;
};

export const defaultSendingSettings: SendingSettings = {
  model: "",
  shaping: "",
  enabled: true,
  publicUrl: "",
  // RFC 6761 §6.4: nobody's, ever.
  sandbox: "sandbox.invalid",
  perUnknownSite: 20,
  ownBlocklists: ["zen.spamhaus.org", "bl.spamcop.net"],
  ownDomainLists: ["dbl.spamhaus.org"],
  listsEveryMs: 900_000,
  confirmationsPerHour: 3,
  tenantsPerHour: 10,
  senderId: "angarium",
  sampleSize: 200,
  sampleHardPercent: 8,
};
