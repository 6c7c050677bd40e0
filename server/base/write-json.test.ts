import assert from "node:assert/strict";
import test from "node:test";
import { writeJson } from "./write-json.ts";

test("what is large, written in pieces, reads as what is small", async () => {
  const list = Array.from({ length: 3000 }, (_, id) => ({
    id: `ü${id}"`,
    text: "x".repeat(1000),
    none: undefined,
    nul: null,
  }));
  for (const some of [list.slice(0, 2), list]) {
    const answer = {
      methodResponses: [
        [
          "A/get",
          { list: some, ids: some.map(({ id }) => id), empty: [], none: undefined, nested: [[1, [2]], {}] },
          "0",
        ],
      ],
      sessionState: "s",
    } as never;
    assert.equal((await writeJson(answer)).toString(), JSON.stringify(answer));
  }
});
