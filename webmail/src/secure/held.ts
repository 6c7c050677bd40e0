/** Files of letters that are to be encrypted: they wait in this page and leave it encrypted only. */
import type { Id } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";

const held = new Map<Id, Blob>();
const prefix = "held-";

export const isHeld = (id: Id): boolean => id.startsWith(prefix);

export function hold(file: Blob): Id {
  const id = `${prefix}${crypto.randomUUID()}`;
  held.set(id, file);
  return id;
}

/** Undefined where the page has been loaded anew since. */
export const heldFile = (id: Id): Blob | undefined => held.get(id);

export const letGo = (id: Id): boolean => held.delete(id);

/** A file of a letter, wherever it is. */
export async function fileOf(id: Id, type: string): Promise<Blob> {
  return held.get(id) ?? session.client.blob(id, type);
}
