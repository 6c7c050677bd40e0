/** Names of the people of a domain, as they are shown: read for domains that get mail, and read again after some minutes. */
import { Remembered } from "../access/remembered.ts";
import { personName } from "../judge/content/names.ts";
import type { Store } from "../store/store.ts";

/** With more people than this nobody's name is guarded: such a domain is no circle of colleagues. */
const maxColleagues = 5_000;
const maxDomains = 200;
const ttlMs = 5 * 60_000;

export type Colleagues = (domain: string) => ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>;

/** Full names by `personName`, and the address of each. `now` is monotonic milliseconds. */
export function makeColleagues(store: Pick<Store, "hostedAccounts">, now = () => performance.now()): Colleagues {
  const remembered = new Remembered<string, ReadonlyMap<string, string>>(
    { ttlMs, maxEntries: maxDomains, now },
    async (domain) => {
      const people = await store.hostedAccounts({ kind: "domains", names: [domain] }, { limit: maxColleagues + 1 });
      if (people.length > maxColleagues) return new Map();
      return new Map(
        people
          // Only a full name is guarded: half the world is called "Ann".
          .filter(({ displayName }) => /\S\s+\S/.test(displayName) && !displayName.includes("@"))
          .map(({ name, displayName }) => [personName(displayName), name]),
      );
    },
  );
  return (domain) => remembered.get(domain);
}
