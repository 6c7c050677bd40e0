/** RFC 9404, RFC 9610 and RFC 9670: blobs, address books, sharing. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Any } from "../../jmap-talk.ts";
import { me } from "./server.ts";

describe("RFC 9404, 9610 and 9670", () => {
  test("RFC 9404 §4.2.1 Blob/get: ranges, and bytes that are no text", async () => {
    const range = { offset: 20, length: 100 };
    const ids = ["#b1", "#b2"];
    const answers = await me.calls(
      [
        "Blob/upload",
        {
          create: {
            b1: { data: [{ "data:asBase64": "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wZWQgb3ZlciB0aGUggYEgZG9nLg==" }] },
            b2: { data: [{ "data:asText": "hello world" }], type: "text/plain" },
          },
        },
        "S1",
      ],
      ["Blob/get", { ids }, "G1"],
      ["Blob/get", { ids, properties: ["data:asText", "size"] }, "G2"],
      ["Blob/get", { ids, properties: ["data:asBase64", "size"] }, "G3"],
      ["Blob/get", { ids, offset: 0, length: 5 }, "G4"],
      ["Blob/get", { ids, ...range }, "G5"],
    );
    const [made, ...gets] = answers.map(([, answer]) => answer);
    const [b1, b2] = [made.created.b1.id, made.created.b2.id];
    const whole = "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wZWQgb3ZlciB0aGUggYEgZG9nLg==";
    assert.deepEqual(
      gets.map(({ list }) => list),
      [
        [
          { id: b1, "data:asBase64": whole, isEncodingProblem: true, size: 43 },
          { id: b2, "data:asText": "hello world", size: 11 },
        ],
        [
          { id: b1, "data:asText": null, isEncodingProblem: true, size: 43 },
          { id: b2, "data:asText": "hello world", size: 11 },
        ],
        [
          { id: b1, "data:asBase64": whole, size: 43 },
          { id: b2, "data:asBase64": "aGVsbG8gd29ybGQ=", size: 11 },
        ],
        [
          { id: b1, "data:asText": "The q", size: 43 },
          { id: b2, "data:asText": "hello", size: 11 },
        ],
        [
          {
            id: b1,
            "data:asBase64": "anVtcGVkIG92ZXIgdGhlIIGBIGRvZy4=",
            isEncodingProblem: true,
            isTruncated: true,
            size: 43,
          },
          { id: b2, "data:asText": "", isTruncated: true, size: 11 },
        ],
      ],
    );
  });

  test("RFC 9610 §4.1, §4.2 address books and cards at first, and another default", async () => {
    const card = {
      name: {
        components: [
          { kind: "given", value: "Joe" },
          { kind: "surname", value: "Bloggs" },
        ],
        isOrdered: true,
      },
      emails: { 0: { contexts: { private: true }, address: "joe.bloggs@example.com" } },
    };
    const first = (await me.call("AddressBook/get")).list[0].id;
    const { created } = await me.call("AddressBook/set", { create: { b: { name: "Autosaved", sortOrder: 1 } } });
    const made = await me.call("ContactCard/set", { create: { c: { ...card, addressBookIds: { [first]: true } } } });
    const [books, cards] = (await me.calls(["AddressBook/get", {}, "0"], ["ContactCard/get", {}, "1"])).map(
      ([, answer]) => answer,
    );
    assert.deepEqual(
      books.list.map(({ id, name, isDefault }: Any) => [id, name, isDefault]),
      [
        [first, "Personal", true],
        [created.b.id, "Autosaved", false],
      ],
    );
    const { id, addressBookIds, name, emails } = cards.list.find((one: Any) => one.id === made.created.c.id);
    assert.deepEqual([id, addressBookIds, { name, emails }], [made.created.c.id, { [first]: true }, card]);
    const set = await me.call("AddressBook/set", { onSuccessSetIsDefault: created.b.id });
    assert.deepEqual(set.updated, { [created.b.id]: { isDefault: true }, [first]: { isDefault: false } });
    const { created: third } = await me.call("AddressBook/set", {
      create: { c: { name: "Third" } },
      onSuccessSetIsDefault: "#c",
    });
    assert.equal(third.c.isDefault, true);
    const { blobId } = await me.upload("no picture", "text/plain");
    const refused = await me.call("ContactCard/set", {
      update: { [id]: { media: { p: { kind: "photo", blobId } } } },
    });
    assert.deepEqual(refused.notUpdated[id].properties, ["media/p/blobId"]);
  });

  test("RFC 9670 §4.1 whose account it is, and the people to share with", async () => {
    const owner = "urn:ietf:params:jmap:principals:owner";
    const { accountIdForPrincipal, principalId } = me.session.accounts[me.accountId].accountCapabilities[owner];
    assert.equal(owner in me.session.capabilities, false);
    const { list } = await me.call("Principal/get", { accountId: accountIdForPrincipal, ids: null });
    const [mine, other] = [principalId, undefined].map((id) =>
      list.find((one: Any) => (id === undefined ? one.email === "u2@example.test" : one.id === id)),
    );
    assert.deepEqual(mine.accounts, { [me.accountId]: me.session.accounts[me.accountId] });
    assert.deepEqual(other, {
      id: other.id,
      type: "individual",
      name: "u2@example.test",
      description: null,
      email: "u2@example.test",
      timeZone: null,
      capabilities: {},
      accounts: null,
    });
  });
});
