/** More objects than a server gives at once (RFC 8620 §2, maxObjectsInGet), in several requests. */
import type { Answer, Client } from "./client.ts";
import type { Id } from "./types.ts";

/** @param most so many at once, where it is less than the server's bound */
export async function getMany(
  client: Client,
  method: string,
  ids: readonly Id[],
  args: { readonly [name: string]: unknown },
  most = 500,
): Promise<Answer> {
  const atOnce = Math.min(most, client.limit("maxObjectsInGet", most));
  const list: unknown[] = [];
  let last: Answer = { list };
  for (let i = 0; i < ids.length; i += atOnce) {
    last = await client.one(method, { ...args, ids: ids.slice(i, i + atOnce) });
    list.push(...(last.list as unknown[]));
  }
  return { ...last, list };
}
