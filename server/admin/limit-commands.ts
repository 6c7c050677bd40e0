/** How much accounts may send from their own mailboxes. */
import { boundNames, type OwnLimits, ownLimitsOf, sendingClasses } from "../restrain/limits.ts";
import { limitPrefixes } from "../restrain/restraints.ts";
import { sumOf } from "../restrain/score.ts";
import { withAccount } from "./account-commands.ts";
import { type Command, command, done, misused, no, type World } from "./command.ts";
import {
  appPasswordLimits,
  changeLimits,
  findAppPassword,
  findLimited,
  type LimitChange,
  type Limited,
  limitSentence,
  limitsOf,
} from "./sending-limits.ts";
import {
  freeze,
  type HeldMail,
  heldMail,
  letGoOn,
  shownStop,
  stopOfAccount,
  stoppedSenders,
} from "./stopped-senders.ts";

const name = {
  type: "text",
  placed: true,
  required: true,
  help: "an account (anna@example.org), a domain (example.org) or a tenant (acme)",
} as const;
const maxListed = 10_000;
const maxBound = 1_000_000_000;

const appPassword = {
  type: "number",
  help: "of an account, one of its app passwords alone: its number in app-password list",
} as const;

const find = (given: { readonly name: string; readonly appPassword?: number | undefined }, world: World) =>
  given.appPassword === undefined
    ? findLimited(given.name, world)
    : findAppPassword(given.name, given.appPassword, world);

async function shown(limited: Limited, world: World) {
  const { own, now } = await limitsOf(limited, world);
  if (limited.kind === "app password") {
    const { id, label } = limited.credential;
    const says = appPasswordLimits(limited.credential, world) ?? "What its account may send.";
    return done({ kind: limited.kind, name: limited.name, appPassword: id, label, says, own });
  }
  const stop = limited.kind === "account" ? await stopOfAccount(limited.account.id, world) : undefined;
  const score = limited.kind === "account" ? world.restraining?.score(limited.account) : undefined;
  return done({
    kind: limited.kind,
    name: limited.name,
    ...(stop === undefined ? {} : { stopped: shownStop(stop) }),
    ...(limited.kind === "account" ? { says: limitSentence(now, world) } : {}),
    ...now?.standing.bounds,
    ...now?.used,
    own,
    ...(score === undefined ? {} : { score: { points: sumOf(score.signals), ...score } }),
  });
}

const bound = (help: string) => ({ type: "text", help: `${help}: a number, "none", or "default"` }) as const;
const asOf = (text: string): number | null | undefined =>
  text === "default"
    ? null
    : text === "none"
      ? 0
      : /^\d{1,10}$/.test(text)
        ? Math.min(Number(text), maxBound)
        : undefined;

export const limitCommands: readonly Command[] = [
  command(
    "limit list",
    "Accounts, domains, tenants and app passwords whose sending limits are their own.",
    {},
    async (_, { store }) => {
      const tenants = new Map((await store.tenants()).map(({ id, name }) => [String(id), name]));
      const groups = async (kind: "domain" | "tenant") =>
        (await store.settings(limitPrefixes[kind])).flatMap(({ key, value }) => {
          const rest = key.slice(limitPrefixes[kind].length);
          const named = kind === "domain" ? rest : tenants.get(rest);
          return named === undefined ? [] : [{ kind, name: named, ...ownLimitsOf(value) }];
        });
      const accounts = (await store.restraints({ limit: maxListed })).flatMap(({ name: whose, limits }) => {
        const own = ownLimitsOf(limits);
        return Object.keys(own).length === 0 ? [] : [{ kind: "account", name: whose, ...own }];
      });
      const passwords = (await store.limitedCredentials({ account: 0, id: 0 }, maxListed)).map(
        ({ name: whose, id, label, limits }) => ({
          kind: "app password",
          name: whose,
          appPassword: id,
          label,
          ...ownLimitsOf(limits),
        }),
      );
      return done([...(await groups("tenant")), ...(await groups("domain")), ...accounts, ...passwords]);
    },
  ),
  command(
    "limit show",
    "How much an account may send, and has sent; what is set of a domain, a tenant or an app password.",
    { name, appPassword },
    async (given, world) => {
      const limited = await find(given, world);
      return "why" in limited ? limited : shown(limited, world);
    },
  ),
  command(
    "limit set",
    "How much an account may send from its own mailbox; figures of a domain or a tenant hold for all its accounts together, those of an app password beside its account's.",
    {
      name,
      appPassword,
      class: {
        type: "text",
        choices: [...sendingClasses, "default"],
        help: `what it is taken for (${sendingClasses.join(", ")}; see [sendingLimits]), of a domain or a tenant each of its accounts; "default" for what is set further up, or its age`,
      },
      messagesPerHour: bound("messages within an hour"),
      recipientsPerDay: bound("recipients in 24 hours"),
      newRecipientsPerDay: bound("of these the ones that it has not written to before"),
      recipientsPerMessage: bound("recipients of one message"),
    },
    async (given, world) => {
      const change: { -readonly [name in keyof LimitChange]: LimitChange[name] } = {};
      if (given.class !== undefined)
        change.class = given.class === "default" ? null : (given.class as NonNullable<OwnLimits["class"]>);
      for (const one of boundNames) {
        const text = given[one];
        if (text === undefined) continue;
        const value = asOf(text);
        if (value === undefined)
          return no(`"${text.slice(0, 20)}" is no limit: write a number, "none" or "default".`, one);
        change[one] = value;
      }
      if (Object.keys(change).length === 0) return misused("Say what to change: --class, --messages-per-hour, …");
      if (given.appPassword !== undefined && change.class !== undefined)
        return misused("A class is what an account is taken for: of an app password say figures.");
      const limited = await find(given, world);
      if ("why" in limited) return limited;
      await changeLimits(limited, change, world);
      const after = await find(given, world);
      return "why" in after ? after : shown(after, world);
    },
  ),
  command("limit stopped", "Accounts that may not send now, and why.", {}, async (_, world) =>
    done((await stoppedSenders(world)).map(({ name: whose, stop }) => ({ name: whose, ...shownStop(stop) }))),
  ),
  command(
    "limit freeze",
    "Stop all that an account sends, hold what it has in the queue, sign it out, and tell it why.",
    {
      name: { type: "text", placed: true, required: true, help: "the account's address, like anna@example.org" },
      why: { type: "text", required: true, help: "what its person reads, in a sentence" },
    },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const answer = await freeze(account, given.why, world);
        return answer.kind === "refused" ? answer : done({ name: account.name, frozen: true });
      }),
  ),
  command(
    "limit release",
    "Let an account send again that was stopped.",
    {
      name: { type: "text", placed: true, required: true, help: "the account's address, like anna@example.org" },
      mail: {
        type: "text",
        choices: heldMail,
        help: "what becomes of its mail that is held: release (by default), keep or delete",
      },
    },
    (given, world) =>
      withAccount(world, given.name, async (account) => {
        const mail = (given.mail ?? "release") as HeldMail;
        const answer = await letGoOn(account, mail, world);
        return answer.kind === "refused" ? answer : done({ name: account.name, mail, recipients: answer.touched });
      }),
  ),
];
