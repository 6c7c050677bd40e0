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
