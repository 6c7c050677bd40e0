/** A push service on this machine, and a browser's half of Web Push: keys, and the decryption of what comes (RFC 8291, RFC 8188). */
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type PushMessage = {
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly text: string;
};

export type PushService = {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
  readonly messages: PushMessage[];
  /** What was sent, as it came over the wire. */
  readonly wire: Buffer[];
  readonly stop: () => Promise<void>;
};

const derive = (key: Buffer, salt: Buffer, info: Buffer, length: number): Buffer =>
  Buffer.from(hkdfSync("sha256", key, salt, info, length));

export async function startPushService(): Promise<PushService> {
  const ecdh = createECDH("prime256v1");
  const ours = ecdh.generateKeys();
  const auth = randomBytes(16);
  const messages: PushMessage[] = [];
  const wire: Buffer[] = [];
  const decrypt = (body: Buffer): string => {
    // RFC 8188 §2.1: salt, record size, key id (the sender's public key).
    const salt = body.subarray(0, 16);
    const idLength = body.readUInt8(20);
    const theirs = body.subarray(21, 21 + idLength);
    const secret = derive(
      ecdh.computeSecret(theirs),
      auth,
      Buffer.concat([Buffer.from("WebPush: info\0"), ours, theirs]),
      32,
    );
    const key = derive(secret, salt, Buffer.from("Content-Encoding: aes128gcm\0"), 16);
    const nonce = derive(secret, salt, Buffer.from("Content-Encoding: nonce\0"), 12);
    const record = body.subarray(21 + idLength);
    const opened = createDecipheriv("aes-128-gcm", key, nonce).setAuthTag(record.subarray(-16));
    const plain = Buffer.concat([opened.update(record.subarray(0, -16)), opened.final()]);
    return plain.subarray(0, plain.lastIndexOf(2)).toString();
  };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const body = Buffer.concat(pieces);
      wire.push(body);
      messages.push({ headers: request.headers, text: decrypt(body) });
      response.writeHead(201).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/push/1`,
    keys: { p256dh: ours.toString("base64url"), auth: auth.toString("base64url") },
    messages,
    wire,
    stop: () => new Promise((closed) => void server.close(() => closed())),
  };
}
