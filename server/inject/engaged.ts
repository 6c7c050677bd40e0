/** Who follows links of a tenant's mail is eager for it: in a warm-up such people's mail goes first (docs/sending.md). */
import { rankIn, type Sender, type SendingWish } from "../dispatch/sender.ts";
import type { SuppressionBook } from "../dispatch/suppression.ts";
import type { Instant, Store } from "../store/store.ts";

const dayMs = 86_400_000;

export type EngagedPorts = {
  readonly store: Pick<Store, "engaged">;
  readonly suppression: Pick<SuppressionBook, "hash">;
  readonly now: () => Instant;
};

/**
 * The sender with what is known of recipients of whom its wish says nothing, by any way in: API, SMTP, JMAP. The store is asked only for marketing
 * whose clicks are counted.
 */
export function withEngaged(
  sender: Sender,
  wish: SendingWish,
  addresses: Iterable<string>,
  ports: EngagedPorts,
): Sender | Promise<Sender> {
  if (!sender.marketing || sender.tracking?.clicks !== true || wish.engagedDays !== undefined) return sender;
  return withKnown(sender, wish, addresses, ports);
}

async function withKnown(
  sender: Sender,
  wish: SendingWish,
  addresses: Iterable<string>,
  { store, suppression, now }: EngagedPorts,
): Promise<Sender> {
  const byHash = new Map<string, string>();
  for (const one of addresses) {
    const address = one.toLowerCase();
    if (wish.engaged?.has(address) !== true) byHash.set(suppression.hash(address), address);
  }
  if (byHash.size === 0) return sender;
  const found = await store.engaged(sender.tenant, [...byHash.keys()]);
  if (found.length === 0) return sender;
  const at = now();
  const engaged = new Map(wish.engaged);
  for (const row of found) engaged.set(byHash.get(row.hash)!, Math.max(0, Math.floor((at - row.at) / dayMs)));
  return { ...sender, rankOf: rankIn({ engaged }) };
}
