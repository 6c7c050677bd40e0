/** Why mail waits, in sentences, and until when. Pure. */
import type { HeldUp } from "../send/pool.ts";
import type { Path } from "../send/site.ts";
import type { Instant, JourneyEntry, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import { type Withheld, withheldWords } from "../store/withheld.ts";
import type { Opening } from "./dispatching.ts";
import type { Wait } from "./queue.ts";

export const lookedUp: Wait = { why: "Its way is being looked up.", since: undefined, until: undefined };
const onItsWay: Wait = { why: "It is being sent.", since: undefined, until: undefined };

/** Of mail that could be sent since then, with so much for the same servers before it. */
export function waitInLine(
  { site, provider, egress }: Pick<Path, "site" | "provider" | "egress">,
  before: number,
  since: Instant,
  now: Instant,
  heldUp: HeldUp | undefined,
): Wait {
  const line =
    before === 0
      ? ""
      : ` ${before} more that ${before === 1 ? "goes" : "go"} there ${before === 1 ? "is" : "are"} before it.`;
  if (heldUp === undefined) return { why: `It is next to go to ${site}.${line}`, since, until: undefined };
  if (heldUp.kind === "connections")
    return { why: `All ${heldUp.connections} connections to ${site} are busy.${line}`, since, until: undefined };
  const { messages, per, waitMs, everyMs } = heldUp;
  const from = egress === undefined ? "here" : egress.name;
  const much = `Not more than ${messages} ${messages === 1 ? "message" : "messages"} ${per === "hour" ? "an" : "a"} ${per}`;
  const why = `${much} may go from ${from} to ${provider ?? site}.${line}`;
  return { why, since, until: Math.ceil(now + waitMs + before * everyMs) };
}

export type WaitFacts = {
  /** What the queue at work says of this recipient. */
  readonly inHand: Wait | undefined;
  /** Whether its park lets it go now. */
  readonly opening: Opening | undefined;
  /** Nothing leaves at all. */
  readonly withheld: Withheld | undefined;
  /** The journey of the message as far as it is known. */
  readonly journey: readonly Pick<JourneyEntry, "at" | "stage" | "detail">[];
  readonly now: Instant;
};

/** Of any recipient in the queue. */
export function waitOf(
  { createdAt, notBefore }: Pick<QueuedMessage, "createdAt" | "notBefore">,
  { state, attempts, nextAt, lastReply, address }: QueuedRecipient,
  { inHand, opening, withheld, journey, now }: WaitFacts,
): Wait {
  const last = (stage: JourneyEntry["stage"]) =>
    journey.findLast((entry) => entry.stage === stage && isAbout(entry.detail, address));
  switch (state) {
    case "leased":
      return inHand ?? onItsWay;
    case "held": {
      const held = last("held");
      const reasons = ["reasons", "why"].flatMap((name) => held?.detail[name] ?? []).join("; ");
      const why = reasons === "" ? "It is held until an administrator releases it." : `It is held: ${reasons}`;
      return { why, since: held?.at, until: undefined };
    }
    case "scheduled": {
      if (withheld !== undefined) return { why: withheldWords(withheld), since: withheld.since, until: undefined };
      const since = attempts === 0 ? createdAt : last("deferred")?.at;
      if (opening?.kind === "closed" && opening.until >= nextAt)
        return { why: opening.because, since, until: opening.until };
      if (attempts > 0 && lastReply !== undefined)
        return { why: "It was put off, as the last reply says.", since, until: nextAt };
      if (notBefore > now) return { why: "Its sender wants it sent later.", since, until: notBefore };
      return { why: "Other mail goes before it.", since, until: nextAt > now ? nextAt : undefined };
    }
    default:
      return state satisfies never;
  }
}

function isAbout(detail: JourneyEntry["detail"], address: string): boolean {
  const to = detail["to"] ?? detail["recipients"];
  return !Array.isArray(to) || to.includes(address);
}
