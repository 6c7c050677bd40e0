/** How it is asked who one writes as: the same wherever it is asked, for what is kept of the answer goes by the question. */
import type { Call, Client } from "./client.ts";
import { urn } from "./types.ts";

export const identityCalls = (client: Client): readonly Call[] => [
  ...(client.sends ? [["Identity/get", { ids: null }, "all"] as const] : []),
  ...(client.has(urn.onBehalf) ? [["Identity/onBehalf", {}, "behalf"] as const] : []),
];
