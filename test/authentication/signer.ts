/** A DKIM signer for tests, independent of the server's: it signs whatever it is told, right or wrong. */
import { createHash, createSign, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export type TestKey = { readonly key: KeyObject; readonly record: string };

const rsa = (bits: number): TestKey => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const p = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  return { key: privateKey, record: `v=DKIM1; k=rsa; p=${p}` };
};
export const rsaKey = rsa(2048);
export const rsa1024 = rsa(1024);
export const rsa768 = rsa(768);
export const rsa512 = rsa(512);
export const edKey: TestKey = (() => {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const p = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("base64");
  return { key: privateKey, record: `v=DKIM1; k=ed25519; p=${p}` };
})();

/** A key record with a modulus of so many bits and no private key that anybody has. */
export function keyOfBits(bits: number): string {
  const modulus = Buffer.alloc(bits / 8, 0xc5);
  const integer = (bytes: Buffer): Buffer =>
    tlv(2, bytes[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
  const pkcs1 = tlv(0x30, Buffer.concat([integer(modulus), integer(Buffer.from([1, 0, 1]))]));
  return `v=DKIM1; p=${pkcs1.toString("base64")}`;
}

function tlv(tag: number, value: Buffer): Buffer {
  const length =
    value.length < 128
      ? [value.length]
      : value.length < 256
        ? [0x81, value.length]
        : [0x82, value.length >> 8, value.length & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

export type Sign = {
  readonly d: string;
  readonly s?: string;
  readonly key?: TestKey;
  readonly c?: string;
  readonly h?: string;
  /** Tags that are added, replaced (same name), or taken away (undefined). */
  readonly tags?: { readonly [name: string]: string | undefined };
  /** Text put after the last tag. */
  readonly extra?: string;
  readonly hash?: "sha256" | "sha1";
};

/** The message (LF line ends) with a DKIM-Signature in front. */
export function signed(message: string, how: Sign): string {
  const crlf = message.replaceAll("\n", "\r\n");
  const end = crlf.indexOf("\r\n\r\n");
  const body = crlf.slice(end + 4);
  const fields = crlf.slice(0, end).split(/\r\n(?![ \t])/);
  const { c = "relaxed/relaxed", h = "from:subject:date", hash = "sha256", key = rsaKey } = how;
  const [headerForm, bodyForm = "simple"] = c.split("/");
  const length = how.tags?.["l"];
  const canonical = canonicalBody(body, bodyForm === "relaxed");
  const covered = length === undefined || !/^\d+$/.test(length) ? canonical : canonical.slice(0, Number(length));
  const algorithm = key.key.asymmetricKeyType === "rsa" ? `rsa-${hash}` : `ed25519-${hash}`;
  const tags: { [name: string]: string | undefined } = {
    v: "1",
    a: algorithm,
    c,
    d: how.d,
    s: how.s ?? "s1",
    h,
    bh: createHash(hash).update(covered, "latin1").digest("base64"),
    ...how.tags,
    b: "",
  };
  const text = Object.entries(tags)
    .filter((tag): tag is [string, string] => tag[1] !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join("; ");
  const own = `DKIM-Signature: ${how.extra === undefined ? text : text.replace(/b=$/, `${how.extra}; b=`)}`;
  const left = [...fields];
  let data = "";
  for (const name of h.split(":")) {
    const index = left.findLastIndex((field) => field.toLowerCase().startsWith(`${name.trim().toLowerCase()}:`));
    if (index >= 0) data += `${canonicalField(left.splice(index, 1)[0]!, headerForm === "relaxed")}\r\n`;
  }
  data += canonicalField(own, headerForm === "relaxed");
  const bytes = Buffer.from(data, "latin1");
  const signature =
    key.key.asymmetricKeyType === "rsa"
      ? createSign(hash).update(bytes).sign(key.key)
      : sign(null, createHash("sha256").update(bytes).digest(), key.key);
  return `${own}${signature.toString("base64")}\n${message}`;
}

function canonicalField(field: string, relaxed: boolean): string {
  if (!relaxed) return field;
  const colon = field.indexOf(":");
  const value = field
    .slice(colon + 1)
    .replaceAll("\r\n", "")
    .replace(/[ \t]+/g, " ")
    .trim();
  return `${field.slice(0, colon).trim().toLowerCase()}:${value}`;
}

function canonicalBody(body: string, relaxed: boolean): string {
  const text = relaxed ? body.replace(/[ \t]+/g, " ").replace(/ (?=\r\n|$)/g, "") : body;
  const trimmed = text.replace(/(?:\r\n)+$/, "");
  return trimmed === "" && relaxed ? "" : `${trimmed}\r\n`;
}
