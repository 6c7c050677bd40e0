import assert from "node:assert/strict";
import { test } from "node:test";
import type { SendingEvent } from "../store/sending.ts";
import { Emails } from "./emails.ts";

const event = (type: SendingEvent["type"], message: string, detail: SendingEvent["detail"] = {}) =>
  ({
    id: 1,
    at: 0,
    type,
    tenant: "shop",
    stream: "",
    campaign: "",
    message,
    recipient: "a@far.test",
    detail,
  }) as SendingEvent;

test("events are told with the email that they are about: by its acceptance, which is looked up once where it was not read", async () => {
  const accepted = event("accepted", "q1", { id: "abc", tags: { kind: "order" }, metadata: { order: 17 } });
  const asked: (string | undefined)[] = [];
  const emails = new Emails({
    sendingEvents: async ({ message }) => {
      asked.push(message);
      return message === "q1" ? [event("queued", "q1"), accepted] : [];
    },
  });
  const of = async (...events: SendingEvent[]): Promise<unknown[]> =>
    (await emails.told(events)).map(({ data }) => [data["email_id"], data["tags"], data["metadata"]]);
  const said = ["abc", { kind: "order" }, { order: 17 }];
  const nothing = [undefined, undefined, undefined];
  assert.deepEqual(await of(event("delivered", "q1"), event("bounced", "q1"), event("delivered", "q2")), [
    said,
    said,
    nothing,
  ]);
  assert.deepEqual(await of(event("complained", "q1"), event("delivered", "q2"), event("paused", "")), [
    said,
    nothing,
    nothing,
  ]);
  assert.deepEqual(asked, ["q1", "q2"]);
  emails.note([event("accepted", "q3", { id: "def" })]);
  assert.deepEqual(await of(event("delivered", "q3")), [["def", undefined, undefined]]);
  assert.deepEqual(asked, ["q1", "q2"]);
});
