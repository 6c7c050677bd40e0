import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { applyPatch, setPatch } from "./patch.ts";
import { evaluate, resolveReferences } from "./reference.ts";
import { maxJsonDepth, maxJsonNames, maxJsonValues, parseJson, readRequest } from "./request.ts";
import type { Invocation, Json, JsonObject } from "./types.ts";

const limits = { maxCallsInRequest: 3, maxSizeRequest: 1000 };
const core = "urn:ietf:params:jmap:core";
const read = (text: string | Uint8Array) => {
  const parsed = parseJson(typeof text === "string" ? Buffer.from(text) : text);
  return "status" in parsed ? parsed : readRequest(parsed.value, limits, (name) => name === core);
};

describe("malformed requests (RFC 8620 §3.6.1)", () => {
  const call = ["Core/echo", {}, "0"];
  const cases: readonly [name: string, body: unknown, type: string, pointer: string | undefined][] = [
    ["no JSON", "{", "notJSON", undefined],
    ["nothing", "", "notJSON", undefined],
    ["bytes that are no UTF-8", Buffer.from([0x22, 0xff, 0x22]), "notJSON", undefined],
    ["two values", "{} {}", "notJSON", undefined],
    ["NaN", '{"a":NaN}', "notJSON", undefined],
    ["too deep", `${"[".repeat(maxJsonDepth + 1)}${"]".repeat(maxJsonDepth + 1)}`, "notJSON", undefined],
    ["too many values", `[${"1,".repeat(maxJsonValues)}1]`, "limit", undefined],
    ["too many names", `{${Array.from({ length: maxJsonNames + 1 }, (_, i) => `"${i}":1`)}}`, "limit", undefined],
    ["an array", [], "notRequest", ""],
    ["a string", '"x"', "notRequest", ""],
    ["no using", { methodCalls: [] }, "notRequest", "/using"],
    ["using that is no list", { using: core, methodCalls: [] }, "notRequest", "/using"],
    ["a capability that is a number", { using: [1], methodCalls: [] }, "notRequest", "/using/0"],
    ["an unknown capability", { using: [core, "urn:x"], methodCalls: [] }, "unknownCapability", "/using/1"],
    ["no calls", { using: [core] }, "notRequest", "/methodCalls"],
    ["a call that is an object", { using: [core], methodCalls: [{}] }, "notRequest", "/methodCalls/0"],
    ["a call of two", { using: [core], methodCalls: [call, ["a", {}]] }, "notRequest", "/methodCalls/1"],
    ["a name that is none", { using: [core], methodCalls: [[1, {}, "0"]] }, "notRequest", "/methodCalls/0/0"],
    ["arguments that are a list", { using: [core], methodCalls: [["a", [], "0"]] }, "notRequest", "/methodCalls/0/1"],
    ["null for arguments", { using: [core], methodCalls: [["a", null, "0"]] }, "notRequest", "/methodCalls/0/1"],
    ["a call id that is a number", { using: [core], methodCalls: [["a", {}, 0]] }, "notRequest", "/methodCalls/0/2"],
    ["created ids that are a list", { using: [core], methodCalls: [], createdIds: [] }, "notRequest", "/createdIds"],
    [
      "a created id that is a number",
      { using: [core], methodCalls: [], createdIds: { a: 1 } },
      "notRequest",
      "/createdIds/a",
    ],
    ["too many calls", { using: [core], methodCalls: [call, call, call, call] }, "limit", undefined],
  ];
  for (const [name, body, type, pointer] of cases)
    test(name, () => {
      const problem = read(typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body));
      assert.ok("status" in problem, "it is a problem");
      assert.equal(problem.type, `urn:ietf:params:jmap:error:${type}`);
      assert.ok(problem.status === 400 || problem.status === 413);
      assert.equal(problem.pointer, pointer);
      assert.ok(problem.detail.length > 10, "it says what to do");
    });

  test("what is right is read", () => {
    assert.deepEqual(read(JSON.stringify({ using: [core], methodCalls: [call], createdIds: { k: "v" }, more: 1 })), {
      using: [core],
      methodCalls: [call],
      createdIds: { k: "v" },
    });
  });

  test("random bytes and random JSON never throw", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return (seed >>> 8) % below;
    };
    const value = (depth: number): unknown => {
      const kinds = [null, true, -1.5, "x", "#a", "/a/*", core, "Core/echo"];
      if (depth > 4 || random(3) === 0) return kinds[random(kinds.length)];
      if (random(2) === 0) return Array.from({ length: random(4) }, () => value(depth + 1));
      const names = ["using", "methodCalls", "createdIds", "#ids", "resultOf", "name", "path", "a/b", "a", "__proto__"];
      return Object.fromEntries(
        Array.from({ length: random(4) }, () => [names[random(names.length)], value(depth + 1)]),
      );
    };
    for (let i = 0; i < 20_000; i++) {
      read(Buffer.from(Array.from({ length: random(40) }, () => random(256))));
      read(JSON.stringify({ using: [core], methodCalls: value(0) }));
      const args = value(0);
      if (typeof args === "object" && args !== null && !Array.isArray(args)) {
        const calls: Invocation[] = [["Core/echo", args as JsonObject, "#a"]];
        resolveReferences({ "#ids": { resultOf: "#a", name: "Core/echo", path: "/a/*" } }, calls);
        resolveReferences(args as JsonObject, calls);
        applyPatch(args as JsonObject, (value(0) as JsonObject | null) ?? {});
        setPatch(args as JsonObject, "a");
      }
    }
    assert.equal(({} as { readonly polluted?: unknown }).polluted, undefined);
  });
});

describe("result references (RFC 8620 §3.7)", () => {
  const threads: Invocation = [
    "Thread/get",
    {
      list: [
        { id: "trd194", emailIds: ["msg1020", "msg1021", "msg1023"] },
        { id: "trd114", emailIds: ["msg201", "msg223"] },
      ],
    },
    "t2",
  ];
  test("the RFC's example: lists within a list are laid flat", () => {
    assert.deepEqual(
      resolveReferences({ "#ids": { resultOf: "t2", name: "Thread/get", path: "/list/*/emailIds" } }, [threads]),
      { ok: { ids: ["msg1020", "msg1021", "msg1023", "msg201", "msg223"] } },
    );
  });
  const cases: readonly [string, JsonObject, string][] = [
    ["no such answer", { "#a": { resultOf: "t9", name: "Thread/get", path: "/list" } }, "invalidResultReference"],
    ["another method", { "#a": { resultOf: "t2", name: "Email/get", path: "/list" } }, "invalidResultReference"],
    ["no such property", { "#a": { resultOf: "t2", name: "Thread/get", path: "/nope" } }, "invalidResultReference"],
    ["past the end", { "#a": { resultOf: "t2", name: "Thread/get", path: "/list/2" } }, "invalidResultReference"],
    ["a leading nought", { "#a": { resultOf: "t2", name: "Thread/get", path: "/list/00" } }, "invalidResultReference"],
    ["into a string", { "#a": { resultOf: "t2", name: "Thread/get", path: "/list/0/id/x" } }, "invalidResultReference"],
    ["no slash", { "#a": { resultOf: "t2", name: "Thread/get", path: "list" } }, "invalidResultReference"],
    ["no object", { "#a": "x" }, "invalidResultReference"],
    ["twice", { a: 1, "#a": { resultOf: "t2", name: "Thread/get", path: "/list" } }, "invalidArguments"],
  ];
  for (const [name, args, type] of cases)
    test(name, () => {
      const resolved = resolveReferences(args, [threads]);
      assert.ok("error" in resolved);
      assert.equal(resolved.error.type, type);
    });
  // RFC 6901 §5.
  const document = { foo: ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "m~n": 8, " ": 7 } as unknown as Json;
  const pointers: readonly [string, Json][] = [
    ["", document],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/m~0n", 8],
    ["/ ", 7],
  ];
  for (const [pointer, value] of pointers)
    test(`pointer ${JSON.stringify(pointer)}`, () => assert.deepEqual(evaluate(document, pointer), { ok: value }));
});

describe("patches (RFC 8620 §5.3)", () => {
  const before = { a: { b: 1, "x/y": 2 }, list: [1], n: 0 };
  const good: readonly [string, JsonObject, JsonObject][] = [
    ["deep", { "a/b": 5 }, { ...before, a: { b: 5, "x/y": 2 } }],
    ["escaped", { "a/x~1y": null }, { ...before, a: { b: 1 } }],
    ["added", { "a/c": true }, { ...before, a: { b: 1, "x/y": 2, c: true } }],
    ["several in one", { "a/c": 3, "a/d": 4, "a/b": null }, { ...before, a: { "x/y": 2, c: 3, d: 4 } }],
    [
      "a name that is no property of all objects",
      { "a/__proto__": 1 },
      { ...before, a: JSON.parse('{"b":1,"x/y":2,"__proto__":1}') },
    ],
    ["replaced", { list: [2] }, { ...before, list: [2] }],
    ["taken away", { n: null }, { a: before.a, list: [1] }],
  ];
  for (const [name, patch, after] of good) test(name, () => assert.deepEqual(applyPatch(before, patch), { ok: after }));
  const bad: readonly [string, JsonObject, string][] = [
    ["into a list", { "list/0": 1 }, "list/0"],
    ["below nothing", { "z/b": 1 }, "z/b"],
    ["below a number", { "n/b": 1 }, "n/b"],
    ["one within the other", { a: {}, "a/b": 1 }, "a/b"],
    ["too deep", { ["/".repeat(150)]: 1 }, "/".repeat(150)],
  ];
  for (const [name, patch, path] of bad)
    test(name, () => {
      const patched = applyPatch(before, patch);
      assert.ok("path" in patched);
      assert.equal(patched.path, path);
    });
  test("sets", () => {
    assert.deepEqual(setPatch({ keywords: { a: true } }, "keywords"), { kind: "set", names: ["a"] });
    assert.deepEqual(setPatch({ "keywords/a": true, "keywords/b": null }, "keywords"), {
      kind: "patch",
      add: ["a"],
      remove: ["b"],
    });
    assert.equal(setPatch({ subject: "x" }, "keywords"), undefined);
    for (const wrong of [
      { keywords: { a: false } },
      { "keywords/a": 1 },
      { "keywords/a/b": true },
      { keywords: {}, "keywords/a": true },
    ])
      assert.ok("type" in (setPatch(wrong as JsonObject, "keywords") ?? {}));
  });
});

test("copies of copies end: what references give is counted as it would be written", () => {
  const whole = (of: number) => ({ resultOf: String(of), name: "Core/echo", path: "" });
  const responses: Invocation[] = [["Core/echo", { a: "x".repeat(1000) }, "0"]];
  for (let i = 1; i < 16; i++) {
    const copied = resolveReferences({ "#a": whole(i - 1), "#b": whole(i - 1), "#c": whole(i - 1) }, responses);
    if ("error" in copied) {
      assert.equal(copied.error.type, "invalidResultReference");
      assert.ok(i > 5 && JSON.stringify(responses).length < 4_000_000, `it ended at ${i}`);
      return;
    }
    responses.push(["Core/echo", copied.ok, String(i)]);
  }
  assert.fail("It goes on and on.");
});
