import assert from "node:assert/strict";
import { test } from "node:test";
import { putThing } from "./edit.ts";

const nothingThere = { store: { sendingRows: async () => [], putSendingRows: async () => {} }, now: () => 0 };

const cases: readonly [kind: Parameters<typeof putThing>[1], change: object, why: RegExp][] = [
  ["stream", { kind: "parcels" }, /^kind: must be one of "transactional", "marketing", /],
  ["stream", { kind: "marketing", weight: "much" }, /^weight: must be a whole number$/],
  ["stream", { kind: "marketing", colour: "red" }, /^colour: there is no such setting$/],
];
for (const [kind, change, why] of cases)
  test(`a ${kind} with ${JSON.stringify(change)} is refused in words`, async () => {
    const done = await putThing(nothingThere, kind, "x", { ...change }, "new");
    assert.ok(done.kind === "refused");
    assert.match(done.why, why);
  });
