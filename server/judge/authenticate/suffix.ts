/** The public suffix list, where RFC 9989's tree walk needs a second opinion. */
import { createRequire } from "node:module";

/** `registrable`: the domain right below the suffix; where a company lets others have names below its own ("github.io"), below that. */
export type Suffix = { readonly suffix: string; readonly registrable: string | undefined };

let parse: typeof import("tldts").parse | undefined;
const options = { extractHostname: false, validateHostname: false, detectIp: false } as const;

/** Undefined where the list does not know the suffix. The list is read when it is first asked. */
export function suffixOf(domain: string): Suffix | undefined {
  parse ??= (createRequire(import.meta.url)("tldts") as typeof import("tldts")).parse;
  const { publicSuffix, isIcann } = parse(domain, options);
  if (isIcann !== true || publicSuffix === null) return undefined;
  const { domain: registrable } = parse(domain, { ...options, allowPrivateDomains: true });
  return { suffix: publicSuffix, registrable: registrable ?? undefined };
}
