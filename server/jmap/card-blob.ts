/** Blobs that cards keep: see `card-media.ts`. */
import { isObject, type Json } from "../../protocol/jmap/types.ts";
import type { AccountId } from "../store/store.ts";
import type { Blob } from "./blobs.ts";
import type { JmapPorts } from "./ports.ts";

const dataUri = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w-]+=[^;,]*)*;base64,([A-Za-z0-9+/]*={0,2})$/;

/** A blob that a card keeps; undefined where none does. */
export async function mediaBlob(
  ports: Pick<JmapPorts, "store">,
  account: AccountId,
  blobId: string,
): Promise<Blob | undefined> {
  const { objects } = await ports.store.objects(account, "ContactCard");
  for (const { data } of objects) {
    const card = data as Json;
    const media = isObject(card) ? card["media"] : undefined;
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
