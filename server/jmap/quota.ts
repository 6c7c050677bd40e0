/** The quota of an account: RFC 9425. Without a limit there is none to tell of. */
import { stateText } from "../../protocol/jmap/state.ts";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import type { Call } from "./call.ts";

export const quotaId = "octets";
export const quotaProperties: readonly string[] = [
  "id",
  "resourceType",
  "used",
  "hardLimit",
  "warnLimit",
  "softLimit",
  "scope",
  "name",
  "types",
  "description",
];
/** Share of the limit from which a client should warn. */
const warnShare = 0.9;

export async function quotasOf(
  call: Call,
): Promise<{ readonly quotas: readonly JsonObject[]; readonly state: string }> {
  const { store } = call.ports;
  const [accounts, state] = await Promise.all([
    store.accounts({ id: call.account.id }),
    store.mailState(call.account.id),
  ]);
  const account = accounts[0];
  if (account === undefined || account.quotaBytes === 0) return { quotas: [], state: stateText(state) };
  const quota: JsonObject = {
    id: quotaId,
    resourceType: "octets",
    used: account.usedBytes,
    hardLimit: account.quotaBytes,
    warnLimit: Math.floor(account.quotaBytes * warnShare),
    softLimit: null,
    scope: "account",
    name: account.name,
    types: ["Email"],
    description: null,
  };
  return { quotas: [quota], state: stateText(state) };
}
