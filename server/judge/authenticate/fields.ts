/** Header fields that only we may write: those of a stranger are not kept. */
import { domainToASCII } from "node:url";
import { authservId } from "../../../protocol/authentication/field.ts";
import { fieldValue, type Header } from "../../../protocol/mime/header.ts";

/** The places in `header.fields` of results that bear our name (RFC 8601 §5) and of BIMI's fields, which are a receiver's. */
export function forgedFields(header: Header, ourHost: string): readonly number[] {
  const forged: number[] = [];
  const ours = domainToASCII(ourHost);
  for (const [index, field] of header.fields.entries()) {
    if (field.name === "bimi-location" || field.name === "bimi-indicator") forged.push(index);
    else if (field.name === "authentication-results" && nameIn(fieldValue(header, field)) === ours) forged.push(index);
  }
  return forged;
}

/** Whose results they say they are, as a host is named in DNS: RFC 8601 §2.5 lets them be written in UTF-8 (a byte string here), and readers fold what looks the same. */
function nameIn(results: string): string | undefined {
  const id = authservId(Buffer.from(results, "latin1").toString("utf8"));
  return id === undefined ? undefined : domainToASCII(id).replace(/\.+$/, "");
}
