/** Tokens for programs. */
import type { Account } from "../store/store.ts";
import { defaultTokenDays, makeToken, sessionsOf, shownSession } from "./access.ts";
import { type Command, command, done, no, type Outcome, type World } from "./command.ts";
import { findAccount, noAccount } from "./names.ts";

const account = { type: "text", placed: true, required: true, help: "the account's address" } as const;
const id = { type: "text", placed: true, required: true, help: "its id in the list" } as const;
const maxDays = 3650;

async function withAccount(world: World, typed: string, act: (found: Account) => Promise<Outcome>): Promise<Outcome> {
  const found = await findAccount(world.store, typed);
  return found === undefined ? noAccount(typed) : act(found);
}

export const accessCommands: readonly Command[] = [
  command(
    "token add",
    "Make a token for a program that uses the API, and print it.",
    {
      account,
      label: { type: "text", placed: true, required: true, help: "what it is for" },
      scopes: { type: "list", help: "what it may: accounts:read, domains:write, mail, *:read, …; all by default" },
      test: { type: "flag", help: "for tests: it sends emails to nobody, the sandbox plays every receiver" },
      days: { type: "number", help: `how long it is valid, ${defaultTokenDays} days by default` },
    },
    (given, world) =>
      withAccount(world, given.account, async (found) => {
        const days = given.days ?? defaultTokenDays;
        if (days < 1 || days > maxDays) return no(`--days must be from 1 to ${maxDays}.`);
        const made = await makeToken(world, found, {
          label: given.label,
          test: given.test ?? false,
          scopes: given.scopes,
          days,
          remote: "",
        });
        if ("why" in made) return made;
        return done({ ...shownSession({ ...made.session, id: made.id }), token: made.secret });
      }),
  ),
  command("token list", "Tokens of an account (not what they are).", { account }, (given, world) =>
    withAccount(world, given.account, async (found) =>
      done((await sessionsOf(world, found.id, "token")).map(shownSession)),
    ),
  ),
  command("token remove", "Withdraw a token.", { account, id }, (given, world) =>
    withAccount(world, given.account, async (found) => {
      const token = (await sessionsOf(world, found.id, "token")).find((one) => one.id === given.id);
      if (token === undefined) return no(`${found.name} has no token ${given.id}.`);
      await world.store.webSessionPut(token.hash, undefined);
      return done({ ended: given.id });
    }),
  ),
];
