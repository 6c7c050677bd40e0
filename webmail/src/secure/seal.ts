/** A letter signed, encrypted, or both: from what it would be as plain mail to the bytes that are sent. */
import type { EmailAddress } from "../jmap/types.ts";
import { type KeptKey, keysOf } from "./keys.ts";
import { messageText, pgpEncrypted, pgpSigned, protectFields } from "./protect.ts";
import { keysFor, type Method, ownKey } from "./whom.ts";
import { addressesText, type Entity, encodedWords, entityText, type Field, type File, letterEntity } from "./write.ts";

/** What Email/set would make the letter of (compose/send.ts). */
export type Plain = {
  readonly from: readonly EmailAddress[];
  readonly sender: readonly EmailAddress[];
  readonly replyTo: readonly EmailAddress[] | undefined;
  readonly to: readonly EmailAddress[];
  readonly cc: readonly EmailAddress[];
  readonly bcc: readonly EmailAddress[];
  readonly subject: string;
  readonly messageId: readonly string[];
  readonly inReplyTo: readonly string[] | undefined;
  readonly references: readonly string[] | undefined;
  readonly receiptTo: string | undefined;
  readonly text: string;
  readonly html: string | undefined;
  readonly files: readonly File[];
};
export type Wish = { readonly sign: boolean; readonly encrypt: boolean; readonly by: Method };

/** Who cannot get it encrypted, and why. */
export type Lack = {
  readonly email: string;
  readonly why: "none" | "expired" | "revoked" | "signs-only" | "unreadable";
};
export type Whom = { readonly email: string; readonly key: KeptKey } | (Lack & { readonly key: undefined });

/** For each address the key it can be encrypted for, or why it cannot. */
export async function whoCan(
  addresses: readonly string[],
  ring: readonly KeptKey[],
  by: Method,
): Promise<readonly Whom[]> {
  const usable =
    by === "openpgp"
      ? (await import("./openpgp-write.ts")).usable
      : await import("./smime-key.ts").then(
          ({ certificateUsable }) =>
            (key: KeptKey) =>
              certificateUsable(key, Date.now()),
        );
  return Promise.all(
    [...new Set(addresses.map((one) => one.toLowerCase()))].map(async (email): Promise<Whom> => {
      let why: Lack["why"] = "none";
      for (const key of keysFor(email, ring, by)) {
        const is = await usable(key);
        if (is === "fine") return { email, key };
        if (why === "none") why = is;
      }
      return { email, key: undefined, why };
    }),
  );
}

/** RFC 5322 §3.3. */
function dateText(at: Date): string {
  const zone = -at.getTimezoneOffset();
  const two = (number: number) => String(Math.abs(number)).padStart(2, "0");
  const day = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][at.getDay()];
  const month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][at.getMonth()];
  return `${day}, ${at.getDate()} ${month} ${at.getFullYear()} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())} ${zone < 0 ? "-" : "+"}${two(Math.trunc(zone / 60))}${two(zone % 60)}`;
}

function fieldsOf(plain: Plain, now: Date): readonly Field[] {
  const people = (name: string, list: readonly EmailAddress[] | undefined): readonly Field[] =>
    list === undefined || list.length === 0 ? [] : [{ name, value: addressesText(list) }];
  const ids = (name: string, list: readonly string[] | undefined): readonly Field[] =>
    list === undefined || list.length === 0 ? [] : [{ name, value: list.map((id) => `<${id}>`).join(" ") }];
  return [
    ...people("From", plain.from),
    ...people("Sender", plain.sender),
    ...people("Reply-To", plain.replyTo),
    ...people("To", plain.to),
    ...people("Cc", plain.cc),
    { name: "Subject", value: encodedWords(plain.subject) },
    { name: "Date", value: dateText(now) },
    ...ids("Message-ID", plain.messageId),
    ...ids("In-Reply-To", plain.inReplyTo),
    ...ids("References", plain.references),
    ...(plain.receiptTo === undefined ? [] : [{ name: "Disposition-Notification-To", value: plain.receiptTo }]),
  ];
}

/** Thrown where it cannot be done: with whom it lacks. */
export class CannotSeal extends Error {
  readonly lacks: readonly Lack[];
  constructor(lacks: readonly Lack[]) {
    super("cannot seal");
    this.lacks = lacks;
  }
}

/**
 * The message, whole. Throws Locked where the own key is, CannotSeal where a key lacks.
 * @param draft it is encrypted for its writer alone, and not signed
 * @param more fields that stand outside alone: Autocrypt
 */
export async function sealed(
  owner: string,
  plain: Plain,
  wish: Wish,
  draft: boolean,
  more: readonly Field[] = [],
): Promise<Uint8Array> {
  const random = () => crypto.randomUUID().replaceAll("-", "");
  const ring = await keysOf(owner);
  const own = plain.from[0]?.email ?? "";
  const mine = ownKey(own, ring, wish.by);
  if (mine === undefined) throw new CannotSeal([{ email: own, why: "none" }]);
  const entity = letterEntity(plain.text, plain.html, plain.files, random);
  const { payload, outer } = protectFields(entity, fieldsOf(plain, new Date()), wish.encrypt ? "cipher" : "clear");
  const blind: readonly Field[] = plain.bcc.length === 0 ? [] : [{ name: "Bcc", value: addressesText(plain.bcc) }];
  const around = [...outer, ...blind, ...more];
  if (!wish.encrypt) return bytes(messageText(await signed(payload, mine, wish.by, random), around));
  const keys = [mine];
  if (!draft) {
    const everybody = [...plain.to, ...plain.cc, ...plain.bcc].map(({ email }) => email);
    const whom = await whoCan(everybody, ring, wish.by);
    const lacks = whom.filter((one) => one.key === undefined);
    if (lacks.length > 0) throw new CannotSeal(lacks);
    for (const { key } of whom)
      if (key !== undefined && !keys.some(({ fingerprint }) => fingerprint === key.fingerprint)) keys.push(key);
  }
  const signer = wish.sign && !draft ? mine : undefined;
  if (wish.by === "smime") {
    const { smimeEncrypted } = await import("./smime-write.ts");
    // RFC 8551 §3.7: signed first, so that who has signed is within as well.
    const inner = signer === undefined ? payload : entityText(await signed(payload, signer, "smime", random));
    return bytes(messageText(await smimeEncrypted(inner, keys), around));
  }
  const { encryptFor } = await import("./openpgp-write.ts");
  const armored = await encryptFor(payload, keys, signer, !draft && plain.bcc.length > 0);
  return bytes(messageText(pgpEncrypted(armored, random), around));
}

async function signed(payload: string, key: KeptKey, by: Method, random: () => string): Promise<Entity> {
  if (by === "smime") return (await import("./smime-write.ts")).smimeSigned(payload, key, random, new Date());
  const { armored, micalg } = await (await import("./openpgp-write.ts")).signDetached(payload, key);
  return pgpSigned(payload, armored, micalg, random);
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
