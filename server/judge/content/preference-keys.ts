/** Where the store keeps what was set for the filter. */
import { domainSettings } from "../../store/domain-settings.ts";

export const filterPrefixes = {
  tenant: "filter.tenant.",
  account: "filter.account.",
  domain: domainSettings.filter,
  rules: "filter.rules",
  lessons: "filter.lessons.",
} as const;
