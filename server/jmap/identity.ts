/** Identities (RFC 8621 §6): addresses that a person may send as, with what goes with them. */

import { invalidProperties, isObject, type JsonObject, setError } from "../../protocol/jmap/types.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { SendAs } from "../access/directory.ts";
import type { Account } from "../store/store.ts";
import type { Call } from "./call.ts";
import { submission } from "./capabilities.ts";
import type { ObjectType } from "./objects.ts";

export const firstIdentityId = "I1";
const maxSignatureChars = 100_000;
const texts = ["name", "textSignature", "htmlSignature"];

export const identityType: ObjectType = {
  name: "Identity",
  capability: submission,
  properties: ["id", "name", "email", "replyTo", "bcc", "textSignature", "htmlSignature", "mayDelete"],
  serverSet: ["mayDelete"],
  first: ({ account }) => [
    {
      id: firstIdentityId,
      data: {
        name: account.displayName,
        email: account.name,
        replyTo: null,
        bcc: null,
        textSignature: "",
        htmlSignature: "",
      },
    },
  ],
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
      (name) => !identityType.properties.includes(name) || !isFine(name, data[name]),
    );
    if (bad.length > 0)
      return { error: invalidProperties(bad, `These cannot be set, or not to this: ${bad.join(", ")}.`) };
    if (before !== undefined && before["email"] !== data["email"])
      return { error: invalidProperties(["email"], "email: it cannot be changed; make another identity.") };
    if (before === undefined && !(await maySendAs(call, call.account, data["email"] as string, "named")))
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

/** "*@domain" (RFC 8621 §6) stands for every address of it, which nobody has here. */
export async function maySendAs(call: Call, account: Account, email: string, how?: SendAs): Promise<boolean> {
  const mailbox = parseMailbox(email);
  return mailbox !== undefined && (await call.ports.mayFrom(account, mailbox.local, mailbox.domain, how));
}
