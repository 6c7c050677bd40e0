import assert from "node:assert/strict";
import test from "node:test";
import { counted } from "./progress.ts";

test("at most a line for each hundredth, the last one included", () => {
  const lines: string[] = [];
  const tell = counted((line) => lines.push(line), "checked");
  for (let done = 1; done <= 1000; done++) tell(done, 1000);
  assert.equal(lines.length, 101);
  assert.equal(lines.at(-1), "checked: 1000 of 1000");
});

test("nothing to do is told once", () => {
  const lines: string[] = [];
  const tell = counted((line) => lines.push(line), "checked");
  tell(0, 0);
  tell(0, 0);
  assert.deepEqual(lines, ["checked: 0 of 0"]);
});
