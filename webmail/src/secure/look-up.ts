/** Keys that a domain publishes (Web Key Directory), asked for by the server: the domain does not see the reader. */
import { urn } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";
import { type KeptKey, keepKey } from "./keys.ts";

export const mayLookUp = (): boolean => session.client.has(urn.publicKeys);

/** Undefined where the domain publishes none. Throws Trouble. */
export async function fetchKey(email: string): Promise<Uint8Array | undefined> {
  const answer = await session.client.one("PublicKey/lookup", { email });
  return answer.key === null ? undefined : Uint8Array.from(atob(String(answer.key)), (char) => char.charCodeAt(0));
}

/** Keeps what was found; answers how many keys. @param instead the key whose place it takes: it is believed least from now on */
export async function keepFound(email: string, bytes: Uint8Array, instead?: KeptKey): Promise<number> {
  const { importKeys } = await import("./openpgp.ts");
  const { kept } = await importKeys(session.username, bytes, "wkd", "", Date.now(), email);
  if (instead !== undefined && kept.length > 0) await keepKey({ ...instead, source: "mail", checked: false });
  return kept.length;
}

/** Keeps the keys that were found; answers how many. Throws Trouble. */
export async function lookUp(email: string): Promise<number> {
  const bytes = await fetchKey(email);
  return bytes === undefined ? 0 : keepFound(email, bytes);
}
