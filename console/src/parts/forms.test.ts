import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf } from "../api/check.ts";
import { Description, type Schema } from "../api/description.ts";
import { bodyOf, fieldsOf, runsOf, toggled, written } from "./forms.ts";

const description = new Description({ info: { version: "0" }, paths: {}, components: { schemas: {}, responses: {} } });
const body: Schema = {
  type: "object",
  required: ["host"],
  properties: {
    host: { type: "string", minLength: 1 },
    everyMs: { type: "integer", minimum: 0, maximum: 86_400_000, default: 0 },
    maxMessageBytes: { type: "integer", maximum: 1024 ** 2 },
    scopes: { type: "array", items: { enum: ["imap", "smtp", "api"] } },
    folders: { type: "array", items: { type: "string" } },
    until: { type: "string", format: "date-time" },
    note: { anyOf: [{ type: "string" }, { type: "null" }] },
    to: { anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] },
    targets: { type: "object", additionalProperties: { type: "integer", minimum: 1 } },
    limits: {
      type: "object",
      properties: {
        maxDomains: { anyOf: [{ type: "integer", minimum: 0 }, { type: "null" }] },
        storageBytes: { anyOf: [{ type: "integer" }, { type: "null" }] },
      },
    },
    oauth: {
      type: "object",
      required: ["url", "id"],
      properties: { url: { type: "string", minLength: 1 }, id: { type: "string" }, strict: { type: "boolean" } },
    },
  },
};
const fields = fieldsOf(description, body);
const kinds = Object.fromEntries(fields.map(({ name, kind }) => [name, kind]));

test("each field is asked for as what it is", () => {
  assert.deepEqual(kinds, {
    host: "text",
    everyMs: "duration",
    maxMessageBytes: "bytes",
    scopes: "several",
    folders: "lines",
    until: "time",
    note: "long",
    to: "text",
    targets: "pairs",
    "limits/maxDomains": "number",
    "limits/storageBytes": "bytes",
    "oauth/url": "text",
    "oauth/id": "text",
    "oauth/strict": "yesno",
  });
});

test("what is written becomes what is sent; what was left empty is left out", () => {
  const now = written(fields, {});
  assert.equal(now["everyMs"], "0");
  assert.deepEqual(bodyOf(fields, { ...now, host: " a.example ", everyMs: "15 min", scopes: "imap\napi" }, undefined), {
    host: "a.example",
    everyMs: 900_000,
    scopes: ["imap", "api"],
  });
});

test("of a change only what changed is sent; what was emptied is taken away where it may be", () => {
  const before = written(fields, { host: "a", everyMs: 60_000, note: "x", folders: ["INBOX"] });
  assert.equal(before["everyMs"], "1 minute");
  assert.deepEqual(bodyOf(fields, before, before), {});
  assert.deepEqual(bodyOf(fields, { ...before, note: "", folders: "INBOX\nSent" }, before), {
    note: null,
    folders: ["INBOX", "Sent"],
  });
});

test("fields of an object are fields; what is left empty in it is not sent", () => {
  const now = { ...written(fields, {}), host: "a", "limits/maxDomains": "3", targets: "gmail: 5000\nweb.de : 7" };
  assert.deepEqual(bodyOf(fields, now, undefined), {
    host: "a",
    everyMs: 0,
    targets: { gmail: 5000, "web.de": 7 },
    limits: { maxDomains: 3 },
  });
  assert.deepEqual(
    runsOf(fields)
      .map((run) => run.length)
      .slice(-2),
    [2, 3],
  );
});

test("of a change in an object the change is sent, and where it must be whole all of it", () => {
  const kept = {
    host: "a",
    targets: { gmail: 5000 },
    limits: { maxDomains: 3, storageBytes: 1024 },
    oauth: { url: "https://a", id: "7", strict: false },
  };
  const before = written(fields, kept);
  assert.equal(before["targets"], "gmail: 5000");
  assert.equal(before["limits/storageBytes"], "1 KB");
  assert.deepEqual(bodyOf(fields, { ...before, "limits/maxDomains": "", targets: "" }, before), {
    targets: {},
    limits: { maxDomains: null },
  });
  assert.deepEqual(bodyOf(fields, { ...before, "oauth/id": "8" }, before), {
    oauth: { url: "https://a", id: "8", strict: false },
  });
});

test("what is wrong in an object is said beside its field", () => {
  const wrong = { host: "a", limits: { maxDomains: -1 }, oauth: { id: "7" }, targets: "gmail" };
  assert.deepEqual(faultsOf(body, description, wrong, fields), {
    "limits/maxDomains": "The least is 0.",
    "oauth/url": "Write something here.",
    targets: "Write a name, a colon and its value in each line.",
  });
  assert.deepEqual(faultsOf(body, description, { host: "a", targets: { gmail: "many" } }, fields), {
    targets: "Write a name, a colon and its value in each line.",
  });
});

test("choices stay in their order, whichever was chosen first", () => {
  const choices = ["imap", "smtp", "api"];
  assert.equal(toggled("", "api", choices), "api");
  assert.equal(toggled("api", "imap", choices), "imap\napi");
  assert.equal(toggled("imap\napi", "api", choices), "imap");
});

test("what cannot be read is said beside its field, in words of the field", () => {
  const sent = { ...bodyOf(fields, { ...written(fields, {}), everyMs: "soon", maxMessageBytes: "much" }, undefined) };
  assert.deepEqual(faultsOf(body, description, sent, fields), {
    host: "Write something here.",
    everyMs: "Write a time, such as 15 minutes.",
    maxMessageBytes: "Write a size, such as 5 GB.",
  });
  const large = { host: "a", everyMs: 2 * 86_400_000, maxMessageBytes: 1024 ** 3 };
  assert.deepEqual(faultsOf(body, description, large, fields), {
    everyMs: "The most is 1 day.",
    maxMessageBytes: "The most is 1 MB.",
  });
});
