/** Sends one push to the URL that a client gave us: encrypted where it has keys (RFC 8291), signed (RFC 8292), and never into our own network. */

import { lookup as lookUp } from "node:dns";
import { request as requestHttps } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { isLocalName, isPublicAddress } from "../net/guard.ts";
import { request as requestHttp } from "../net/plain-http.ts";

export type VapidKeys = { readonly publicKey: string; readonly privateKey: string };
export type PushKeys = { readonly p256dh: string; readonly auth: string };

export type PushTarget = { readonly url: string; readonly keys: PushKeys | undefined };
export type PushOutcome =
  | { readonly kind: "done" }
  /** Nobody listens there any more (RFC 8030 §7.3). */
  | { readonly kind: "gone" }
  | { readonly kind: "later"; readonly afterMs: number };

const timeoutMs = 10_000;
const laterMs = 60_000;
const maxLaterMs = 60 * 60_000;
/** Seconds that a push service keeps what it cannot hand on. */
const ttlSeconds = 24 * 60 * 60;

/** Whether a push may go there: https, to a public address. `anywhere`: for tests on one machine. */
export function isAllowedUrl(text: string, anywhere: boolean): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || text.length > 2000) return false;
  if (url.protocol !== "https:" && !(anywhere && url.protocol === "http:")) return false;
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return anywhere || (isIP(host) === 0 ? !isLocalName(host) : isPublicAddress(host));
}

/** Names are looked up once, and what they lead to is where the connection goes: no second answer can change it. */
const guarded: LookupFunction = (hostname, options, done) => {
  lookUp(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return done(error, "", 0);
    const list = addresses.filter(({ address }) => isPublicAddress(address));
    const [first] = list;
    if (first === undefined) return done(new Error(`${hostname} is no public host.`), "", 0);
    if (options.all) return (done as unknown as (error: null, all: typeof list) => void)(null, list);
    return done(null, first.address, first.family);
  });
};

export async function sendPush(
  target: PushTarget,
  payload: string,
  about: { readonly vapid: VapidKeys; readonly subject: string; readonly anywhere: boolean },
): Promise<PushOutcome> {
  if (!isAllowedUrl(target.url, about.anywhere)) return { kind: "gone" };
  const { headers, body } = await prepared(target, payload, about);
  const url = new URL(target.url);
  return new Promise((resolve) => {
    const later = () => resolve({ kind: "later", afterMs: laterMs });
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(
      url,
      {
        method: "POST",
        headers: { ...headers, "content-length": body.length },
        timeout: timeoutMs,
        ...(about.anywhere ? {} : { lookup: guarded }),
      },
      (response) => {
        const status = response.statusCode ?? 500;
        response.destroy();
        if (status >= 200 && status < 300) return resolve({ kind: "done" });
        if (status === 404 || status === 410) return resolve({ kind: "gone" });
        const wait = Number(response.headers["retry-after"] ?? "");
        return resolve({ kind: "later", afterMs: Math.min(maxLaterMs, wait > 0 ? wait * 1000 : laterMs) });
      },
    );
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", later);
    request.end(body);
  });
}

async function prepared(
  { url, keys }: PushTarget,
  payload: string,
  { vapid, subject }: { readonly vapid: VapidKeys; readonly subject: string },
): Promise<{ readonly headers: { readonly [name: string]: string | number }; readonly body: Buffer }> {
  const { default: webPush } = await import("web-push");
  if (keys !== undefined) {
    const made = webPush.generateRequestDetails({ endpoint: url, keys }, payload, {
      vapidDetails: { subject, ...vapid },
      TTL: ttlSeconds,
      contentEncoding: "aes128gcm",
    });
    return { headers: made.headers as { [name: string]: string | number }, body: made.body as Buffer };
  }
  const signed = webPush.getVapidHeaders(new URL(url).origin, subject, vapid.publicKey, vapid.privateKey, "aes128gcm");
  return {
    headers: { ...(signed as { [name: string]: string }), TTL: ttlSeconds, "content-type": "application/json" },
    body: Buffer.from(payload),
  };
}
