/**
 * Idempotency keys: a request that is sent again with the same key is answered as the first one was, and done once. Answers are kept
 * sealed with the key itself: who reads the store without it reads no password that an answer told.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { type Begun, maxKeyChars, type Requests } from "../inject/requests.ts";
import type { AccountId } from "../store/store.ts";
import { Problem } from "./problem.ts";

/** An answer that is larger is not kept: the request is then known as done, without its answer. */
const maxKeptBytes = 512 * 1024;

export type KeptReply = {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
};

const digest = (...parts: readonly string[]): Buffer => createHash("sha256").update(JSON.stringify(parts)).digest();

export type Repeat = {
  readonly begun: Begun;
  /** Keeps what was answered; undefined: it was refused, and may be mended and sent again. */
  readonly end: (reply: KeptReply | undefined) => Promise<void>;
};

/** Begins a request with a key. Answers what is to be replied instead where it was seen before. */
export async function beginRepeat(
  requests: Requests,
  about: {
    readonly key: string;
    readonly account: AccountId;
    /** Tests have keys of their own. */
    readonly test: boolean;
    readonly method: string;
    readonly url: string;
    /** SHA-256 of the body. */
    readonly bodyHash: string;
    /** All that it does can be found again after a crash. */
    readonly resumable: boolean;
  },
): Promise<Repeat | KeptReply | Problem> {
  const { key, account, resumable } = about;
  if (!/^[\x21-\x7e]+$/.test(key) || key.length > maxKeyChars)
    return new Problem("idempotency-key", `An Idempotency-Key has 1 to ${maxKeyChars} printable characters.`);
  const whose = about.test ? `test ${account}` : String(account);
  const hash = digest("id", whose, key).toString("hex");
  const secret = digest("seal", whose, key);
  const request = digest(about.method, about.url, about.bodyHash).toString("hex");
  const found = await requests.begin({ hash, account, request, resumable });
  switch (found.kind) {
    case "fresh":
      return {
        begun: found,
        end: (reply) => found.end(reply === undefined ? undefined : seal(reply, secret)),
      };
    case "begun":
      return new Problem(
        "concurrent-idempotent-requests",
        resumable
          ? "A request with this Idempotency-Key is under way: ask again in a moment, with the same key."
          : "A request with this Idempotency-Key is under way, or was when the server stopped: look what came of it before you use a new key.",
      );
    case "other":
      return new Problem(
        "invalid-idempotent-request",
        "This Idempotency-Key was used for another request: take a new one.",
      );
    case "full":
      return new Problem(
        "idempotency-full",
        "Too many Idempotency-Keys were used in a day: send requests without one, or later.",
      );
    case "answered":
      return open(found.answer, secret);
    default:
      return found satisfies never;
  }
}

const nonceBytes = 12;
const tagBytes = 16;

function seal(reply: KeptReply, secret: Buffer): Uint8Array {
  const text = JSON.stringify(reply);
  const kept =
    text.length <= maxKeptBytes
      ? text
      : JSON.stringify({ status: 204, headers: { "x-answer": "too large to be kept" }, body: "" } satisfies KeptReply);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", secret, nonce);
  return Buffer.concat([nonce, cipher.update(kept, "utf8"), cipher.final(), cipher.getAuthTag()]);
}

function open(sealed: Uint8Array, secret: Buffer): KeptReply {
  const bytes = Buffer.from(sealed);
  const decipher = createDecipheriv("aes-256-gcm", secret, bytes.subarray(0, nonceBytes));
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
  const text = decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes), undefined, "utf8");
  return JSON.parse(text + decipher.final("utf8")) as KeptReply;
}
