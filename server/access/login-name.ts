import { saslPrep } from "../../protocol/sasl/prep.ts";
import { parseDomain } from "../../protocol/smtp/address.ts";

/**
 * The account name somebody means: local part in lower case and NFC, domain as A-labels; `defaultDomain` ("" for none) is added
 * where they gave none. What cannot be a name comes back in lower case, and is nobody's.
 */
export function loginName(text: string, defaultDomain: string): string {
  const prepared = (saslPrep(text) ?? text).trim();
  const at = prepared.lastIndexOf("@");
  const local = (at < 0 ? prepared : prepared.slice(0, at)).toLowerCase().normalize("NFC");
  if (at < 0) return defaultDomain === "" ? local : `${local}@${defaultDomain}`;
  return `${local}@${parseDomain(prepared.slice(at + 1)) ?? prepared.slice(at + 1).toLowerCase()}`;
}
