/** What is wrong with a directory, for who has to mend it: which setting of [ldap] it is about. */
import { whyNotReached } from "../net/why-not-reached.ts";
import type { LdapSettings } from "./ldap.ts";

type Trouble = { readonly code?: unknown; readonly message?: string };

/** A sentence, or two. Result codes: RFC 4511 §4.1.9. */
export function ldapTrouble(error: unknown, settings: LdapSettings): string {
  const { code, message } = error as Trouble;
  const { url, base, bindDn, caFile } = settings;
  if (typeof code === "number") {
    const words = results(settings)[code];
    return words ?? `The directory at ${url} refuses the question: ${plain(message)}`;
  }
  if (code === "ENOENT" && caFile !== "") return `There is no file ${caFile}: caFile under [ldap] names it.`;
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "EPROTO")
    return `${url} does not begin with TLS. Write ldap:// with startTls = true, or the port for TLS (636).`;
  const why =
    whyNotReached(error) ??
    whyNotReached({ code: /\b(?:CERT|SELF_SIGNED|UNABLE)\w+|\bE[A-Z]{4,}\b/.exec(message ?? "")?.[0] });
  if (why?.includes("vouches") === true)
    return `${url} cannot be believed: ${why}. Name its authority's file as caFile under [ldap].`;
  if (why !== undefined) return `${url} cannot be reached: ${why}.`;
  if (/timed? ?out/i.test(message ?? "")) return `${url} does not answer in time.`;
  if (/filter|parens/i.test(message ?? "")) return `filter or allFilter under [ldap] is no filter: ${plain(message)}`;
  return `The directory cannot be asked as ${bindDn || "nobody"} below ${base}: ${plain(message)}`;
}

/** It answers, and that is all. */
export const nobodyThere = ({ base, bindDn, allFilter, addressAttribute }: LdapSettings): string =>
  `The directory answers, and ${bindDn || "who comes without a name"} sees nobody below ${base} who fits ${allFilter} and has an address in ${addressAttribute}: look at base and allFilter under [ldap], and at what the directory lets this name see.`;

const results = ({ url, base, bindDn, allFilter }: LdapSettings): { readonly [code: number]: string } => ({
  8: `${url} wants TLS first: startTls = true under [ldap], or ldaps://.`,
  13: `${url} wants TLS first: startTls = true under [ldap], or ldaps://.`,
  32: `There is no ${base} in the directory, or ${bindDn || "who comes without a name"} may not see it: look at base and bindDn under [ldap].`,
  34: `${bindDn === "" ? `base (${base})` : `bindDn (${bindDn}) or base (${base})`} under [ldap] is no name of a directory's entry: it is written like ou=people,dc=example,dc=org.`,
  48: `${url} takes no questions without a name: set bindDn and bindPassword under [ldap].`,
  49: `${url} refuses ${bindDn} with this password: look at bindDn and bindPassword under [ldap].`,
  50: `${bindDn || "Who comes without a name"} may not look for people below ${base}: the directory has to allow it, or another bindDn.`,
  51: `${url} is busy. Try again later.`,
  52: `${url} is not available. Try again later.`,
  53: `${url} does not want to answer: it may want TLS (startTls = true) or a name (bindDn).`,
  4: `The directory answers only a part of its people to allFilter (${allFilter}): it has to allow more to ${bindDn || "who comes without a name"}.`,
});

const plain = (message: string | undefined): string =>
  (message ?? "it does not say why").replace(/[\x00-\x1f\x7f]/g, " ").slice(0, 300);
