import assert from "node:assert/strict";
import test from "node:test";
import { ContentCache } from "./content-cache.ts";

test("keeps what was used last, within its bound, for a moment", () => {
  const cache = new ContentCache();
  const large = (): Uint8Array => new Uint8Array(30 * 1024 * 1024);
  cache.put(1, large());
  cache.put(2, large());
  assert.ok(cache.get(1));
  cache.put(3, large());
  assert.equal(cache.get(2), undefined);
  assert.ok(cache.get(1) && cache.get(3));
  assert.ok(cache.sizeBytes <= 64 * 1024 * 1024);
  cache.put(4, new Uint8Array(65 * 1024 * 1024));
  assert.equal(cache.get(4), undefined);
  cache.clear();
  assert.equal(cache.sizeBytes, 0);
});
