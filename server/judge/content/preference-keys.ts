/** Where the store keeps what was set for the filter. */
export const filterPrefixes = {
  tenant: "filter.tenant.",
  account: "filter.account.",
  domain: "filter.domain.",
  rules: "filter.rules",
  lessons: "filter.lessons.",
} as const;
