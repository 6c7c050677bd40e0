/**
 * DKIM-Signature header fields for one message (RFC 6376, RFC 8463), both algorithms over one body hash. Runs in a worker
 * thread. The canonicalisation and the form of the field are mailauth's; which fields are signed, and the oversigning that
 * mailauth's own signer does not do, are decided here.
 */
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, type KeyObject, sign } from "node:crypto";
import { createRequire } from "node:module";

export type DkimSignTask = {
  readonly bytes: Uint8Array;
  readonly domain: string;
  readonly keys: readonly { readonly selector: string; readonly privateKey: string }[];
  readonly signedAt: number; // milliseconds since 1970
};

/** Signed once more than they occur, so that nobody can add one (RFC 6376 §8.15). */
const oversigned = [
  "From",
  "To",
  "Cc",
  "Subject",
  "Date",
  "Message-ID",
  "Reply-To",
  "In-Reply-To",
  "References",
  "MIME-Version",
  "Content-Type",
  "Content-Transfer-Encoding",
];
/** Signed where they occur: lists and resenders may add their own. */
const signedIfThere = [
  "Sender",
  "Content-ID",
  "Content-Description",
  "Resent-Date",
  "Resent-From",
  "Resent-Sender",
  "Resent-To",
  "Resent-Cc",
  "Resent-Message-ID",
  "List-Id",
  "List-Help",
  "List-Unsubscribe",
  "List-Unsubscribe-Post",
  "List-Subscribe",
  "List-Post",
  "List-Owner",
  "List-Archive",
];
const signedNames = new Map([...oversigned, ...signedIfThere].map((name) => [name.toLowerCase(), name]));

/** One header field: `line` without its last CRLF. */
type Line = { readonly key: string; readonly line: Buffer };
type SignatureOptions = { readonly [name: string]: unknown };

/** The parts of mailauth 7 used here; its package has no types for them. */
type Mailauth = {
  readonly dkimBody: (
    canonicalization: string,
    algorithm: string,
  ) => { update(chunk: Buffer): void; digest(encoding: "base64"): string };
  readonly generateCanonicalizedHeader: (
    type: "DKIM",
    lines: { readonly keys: string; readonly headers: readonly Line[] },
    options: SignatureOptions,
  ) => { readonly canonicalizedHeader: Buffer; readonly dkimHeaderOpts: { b?: string } };
  readonly formatSignatureHeaderLine: (type: "DKIM", values: object, folded: true) => string;
};
let mailauth: Mailauth | undefined;
function loadMailauth(): Mailauth {
  const require = createRequire(import.meta.url);
  mailauth ??= {
    ...require("mailauth/lib/dkim/body"),
    ...require("mailauth/lib/dkim/header"),
    ...require("mailauth/lib/tools"),
  } as Mailauth;
  return mailauth;
}

/** Parsed private keys by their PEM; reading one costs more than an Ed25519 signature. */
const parsedKeys = new Map<string, KeyObject>();
const maxParsedKeys = 1000;

/** The header lines to put before the message, each ended with CRLF; "" where the message has no From to sign. */
export function dkimSignature(task: DkimSignTask): string {
  const { dkimBody, generateCanonicalizedHeader, formatSignatureHeaderLine } = loadMailauth();
  const bytes = Buffer.from(task.bytes.buffer, task.bytes.byteOffset, task.bytes.byteLength);
  const { lines, bodyStart } = splitHeader(bytes);
  const signing = linesToSign(lines);
  if (!signing.headers.some((line) => line.key === "from")) return "";
  const body = dkimBody("relaxed", "sha256");
  body.update(bytes.subarray(bodyStart));
  const bodyHash = body.digest("base64");
  let fields = "";
  for (const { selector, privateKey } of task.keys) {
    const key = parsedKey(privateKey);
    const rsa = key.asymmetricKeyType === "rsa";
    const { canonicalizedHeader, dkimHeaderOpts } = generateCanonicalizedHeader("DKIM", signing, {
      signingDomain: task.domain,
      selector,
      algorithm: rsa ? "rsa-sha256" : "ed25519-sha256",
      canonicalization: "relaxed/relaxed",
      bodyHash,
      timestamp: Math.floor(task.signedAt / 1000),
      expiration: false,
    });
    // RFC 8463 §3: Ed25519 signs the SHA-256 hash, not the text.
    const signature = rsa
      ? sign("sha256", canonicalizedHeader, key)
      : sign(null, createHash("sha256").update(canonicalizedHeader).digest(), key);
    dkimHeaderOpts.b = signature.toString("base64");
    fields += `${formatSignatureHeaderLine("DKIM", dkimHeaderOpts, true)}\r\n`;
  }
  return fields;
}

/** Fields from the last to the first, as the h= tag of RFC 6376 §5.4.2 counts them; the names once more at the end. */
function linesToSign(lines: readonly Line[]): { readonly keys: string; readonly headers: readonly Line[] } {
  const headers: Line[] = [];
  const names: string[] = [];
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i]!;
    const name = signedNames.get(line.key);
    if (name === undefined) continue;
    headers.push(line);
    names.push(name);
  }
  return { keys: [...names, ...oversigned].join(": "), headers };
}

function splitHeader(bytes: Buffer): { readonly lines: readonly Line[]; readonly bodyStart: number } {
  const lines: Line[] = [];
  let start = 0;
  for (;;) {
    if (start >= bytes.length) return { lines, bodyStart: bytes.length };
    if (bytes[start] === 13 && bytes[start + 1] === 10) return { lines, bodyStart: start + 2 };
    let end = start;
    let next: number;
    do {
      const found = bytes.indexOf("\r\n", end, "latin1");
      end = found < 0 ? bytes.length : found;
      next = Math.min(bytes.length, end + 2);
      end = next;
    } while (bytes[next] === 32 || bytes[next] === 9);
    const line = bytes.subarray(start, bytes[next - 1] === 10 ? next - 2 : next);
    const colon = line.indexOf(58);
    const key = colon < 0 ? "" : line.toString("latin1", 0, colon).trimEnd().toLowerCase();
    lines.push({ key, line });
    start = next;
  }
}

function parsedKey(pem: string): KeyObject {
  let key = parsedKeys.get(pem);
  if (key === undefined) {
    if (parsedKeys.size >= maxParsedKeys) parsedKeys.clear();
    key = createPrivateKey(pem);
    parsedKeys.set(pem, key);
  }
  return key;
}
