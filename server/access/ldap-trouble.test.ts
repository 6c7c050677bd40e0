import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLdapSettings } from "./ldap.ts";
import { ldapTrouble } from "./ldap-trouble.ts";

const settings = {
  ...defaultLdapSettings,
  url: "ldap://dir.test",
  base: "ou=people,dc=test",
  bindDn: "cn=mail,dc=test",
  caFile: "/etc/ca.pem",
};
const cases: readonly [error: object, words: RegExp][] = [
  [{ code: 49 }, /refuses cn=mail,dc=test with this password: look at bindDn and bindPassword/],
  [{ code: 32 }, /There is no ou=people,dc=test in the directory/],
  [{ code: 13 }, /wants TLS first: startTls = true/],
  [{ code: 999, message: "odd\r\nthing" }, /refuses the question: odd {2}thing/],
  [{ code: "ECONNREFUSED" }, /ldap:\/\/dir\.test cannot be reached: nobody listens there\./],
  [{ code: "ENOENT" }, /There is no file \/etc\/ca\.pem/],
  [{ code: "SELF_SIGNED_CERT_IN_CHAIN" }, /Name its authority's file as caFile/],
  [{ message: "Connection timeout" }, /does not answer in time/],
  [{ message: "what" }, /cannot be asked as cn=mail,dc=test below ou=people,dc=test: what/],
];
for (const [error, words] of cases)
  test(`a directory's trouble: ${JSON.stringify(error)}`, () => assert.match(ldapTrouble(error, settings), words));
