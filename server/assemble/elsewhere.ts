/** Where people may prove who they are besides here: an OpenID Connect issuer, an LDAP directory. */
import type { Directory } from "../access/directory.ts";
import { Ldap, type LdapSettings } from "../access/ldap.ts";
import { Oidc, type OidcSettings } from "../access/oidc.ts";
import type { Log } from "../base/log.ts";
import type { Instant, Store } from "../store/store.ts";

export function elsewhere(parts: {
  readonly settings: { readonly oidc: OidcSettings; readonly ldap: LdapSettings };
  readonly store: Store;
  readonly directory: Directory;
  readonly now: () => Instant;
  readonly log: Log;
}): { readonly oidc: Oidc | undefined; readonly ldap: Ldap | undefined } {
  const { settings, log, ...rest } = parts;
  return {
    oidc: settings.oidc.issuer === "" ? undefined : new Oidc({ ...rest, settings: settings.oidc, log }),
    ldap: settings.ldap.url === "" ? undefined : new Ldap(settings.ldap, log),
  };
}
