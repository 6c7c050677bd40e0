/** Opens an email that is signed or encrypted: its bytes, its keys, what is within. */
import type { Email } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";
import type { Opened, Outcome } from "./findings.ts";
import { fileOf } from "./held.ts";
import { keysOf } from "./keys.ts";
import { rememberOpened } from "./opened.svelte.ts";
import { type Shape, shapeOf } from "./shape.ts";
import { decoded, entityOf, partsOf, withCrlf } from "./split.ts";
import { unlocked } from "./unlock.ts";
import { methodOf } from "./whom.ts";

/** A longer message is not opened here. */
export const maxMessageBytes = 40 * 1024 * 1024;

const latin1 = new TextDecoder("latin1");

export async function openEmail(email: Email, shape: Shape): Promise<Outcome> {
  const found = await opened(email, shape);
  // A certificate that a good signature of its owner brought is kept to encrypt for.
  const certificate =
    found.kind === "opened" && found.opened.signature?.kind === "good" && found.opened.signature.ofSender
      ? found.opened.signature.certificate
      : undefined;
  if (certificate !== undefined) {
    const ring = await keysOf(session.username);
    const { fingerprint } = (found as { opened: { signature: { fingerprint: string } } }).opened.signature;
    if (!ring.some((key) => key.fingerprint === fingerprint))
      await (await import("./smime-key.ts")).importCertificates(session.username, certificate, "mail", Date.now());
  }
  return found;
}

async function opened(email: Email, shape: Shape): Promise<Outcome> {
  const { username } = session;
  const sender = email.from?.[0]?.email ?? "";
  // More than one sender: whose signature would it be?
  const from = email.from?.length === 1 ? sender : "";
  const all = await keysOf(username);
  const ring = all.filter((key) => methodOf(key) === "openpgp");
  if (shape.kind === "pgp-inline" || shape.kind === "pgp-clearsigned") {
    const { decrypt, verifyClear } = await import("./openpgp.ts");
    return shape.kind === "pgp-inline" ? decrypt(shape.armored, ring, from) : verifyClear(shape.text, ring, from);
  }
  if (email.size > maxMessageBytes) return { kind: "not-read" };
  const bytes = new Uint8Array(await (await fileOf(email.blobId, "application/octet-stream")).arrayBuffer());
  if (shape.kind === "smime-encrypted") {
    const { smimeDecrypt } = await import("./smime-write.ts");
    const found = await smimeDecrypt(decoded(entityOf(bytes)), all);
    return found.kind === "opened" ? signedWithin(found.mime, from, Date.parse(email.receivedAt)) : found;
  }
  if (shape.kind === "smime-opaque") {
    const { verifySmime } = await import("./smime.ts");
    return verifySmime(decoded(entityOf(bytes)), undefined, from, Date.parse(email.receivedAt));
  }
  const parts = partsOf(bytes);
  const [first, second] = parts ?? [];
  // RFC 1847 §2: two parts, no more; anything beside them would not be covered.
  if (first === undefined || second === undefined || parts?.length !== 2) return { kind: "broken" };
  switch (shape.kind) {
    case "pgp-encrypted": {
      const { decrypt } = await import("./openpgp.ts");
      return decrypt(latin1.decode(decoded(second)).trim(), ring, from);
    }
    case "pgp-signed": {
      const { verifyDetached } = await import("./openpgp.ts");
      return verifyDetached(withCrlf(first.whole), latin1.decode(decoded(second)).trim(), ring, from);
    }
    case "smime-signed": {
      const { verifySmime } = await import("./smime.ts");
      return verifySmime(decoded(second), withCrlf(first.whole), from, Date.parse(email.receivedAt));
    }
    default:
      return shape satisfies never;
  }
}

/** What was encrypted may be signed within (RFC 8551 §3.7). */
async function signedWithin(mime: Uint8Array, from: string, receivedAt: number): Promise<Outcome> {
  const unsigned: Outcome = { kind: "opened", opened: { mime, encrypted: true, signature: undefined } };
  const type = entityOf(mime).fields.get("content-type") ?? "";
  const { verifySmime } = await import("./smime.ts");
  let found: Outcome | undefined;
  let inner: Uint8Array | undefined;
  if (/^multipart\/signed/i.test(type)) {
    const [first, second, more] = partsOf(mime) ?? [];
    if (first === undefined || second === undefined || more !== undefined) return unsigned;
    inner = first.whole;
    found = await verifySmime(decoded(second), withCrlf(first.whole), from, receivedAt);
  } else if (/^application\/(?:x-)?pkcs7-mime/i.test(type) && /smime-type="?signed-data/i.test(type)) {
    found = await verifySmime(decoded(entityOf(mime)), undefined, from, receivedAt);
    inner = found.kind === "opened" ? found.opened.mime : undefined;
  }
  if (found?.kind !== "opened" || inner === undefined) return unsigned;
  return { kind: "opened", opened: { mime: inner, encrypted: true, signature: found.opened.signature } };
}

/** Opens an email and remembers what was within; asks for the passphrase where it has to. False where it stays closed. */
export async function openHere(email: Email): Promise<boolean> {
  const shape = shapeOf(email);
  if (shape === undefined) return false;
  let found = await openEmail(email, shape);
  if (found.kind === "locked" && (await unlocked(found.fingerprint))) found = await openEmail(email, shape);
  const inside = found.kind === "opened" ? await within(found.opened) : undefined;
  if (found.kind !== "opened" || inside === undefined) return false;
  rememberOpened(email, inside, found.opened.encrypted);
  return true;
}

export type Within = {
  /** RFC 9788: the subject as it was written, where it stands within. */
  readonly subject: string | undefined;
  readonly html: string;
  readonly text: string;
  readonly files: readonly {
    readonly name: string;
    readonly type: string;
    readonly bytes: Uint8Array;
    /** Of pictures within the text. */
    readonly cid: string | undefined;
  }[];
};

/** The MIME that was within: shown for itself, never together with what stands around it. */
export async function within({ mime }: Opened): Promise<Within | undefined> {
  if (mime === undefined) return undefined;
  const { default: PostalMime } = await import("postal-mime");
  const parsed = await PostalMime.parse(mime, { attachmentEncoding: "arraybuffer", maxNestingDepth: 20 });
  // RFC 9788 §2.1; what came before it called them "protected-headers".
  const guarded = /;\s*(?:hp|protected-headers)\s*=/i.test(entityOf(mime).fields.get("content-type") ?? "");
  return {
    subject: guarded ? parsed.subject : undefined,
    html: parsed.html ?? "",
    text: parsed.text ?? "",
    files: parsed.attachments.map(({ filename, mimeType, content, contentId }) => ({
      name: filename ?? "file",
      type: mimeType,
      cid: contentId?.replace(/^<|>$/g, ""),
      bytes: content instanceof ArrayBuffer ? new Uint8Array(content) : new TextEncoder().encode(String(content)),
    })),
  };
}
