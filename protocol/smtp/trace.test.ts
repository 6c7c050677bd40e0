import assert from "node:assert/strict";
import { test } from "node:test";
import { dateTime, receivedField, returnPathField, withoutReturnPath } from "./trace.ts";

const clauses = {
  helo: "mx.b.test",
  remoteAddress: "192.0.2.1",
  remoteName: "rev.b.test",
  ourHost: "mx.example.test",
  via: "ESMTPS",
  id: "abc",
  only: { local: "a b", domain: "c.test" },
  cipher: "TLS_AES_256_GCM_SHA384",
  at: Date.UTC(2026, 10, 3, 4, 5, 6),
};

test("a Received field with everything", () => {
  assert.equal(
    receivedField(clauses),
    "Received: from mx.b.test (rev.b.test [192.0.2.1])\r\n\tby mx.example.test with ESMTPS id abc\r\n" +
      '\tfor <"a b"@c.test> tls TLS_AES_256_GCM_SHA384;\r\n\tTue, 03 Nov 2026 04:05:06 +0000\r\n',
  );
});

test("a Received field with little", () => {
  const little = {
    ...clauses,
    helo: "",
    remoteName: undefined,
    only: undefined,
    cipher: undefined,
    remoteAddress: "2001:db8::1",
  };
  assert.match(
    receivedField(little),
    /^Received: from \[IPv6:2001:db8::1\] \(\[IPv6:2001:db8::1\]\)\r\n\tby mx\.example\.test with ESMTPS id abc;\r\n\t/,
  );
  assert.match(receivedField({ ...little, helo: undefined }), /^Received: by mx/);
});

test("times", () => {
  assert.equal(dateTime(0), "Thu, 01 Jan 1970 00:00:00 +0000");
  assert.equal(dateTime(1999), "Thu, 01 Jan 1970 00:00:01 +0000");
  assert.equal(dateTime(1000), "Thu, 01 Jan 1970 00:00:01 +0000");
});

test("our Return-Path is left out for the next server", () => {
  const message = "Received: x\r\n y\r\n\r\nbody";
  for (const front of [returnPathField("a@b.test"), "return-path: <a@b.test>\r\n\t(folded)\r\n"])
    assert.equal(withoutReturnPath(Buffer.from(front + message)).toString(), message);
  assert.equal(withoutReturnPath(Buffer.from(message)).toString(), message);
  assert.equal(withoutReturnPath(Buffer.from("Return-Path: <>")).toString(), "Return-Path: <>");
});
