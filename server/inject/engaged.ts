/** Who follows links of a tenant's mail is eager for it: in a warm-up such people's mail goes first (docs/sending.md). */
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { SendingWish } from "../dispatch/sender.ts";
import type { SuppressionBook } from "../dispatch/suppression.ts";
import type { Instant, Store } from "../store/store.ts";
import type { AskedCopy } from "./inject.ts";

const dayMs = 86_400_000;

/** The wish with what is known of recipients of whom it says nothing; asked only where clicks are counted. */
export async function withEngaged(
  wish: SendingWish,
  copies: readonly Pick<AskedCopy, "to" | "cc" | "bcc">[],
  tenant: string,
  ports: {
    readonly store: Pick<Store, "engaged">;
    readonly suppression: Pick<SuppressionBook, "hash">;
    readonly now: Instant;
  },
): Promise<SendingWish> {
  if (wish.engagedDays !== undefined) return wish;
  const byHash = new Map<string, string>();
  for (const { to, cc, bcc } of copies)
    for (const { mailbox } of [...to, ...cc, ...bcc]) {
      const address = formatMailbox(mailbox).toLowerCase();
      if (wish.engaged?.has(address) !== true) byHash.set(ports.suppression.hash(address), address);
    }
  if (byHash.size === 0) return wish;
  const found = await ports.store.engaged(tenant, [...byHash.keys()]);
  if (found.length === 0) return wish;
  const engaged = new Map(wish.engaged);
  for (const { hash, at } of found) engaged.set(byHash.get(hash)!, Math.max(0, Math.floor((ports.now - at) / dayMs)));
  return { ...wish, engaged };
}
