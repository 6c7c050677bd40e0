/** The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677), as functions from message to message. */
import { isUtf8 } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import { maxNameChars } from "./prep.ts";
import {
  fromBase64,
  hash,
  hmac,
  isNonce,
  keyBytes,
  maxScramMessageBytes,
  readSaslName,
  type ScramVerifier,
  xor,
} from "./scram.ts";

export type ClientFirst = {
  readonly kind: "first";
  readonly user: string;
  /** "" where the client acts for itself. */
  readonly authzid: string;
  readonly nonce: string;
  /** The channel binding type the client uses, or undefined. */
  readonly binding: string | undefined;
  readonly gs2Header: string;
  readonly bare: string;
};

export type ScramRefusal = {
  readonly kind: "refused";
  readonly reason:
    | "malformed"
    | "binding-required"
    | "binding-unsupported"
    | "downgrade"
    | "binding-mismatch"
    | "proof";
};

/** Between the server's first message and the client's final one. */
export type ScramExchange = {
  readonly first: ClientFirst;
  readonly verifier: ScramVerifier;
  readonly nonce: string;
  /** The server-first-message, to be sent. */
  readonly message: string;
};

const refused = (reason: ScramRefusal["reason"]): ScramRefusal => ({ kind: "refused", reason });

/**
 * Reads the client-first-message. `plus`: the mechanism asked for is the -PLUS one. `plusOffered`: we advertised it, so
 * that a client that thinks we did not ("y") has been lied to (RFC 5802 §6).
 */
export function readClientFirst(
  message: Buffer,
  mechanism: { readonly plus: boolean; readonly plusOffered: boolean },
): ClientFirst | ScramRefusal {
  if (message.length > maxScramMessageBytes || !isUtf8(message)) return refused("malformed");
  const text = message.toString("utf8");
  // gs2-header = ("p=" cb-name / "n" / "y") "," ["a=" saslname] ","
  const flagEnd = text.indexOf(",");
  const headerEnd = flagEnd < 0 ? -1 : text.indexOf(",", flagEnd + 1);
  if (headerEnd < 0) return refused("malformed");
  const flag = text.slice(0, flagEnd);
  const authzidPart = text.slice(flagEnd + 1, headerEnd);
  const bare = text.slice(headerEnd + 1);
  let authzid: string | undefined = "";
  if (authzidPart !== "") {
    authzid = authzidPart.startsWith("a=") ? readSaslName(authzidPart.slice(2)) : undefined;
    if (authzid === undefined || authzid.length > maxNameChars) return refused("malformed");
  }
  let binding: string | undefined;
  if (flag.startsWith("p=")) {
    binding = flag.slice(2);
    if (!/^[A-Za-z0-9.-]{1,64}$/.test(binding)) return refused("malformed");
    if (!mechanism.plus) return refused("binding-unsupported");
  } else if (flag === "n" || flag === "y") {
    if (mechanism.plus) return refused("binding-required");
    if (flag === "y" && mechanism.plusOffered) return refused("downgrade");
  } else return refused("malformed");
  // client-first-message-bare = username "," nonce ["," extensions]; "m=" is an extension we must refuse (§5.1).
  const [namePart = "", noncePart = ""] = bare.split(",", 2);
  if (!namePart.startsWith("n=") || !noncePart.startsWith("r=")) return refused("malformed");
  const user = readSaslName(namePart.slice(2));
  const nonce = noncePart.slice(2);
  if (user === undefined || user.length > maxNameChars || user.includes("\0") || !isNonce(nonce)) {
    return refused("malformed");
  }
  return { kind: "first", user, authzid, nonce, binding, gs2Header: text.slice(0, headerEnd + 1), bare };
}

/** The server-first-message. `ourNonce`: at least 18 random printable characters without comma. */
export function beginExchange(first: ClientFirst, verifier: ScramVerifier, ourNonce: string): ScramExchange {
  const nonce = first.nonce + ourNonce;
  return {
    first,
    verifier,
    nonce,
    message: `r=${nonce},s=${verifier.salt.toString("base64")},i=${verifier.iterations}`,
  };
}

/**
 * Checks the client-final-message; `bindingData` is the connection's data for `first.binding`. The answer's `message` is the
 * server-final-message, which proves to the client that we know its verifier.
 */
export function finishExchange(
  exchange: ScramExchange,
  message: Buffer,
  bindingData: Buffer | undefined,
): { readonly kind: "ok"; readonly message: string } | ScramRefusal {
  if (message.length > maxScramMessageBytes || !isUtf8(message)) return refused("malformed");
  const text = message.toString("utf8");
  const proofAt = text.lastIndexOf(",p=");
  if (proofAt < 0) return refused("malformed");
  const withoutProof = text.slice(0, proofAt);
  const proof = fromBase64(text.slice(proofAt + 3));
  const [bindingPart = "", noncePart = ""] = withoutProof.split(",", 2);
  if (proof?.length !== keyBytes || !bindingPart.startsWith("c=") || !noncePart.startsWith("r=")) {
    return refused("malformed");
  }
  const said = fromBase64(bindingPart.slice(2));
  if (said === undefined) return refused("malformed");
  const { first, verifier, nonce } = exchange;
  if (first.binding !== undefined && bindingData === undefined) return refused("binding-unsupported");
  const header = Buffer.from(first.gs2Header, "utf8");
  const expected =
    bindingData === undefined || first.binding === undefined ? header : Buffer.concat([header, bindingData]);
  if (!equal(said, expected)) return refused("binding-mismatch");
  if (!equal(Buffer.from(noncePart.slice(2)), Buffer.from(nonce))) return refused("malformed");
  const authMessage = `${first.bare},${exchange.message},${withoutProof}`;
  const clientKey = xor(proof, hmac(verifier.storedKey, authMessage));
  if (!timingSafeEqual(hash(clientKey), verifier.storedKey)) return refused("proof");
  return { kind: "ok", message: `v=${hmac(verifier.serverKey, authMessage).toString("base64")}` };
}

const equal = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);
