/** What a card keeps of a blob is found when the upload is gone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Store } from "../store/store.ts";
import { mediaBlob } from "./card-blob.ts";

const blobId = "U0123456789012345678901234567890123456789";
const cards = (media: unknown): Pick<Store, "objects"> => ({
  objects: async () => ({ objects: [{ id: "o1", data: { media } }], state: 1 }) as never,
});

test("the bytes and the type come from the card", async () => {
  const uri = `data:image/png;base64,${Buffer.from("picture").toString("base64")}`;
  const found = await mediaBlob({ store: cards({ m: { kind: "photo", blobId, uri } }) as Store }, 1, blobId);
  assert.deepEqual([Buffer.from(found?.bytes ?? []).toString(), found?.type], ["picture", "image/png"]);
});

for (const [name, media] of [
  ["another blob", { m: { blobId: "U9", uri: "data:;base64,AA==" } }],
  ["a link", { m: { blobId, uri: "https://a.test/x.png" } }],
  ["no media", undefined],
  ["what is none", [1]],
] as const)
  test(`none: ${name}`, async () => {
    assert.equal(await mediaBlob({ store: cards(media) as Store }, 1, blobId), undefined);
  });
