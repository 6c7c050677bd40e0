/** What receivers ask of a sender, blocklists, and what postmaster pages say (docs/sending.md). */
import type { FeedbackTaken } from "../dispatch/feedback.ts";
import { listingAdvice } from "../require/listings.ts";
import { type Command, command, done, no, type Outcome, time } from "./command.ts";
import { readDomain } from "./names.ts";

const off = "This is asked of the running server: start it, with enabled = true in [sending].";
const file = { type: "file", placed: true, required: true, help: "the file as it was given to you" } as const;
const taken = (result: FeedbackTaken): Outcome => ("why" in result ? no(result.why) : done(result.taken));

export const requirementCommands: readonly Command[] = [
  command(
    "sending requirements",
    "How a domain stands to what Gmail, Yahoo and Microsoft ask of senders.",
    {
      domain: { type: "text", placed: true, required: true, help: "the domain in From" },
      test: { type: "flag", help: "first write a test letter and unsubscribe by its link; it is sent to nobody" },
    },
    async ({ domain, test }, { requiring }) => {
      if (requiring === undefined) return no(off);
      const name = readDomain(domain);
      if (name === undefined) return no(`"${domain}" is no domain.`);
      if (test === true) await requiring.test(name);
      const { verdicts, requirements } = await requiring.look(name);
      return done({
        domain: name,
        verdicts,
        requirements: requirements.map(({ id, standing, says, fix, record }) => ({ id, standing, says, fix, record })),
      });
    },
  ),
  command(
    "sending listings",
    "Our own addresses and sending domains that blocklists name.",
    { look: { type: "flag", help: "ask the lists now" } },
    async ({ look }, { requiring }) => {
      if (requiring === undefined) return no(off);
      if (look === true) await requiring.lookAtLists();
      const all = requiring.listings.all();
      return all === undefined
        ? no(
            look === true
              ? "No list is asked: name some as ownBlocklists and ownDomainLists in [sending]."
              : "The lists were not asked yet: wait, or say --look. Which ones: ownBlocklists in [sending].",
          )
        : done([...all.values()].map(({ since, ...one }) => ({ ...one, since: time(since), fix: listingAdvice })));
    },
  ),
  command(
    "sending postmaster",
    "Takes over a file of Gmail's Postmaster Tools (CSV or JSON); warm-ups of the domain heed it.",
    { domain: { type: "text", required: true, help: "which the file is about" }, file },
    async ({ domain, file: text }, { sending }) => {
      if (sending === undefined) return no(off);
      const name = readDomain(domain);
      return name === undefined
        ? no(`"${domain}" is no domain.`)
        : taken(await sending.feedback.takePostmaster(name, text));
    },
  ),
  command(
    "sending snds",
    "Takes over the CSV of Microsoft's SNDS; warm-ups of the addresses heed it.",
    { file },
    async ({ file: text }, { sending }) =>
      sending === undefined ? no(off) : taken(await sending.feedback.takeSnds(text)),
  ),
  command("sending feedback", "What postmaster pages said, as it was taken over.", {}, async (_, { sending }) =>
    sending === undefined ? no(off) : done(await sending.feedback.all()),
  ),
];
