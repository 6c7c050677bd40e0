/** Every bound and switch of the ManageSieve server. */
export type ManageSieveSettings = {
  /** RFC 5804 §1.4: at least 30 minutes. */
  readonly idleTimeoutMs: number;
  /** A session that has not logged in by then ends. */
  readonly loginTimeoutMs: number;
  readonly maxLineBytes: number;
  /** Commands refused for their form or their time before the session ends. */
  readonly maxErrors: number;
  /** Refused logins before the session ends. */
  readonly maxLogins: number;
};

export const defaultManageSieveSettings: ManageSieveSettings = {
  idleTimeoutMs: 30 * 60_000,
  loginTimeoutMs: 60_000,
  maxLineBytes: 8192,
  maxErrors: 20,
  maxLogins: 5,
};
