/** Whose webmail this is, where a tenant has said it: asked when everything else stands, and kept on the device for the next start. */
import type { Brand } from "../../../ui/brand.ts";
import { ask } from "../jmap/client.ts";
import { urn } from "../jmap/types.ts";
import { session } from "./session.svelte.ts";
import { standing } from "./standing.ts";

const key = "angarium.brand";
type Kept = { readonly username: string; readonly brand: Brand };

/** None of anybody else who was signed in here. */
function kept(username: string): Brand | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(key) ?? "null") as Kept | null;
    return found?.username === username ? found.brand : undefined;
  } catch {
    return undefined;
  }
}

let now = $state.raw<Brand | undefined>();
export const brand = (): Brand | undefined => now;

export async function startBrand(): Promise<void> {
  const { username, client } = session;
  now = kept(username);
  // Other servers have no such thing.
  if (!client.has(urn.restApi)) return;
  await standing;
  try {
    const root = String(client.session.capabilities[urn.restApi]?.["url"] ?? "");
    const me = (await (await ask(`${root}/me`)).json()) as { readonly brand: Brand | null };
    now = me.brand ?? undefined;
    if (me.brand === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify({ username, brand: me.brand } satisfies Kept));
  } catch {
    // As it was kept, or as ours: no reader of mail is told that a picture could not be asked for.
  }
}
