/** The attachment scanner on samples made here: everything dangerous is caught, nothing ordinary is flagged, nothing takes long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sentenceOf } from "../../server/judge/attachments/finding.ts";
import { scanMessage } from "../../server/judge/attachments/scan-message.ts";
import { dangerous } from "./dangerous.ts";
import { messageWith } from "./message.ts";
import { ordinary } from "./ordinary.ts";

test("there are enough samples", () => {
  assert.ok(dangerous.length >= 60, String(dangerous.length));
  assert.ok(ordinary.length >= 200, String(ordinary.length));
});

for (const sample of dangerous)
  test(`caught: ${sample.danger}: ${JSON.stringify(sample.name)}`, async () => {
    const start = performance.now();
    const { findings } = await scanMessage(messageWith(sample));
    assert.ok(
      findings.some(({ danger }) => danger === sample.danger),
      `found ${findings.map(sentenceOf).join("; ") || "nothing"}`,
    );
    assert.ok(performance.now() - start < 5000, "in time");
  });

test("nothing ordinary is flagged", async () => {
  const wrong: string[] = [];
  for (const file of ordinary) {
    const { findings } = await scanMessage(messageWith(file));
    if (findings.length > 0) wrong.push(`${file.name}: ${findings.map(sentenceOf).join("; ")}`);
  }
  assert.deepEqual(wrong, []);
});
