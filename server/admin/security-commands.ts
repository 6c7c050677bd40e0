/** How people prove who they are: app passwords, second factors, passkeys, sessions, invitations. */

import { totpUri } from "../../protocol/otp/totp.ts";
import { makeInvitation } from "../access/invitations.ts";
import { syncLdap } from "../access/ldap.ts";
import { identityKey } from "../access/oidc.ts";
import { makeAppPassword } from "../access/password.ts";
import { beginTotp, confirmTotp, endTotp, newRecoveryCodes, recoveryCodesLeft } from "../access/second-factor.ts";
import { type Scope, scopes, shownHashChars } from "../store/security-store.ts";
import { name, withAccount } from "./account-commands.ts";
import { type Command, command, done, misused, no, type Running, time } from "./command.ts";
import { badAddress, findAccount, findDomain, noDomain, readAddress } from "./names.ts";
import { appPasswordLimits } from "./sending-limits.ts";

const dayMs = 24 * 60 * 60 * 1000;
const maxInvitationDays = 90;

/** ":2443" where the pages are not where browsers look for them. */
function portOf(running: (() => Running) | undefined): string {
  const port = running?.().listeners.find(({ service }) => service === "https")?.port ?? 443;
  return port === 443 ? "" : `:${port}`;
}

export const securityCommands: readonly Command[] = [
  command(
    "app-password add",
    "Make a password for one device or program, and print it.",
    {
      name,
      label: { type: "text", placed: true, required: true, help: "what it is for, like phone" },
      days: { type: "number", help: "how long it is valid; for ever by default" },
      scopes: { type: "list", help: `what it is good for (${scopes.join(", ")}); everything by default` },
    },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const wrong = given.scopes?.find((one) => !(scopes as readonly string[]).includes(one));
        if (wrong !== undefined) return no(`--scopes "${wrong}": write some of ${scopes.join(",")}.`);
        const wanted = (given.scopes ?? []) as readonly Scope[];
        const expiresAt = given.days === undefined ? undefined : world.now() + given.days * dayMs;
        const made = await makeAppPassword(given.label, world.now(), expiresAt, undefined, wanted);
        const id = await world.store.putCredential(account.id, made.credential);
        return done({
          id,
          name: account.name,
          label: given.label,
          password: made.password,
          scopes: wanted.length === 0 ? undefined : wanted,
          expiresAt: time(expiresAt),
        });
      }),
  ),
  command("app-password list", "The app passwords of an account (not what they are).", { name }, (given, world) =>
    withAccount(world, given.name, async (account) => {
      const all = await world.store.credentials(account.id);
      return done(
        all
          .filter(({ kind }) => kind === "app-password")
          .map((one) => ({
            id: one.id,
            label: one.label,
            scopes: one.scopes,
            sending: appPasswordLimits(one, world),
            createdAt: time(one.createdAt),
            expiresAt: time(one.expiresAt),
            usedAt: time(one.usedAt),
          })),
      );
    }),
  ),
  command(
    "app-password remove",
    "Withdraw an app password (its number is in app-password list).",
    { name, id: { type: "number", placed: true, required: true, help: "its number" } },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const found = (await world.store.credentials(account.id)).find((one) => one.id === given.id);
        if (found?.kind !== "app-password")
          return no(
            `${account.name} has no app password ${given.id}. Look: angarium app-password list ${account.name}`,
          );
        await world.store.removeCredential(account.id, given.id);
        return done({ removed: given.id, label: found.label });
      }),
  ),
  command("second-factor show", "What an account signs in with besides its password.", { name }, (given, world) =>
    withAccount(world, given.name, async (account) => {
      const all = await world.store.factors(account.id);
      return done({
        name: account.name,
        totp: all.some(({ kind }) => kind === "totp"),
        recoveryCodes: recoveryCodesLeft(all),
        passkeys: all
          .filter(({ kind }) => kind === "passkey")
          .map(({ id, label, createdAt, usedAt }) => ({ id, label, createdAt: time(createdAt), usedAt: time(usedAt) })),
      });
    }),
  ),
  command(
    "second-factor begin",
    "Make a secret for an authenticator app; it counts once second-factor confirm has had a code of it.",
    { name },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const begun = await beginTotp(world.store, account.id, world.now());
        if (begun === "on")
          return no(`${account.name} has one already. Remove it first: angarium second-factor remove`);
        if (begun === "too-many") return no(`${account.name} has too many passkeys: remove one first.`);
        return done({ secret: begun.secret, uri: totpUri(begun.secret, world.hostname, account.name) });
      }),
  ),
  command(
    "second-factor confirm",
    "Switch the second factor on with a first code of the app; prints the recovery codes.",
    { name, code: { type: "text", placed: true, required: true, help: "six digits" } },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const confirmed = await confirmTotp(world.store, account.id, given.code, world.now());
        if (confirmed === "wrong")
          return no("The code is wrong. Look at the clock of the phone, and try the next one.");
        if (confirmed === "not-begun") return no(`Begin first: angarium second-factor begin ${account.name}`);
        return done({ name: account.name, recoveryCodes: confirmed.recoveryCodes });
      }),
  ),
  command(
    "second-factor remove",
    "Take away the second factor of somebody who has lost it: the password is enough again.",
    { name },
    (given, world) =>
      withAccount(world, given.name, async (account) =>
        (await endTotp(world.store, account.id)) ? done({ removed: true }) : no(`${account.name} has none.`),
      ),
  ),
  command("recovery-codes new", "New recovery codes, in place of those before.", { name }, (given, world) =>
    withAccount(world, given.name, async (account) => {
      const all = await world.store.factors(account.id);
      if (!all.some(({ kind }) => kind === "totp"))
        return no(`${account.name} has no second factor to recover from. Begin: angarium second-factor begin`);
      return done({ recoveryCodes: await newRecoveryCodes(world.store, account.id, world.now()) });
    }),
  ),
  command(
    "passkey remove",
    "Remove a passkey (its number is in second-factor show).",
    { name, id: { type: "number", placed: true, required: true, help: "its number" } },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const found = (await world.store.factors(account.id)).find((one) => one.id === given.id);
        if (found?.kind !== "passkey") return no(`${account.name} has no passkey ${given.id}.`);
        await world.store.removeFactors(account.id, given.id);
        return done({ removed: given.id, label: found.label });
      }),
  ),
  command("session list", "The browsers and programs that an account is signed in with.", { name }, (given, world) =>
    withAccount(world, given.name, async (account) => {
      const all = await world.store.webSessions(account.id);
      return done(
        all.map(({ hash, kind, label, scopes, remote, createdAt, usedAt, expiresAt }) => ({
          id: hash.slice(0, shownHashChars),
          kind: kind === "cookie" ? "browser" : "token",
          label,
          scopes,
          remote,
          createdAt: time(createdAt),
          usedAt: usedAt === 0 ? undefined : time(usedAt),
          expiresAt: time(expiresAt),
        })),
      );
    }),
  ),
  command(
    "session end",
    "Sign an account out of one browser or program, or (--all) of all.",
    {
      name,
      id: { type: "text", placed: true, help: "as in session list" },
      all: { type: "flag", help: "end them all" },
    },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        if (given.all) {
          const before = await world.store.webSessions(account.id);
          await Promise.all(
            before.map(({ hash }) => world.store.webSessionEnd(account.id, hash.slice(0, shownHashChars))),
          );
          return done({ ended: before.length });
        }
        if (given.id === undefined) return misused("Say which: angarium session list NAME, or --all.");
        const ended = await world.store.webSessionEnd(account.id, given.id);
        return ended === "done" ? done({ ended: 1 }) : no(`${account.name} has no session ${given.id}.`);
      }),
  ),
  command(
    "invite add",
    "Invite somebody: whoever has the link that is printed makes the account and chooses its password.",
    {
      address: { type: "text", placed: true, required: true, help: "the address the account will have" },
      days: { type: "number", help: "how long the invitation is good; 7 by default" },
      quota: { type: "bytes", help: "how much mail it may keep" },
      displayName: { type: "text", help: "the person's name" },
    },
    async (given, { store, now, hostname, running }) => {
      const address = readAddress(given.address);
      if (address === undefined) return badAddress(given.address);
      const domain = await findDomain(store, address.domain);
      if (domain === undefined) return noDomain(address.domain);
      if (domain.kind !== "local") return no(`${domain.name} is a relay domain: its people are on another server.`);
      if ((await findAccount(store, given.address)) !== undefined) return no(`${given.address} is an account already.`);
      const days = given.days ?? 7;
      if (days < 1 || days > maxInvitationDays) return no(`--days is 1 to ${maxInvitationDays}.`);
      const { secret, invitation } = await makeInvitation(store, {
        name: `${address.local}@${address.domain}`,
        displayName: given.displayName ?? "",
        quotaBytes: given.quota ?? 0,
        createdAt: now(),
        expiresAt: now() + days * dayMs,
      });
      return done({
        address: invitation.name,
        link: `https://${hostname}${portOf(running)}/invitation#${secret}`,
        token: secret,
        expiresAt: time(invitation.expiresAt),
      });
    },
  ),
  command(
    "identity add",
    "Let somebody who signs in at the configured OpenID Connect issuer have this account.",
    {
      name,
      issuer: { type: "text", placed: true, required: true, help: "the issuer, as it is configured" },
      subject: { type: "text", placed: true, required: true, help: "who they are there: the claim sub" },
    },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const key = identityKey(given.issuer, given.subject);
        const factor = { kind: "identity", key, label: given.subject, data: { issuer: given.issuer } } as const;
        const put = await world.store.putFactor(account.id, factor, world.now());
        return put.kind === "done" ? done({ id: put.id, name: account.name }) : no(`It cannot be added (${put.kind}).`);
      }),
  ),
  command("identity list", "Who at the issuer may have an account.", { name }, (given, world) =>
    withAccount(world, given.name, async (account) =>
      done(
        (await world.store.factors(account.id))
          .filter(({ kind }) => kind === "identity")
          .map(({ id, label, data }) => ({ id, subject: label, issuer: (data as { issuer: string }).issuer })),
      ),
    ),
  ),
  command(
    "identity remove",
    "Take an identity off an account.",
    { name, id: { type: "number", placed: true, required: true, help: "its number in identity list" } },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const found = (await world.store.factors(account.id)).find((one) => one.id === given.id);
        if (found?.kind !== "identity") return no(`${account.name} has no identity ${given.id}.`);
        await world.store.removeFactors(account.id, given.id);
        return done({ removed: given.id });
      }),
  ),
  command("ldap sync", "Make accounts for everybody in the LDAP directory who has none.", {}, async (_, world) => {
    if (world.ldap === undefined) return no("No directory is configured: see [ldap] in the configuration.");
    return done(await syncLdap(world.ldap, world.store, world.now()));
  }),
  command("invite list", "Invitations that nobody has taken up.", {}, async (_, { store, now }) =>
    done(
      (await store.invitations())
        .filter(({ expiresAt }) => expiresAt > now())
        .map(({ id, name, createdAt, expiresAt }) => ({
          id,
          address: name,
          createdAt: time(createdAt),
          expiresAt: time(expiresAt),
        })),
    ),
  ),
  command(
    "invite remove",
    "Withdraw an invitation.",
    { id: { type: "text", placed: true, required: true, help: "as in invite list" } },
    async ({ id }, { store }) =>
      (await store.removeInvitation(id)) === "done" ? done({ removed: id }) : no(`There is no invitation ${id}.`),
  ),
];
