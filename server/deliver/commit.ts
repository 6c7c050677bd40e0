/** What is taken is made durable, and what has to be sent is offered to the queue. */
import type { Ending, Waited } from "../queue/here.ts";
import type { Received } from "../receive/received.ts";
import type { Remembered } from "../store/sieve-store.ts";
import type { Acceptance, Accepted, JourneyEntry, SettleRequest, SettleResult } from "../store/store.ts";
import type { DeliverPorts } from "./ports.ts";

const nothingWaited: Ending = { settlements: [], journey: [] };

export type Commit = {
  /** One message; where one had waited, its wait ends with it. */
  readonly one: (acceptance: Acceptance, waited?: Waited) => Promise<Accepted>;
  /** All or none, in one transaction, and with it the end of a wait if one of the first `own` notices is taken. */
  readonly settled: (
    request: Omit<SettleRequest, "settlements" | "ifTaken">,
    waited?: Waited,
    own?: number,
  ) => Promise<SettleResult>;
  readonly together: (
    notices: readonly Acceptance[],
    remember?: readonly Remembered[],
    journey?: readonly JourneyEntry[],
    waited?: Waited,
    own?: number,
    events?: SettleRequest["events"],
  ) => Promise<readonly Accepted[]>;
  /** A notice is owed, but the message is safe already: trouble with it is a line in the log. */
  readonly notice: (mail: Received, made: Promise<Acceptance | undefined>) => Promise<void>;
};

export function makeCommit({ store, queue, log }: Pick<DeliverPorts, "store" | "queue" | "log">): Commit {
  const one = async (acceptance: Acceptance, waited?: Waited): Promise<Accepted> => {
    if (waited !== undefined) return (await settled({ notices: [acceptance], journey: [] }, waited, 1)).accepted[0]!;
    const result = await store.accept(acceptance);
    if (result.queued !== undefined) queue.offer(result.queued, acceptance.message.bytes);
    return result;
  };

  const settled: Commit["settled"] = async (request, waited, own = 0) => {
    const { settlements, journey } = waited?.ending ?? nothingWaited;
    const result = await store.settle({
      ...request,
      settlements,
      journey: [...request.journey, ...journey],
      ...(waited === undefined ? {} : { ifTaken: own }),
    });
    if (waited !== undefined) {
      const lost = result.stale > 0;
      const taken = own === 0 || result.accepted.slice(0, own).some(({ content }) => content !== 0);
      waited.state = lost ? "lost" : taken ? "over" : "open";
      if (lost) throw new Error("Somebody else has what waited");
    }
    for (const [index, { queued }] of result.accepted.entries())
      if (queued !== undefined) queue.offer(queued, request.notices[index]!.message.bytes);
    return result;
  };

  const together: Commit["together"] = async (notices, remember = [], journey = [], waited, own = 0, events = []) =>
    (await settled({ notices, remember, journey, events }, waited, own)).accepted;

  const notice: Commit["notice"] = async (mail, made) => {
    try {
      const owed = await made;
      if (owed !== undefined) await one(owed);
    } catch (error) {
      log.error({ id: mail.id, error }, "notice not sent");
    }
  };

  return { one, settled, together, notice };
}
