/** What Email/get and Email/parse are asked to show. */
import * as is from "../../protocol/jmap/check.ts";
import type { EmailWant } from "../../protocol/jmap/email.ts";
import { defaultBodyProperties, parseProperties, resultsProperty } from "../../protocol/jmap/email-properties.ts";
import { failed } from "../../protocol/jmap/types.ts";
import type { Answer } from "./call.ts";
import { authenticationResults } from "./capabilities.ts";

export const wantArgs = {
  properties: is.maybe(is.array(is.string)),
  bodyProperties: is.maybe(is.array(is.string)),
  fetchTextBodyValues: is.optional(is.bool),
  fetchHTMLBodyValues: is.optional(is.bool),
  fetchAllBodyValues: is.optional(is.bool),
  maxBodyValueBytes: is.optional(is.uint),
};
export type WantArgs = { readonly [K in keyof typeof wantArgs]: is.Of<(typeof wantArgs)[K]> };

export function readWant(
  args: Partial<WantArgs>,
  defaults: readonly string[],
  using: ReadonlySet<string>,
): EmailWant | Extract<Answer, { error: unknown }> {
  const parsed = parseProperties(args.properties ?? defaults, "email");
  const isKnown = using.has(authenticationResults) || args.properties?.includes(resultsProperty) !== true;
  const properties = isKnown ? parsed : { unknown: resultsProperty };
  const bodyProperties = parseProperties(args.bodyProperties ?? defaultBodyProperties, "part");
  for (const [name, parsed] of [
    ["properties", properties],
    ["bodyProperties", bodyProperties],
  ] as const)
    if ("unknown" in parsed)
      return failed(
        "invalidArguments",
        `/${name}: "${parsed.unknown}" is no property, or no form of that header field.`,
        {
          pointer: `/${name}`,
        },
      );
  if ("unknown" in properties || "unknown" in bodyProperties) throw new Error("Said already.");
  return {
    properties,
    bodyProperties,
    fetchTextBodyValues: args.fetchTextBodyValues ?? false,
    fetchHTMLBodyValues: args.fetchHTMLBodyValues ?? false,
    fetchAllBodyValues: args.fetchAllBodyValues ?? false,
    maxBodyValueBytes: args.maxBodyValueBytes ?? 0,
  };
}
