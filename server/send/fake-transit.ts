/** For tests: a world in which no domain has a TLS policy and nobody wants reports. */
import type { TlsResults } from "./send.ts";
import type { StsPolicies } from "./sts-policies.ts";

export const noTlsResults: TlsResults = { connected() {}, stsTrouble() {}, notNamed() {} };
export const noSts: Pick<StsPolicies, "find" | "forgetFailures"> = {
  find: async () => ({ policy: undefined, trouble: undefined }),
  forgetFailures() {},
};
