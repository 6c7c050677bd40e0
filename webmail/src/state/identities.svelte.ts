/** Who one writes as. */
import type { Identity } from "../jmap/types.ts";
import { session } from "./session.svelte.ts";

let list = $state.raw<readonly Identity[]>([]);
const own = $derived(new Set([session.username.toLowerCase(), ...list.map(({ email }) => email.toLowerCase())]));

export const identities = {
  get list(): readonly Identity[] {
    return list;
  },
  /** Addresses that are the reader's own, in small letters. */
  get own(): ReadonlySet<string> {
    return own;
  },
};

export async function loadIdentities(): Promise<void> {
  const answer = await session.client.one("Identity/get", { ids: null });
  list = answer.list;
}
