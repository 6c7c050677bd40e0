import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeStore } from "../access/fake-store.ts";
import { ownNames } from "./own-names.ts";

test("former host names, hosted domains and their services, and what certificates are for; nothing else", async () => {
  const store = new FakeStore();
  const named = (ourHost: string) =>
    ownNames({
      store,
      directory: {
        domain: (name) =>
          ["ours.test", "behind.test"].includes(name)
            ? { name, kind: name === "ours.test" ? "local" : "relay", settings: {} }
            : undefined,
      },
      ourHost,
      hosts: ["Web.far.test"],
      certificates: () => [{ names: ["imap.cert.test", "*.wild.test"] }],
    });
  await named("old.host.test");
  const goesBy = await named("new.host.test");
  const asked = {
    ours: [
      ...["old.host.test", "new.host.test", "web.far.test", "ours.test", "mail.ours.test"],
      ...["imap.cert.test", "mx.wild.test"],
    ],
    others: ["host.test", "gateway.ours.test", "behind.test", "cert.test", "wild.test", "a.mx.wild.test", "test", ""],
  };
  for (const name of asked.ours) assert.equal(await goesBy(name), true, name);
  for (const name of asked.others) assert.equal(await goesBy(name), false, name);
});
