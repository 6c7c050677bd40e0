/** Keys that a domain publishes (Web Key Directory), asked for by the server: the domain does not see the reader. */
import { urn } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";

export const mayLookUp = (): boolean => session.client.has(urn.publicKeys);

/** Keeps the keys that were found; answers how many. Throws Trouble. */
export async function lookUp(email: string): Promise<number> {
  const answer = await session.client.one("PublicKey/lookup", { email });
  if (answer.key === null) return 0;
  const bytes = Uint8Array.from(atob(String(answer.key)), (char) => char.charCodeAt(0));
  const { importKeys } = await import("./openpgp.ts");
  const { kept } = await importKeys(session.username, bytes, "wkd", "", Date.now(), email);
  return kept.length;
}
