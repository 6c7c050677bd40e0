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

/** Whether a setting says what was found rather than what somebody wants: nobody has to read the directory anew for it. */
export const isFinding = (key: string): boolean =>
  key.startsWith(domainSettings.dnsCheck) || key.startsWith(domainSettings.selfTest);
