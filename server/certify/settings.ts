/** Settings of certificates by ACME. */
export const challenges = ["tls-alpn-01", "http-01", "dns-01"] as const;
export type AcmeSettings = {
  readonly directory: string;
  readonly email: string;
  readonly challenge: string;
  readonly names: readonly string[];
  readonly dnsServer: string;
  readonly dnsZone: string;
  readonly tsigName: string;
  readonly tsigSecret: string;
  readonly tsigAlgorithm: string;
  readonly dnsWaitMs: number;
  readonly ordersPerHour: number;
};

export const defaultAcmeSettings: AcmeSettings = {
  directory: "",
  email: "",
  challenge: "tls-alpn-01",
  names: [],
  dnsServer: "127.0.0.1:53",
  dnsZone: "",
  tsigName: "",
  tsigSecret: "",
  tsigAlgorithm: "hmac-sha256",
  dnsWaitMs: 10_000,
  ordersPerHour: 60,
};
