/** Opens and clicks become events: looked at together a moment later, since a scanner shows itself by following every link at once. */
import type { Log } from "../base/log.ts";
import type { NewSendingEvent, SendingEvent } from "../store/sending.ts";
import type { Instant, Store } from "../store/store.ts";
import { programOf, scannedLinks, tooSoon, type Visit } from "./machine.ts";
import type { Trace } from "./tracking.ts";

/** How long visits are gathered. */
const gatherMs = 2_000;
/** Visits that wait to be told; who comes while so many wait is led on, and not counted. */
export const maxGathered = 10_000;
/** Events of one kind that one recipient of one message makes: who loads a picture a thousand times fills no store. */
export const maxVisitsTold = 25;
/** Of one message, looked at to know when it was delivered and what was told of it. */
const maxLookedAt = 1_000;

type Visited = { readonly trace: Trace; readonly at: Instant; readonly program: string | undefined };

export type Visits = {
  /** Somebody loaded a picture or followed a link. */
  visit(trace: Trace, by: Visit): void;
  /** Tells what was gathered. */
  stop(): Promise<void>;
};

export type Counted = {
  readonly at: Instant;
  /** No person had opened it or followed a link of it before. */
  readonly first: boolean;
  /** How it came there, as far as that is known still. */
  readonly delivered: SendingEvent | undefined;
};

export type VisitPorts = {
  readonly store: Pick<Store, "trace" | "sendingEvents" | "addSendingEvents">;
  /** Hears of the first open and of the first click of a person in each message. */
  readonly counted: (trace: Trace, what: "opened" | "clicked", of: Counted) => void;
  readonly now: () => Instant;
  readonly log: Log;
};

export function makeVisits(ports: VisitPorts): Visits {
  const { store, now, log } = ports;
  let gathered: Visited[] = [];
  let timer: NodeJS.Timeout | undefined;
  let telling: Promise<void> = Promise.resolve();

  const tell = async (): Promise<void> => {
    timer = undefined;
    const all = gathered;
    gathered = [];
    // By message and recipient: copies of one message are messages of their own.
    for (const some of Map.groupBy(all, ({ trace: { id, address } }) => `${id} ${address}`).values()) {
      const events = await eventsOf(some, ports);
      if (events.length > 0) await store.addSendingEvents(events);
    }
  };
  const tellNow = (): Promise<void> => {
    clearTimeout(timer);
    telling = telling
      .then(tell)
      .catch((error: unknown) => log.error({ error }, "opens and clicks could not be told; they are lost"));
    return telling;
  };
  return {
    visit(trace, by) {
      if (gathered.length >= maxGathered) return;
      gathered.push({ trace, at: now(), program: programOf(by) });
      timer ??= setTimeout(() => void tellNow(), gatherMs).unref();
    },
    stop: tellNow,
  };
}

async function eventsOf(
  visited: readonly Visited[],
  { store, counted }: Pick<VisitPorts, "store" | "counted">,
): Promise<readonly NewSendingEvent[]> {
  const { id, address } = visited[0]!.trace;
  const message = (await store.trace(id, 10)).find(({ stage }) => stage === "queued")?.trace ?? id;
  const known = (await store.sendingEvents({ message, limit: maxLookedAt })).filter(
    ({ recipient }) => address === "" || recipient === address,
  );
  const delivered = known.find(({ type }) => type === "delivered");
  // Undefined where nothing is known of it any more.
  const deliveredAt = delivered?.at ?? (known.length === 0 ? undefined : "not");
  const links = new Set(visited.flatMap(({ trace: { target } }) => target ?? []));
  const told = { opened: 0, clicked: 0 };
  const byPeople = { opened: false, clicked: false };
  for (const { type, detail } of known)
    if (type === "opened" || type === "clicked") {
      told[type]++;
      if (detail["machine"] === false) byPeople[type] = true;
    }
  const events: NewSendingEvent[] = [];
  for (const { trace, at, program } of visited) {
    const type = trace.target === undefined ? "opened" : "clicked";
    const because = program ?? tooSoon(at, deliveredAt) ?? (links.size >= scannedLinks ? "every-link" : undefined);
    const machine = because !== undefined;
    if (!machine && !byPeople[type]) {
      counted(trace, type, { at, first: !byPeople.opened && !byPeople.clicked, delivered });
      byPeople[type] = true;
    }
    if (told[type] >= maxVisitsTold) continue;
    told[type]++;
    const { tenant, stream, campaign, target } = trace;
    const detail = {
      id,
      machine,
      ...(because === undefined ? {} : { because }),
      ...(target === undefined ? {} : { url: target }),
    };
    events.push({ at, type, tenant, stream, campaign, message, recipient: address, detail });
  }
  return events;
}
