import assert from "node:assert/strict";
import { test } from "node:test";
import type { JourneyEntry } from "../store/store.ts";
import { Traffic } from "./traffic.ts";

test("hours are counted, kept over a restart, and forgotten after a day", async () => {
  const hour = 3_600_000;
  const start = 500_000 * hour;
  const settings = new Map<string, unknown>();
  const store = {
    setting: async (key: string) => settings.get(key),
    putSetting: async (key: string, value: unknown) => void settings.set(key, JSON.parse(JSON.stringify(value))),
  };
  const accepted = (at: number): JourneyEntry => ({ at, stage: "accepted", trace: undefined, keys: [], detail: {} });
  const first = new Traffic(() => start);
  first.note(accepted(start));
  first.note(accepted(start + 1));
  await first.keep(store, "one");
  const later = start + hour;
  const second = new Traffic(() => later);
  await second.restore(store, "one");
  second.note(accepted(start + 2));
  second.note(accepted(later));
  assert.deepEqual(
    second
      .shown()
      .map((one) => one.in)
      .slice(-3),
    [0, 3, 1],
  );
  await second.restore(store, "another");
  second.note(accepted(start + 30 * hour));
  assert.equal(new Set(second.shown().map((one) => one.in)).size, 1);
});
