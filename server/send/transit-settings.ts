/** Settings of TLS between mail servers. */
export type TransitSettings = {
  readonly httpsPort: number;
  readonly policyTimeoutMs: number;
  readonly policyRetryMs: number;
  readonly policyRefreshMs: number;
  readonly caFile: string;
  readonly privateAddresses: boolean;
};

export const defaultTransitSettings: TransitSettings = {
  httpsPort: 443,
  policyTimeoutMs: 20_000,
  policyRetryMs: 300_000,
  policyRefreshMs: 86_400_000,
  caFile: "",
  privateAddresses: false,
};
