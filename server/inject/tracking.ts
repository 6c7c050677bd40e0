/**
 * Links and pictures by which a tenant learns that its mail was opened and what in it was followed: what they say, sealed under our key, so that
 * nobody else can make one, nobody reads in it whom it is of, and none leads anywhere but where the letter led. Off unless somebody asks for it.
 */
import { createCipheriv, createDecipheriv, timingSafeEqual } from "node:crypto";
import { fieldValue, type Header } from "../../protocol/mime/header.ts";
import { rewriteTexts } from "../../protocol/mime/rewrite-texts.ts";
import type { Mac } from "../../protocol/return-path/srs.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Sender, Tracking } from "../dispatch/sender.ts";
import type { Received } from "../receive/received.ts";
import { unsubscribePath } from "./unsubscribe.ts";

/** What a link or a picture is of. */
export type Trace = {
  readonly tenant: string;
  readonly stream: string;
  readonly campaign: string;
  /** Our id of the message. */
  readonly id: string;
  /** "" where the message was for several. */
  readonly address: string;
  /** Where the link leads; undefined: it is the picture. */
  readonly target: string | undefined;
};

export const clickPath = "/c/";
export const openPath = "/o/";
/** An HTML that is longer stays as it is: readers cut it off long before. */
export const maxTrackedBytes = 256 * 1024;
const maxTokenChars = 8192;
const nonceBytes = 12;
const tagBytes = 16;
const cipher = "aes-256-gcm";

const keys = new WeakMap<Mac, Uint8Array>();
function keyOf(mac: Mac): Uint8Array {
  const known = keys.get(mac) ?? mac("tracking key").subarray(0, 32);
  keys.set(mac, known);
  return known;
}
/** By what is sealed: the same link is the same each time a copy is made, and two never share a nonce. */
const nonceOf = (payload: string, mac: Mac): Uint8Array => mac(`tracking ${payload}`).subarray(0, nonceBytes);

export function traceToken({ tenant, stream, campaign, id, address, target }: Trace, mac: Mac): string {
  const payload = JSON.stringify([tenant, stream, campaign, id, address, ...(target === undefined ? [] : [target])]);
  const nonce = nonceOf(payload, mac);
  const sealing = createCipheriv(cipher, keyOf(mac), nonce);
  const body = Buffer.concat([sealing.update(payload, "utf8"), sealing.final()]);
  return Buffer.concat([nonce, sealing.getAuthTag(), body]).toString("base64url");
}

/** What a token says, or undefined where it is none of ours. */
export function readTrace(token: string, mac: Mac): Trace | undefined {
  if (token.length > maxTokenChars || !/^[A-Za-z0-9_-]+$/.test(token)) return undefined;
  const bytes = Buffer.from(token, "base64url");
  // The last letter may say bits that nobody reads.
  if (bytes.length <= nonceBytes + tagBytes || bytes.toString("base64url") !== token) return undefined;
  const nonce = bytes.subarray(0, nonceBytes);
  const opening = createDecipheriv(cipher, keyOf(mac), nonce);
  opening.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  let payload: string;
  try {
    payload = Buffer.concat([opening.update(bytes.subarray(nonceBytes + tagBytes)), opening.final()]).toString("utf8");
  } catch {
    return undefined;
  }
  if (!timingSafeEqual(nonce, nonceOf(payload, mac))) return undefined;
  const [tenant, stream, campaign, id, address, target] = JSON.parse(payload) as string[];
  return { tenant: tenant!, stream: stream!, campaign: campaign!, id: id!, address: address!, target };
}

/** People who want to leave must not be counted on their way out, whichever words their link has. */
const leaving = /unsubscri|opt[-_]?out|abmeld|austragen|d[eé]sabonn|d[eé]sinscri|darse-de-baja/i;

/**
 * The message with its links leading by `base` and, where opens are counted, a picture of one point at the end of its HTML; undefined where nothing
 * changes. Its plain text stays, and so do links to unsubscribe: our own, those of List-Unsubscribe, and whatever names itself so.
 */
export async function trackedMessage(
  bytes: Buffer,
  header: Header,
  { tenant, stream, campaign = "" }: Sender,
  { opens, clicks }: Tracking,
  { id, recipients }: Pick<Received, "id" | "recipients">,
  { mac, base }: { readonly mac: Mac; readonly base: string },
): Promise<Buffer | undefined> {
  // Nobody who does not track loads a parser of HTML.
  const { rewriteLinks, targetOf } = await import("./links.ts");
  const { intoHtml } = await import("../../protocol/mime/append-text.ts");
  const [only, ...more] = recipients;
  const address = only === undefined || more.length > 0 ? "" : formatMailbox(only);
  const of = { tenant, stream, campaign, id, address };
  const out = new Set<string | undefined>();
  for (const field of header.fields)
    if (field.name === "list-unsubscribe")
      for (const [, url = ""] of fieldValue(header, field).matchAll(/<([^>]{1,4096})>/g))
        out.add(targetOf(url.replace(/\s+/g, "")));
  const made = new Map<string, string>();
  const instead = (target: string): string | undefined => {
    if (out.has(target) || leaving.test(target)) return undefined;
    if ([unsubscribePath, clickPath].some((path) => target.startsWith(`${base}${path}`))) return undefined;
    let link = made.get(target);
    if (link === undefined) made.set(target, (link = `${base}${clickPath}${traceToken({ ...of, target }, mac)}`));
    return link;
  };
  return rewriteTexts(bytes, maxTrackedBytes, (text, kind) => {
    if (kind === "plain") return undefined;
    const page = clicks ? rewriteLinks(text, instead) : undefined;
    if (!opens) return page;
    const picture = `${base}${openPath}${traceToken({ ...of, target: undefined }, mac)}.gif`;
    return intoHtml(page ?? text, `<img src="${picture}" width="1" height="1" alt="" style="border:0">`);
  });
}
