/**
 * The Sender Rewriting Scheme: forwarded mail leaves with a return path of ours, so that SPF holds for it, and a bounce finds its way back.
 * `SRS0=hash=day=domain=local@us` for what came with an ordinary sender; `SRS1=hash=forwarder==rest@us` for what another forwarder
 * rewrote: its own address again, so that chains of forwarders do not grow.
 */
import { base32, ofTwoChars, twoChars } from "./base32.ts";

/** A keyed hash of a text, at least 8 bytes. */
export type Mac = (text: string) => Uint8Array;

export type SrsAsk = {
  readonly mac: Mac;
  /** Days since 1970. */
  readonly day: number;
};

type Mailbox = { readonly local: string; readonly domain: string };

/** Base 32 characters of the keyed hash: 35 bits, and each guess is an SMTP transaction. */
const hashChars = 7;
/** The day is written modulo this. */
const days = 1024;

/** The local part under which a message of `sender` is forwarded. */
export function srsLocal(sender: Mailbox, { mac, day }: SrsAsk): string {
  const theirs = /^srs([01])([=+-])(.*)$/is.exec(sender.local);
  if (theirs !== null) {
    const [, kind, separator, rest = ""] = theirs;
    // Theirs was SRS0: they are the first forwarder. Theirs was SRS1: it names the first forwarder, who gets the bounce from us at once.
    const first = kind === "0" ? `${sender.domain}=${separator}${rest}` : afterHash(rest);
    if (first !== undefined) return `SRS1=${hash(first, mac)}=${first}`;
  }
  const stamped = `${twoChars(day % days)}=${sender.domain}=${sender.local}`;
  return `SRS0=${hash(stamped, mac)}=${stamped}`;
}

function afterHash(rest: string): string | undefined {
  const at = rest.indexOf("=");
  // "forwarder==…": what follows the forwarder begins with its separator.
  return at > 0 && /^[^=]+=[=+-]/.test(rest.slice(at + 1)) ? rest.slice(at + 1) : undefined;
}

export type SrsReturn =
  /** No address of this kind. */
  | { readonly kind: "other" }
  | { readonly kind: "to"; readonly mailbox: Mailbox }
  | { readonly kind: "forged" | "expired" };

/** Where mail to a local part of ours goes back to. */
export function srsReturn(local: string, { mac, day }: SrsAsk, maxAgeDays: number): SrsReturn {
  const found = /^srs([01])[=+-]([^=]*)=(.*)$/is.exec(local);
  if (found === null) return { kind: "other" };
  const [, kind, given = "", rest = ""] = found;
  if (given.toLowerCase() !== hash(rest, mac)) return { kind: "forged" };
  if (kind === "1") {
    const [, domain, tail] = /^([^=]+)=(.*)$/s.exec(rest) ?? [];
    return domain === undefined || tail === undefined
      ? { kind: "forged" }
      : { kind: "to", mailbox: { local: `SRS0${tail}`, domain } };
  }
  const [, stamp = "", domain, name] = /^([^=]{2})=([^=]+)=(.+)$/s.exec(rest) ?? [];
  const stamped = ofTwoChars(stamp);
  if (stamped === undefined || domain === undefined || name === undefined) return { kind: "forged" };
  const age = (((day - stamped) % days) + days) % days;
  // A day in the future is another node's clock.
  if (age > maxAgeDays && age !== days - 1) return { kind: "expired" };
  return { kind: "to", mailbox: { local: name, domain } };
}

/** Case is not kept everywhere on the way. */
function hash(text: string, mac: Mac): string {
  return base32(mac(`srs ${text.toLowerCase().normalize("NFC")}`), hashChars);
}
