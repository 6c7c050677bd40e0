/** The assembly of who is who: addresses and accounts, how people prove who they are, and who is signed in. */
import { join } from "node:path";
import { defaultLoginSettings, makeLogin } from "../access/authenticate.ts";
import { makeDirectory } from "../access/cached-directory.ts";
import { SealedPasswords } from "../access/sealed-passwords.ts";
import { SignedIn } from "../access/signed-in.ts";
import type { KeyRing } from "../net/tls.ts";
import { elsewhere } from "./elsewhere.ts";
import type { Ends, ServerOptions } from "./server-options.ts";

export function startSigningIn(
  { config, dataDir, store, log, cleartextAuth = false, edgePolicies }: ServerOptions,
  ends: Ends,
  parts: {
    readonly endPointHash: KeyRing["endPointHash"];
    /** Somebody took another's password for this one. */
    readonly guessed: (address: string, account: string) => void;
    readonly now: () => number;
  },
) {
  const { endPointHash, guessed, now } = parts;
  const people = ends.always.use(makeDirectory({ store }));
  const { oidc, ldap } = elsewhere({ settings: config, store, directory: people, now, log });
  // Several nodes have no folder in common where its key could lie.
  const keyFile = join(dataDir, "sealed-passwords.key");
  const sealed = config.store.postgres === "" ? new SealedPasswords({ store, keyFile, now, log }) : undefined;
  const login = ends.always.use(
    makeLogin({
      sealed,
      oidc,
      ldap,
      store,
      directory: people,
      guessed: ({ address, account }) => guessed(address, account),
      settings: {
        ...defaultLoginSettings,
        cleartextAuth,
        throttle: { ...defaultLoginSettings.throttle, enabled: edgePolicies },
      },
      endPointHash,
      now,
      log,
    }),
  );
  const signedIn = ends.always.use(new SignedIn(store, login, now));
  return { people, oidc, ldap, sealed, login, signedIn };
}
