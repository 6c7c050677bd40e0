/** Files that were uploaded and are not to lie at the server: those of letters that are encrypted after all, and pieces that have become a whole. */
import { type Id, urn } from "../jmap/types.ts";
import { isLocal } from "../offline/local.ts";
import { session } from "../state/session.svelte.ts";

/** They go now where the server can do that, else when it forgets them; ids of what is no upload change nothing. */
export async function clearAway(ids: readonly Id[]): Promise<void> {
  const { client } = session;
  const uploads: Id[] = [];
  for (const id of ids) {
    if (isLocal(id)) await client.aside?.dropFile(id);
    else uploads.push(id);
  }
  if (uploads.length > 0 && client.has(urn.uploads)) await client.one("Upload/set", { destroy: uploads });
}
