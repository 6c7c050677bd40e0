/** Which key is whose: pure. */
import type { KeptKey } from "./keys.ts";

/** What is believed first: keys that were compared, then those whose domain says so (WKD), then files, then what came with mail (Autocrypt). */
const order: { readonly [source in KeptKey["source"]]: number } = { own: 0, wkd: 1, file: 2, autocrypt: 3, mail: 4 };

const isOf = (key: KeptKey, address: string): boolean => key.addresses.includes(address.toLowerCase());

export type Method = "openpgp" | "smime";
export const methodOf = ({ by = "openpgp" }: Pick<KeptKey, "by">): Method => by;

/** Keys of an address, the one to take first. */
export const keysFor = (address: string, ring: readonly KeptKey[], by: Method = "openpgp"): readonly KeptKey[] =>
  ring
    .filter((key) => methodOf(key) === by && isOf(key, address))
    .sort(
      (a, b) => Number(b.checked) - Number(a.checked) || (order[a.source] ?? 9) - (order[b.source] ?? 9) || b.at - a.at,
    );

/** The key that letters of an address are signed with, and drafts encrypted for; undefined where there is none. */
export const ownKey = (address: string, ring: readonly KeptKey[], by: Method = "openpgp"): KeptKey | undefined =>
  keysFor(address, ring, by).find((key) => key.private !== undefined);

/** So long a key is good without a look. */
export const renewAfterMs = 3 * 86_400_000;

/** The key to ask for again; undefined where there is none of a domain, or it is young and fine. @param usable something can be encrypted for it now */
export function dueKey(email: string, ring: readonly KeptKey[], usable: boolean, now: number): KeptKey | undefined {
  const key = keysFor(email, ring).find(({ source }) => source === "wkd");
  return key !== undefined && (!usable || now - key.at > renewAfterMs) ? key : undefined;
}
