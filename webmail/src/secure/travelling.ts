/** Sends one's key along with mail and keeps those that come with it (Autocrypt Level 1). */
import type { Email } from "../jmap/types.ts";
import { mailboxes } from "../state/mailboxes.svelte.ts";
import { session } from "../state/session.svelte.ts";
import { authenticationOf } from "../trust/authentication.ts";
import { headerValues } from "../trust/headers.ts";
import { autocryptText, effectiveDate, toldBy } from "./autocrypt.ts";
import { keepKey, keysOf } from "./keys.ts";
import { ownKey } from "./whom.ts";
import type { Field } from "./write.ts";

/** "mutual": others are asked to encrypt what they answer. */
export type Sending = "no" | "yes" | "mutual";
const name = () => `angarium.autocrypt.${session.username}`;

export function sendsKey(): Sending {
  const kept = localStorage.getItem(name());
  return kept === "no" || kept === "mutual" ? kept : "yes";
}
export const sendKey = (how: Sending): void => localStorage.setItem(name(), how);

/** The field for a letter of this address; none where it has no key here, or the reader does not wish it. */
export async function keyField(address: string): Promise<readonly Field[]> {
  const how = sendsKey();
  if (how === "no") return [];
  const addr = address.toLowerCase();
  const key = ownKey(addr, await keysOf(session.username));
  if (key === undefined) return [];
  let keydata = key.short?.[addr];
  if (keydata === undefined) {
    const { shortKey } = await import("./openpgp-write.ts");
    keydata = await shortKey(key, addr);
    if (keydata === undefined) return [];
    // The library is not loaded for every letter.
    await keepKey({ ...key, short: { ...key.short, [addr]: keydata } });
  }
  return [{ name: "Autocrypt", value: autocryptText({ addr, mutual: how === "mutual", keydata }) }];
}

/** Keeps the key that a message brings; what is in Junk brings none. */
export async function learnKey(email: Email, now: number): Promise<void> {
  const told = toldBy(
    headerValues(email, "autocrypt"),
    (email.from ?? []).map((one) => one.email),
  );
  const junk = mailboxes.role("junk")?.id;
  if (
    told === undefined ||
    (junk !== undefined && email.mailboxIds[junk]) ||
    /^multipart\/report/i.test(headerValues(email, "content-type")[0] ?? "")
  )
    return;
  const at = effectiveDate(Date.parse(email.sentAt ?? email.receivedAt), now);
  const ring = await keysOf(session.username);
  const before = ring.filter((key) => key.addresses.includes(told.addr));
  // Mail that only claims to be theirs takes the place of no key that is there.
  if (before.length > 0 && authenticationOf(email).kind !== "verified") return;
  if (before.some((key) => key.private !== undefined || (key.told?.at ?? 0) >= at)) return;
  const bytes = Uint8Array.from(atob(told.keydata), (char) => char.charCodeAt(0));
  const { importKeys } = await import("./openpgp.ts");
  await importKeys(session.username, bytes, "autocrypt", "", at, told.addr, { at, mutual: told.mutual });
}
