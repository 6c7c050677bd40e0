/** The client's side of SASL, for smart hosts that want a login and for tests. */
import { timingSafeEqual } from "node:crypto";
import { plainMessage } from "./plain.ts";
import { saslPrep } from "./prep.ts";
import {
  clientKeyOf,
  fromBase64,
  hash,
  hmac,
  isNonce,
  maxIterations,
  maxScramMessageBytes,
  minIterations,
  saltedPassword,
  serverKeyOf,
  writeSaslName,
  xor,
} from "./scram.ts";

export const clientMechanisms = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"] as const;
export type ClientMechanism = (typeof clientMechanisms)[number];

export type ClientIdentity = {
  readonly user: string;
  readonly password: string;
  /** SCRAM: at least 18 random printable characters without comma, new for each exchange. */
  readonly nonce: string;
  /** SCRAM-SHA-256-PLUS: this connection's channel binding. */
  readonly binding?: { readonly type: string; readonly data: Buffer };
};

/** What to send for a challenge, or why the exchange must end (a sentence). */
export type ClientStep =
  | { readonly kind: "send"; readonly data: Buffer }
  | { readonly kind: "stop"; readonly reason: string };

export interface SaslClient {
  readonly mechanism: ClientMechanism;
  /** The initial response, sent with the command where the protocol allows it, else on the first (empty) challenge. */
  readonly initial: Buffer | undefined;
  next(challenge: Buffer): Promise<ClientStep>;
  /** Whether a success the server announces now may be believed (SCRAM: only after it has proved itself). */
  mayBelieve(): boolean;
}

/** The best mechanism of those the server offers that this client can do. */
export function chooseMechanism(offered: readonly string[], canBind: boolean): ClientMechanism | undefined {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  return clientMechanisms.find((name) => names.has(name) && (canBind || name !== "SCRAM-SHA-256-PLUS"));
}

export function saslClient(mechanism: ClientMechanism, who: ClientIdentity): SaslClient {
  switch (mechanism) {
    case "PLAIN":
      return plainClient(who);
    case "LOGIN":
      return loginClient(who);
    case "SCRAM-SHA-256":
    case "SCRAM-SHA-256-PLUS":
      return scramClient(mechanism, who);
    default:
      return mechanism satisfies never;
  }
}

const send = (data: string | Buffer): ClientStep => ({
  kind: "send",
  data: typeof data === "string" ? Buffer.from(data, "utf8") : data,
});
const stop = (reason: string): ClientStep => ({ kind: "stop", reason });

function plainClient(who: ClientIdentity): SaslClient {
  return {
    mechanism: "PLAIN",
    initial: plainMessage(who.user, who.password),
    next: async () => stop("The server asked more than PLAIN has to say."),
    mayBelieve: () => true,
  };
}

function loginClient(who: ClientIdentity): SaslClient {
  const answers = [who.user, who.password];
  return {
    mechanism: "LOGIN",
    initial: undefined,
    next: async () => {
      const answer = answers.shift();
      return answer === undefined ? stop("The server asked more than LOGIN has to say.") : send(answer);
    },
    mayBelieve: () => answers.length === 0,
  };
}

function scramClient(mechanism: "SCRAM-SHA-256" | "SCRAM-SHA-256-PLUS", who: ClientIdentity): SaslClient {
  const plus = mechanism === "SCRAM-SHA-256-PLUS";
  const binding = plus ? who.binding : undefined;
  // "y" (we could bind, you did not offer) where a binding was given without -PLUS lets the server see a downgrade.
  const gs2Header = binding !== undefined ? `p=${binding.type},,` : who.binding !== undefined ? "y,," : "n,,";
  const bare = `n=${writeSaslName(saslPrep(who.user) ?? who.user)},r=${who.nonce}`;
  let state: "first" | { readonly serverSignature: Buffer } | "proved" = "first";

  async function answerFirst(text: string): Promise<ClientStep> {
    const [noncePart = "", saltPart = "", countPart = ""] = text.split(",", 3);
    const nonce = noncePart.slice(2);
    const salt = fromBase64(saltPart.slice(2));
    const iterations = /^i=\d{1,7}$/.test(countPart) ? Number(countPart.slice(2)) : 0;
    if (!noncePart.startsWith("r=") || !saltPart.startsWith("s=") || salt === undefined || !isNonce(nonce)) {
      return stop("The server's SCRAM challenge is malformed.");
    }
    if (!nonce.startsWith(who.nonce) || nonce.length === who.nonce.length) {
      return stop("The server answered somebody else's SCRAM nonce.");
    }
    if (iterations < minIterations || iterations > maxIterations) {
      return stop(`The server wants ${countPart.slice(2, 12)} SCRAM iterations, which is unsafe.`);
    }
    const salted = await saltedPassword(saslPrep(who.password) ?? who.password, salt, iterations);
    const cbind = Buffer.concat([Buffer.from(gs2Header, "utf8"), binding?.data ?? Buffer.alloc(0)]);
    const withoutProof = `c=${cbind.toString("base64")},r=${nonce}`;
    const authMessage = `${bare},${text},${withoutProof}`;
    const clientKey = clientKeyOf(salted);
    const proof = xor(clientKey, hmac(hash(clientKey), authMessage));
    state = { serverSignature: hmac(serverKeyOf(salted), authMessage) };
    return send(`${withoutProof},p=${proof.toString("base64")}`);
  }

  return {
    mechanism,
    initial: Buffer.from(gs2Header + bare, "utf8"),
    async next(challenge) {
      if (plus && binding === undefined) return stop("SCRAM-SHA-256-PLUS needs a channel binding.");
      if (challenge.length > maxScramMessageBytes) return stop("The server's SCRAM challenge is too long.");
      const text = challenge.toString("utf8");
      if (state === "first") return answerFirst(text);
      if (state === "proved") return stop("The server asked more than SCRAM has to say.");
      if (text.startsWith("e=")) return stop(`The server refused: ${text.slice(2, 102)}`);
      const signature = text.startsWith("v=") ? fromBase64(text.slice(2).split(",", 1)[0]!) : undefined;
      const { serverSignature } = state;
      if (signature?.length !== serverSignature.length || !timingSafeEqual(signature, serverSignature)) {
        return stop("The server does not know the password it checks: it may be an impostor.");
      }
      state = "proved";
      return send("");
    },
    mayBelieve: () => state === "proved",
  };
}
