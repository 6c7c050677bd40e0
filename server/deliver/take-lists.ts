/** What is for mailing lists is given to them, and what they send is delivered. */
import { passingFactsOf } from "../../protocol/mime/facts-of.ts";
import { type Header, splitHeader } from "../../protocol/mime/header.ts";
import type { Reply } from "../../protocol/smtp/reply.ts";
import type { Taken } from "../judge/judge.ts";
import type { Waited } from "../queue/here.ts";
import type { Received } from "../receive/received.ts";
import type { Remembered } from "../store/sieve-store.ts";
import type { Acceptance } from "../store/store.ts";
import { type Acceptances, accepted, underOf } from "./acceptances.ts";
import type { Commit } from "./commit.ts";
import { type Destination, type Destinations, destinationsOf, type ListMail, withForwarded } from "./destinations.ts";
import { acceptedEntry } from "./entries.ts";
import type { Spread } from "./lists.ts";
import { accountGone } from "./outcomes.ts";
import type { DeliverPorts } from "./ports.ts";
import { takenBefore } from "./taken-before.ts";

export function makeTakeLists(
  ports: Pick<DeliverPorts, "store" | "directory" | "sieve" | "lists" | "log">,
  acceptances: Acceptances,
  settled: Commit["settled"],
) {
  const { store, directory, log } = ports;

  /** Lists go first: what each of them answers is said as of any recipient. */
  const takeLists = async (
    mail: Received,
    header: Header,
    to: Destinations,
    verdict: Taken,
    waited: Waited | undefined,
  ): Promise<Destinations> => {
    const each: Destination[] = [...to.each];
    // A wait ends with what is committed last.
    const nothingElse = to.lists.size === 1 && to.accounts.size + to.queued.length + to.forwarded.length === 0;
    for (const one of to.lists.values()) {
      const refusal = await takeList(mail, header, one, verdict, nothingElse, waited);
      for (const index of one.recipients) {
        const known = each[index]!;
        if (known.kind === "refused") continue;
        const nothingElse = known.accounts.length === 0 && !known.queued && known.lists !== true;
        if (refusal === undefined) each[index] = { ...known, lists: true };
        else if (nothingElse) each[index] = { kind: "refused", reply: refusal };
      }
    }
    return { ...to, each };
  };

  const takeList = async (
    mail: Received,
    header: Header,
    to: ListMail,
    verdict: Taken,
    alone: boolean,
    waited: Waited | undefined,
  ): Promise<Reply | undefined> => {
    if (ports.lists === undefined) return accountGone;
    if (mail.under?.resumed === true && (await takenBefore(store, mail.id, to.list)) !== undefined) return undefined;
    const outcome = await ports.lists.take(mail, header, to, verdict);
    if (outcome.kind === "refused") return outcome.reply;
    const facts = passingFactsOf(mail.bytes);
    const noted = acceptedEntry(mail, facts, verdict);
    const detail = alone ? noted.detail : { ...noted.detail, part: to.list };
    const accepted = { ...noted, detail, trace: mail.id };
    await spread({ ...outcome, journey: [accepted, ...outcome.journey] }, alone ? waited : undefined, mail);
    log.info(
      { id: mail.id, from: mail.envelopeFrom, list: to.list, part: to.part, copies: outcome.copies.length },
      "taken by a list",
    );
    await outcome.afterwards?.();
    return undefined;
  };

  const spread = async (what: Spread, waited?: Waited, of?: Received): Promise<"done" | "missing"> => {
    const { copies, posts, kept, remember, journey, letThrough } = what;
    const made: Acceptance[] = [];
    const remembered: Remembered[] = [...remember];
    for (const copy of copies) {
      const header = splitHeader(copy.bytes, 0, copy.bytes.length);
      const to = withForwarded(await destinationsOf(copy, header, directory));
      if (to.accounts.size === 0 && to.queued.length === 0) {
        await ports.lists?.undelivered(copy);
        continue;
      }
      const concerns = ports.sieve?.concerns(to.accounts.keys()) ?? false;
      const scripts =
        concerns !== false && (await concerns) ? await acceptances.scripts(copy, header, to, accepted) : undefined;
      if (scripts === undefined) {
        made.push(await acceptances.of(copy, header, to, accepted));
        continue;
      }
      const { own } = await acceptances.parts(copy, header, to, accepted, scripts);
      made.push(...own, ...scripts.sent);
      remembered.push(...scripts.remember);
    }
    if (posts.length > 0)
      made.push({ message: await acceptances.message(kept), placements: [], listPosts: posts, journey: [] });
    const [first, ...rest] = made;
    const notices = first === undefined || of === undefined ? made : [{ ...first, ...underOf(of) }, ...rest];
    const parts = { notices, remember: remembered, journey };
    const { stale } = await settled(letThrough === undefined ? parts : { ...parts, letThrough }, waited);
    return stale === 0 ? "done" : "missing";
  };

  return { take: takeLists, spread };
}
