/** Settings of the spam filter: section `[filter]`. */
export type FilterSettings = {
  readonly enabled: boolean;
  readonly junkPercent: number;
  readonly quarantinePercent: number;
  readonly refusePercent: number;
  readonly outboundPercent: number;
  readonly model: string;
  readonly domainLists: readonly string[];
  readonly complaints: boolean;
};

export const defaultFilterSettings: FilterSettings = {
  enabled: true,
  junkPercent: 97,
  quarantinePercent: 0,
  refusePercent: 0,
  outboundPercent: 99,
  model: "",
  domainLists: [],
  complaints: true,
};
