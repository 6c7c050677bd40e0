/** Header fields that only we may write: those of a stranger are not kept. */
import { authservId } from "../../../protocol/authentication/field.ts";
import { fieldValue, type Header } from "../../../protocol/mime/header.ts";

/** The places in `header.fields` of results that bear our name (RFC 8601 §5) and of BIMI's fields, which are a receiver's. */
export function forgedFields(header: Header, ourHost: string): readonly number[] {
  const forged: number[] = [];
  for (const [index, field] of header.fields.entries()) {
    if (field.name === "bimi-location" || field.name === "bimi-indicator") forged.push(index);
    else if (field.name === "authentication-results" && authservId(fieldValue(header, field)) === ourHost.toLowerCase())
      forged.push(index);
  }
  return forged;
}
