/** Blobs that cards keep: see `card-media.ts`. */

import { isObject, type Json, type JsonObject } from "../../protocol/jmap/types.ts";
import { breather } from "../base/breathe.ts";
import type { AccountId } from "../store/store.ts";
import type { Blob } from "./blobs.ts";
import type { JmapPorts } from "./ports.ts";
import { booksSharedWith } from "./shared-books.ts";

const dataUri = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w-]+=[^;,]*)*;base64,([A-Za-z0-9+/]*={0,2})$/;

/** A blob that a card of another's account keeps, in an address book that is shared with the caller. */
export async function sharedMediaBlob(
  ports: Pick<JmapPorts, "store">,
  caller: AccountId,
  owner: AccountId,
  blobId: string,
): Promise<Blob | undefined> {
  const shared = (await booksSharedWith(ports.store, caller)).get(owner);
  if (shared === undefined) return undefined;
  return mediaBlob(ports, owner, blobId, (card) => {
    const books = card["addressBookIds"];
    return isObject(books) && Object.keys(books).some((id) => shared.books.has(id));
  });
}

/** A blob that a card keeps; undefined where none does. `sees`: whether a card is asked at all. */
export async function mediaBlob(
  ports: Pick<JmapPorts, "store">,
  account: AccountId,
  blobId: string,
  sees: (card: JsonObject) => boolean = () => true,
): Promise<Blob | undefined> {
  const { objects } = await ports.store.objects(account, "ContactCard");
  const pause = breather();
  for (const { data } of objects) {
    await pause();
    const card = data as Json;
    const media = isObject(card) && sees(card) ? card["media"] : undefined;
    if (!isObject(media)) continue;
    for (const one of Object.values(media)) {
      if (!isObject(one) || one["blobId"] !== blobId || typeof one["uri"] !== "string") continue;
      const found = dataUri.exec(one["uri"]);
      if (found !== null)
        return {
          bytes: Buffer.from(found[2] ?? "", "base64"),
          type: found[1] ?? "application/octet-stream",
          name: undefined,
        };
    }
  }
  return undefined;
}
