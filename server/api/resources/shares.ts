/** Mailboxes that several people work in: rights to all folders and sending as the account or on its behalf, as one. */
import { z } from "zod";
import { findAccount } from "../../admin/names.ts";
import { type Share, type ShareWish, share, shareNames, sharesOf } from "../../admin/shares.ts";
import type { HostedAccount } from "../../store/hosting.ts";
import { type Actor, atLeast } from "../actor.ts";
import { refusal } from "../outcome.ts";
import { theAccount } from "../params.ts";
import { conflict, notFound, type Problem } from "../problem.ts";
import { type ApiWorld, list, type Param, type Route, route } from "../route.ts";

const Shared = z
  .object({
    person: z.string().describe("Who works in the mailbox."),
    rights: z
      .enum([...shareNames, "some", "none"])
      .describe(
        "read; write: mark, file and delete mail as well; all: make and share folders as well. some: folders differ.",
      ),
    folders: z.int(),
    sendAs: z.boolean().describe("May send with the addresses of the account."),
    sendOnBehalf: z.boolean().describe("May send with them in From and their own address in Sender."),
  })
  .meta({ id: "Share" });

/** Read with its owner: whom one can share with depends on it. */
const thePerson: Param<{ readonly text: string }> = {
  schema: z.string().min(3).max(330).describe("The address of an account."),
  find: async (text) => ({ text }),
};

/** People of the same domain; administrators reach those of the same tenant. */
async function near(text: string, owner: HostedAccount, actor: Actor, world: ApiWorld) {
  const found = await findAccount(world.store, text);
  if (found === undefined) return undefined;
  const domain = found.name.slice(found.name.lastIndexOf("@") + 1);
  if (domain === owner.domain) return found;
  if (!atLeast(actor.role, "domain")) return undefined;
  const home = (await world.store.hostedDomains(actor.within, { limit: 1, domain }))[0];
  return home?.tenant === owner.tenant ? found : undefined;
}

const what = {
  rights: z
    .enum([...shareNames, "none", "some"])
    .default("write")
    .describe("some: those of each folder stay."),
  sendAs: z.boolean().default(false),
  sendOnBehalf: z.boolean().default(false),
} as const;

const shown = (one: Share): z.input<typeof Shared> => ({ ...one });

async function give(
  owner: HostedAccount,
  person: string,
  wanted: ShareWish,
  actor: Actor,
  audit: { target: string | undefined },
  world: ApiWorld,
): Promise<z.input<typeof Shared> | Problem<"conflict" | "not-found" | "validation">> {
  const found = await near(person, owner, actor, world);
  if (found === undefined) return notFound("There is no such person to share with.");
  const done = await share(world, owner, found, wanted, actor.account);
  audit.target = `${owner.name} ${found.name}`;
  return "why" in done ? refusal(done) : shown(done);
}

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/accounts/{account}/shares",
    summary: "Who works in the mailbox of an account.",
    area: "accounts",
    who: "user",
    params: { account: theAccount },
    answer: list(Shared),
    run: async ({ account }, world) => ({ items: (await sharesOf(world, account)).map(shown), next: null }),
  }),
  route({
    method: "POST",
    path: "/accounts/{account}/shares",
    summary: "Let somebody work in the mailbox of an account, and send as it or on its behalf.",
    area: "accounts",
    who: "user",
    params: { account: theAccount },
    body: z.strictObject({ person: z.string().min(3).max(330).describe("The address of an account."), ...what }),
    answer: Shared,
    refuses: ["conflict"],
    run: ({ actor, account, body, audit }, world) => give(account, body.person, body, actor, audit, world),
  }),
  route({
    method: "PUT",
    path: "/accounts/{account}/shares/{person}",
    summary: "Let somebody work in the mailbox of an account, and send as it or on its behalf.",
    description:
      "All folders of now; new ones inherit from the one above them. Programs see them as another user's mailboxes.",
    area: "accounts",
    who: "user",
    params: { account: theAccount, person: thePerson },
    body: z.strictObject(what),
    answer: Shared,
    refuses: ["conflict"],
    run: ({ actor, account, person, body, audit }, world) => give(account, person.text, body, actor, audit, world),
  }),
  route({
    method: "DELETE",
    path: "/accounts/{account}/shares/{person}",
    summary: "Take it away again.",
    area: "accounts",
    who: "user",
    params: { account: theAccount, person: thePerson },
    refuses: ["conflict"],
    run: async ({ actor, account, person, audit }, world) => {
      const name = person.text.toLowerCase();
      if (!(await sharesOf(world, account)).some((one) => one.person === name)) return notFound();
      const found = await findAccount(world.store, name);
      if (found === undefined) return notFound();
      const done = await share(world, account, found, undefined, actor.account);
      audit.target = `${account.name} ${found.name}`;
      return "why" in done ? conflict(done.why) : undefined;
    },
  }),
];
