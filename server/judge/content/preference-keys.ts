/** Where the store keeps what was set for the filter. */
export const filterPrefixes = {
  account: "filter.account.",
  domain: "filter.domain.",
  rules: "filter.rules",
  lessons: "filter.lessons.",
} as const;
