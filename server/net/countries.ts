/** The country that an address was given out to, as the registries have it: offline, and no finer than that. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Reader, type Response } from "mmdb-lib";

const data = "@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb";
let reader: Reader<Response> | undefined;

/** Two capital letters (ISO 3166-1); undefined: of nobody, or of a private network. Its 8 MB are read when first asked. */
export function countryOf(address: string): string | undefined {
  reader ??= new Reader<Response>(readFileSync(createRequire(import.meta.url).resolve(data)));
  return (reader.get(address) as { readonly country_code?: string } | null)?.country_code;
}

const names = new Intl.DisplayNames(["en"], { type: "region" });
export const countryName = (code: string): string => names.of(code) ?? code;
