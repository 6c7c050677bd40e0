/** Somebody of one's domain by their address (RFC 9670 §2). */
import type { Id } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";

/** Undefined where there is nobody, or it is oneself. */
export async function personHere(address: string): Promise<Id | undefined> {
  if (address === session.username.toLowerCase()) return undefined;
  const { ids } = await session.client.one("Principal/query", { filter: { email: address }, limit: 20 });
  const { list } = await session.client.one("Principal/get", { ids, properties: ["email"] });
  return (list as { id: Id; email: string | null }[]).find((one) => one.email?.toLowerCase() === address)?.id;
}
