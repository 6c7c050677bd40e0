/** Identities (RFC 8621 §6): addresses that a person may send as, with what goes with them. */

import { invalidProperties, isObject, type JsonObject, setError } from "../../protocol/jmap/types.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { SendAs } from "../access/directory.ts";
import type { Account } from "../store/store.ts";
import { submission } from "./capabilities.ts";
import type { ObjectType } from "./object-type.ts";
import type { JmapPorts } from "./ports.ts";

export const firstIdentityId = "I1";
const maxSignatureChars = 100_000;
const texts = ["name", "textSignature", "htmlSignature"];

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
      return { error: invalidProperties(bad, `These cannot be set, or not to this: ${bad.join(", ")}.`) };
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
  if (texts.includes(name)) return typeof value === "string" && value.length <= maxSignatureChars;
  if (name === "email") return typeof value === "string" && value !== "";
  return value === null || isAddressList(value);
}

export const isAddressList = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= 100 &&
  value.every(
    (one) =>
      isObject(one) &&
      typeof one["email"] === "string" &&
      (one["name"] === undefined || one["name"] === null || typeof one["name"] === "string"),
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
