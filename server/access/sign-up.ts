/** Signing up without being asked: off unless an administrator allows it, and then in named domains alone. */
import { isDisplayName, noDisplayName } from "../../protocol/display-name.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Instant, Store } from "../store/store.ts";
import type { Joined } from "./invitations.ts";
import { makeCredential } from "./password.ts";
import { passwordFaults } from "./password-rules.ts";

export type SignUp = {
  readonly enabled: boolean;
  /** Domains in which strangers may take an address; none by themselves. */
  readonly domains: readonly string[];
  /** How much mail such an account may keep. */
  readonly quotaBytes: number;
};
export const defaultSignUp: SignUp = { enabled: false, domains: [], quotaBytes: 1024 ** 3 };

const maxDisplayNameChars = 200;
/** RFC 2142 and what others would take for the server itself. */
const reserved =
  /^(?:abuse|admin|administrator|billing|contact|dmarc|help|hostmaster|info|mailer-daemon|majordomo|marketing|news|no-?reply|noc|office|postmaster|root|sales|security|spam|ssl-?admin(?:istrator)?|support|sysadmin|tls-?reports?|usenet|uucp|webmaster|www)$/;

export async function signUp(
  store: Pick<Store, "createAccount">,
  settings: SignUp,
  asked: { readonly name: string; readonly password: string; readonly displayName?: string | undefined },
  now: Instant,
): Promise<Joined> {
  const refused = (...faults: string[]): Joined => ({ kind: "refused", faults });
  const mailbox = parseMailbox(asked.name.trim());
  if (!settings.enabled) return refused("Nobody signs up here by themselves: ask an administrator for an account.");
  if (mailbox === undefined || !settings.domains.includes(mailbox.domain))
    return refused(`Choose an address in ${settings.domains.join(" or ")}.`);
  const local = mailbox.local.toLowerCase().normalize("NFC");
  // Letters, digits and three signs: nothing that looks like another's address, or separates a detail.
  if (!/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/.test(local) || /[._-]{2}/.test(local))
    return refused(
      "The name before the @ may have letters, digits, and single dots, dashes or underscores between them.",
    );
  if (reserved.test(local)) return refused("This address is kept for the people who run the server: choose another.");
  const name = `${local}@${mailbox.domain}`;
  const displayName = (asked.displayName ?? "").slice(0, maxDisplayNameChars);
  if (!isDisplayName(displayName)) return refused(noDisplayName);
  const faults = await passwordFaults(asked.password, [name, displayName]);
  if (faults.length > 0) return refused(...faults);
  const credential = await makeCredential(asked.password, now);
  const account = { name, displayName, role: "user", quotaBytes: settings.quotaBytes } as const;
  const made = await store.createAccount(account, [credential], now);
  if (made.kind === "done") return made;
  return refused(
    made.kind === "exists" ? "This address is taken: choose another." : "This domain is not here any more.",
  );
}
