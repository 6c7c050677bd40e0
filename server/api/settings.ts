/** Bounds of the REST API. */
export type ApiSettings = {
  readonly perSecond: number;
  readonly burst: number;
  readonly maxTokenDays: number;
  readonly undoDays: number;
  /** Names besides our own under which the web pages and the API may be reached. */
  readonly hosts: readonly string[];
};

export const defaultApiSettings: ApiSettings = {
  perSecond: 250,
  burst: 500,
  maxTokenDays: 400,
  undoDays: 30,
  hosts: [],
};
