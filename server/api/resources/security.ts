/** How people prove who they are: app passwords, the second factor, passkeys. Invitations of administrators. */
import { z } from "zod";
import { isDisplayName, noDisplayName } from "../../../protocol/display-name.ts";
import { totpUri } from "../../../protocol/otp/totp.ts";
import { makeInvitation } from "../../access/invitations.ts";
import { makeAppPassword } from "../../access/password.ts";
import {
  beginTotp,
  confirmTotp,
  endTotp,
  newRecoveryCodes,
  recoveryCodesLeft,
  useCode,
} from "../../access/second-factor.ts";
import { readAddress } from "../../admin/names.ts";
import { appPasswordLimits, changeLimits } from "../../admin/sending-limits.ts";
import { ownLimitsOf } from "../../restrain/limits.ts";
import type { HostedAccount } from "../../store/hosting.ts";
import { scopes, shownHashChars } from "../../store/security-store.ts";
import type { Credential } from "../../store/store.ts";
import { type Actor, hasLimits, isWhole, mayHandOn, mayWithdraw, outgrown } from "../actor.ts";
import { displayName } from "../display-name.ts";
import { domainOf, theAccount } from "../params.ts";
import { conflict, forbidden, notFound, type Problem, wrongField } from "../problem.ts";
import { type ApiWorld, at, Created, list, type Param, page, paged, type Route, route, time } from "../route.ts";
import { boundOf } from "../sending-bound.ts";

const label = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .refine(isDisplayName, noDisplayName)
  .describe("What it is for, like phone.");
const theNumber = (what: string): Param<number> => ({
  schema: z
    .string()
    .regex(/^\d{1,15}$/)
    .describe(what),
  find: async (text) => Number(text),
});
const theInvitation: Param<string> = {
  schema: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .describe("The id of an invitation."),
  find: async (text) => text,
};

const ofAppPassword = "Empty or 0: no limit of its own.";
const appPasswordBounds = {
  messagesPerHour: boundOf("Messages within an hour", ofAppPassword),
  recipientsPerDay: boundOf("Recipients in 24 hours", ofAppPassword),
  newRecipientsPerDay: boundOf("Recipients in 24 hours that the account has not written to before", ofAppPassword),
  recipientsPerMessage: boundOf("Recipients of one message", ofAppPassword),
};

const AppPassword = z
  .object({
    id: z.int(),
    label: z.string(),
    scopes: z.array(z.enum(scopes)).nullable().describe("null: everything."),
    createdAt: time,
    expiresAt: time.nullable(),
    usedAt: time.nullable().describe("To within an hour."),
    sending: z
      .string()
      .nullable()
      .describe(
        "What may be sent by it, within what its account may, and what of that is used. null: what its account may.",
      ),
    ...appPasswordBounds,
  })
  .meta({ id: "AppPassword" });

function shownAppPassword(one: Credential, world: ApiWorld): z.input<typeof AppPassword> {
  const own = ownLimitsOf(one.limits);
  return {
    id: one.id,
    label: one.label,
    scopes: one.scopes === undefined ? null : [...one.scopes],
    createdAt: at(one.createdAt),
    expiresAt: orNull(one.expiresAt),
    usedAt: orNull(one.usedAt),
    sending: appPasswordLimits(one, world) ?? null,
    messagesPerHour: own.messagesPerHour ?? null,
    recipientsPerDay: own.recipientsPerDay ?? null,
    newRecipientsPerDay: own.newRecipientsPerDay ?? null,
    recipientsPerMessage: own.recipientsPerMessage ?? null,
  };
}

async function appPasswordOf(account: HostedAccount, number: number, world: ApiWorld): Promise<Credential | undefined> {
  const found = (await world.store.credentials(account.id)).find(({ id }) => id === number);
  return found?.kind === "app-password" ? found : undefined;
}

const Passkey = z
  .object({ id: z.int(), label: z.string(), createdAt: time, usedAt: time.nullable() })
  .meta({ id: "Passkey" });

const SecondFactor = z
  .object({
    totp: z.boolean().describe("A code of an authenticator app is asked for when signing in."),
    recoveryCodes: z.int().describe("Codes that are left."),
    passkeys: z.array(Passkey),
  })
  .meta({ id: "SecondFactor" });

const RecoveryCodes = z
  .object({ recoveryCodes: z.array(z.string()).describe("Told once; each is good once.") })
  .meta({ id: "RecoveryCodes" });

const Invitation = z
  .object({ id: z.string(), address: z.string(), createdAt: time, expiresAt: time })
  .meta({ id: "Invitation" });

const orNull = (instant: number | undefined): string | null => (instant === undefined ? null : at(instant));

/** What only the person themselves can do: no administrator has their phone, and no program is them. */
function onlySelf(actor: Actor, account: HostedAccount): Problem<"forbidden"> | undefined {
  if (actor.account.id !== account.id) return forbidden("Only the person of the account can do this.");
  return isWhole(actor)
    ? undefined
    : forbidden("This makes a way to sign in: an app password, or a token with scopes, is not enough for it.");
}

const maxAppPasswords = 100;
const dayMs = 24 * 60 * 60 * 1000;

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/accounts/{account}/app-passwords",
    summary: "App passwords of an account (not what they are).",
    description: "An app password sees those that are good for no more than itself.",
    area: "security",
    who: "user",
    params: { account: theAccount },
    query: z.object(page),
    answer: list(AppPassword),
    run: async ({ account, actor, query: { limit, cursor } }, world) => {
      const after = Number(cursor ?? 0) || 0;
      const all = (await world.store.credentials(account.id)).filter(
        (one) => one.kind === "app-password" && one.id > after && mayWithdraw(actor, account.id, one.scopes),
      );
      return paged(
        all.slice(0, limit + 1),
        limit,
        (one) => String(one.id),
        (one) => shownAppPassword(one, world),
      );
    },
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/app-passwords",
    summary: "Make a password for one device or program. It is told once.",
    description: "Its scopes cannot be more than those of the token or app password that asks for it.",
    area: "security",
    who: "user",
    params: { account: theAccount },
    body: z.strictObject({
      label,
      scopes: z.array(z.enum(scopes)).min(1).optional().describe("What it is good for; everything by default."),
      expiresAt: time.optional(),
    }),
    answer: z.object({ id: z.int(), password: z.string(), label: z.string(), expiresAt: time.nullable() }),
    status: 201,
    refuses: ["conflict"],
    run: async ({ account, actor, body }, { store, now }) => {
      if (!mayHandOn(actor, body.scopes))
        return wrongField(
          "/scopes",
          "A token or an app password cannot make an app password that may more than itself.",
        );
      if (await hasLimits(actor, store)) return forbidden(outgrown);
      const expiresAt = body.expiresAt === undefined ? undefined : Date.parse(body.expiresAt);
      if (expiresAt !== undefined && expiresAt <= now()) return wrongField("/expiresAt", "This time is past.");
      const known = (await store.credentials(account.id)).filter(({ kind }) => kind === "app-password");
      if (known.length >= maxAppPasswords) return conflict("There are too many app passwords: remove some first.");
      const made = await makeAppPassword(body.label, now(), expiresAt, undefined, body.scopes ?? []);
      const id = await store.putCredential(account.id, made.credential);
      const shown = { id, password: made.password, label: body.label, expiresAt: orNull(expiresAt) };
      return new Created(shown, `/accounts/${account.id}/app-passwords/${id}`);
    },
  }),
  route({
    method: "PATCH",
    path: "/accounts/{account}/app-passwords/{number}",
    summary: "Change how much may be sent by an app password.",
    description: "What its account may send holds beside it: whichever is reached first.",
    area: "security",
    who: "user",
    params: { account: theAccount, number: theNumber("The number of an app password.") },
    body: z.strictObject(appPasswordBounds).partial(),
    answer: AppPassword,
    run: async ({ account, actor, number, body }, world) => {
      if (actor.appPassword !== undefined)
        return forbidden("An app password cannot change what app passwords may send: sign in, or use a token.");
      const credential = await appPasswordOf(account, number, world);
      if (credential === undefined) return notFound();
      await changeLimits({ kind: "app password", name: account.name, credential }, body, world);
      const after = await appPasswordOf(account, number, world);
      return after === undefined ? notFound() : shownAppPassword(after, world);
    },
  }),
  route({
    method: "DELETE",
    path: "/accounts/{account}/app-passwords/{number}",
    summary: "Withdraw an app password.",
    area: "security",
    who: "user",
    params: { account: theAccount, number: theNumber("The number of an app password.") },
    run: async ({ account, actor, number }, world) => {
      const found = await appPasswordOf(account, number, world);
      if (found === undefined || !mayWithdraw(actor, account.id, found.scopes)) return notFound();
      await world.store.removeCredential(account.id, number);
      return undefined;
    },
  }),
  route({
    method: "GET",
    path: "/accounts/{account}/second-factor",
    summary: "What an account signs in with besides its password.",
    area: "security",
    who: "user",
    params: { account: theAccount },
    answer: SecondFactor,
    run: async ({ account }, { store }) => {
      const all = await store.factors(account.id);
      return {
        totp: all.some(({ kind }) => kind === "totp"),
        recoveryCodes: recoveryCodesLeft(all),
        passkeys: all
          .filter(({ kind }) => kind === "passkey")
          .map((one) => ({ id: one.id, label: one.label, createdAt: at(one.createdAt), usedAt: orNull(one.usedAt) })),
      };
    },
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/second-factor",
    summary: "Make a secret for an authenticator app. It counts once it has been confirmed with a first code.",
    area: "security",
    who: "user",
    params: { account: theAccount },
    answer: z.object({ secret: z.string(), uri: z.string().describe("otpauth: as a picture for the app.") }),
    refuses: ["conflict"],
    run: async ({ account, actor }, { store, now, hostname }) => {
      const refused = onlySelf(actor, account);
      if (refused !== undefined) return refused;
      const begun = await beginTotp(store, account.id, now());
      if (begun === "on") return conflict("The second factor is on already: switch it off first.");
      if (begun === "too-many") return conflict("There are too many passkeys: remove one first.");
      return { secret: begun.secret, uri: totpUri(begun.secret, hostname, account.name) };
    },
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/second-factor/confirm",
    summary: "Switch the second factor on with a first code of the app.",
    description: "From now on programs need an app password or a token.",
    area: "security",
    who: "user",
    params: { account: theAccount },
    body: z.strictObject({ code: z.string().max(20) }),
    answer: RecoveryCodes,
    refuses: ["conflict"],
    run: async ({ account, actor, body }, { store, now }) => {
      const refused = onlySelf(actor, account);
      if (refused !== undefined) return refused;
      const confirmed = await confirmTotp(store, account.id, body.code, now());
      if (confirmed === "wrong")
        return wrongField("/code", "The code is wrong. Look at the clock of the phone, and try the next one.");
      if (confirmed === "not-begun") return conflict("Begin first, for a secret.");
      return { recoveryCodes: [...confirmed.recoveryCodes] };
    },
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/second-factor/remove",
    summary: "Switch the second factor off.",
    description: "The person of the account sends a code; an administrator does it for who has lost theirs.",
    area: "security",
    who: "user",
    params: { account: theAccount },
    body: z.strictObject({ code: z.string().max(40).optional() }),
    run: async ({ account, actor, body }, { store, now }) => {
      const on = (await store.factors(account.id)).some(({ kind }) => kind === "totp");
      if (!on) return notFound("The second factor is off.");
      // Who finds a browser open must not be able to take it away.
      if (actor.account.id === account.id && !(await useCode(store, account.id, body.code ?? "", now())))
        return wrongField("/code", "Send a code of the app, or a recovery code.");
      await endTotp(store, account.id);
      return undefined;
    },
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/recovery-codes",
    summary: "New recovery codes, in place of those before.",
    area: "security",
    who: "user",
    params: { account: theAccount },
    body: z.strictObject({ code: z.string().max(40).describe("Of the app.") }),
    answer: RecoveryCodes,
    run: async ({ account, actor, body }, { store, now }) => {
      const refused = onlySelf(actor, account);
      if (refused !== undefined) return refused;
      if (!(await useCode(store, account.id, body.code, now()))) return wrongField("/code", "The code is wrong.");
      return { recoveryCodes: [...(await newRecoveryCodes(store, account.id, now()))] };
    },
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/passkeys/options",
    summary: "What the browser needs to make a passkey (navigator.credentials.create).",
    area: "security",
    who: "user",
    params: { account: theAccount },
    answer: z.object({ options: z.record(z.string(), z.unknown()) }),
    refuses: ["conflict"],
    run: async ({ account, actor, origin }, { passkeys }) => {
      const refused = onlySelf(actor, account);
      if (refused !== undefined) return refused;
      if (passkeys === undefined) return conflict("Passkeys need the running server.");
      const options = await passkeys.registration(account, new URL(origin).host);
      return { options: options as unknown as { [name: string]: unknown } };
    },
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/passkeys",
    summary: "Keep the passkey that the browser has made.",
    area: "security",
    who: "user",
    params: { account: theAccount },
    body: z.strictObject({ label, response: z.record(z.string(), z.unknown()) }),
    answer: z.object({ id: z.int() }),
    status: 201,
    refuses: ["conflict"],
    run: async ({ account, actor, body }, { passkeys }) => {
      const refused = onlySelf(actor, account);
      if (refused !== undefined) return refused;
      if (passkeys === undefined) return conflict("Passkeys need the running server.");
      const kept = await passkeys.register(account, body.response, body.label);
      if (kept.kind === "refused") return wrongField("/response", kept.why);
      return new Created({ id: kept.id }, `/accounts/${account.id}/passkeys/${kept.id}`);
    },
  }),
  route({
    method: "DELETE",
    path: "/accounts/{account}/passkeys/{number}",
    summary: "Remove a passkey.",
    area: "security",
    who: "user",
    params: { account: theAccount, number: theNumber("The number of a passkey.") },
    run: async ({ account, actor, number }, { store }) => {
      const found = (await store.factors(account.id)).find(({ id }) => id === number);
      if (found?.kind !== "passkey") return notFound();
      if (!mayWithdraw(actor, account.id, undefined)) return forbidden("An app password is not enough for it.");
      await store.removeFactors(account.id, number);
      return undefined;
    },
  }),
  route({
    method: "GET",
    path: "/invitations",
    summary: "Invitations that nobody has taken up.",
    area: "accounts",
    who: "domain",
    answer: z.object({ items: z.array(Invitation) }),
    run: async ({ actor }, { store, now }) => {
      const mine = new Set((await store.hostedDomains(actor.within, { limit: 100_000 })).map(({ name }) => name));
      const all = (await store.invitations()).filter(
        ({ name, expiresAt }) => expiresAt > now() && mine.has(name.slice(name.lastIndexOf("@") + 1)),
      );
      return {
        items: all.map(({ id, name, createdAt, expiresAt }) => ({
          id,
          address: name,
          createdAt: at(createdAt),
          expiresAt: at(expiresAt),
        })),
      };
    },
  }),
  route({
    method: "POST",
    path: "/invitations",
    summary: "Invite somebody: whoever has the link makes the account and chooses its password.",
    area: "accounts",
    who: "domain",
    body: z.strictObject({
      address: z.string().max(330),
      displayName: displayName.default(""),
      quotaBytes: z.int().nonnegative().default(0),
      days: z.int().min(1).max(90).default(7),
    }),
    answer: Invitation.omit({ id: true }).extend({ link: z.string(), token: z.string() }),
    status: 201,
    run: async ({ actor, body, origin }, world) => {
      const { store, now } = world;
      const address = readAddress(body.address);
      const domain = address === undefined ? undefined : await domainOf(address.domain, actor, world);
      if (address === undefined || domain?.kind !== "local")
        return wrongField("/address", "Write an address in a domain of yours.");
      const name = `${address.local}@${address.domain}`;
      if ((await store.addresses(address)).length > 0) return wrongField("/address", `${name} is taken.`);
      const { secret, invitation } = await makeInvitation(store, {
        name,
        displayName: body.displayName,
        quotaBytes: body.quotaBytes,
        createdAt: now(),
        expiresAt: now() + body.days * dayMs,
      });
      return {
        address: name,
        link: `${origin}/invitation#${secret}`,
        token: secret,
        createdAt: at(invitation.createdAt),
        expiresAt: at(invitation.expiresAt),
      };
    },
  }),
  route({
    method: "DELETE",
    path: "/invitations/{invitation}",
    summary: "Withdraw an invitation.",
    area: "accounts",
    who: "domain",
    params: { invitation: theInvitation },
    run: async ({ actor, invitation }, world) => {
      const found = (await world.store.invitations()).find(({ id }) => id.slice(0, shownHashChars) === invitation);
      const domain = found === undefined ? "" : found.name.slice(found.name.lastIndexOf("@") + 1);
      if (found === undefined || (await domainOf(domain, actor, world)) === undefined) return notFound();
      await world.store.removeInvitation(found.id);
      return undefined;
    },
  }),
];
