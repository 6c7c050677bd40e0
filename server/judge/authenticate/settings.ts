/** What an administrator may say of the checks of who sent a message. */

export type AuthenticationSettings = {
  readonly enabled: boolean;
  readonly enforce: boolean;
  readonly exemptNetworks: readonly string[];
  readonly lmtp: boolean;
  readonly believedSealers: readonly string[];
  readonly bimi: boolean;
  readonly timeoutMs: number;
  readonly maxQuestions: number;
  readonly inlineBytes: number;
};

export const defaultAuthenticationSettings: AuthenticationSettings = {
  enabled: true,
  enforce: true,
  exemptNetworks: ["127.0.0.0/8", "::1/128"],
  lmtp: false,
  believedSealers: [],
  bimi: true,
  timeoutMs: 20_000,
  maxQuestions: 150,
  inlineBytes: 256 * 1024,
};
