/** Header fields that only we may write: those of a stranger are not kept. */
import { domainToASCII } from "node:url";
import { authservId } from "../../../protocol/authentication/field.ts";
import { fieldValue, type Header } from "../../../protocol/mime/header.ts";

/** Whose results are ours too, by a name as it is in DNS. */
export type GoesBy = (name: string) => boolean | Promise<boolean>;

/** So many names are looked up for one message; the results of more are not kept: honest mail has a handful. */
const maxNames = 50;

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

/** The places of results under names that we go by. */
export async function resultsUnder(goesBy: GoesBy, header: Header): Promise<readonly number[]> {
  const found: number[] = [];
  const known = new Map<string, boolean>();
  for (const [index, field] of header.fields.entries()) {
    const name = field.name === "authentication-results" ? nameIn(fieldValue(header, field)) : undefined;
    if (name === undefined) continue;
    if (!known.has(name)) known.set(name, known.size >= maxNames || (await goesBy(name)));
    if (known.get(name) === true) found.push(index);
  }
  return found;
}

/** Whose results they say they are, as a host is named in DNS: RFC 8601 §2.5 lets them be written in UTF-8 (a byte string here), and readers fold what looks the same. */
function nameIn(results: string): string | undefined {
  const id = authservId(Buffer.from(results, "latin1").toString("utf8"));
  return id === undefined ? undefined : domainToASCII(id).replace(/\.+$/, "");
}
