/** How people prove who they are besides the passwords here: an OpenID Connect issuer, an LDAP directory. Their settings stand in the configuration. */
import { z } from "zod";
import { syncLdap } from "../../access/ldap.ts";
import { ldapTrouble, nobodyThere } from "../../access/ldap-trouble.ts";
import { conflict } from "../problem.ts";
import { type Route, route } from "../route.ts";

const SignIn = z
  .object({
    oidc: z
      .object({
        issuer: z.string(),
        name: z.string().describe("What the button says."),
        clientId: z.string(),
        hasSecret: z.boolean(),
        redirectUri: z.string().describe("What the issuer has to be told."),
        addressClaim: z.string(),
        byAddress: z.boolean(),
        createAccounts: z.boolean(),
      })
      .nullable()
      .describe("null: nobody signs in elsewhere."),
    ldap: z
      .object({
        url: z.string(),
        startTls: z.boolean(),
        base: z.string(),
        bindDn: z.string(),
        filter: z.string(),
        allFilter: z.string(),
        createAccounts: z.boolean(),
      })
      .nullable()
      .describe("null: no directory proves passwords."),
    signUp: z.object({ enabled: z.boolean(), domains: z.array(z.string()) }),
  })
  .meta({ id: "SignIn" });

const Checked = z
  .object({ works: z.boolean(), words: z.string(), people: z.int().nullable().describe("In the directory.") })
  .meta({ id: "SignInChecked" });

const why = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/[\x00-\x1f\x7f]/g, " ").slice(0, 300);
const noDirectory = "No directory is configured: see [ldap] in the configuration.";

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/sign-in",
    summary: "How people prove who they are besides the passwords here. Secrets are not told.",
    area: "settings",
    who: "platform",
    answer: SignIn,
    run: async (_, { signIn, hostname }) => {
      const { oidc, ldap, signUp } = signIn.settings;
      const { issuer, name, clientId, clientSecret, addressClaim, byAddress } = oidc;
      const { url, startTls, base, bindDn, filter, allFilter } = ldap;
      return {
        oidc:
          issuer === ""
            ? null
            : {
                issuer,
                name,
                clientId,
                hasSecret: clientSecret !== "",
                redirectUri: `https://${hostname}/auth/oidc/callback`,
                addressClaim,
                byAddress,
                createAccounts: oidc.createAccounts,
              },
        ldap:
          url === "" ? null : { url, startTls, base, bindDn, filter, allFilter, createAccounts: ldap.createAccounts },
        signUp: { enabled: signUp.enabled, domains: [...signUp.domains] },
      };
    },
  }),
  route({
    method: "POST",
    path: "/sign-in/oidc/check",
    summary: "Ask the issuer for its configuration.",
    area: "settings",
    who: "platform",
    answer: Checked,
    refuses: ["conflict"],
    run: async (_, { signIn }) => {
      if (signIn.oidc === undefined) return conflict("No issuer is configured: see [oidc] in the configuration.");
      try {
        const { issuer } = await signIn.oidc.reach();
        return { works: true, words: `${issuer} answers.`, people: null };
      } catch (error) {
        return { works: false, words: `The issuer cannot be asked: ${why(error)}`, people: null };
      }
    },
  }),
  route({
    method: "POST",
    path: "/sign-in/ldap/check",
    summary: "Ask the directory for its people.",
    area: "settings",
    who: "platform",
    answer: Checked,
    refuses: ["conflict"],
    run: async (_, { ldap, signIn }) => {
      if (ldap === undefined) return conflict(noDirectory);
      try {
        const { length } = await ldap.people();
        return length > 0
          ? { works: true, words: "The directory answers.", people: length }
          : { works: false, words: nobodyThere(signIn.settings.ldap), people: null };
      } catch (error) {
        return { works: false, words: ldapTrouble(error, signIn.settings.ldap), people: null };
      }
    },
  }),
  route({
    method: "POST",
    path: "/sign-in/ldap/sync",
    summary: "Make accounts for everybody in the directory who has none; change names that have changed.",
    area: "settings",
    who: "platform",
    answer: z.object({
      people: z.int(),
      created: z.int(),
      renamed: z.int(),
      left: z.int().describe("Addresses in no domain that is here, or taken."),
    }),
    refuses: ["conflict"],
    run: async ({ audit }, { ldap, store, now, signIn }) => {
      if (ldap === undefined) return conflict(noDirectory);
      try {
        const { created, ...rest } = await syncLdap(ldap, store, now());
        audit.detail = { ...rest, created: created.length };
        return { ...rest, created: created.length };
      } catch (error) {
        return conflict(ldapTrouble(error, signIn.settings.ldap));
      }
    },
  }),
];
