/** Keys that a domain published are asked for again: one may have been lengthened or withdrawn since, or another one be there. */
import { session } from "../state/session.svelte.ts";
import type { KeptKey } from "./keys.ts";
import { fetchKey, keepFound, mayLookUp } from "./look-up.ts";

/** What the domain publishes is another key: nobody but the reader puts it in the place of the one that is here. */
export type Other = {
  readonly email: string;
  readonly fingerprint: string;
  readonly bytes: Uint8Array;
  readonly old: KeptKey;
};

/** By address, once in a page: a domain that does not answer is not asked with every letter. */
const asked = new Map<string, Promise<Other | undefined>>();

/** Renews the key where it is the same one; answers another that was found. Throws Trouble. */
export function renew(email: string, old: KeptKey): Promise<Other | undefined> {
  if (!session.online || !mayLookUp()) return Promise.resolve(undefined);
  const found = asked.get(email) ?? ask(email, old);
  asked.set(email, found);
  return found;
}

async function ask(email: string, old: KeptKey): Promise<Other | undefined> {
  const bytes = await fetchKey(email);
  if (bytes === undefined) return undefined;
  const { renewed } = await import("./openpgp.ts");
  const found = await renewed(old, bytes, email, Date.now());
  return found === undefined ? undefined : { email, fingerprint: found, bytes, old };
}

/** As the reader says: letters are encrypted for it from now on. The old one still tells who signed what came before. */
export async function takeOther({ email, bytes, old }: Other): Promise<void> {
  await keepFound(email, bytes, old);
  asked.delete(email);
}
