/** Accounts of ours that may not send now. */
import { z } from "zod";
import { freeze, heldMail, letGoOn, type StoppedSender, stoppedSenders } from "../../admin/stopped-senders.ts";
import { refusal } from "../outcome.ts";
import { accountOf, domainOf } from "../params.ts";
import { wrongField } from "../problem.ts";
import { at, Created, list, type Param, page, paged, type Route, route, time } from "../route.ts";

const Signal = z.object({
  says: z.string(),
  points: z.int(),
  signal: z.string().describe("Its name, the same in every language."),
});
const Shown = z
  .object({
    account: z.string().describe("Its address."),
    kind: z
      .enum(["braked", "frozen"])
      .describe("braked: its mail to others is taken and held. frozen: it may hand in nothing."),
    why: z.string(),
    since: time,
    signals: z.array(Signal).describe("What speaks for its being in wrong hands, for one that is frozen."),
  })
  .meta({ id: "StoppedSender" });

const shown = ({ name, stop }: StoppedSender): z.input<typeof Shown> => ({
  account: name,
  kind: stop.kind,
  why: stop.why,
  since: at(stop.at),
  signals: stop.signals.map(({ says, points, signal }) => ({ says, points, signal })),
});

const theSender: Param<StoppedSender> = {
  schema: z.string().min(1).max(330).describe("The address of an account that may not send."),
  find: async (text, actor, world) => {
    const account = await accountOf(text, actor, world);
    return account && (await stoppedSenders(world, account.id - 1)).find((one) => one.account === account.id);
  },
};

export const routes: readonly Route[] = [
  route({
    method: "GET",
    path: "/stopped-senders",
    summary: "Accounts that may not send now, and why.",
    area: "queue",
    who: "domain",
    query: z.object(page),
    answer: list(Shown),
    run: async ({ actor, query: { limit, cursor } }, world) => {
      const mine: StoppedSender[] = [];
      for (const one of await stoppedSenders(world, Number(cursor ?? 0) || 0)) {
        if (mine.length > limit) break;
        const domain = one.name.slice(one.name.lastIndexOf("@") + 1);
        if (actor.within.kind === "all" || (await domainOf(domain, actor, world)) !== undefined) mine.push(one);
      }
      return paged(mine, limit, ({ account }) => String(account), shown);
    },
  }),
  route({
    method: "POST",
    path: "/stopped-senders",
    summary: "Stop all that an account sends.",
    description:
      "What it has in the queue is held, its sessions, tokens and app passwords are withdrawn, and it is told why. It may read.",
    area: "queue",
    who: "platform",
    body: z.strictObject({
      account: z.string().min(3).max(330).describe("Its address."),
      why: z.string().min(1).max(300).describe("What its person reads, in a sentence."),
    }),
    answer: Shown,
    status: 201,
    refuses: ["conflict"],
    run: async ({ actor, body, audit }, world) => {
      const account = await accountOf(body.account, actor, world);
      if (account === undefined) return wrongField("/account", "There is no account of this address.");
      audit.tenant = account.tenant;
      audit.target = account.name;
      const answer = await freeze(account, body.why, world);
      if (answer.kind === "refused") return refusal(answer);
      const [made] = await stoppedSenders(world, account.id - 1);
      return new Created(shown(made!), `/stopped-senders/${encodeURIComponent(account.name)}`);
    },
  }),
  route({
    method: "GET",
    path: "/stopped-senders/{account}",
    summary: "Why an account may not send.",
    area: "queue",
    who: "domain",
    params: { account: theSender },
    answer: Shown,
    run: async ({ account }) => shown(account),
  }),
  route({
    method: "POST",
    path: "/stopped-senders/{account}/release",
    summary: "Let it send again.",
    area: "queue",
    who: "platform",
    params: { account: theSender },
    body: z.strictObject({
      mail: z
        .enum(heldMail)
        .default("release")
        .describe("What becomes of its mail that is held: release sends it, keep leaves it held, delete removes it."),
    }),
    answer: z.object({ recipients: z.int().describe("Of the mail that was released or deleted.") }),
    refuses: ["conflict"],
    run: async ({ account: { account, name }, body, audit }, world) => {
      audit.target = name;
      const [found] = await world.store.accounts({ id: account });
      const answer = await letGoOn(found!, body.mail, world);
      return answer.kind === "refused" ? refusal(answer) : { recipients: answer.touched };
    },
  }),
];
