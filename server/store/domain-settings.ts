/** How the keys of settings begin that hold something of one domain, whose name follows: they go with it. */
export const domainSettings = {
  /** Its keys. */
  dkim: "dkim/",
  /** What DNS showed last. */
  dnsCheck: "dns-check/",
  /** What the last test of unsubscribing found. */
  selfTest: "self-test/",
  filter: "filter.domain.",
  attachments: "attachments.domain.",
  sendingLimits: "sendingLimits.domain.",
} as const;
