/** Identities (RFC 8621 §6): addresses that a person may send as, with what goes with them. */

import { isDisplayName, noDisplayName } from "../../protocol/display-name.ts";
import { invalidProperties, isObject, type JsonObject, setError } from "../../protocol/jmap/types.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { SendAs } from "../access/directory.ts";
import type { Account } from "../store/store.ts";
import { submission } from "./capabilities.ts";
import type { ObjectType } from "./object-type.ts";
import type { JmapPorts } from "./ports.ts";

export const firstIdentityId = "I1";
const maxSignatureChars = 100_000;
/** Of a name that goes with an address, and of the address (RFC 5321 §4.5.3.1). */
const maxNameChars = 1000;
const maxAddressChars = 320;
const texts: { readonly [property: string]: number } = {
  name: maxNameChars,
  textSignature: maxSignatureChars,
  htmlSignature: maxSignatureChars,
};

export const identityName = "Identity";

/** With which an account begins. */
export const firstIdentity = ({ name, displayName }: Account): { readonly id: string; readonly data: JsonObject } => ({
  id: firstIdentityId,
  data: { name: displayName, email: name, replyTo: null, bcc: null, textSignature: "", htmlSignature: "" },
});

/** Of one's own account; `shared-sending.ts` has them of others'. */
export const ownIdentityType: ObjectType = {
  name: identityName,
  capability: submission,
  properties: ["id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete"],
  serverSet: ["mayDelete"],
  first: ({ account }) => [firstIdentity(account)],
  show: (data, id) => ({ ...data, mayDelete: id !== firstIdentityId }),
  accept: async (after, before, call) => {
    const { mayDelete: _, ...given } = after;
    const data: JsonObject = {
      name: "",
      email: "",
      replyTo: null,
      bcc: null,
      textSignature: "",
      htmlSignature: "",
      ...given,
    };
    const bad = Object.keys(data).filter(
      (name) => !ownIdentityType.properties.includes(name) || !isFine(name, data[name]),
    );
    if (bad.length > 0)
      return {
        error: invalidProperties(
          bad,
          `These cannot be set, or not to this: ${bad.join(", ")}. A name has at most ${maxNameChars} characters, a signature ${maxSignatureChars}. ${noDisplayName}`,
        ),
      };
    if (before !== undefined && before["email"] !== data["email"])
      return { error: invalidProperties(["email"], "email: it cannot be changed; make another identity.") };
    if (before === undefined && !(await maySendAs(call.ports, call.account, data["email"] as string, "named")))
      return { error: setError("forbiddenFrom", `You may not send as ${data["email"]}.`) };
    return { data };
  },
  keep: (_data, id) =>
    id === firstIdentityId
      ? setError("forbidden", "The first identity is the account's own address, and stays.")
      : undefined,
};

function isFine(name: string, value: unknown): boolean {
  const most = texts[name];
  if (most !== undefined)
    return typeof value === "string" && value.length <= most && (name !== "name" || isDisplayName(value));
  if (name === "email") return isAddress(value);
  return value === null || isAddressList(value);
}

const isAddress = (value: unknown): boolean =>
  typeof value === "string" && value !== "" && value.length <= maxAddressChars;

export const isAddressList = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= 100 &&
  value.every(
    (one) =>
      isObject(one) &&
      isAddress(one["email"]) &&
      (one["name"] === undefined ||
        one["name"] === null ||
        (typeof one["name"] === "string" && one["name"].length <= maxNameChars && isDisplayName(one["name"]))),
  );

/** "*@domain" (RFC 8621 §6) stands for every address of it that is nobody else's: whoever the catch-all goes to, alone, has it. */
export async function maySendAs(
  { mayFrom }: Pick<JmapPorts, "mayFrom">,
  account: Account,
  email: string,
  how?: SendAs,
): Promise<boolean> {
  const mailbox = parseMailbox(email);
  return mailbox !== undefined && (await mayFrom(account, mailbox.local, mailbox.domain, how));
}
