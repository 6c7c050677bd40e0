/** What would be committed of a message: filed for people here, queued, onward as mail of others, and what scripts make of it. */
import { passingFactsOf } from "../../protocol/mime/facts-of.ts";
import { type Header, splitHeader } from "../../protocol/mime/header.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Taken } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import { toldAsOf } from "../store/queued.ts";
import type { NewSendingEvent } from "../store/sending.ts";
import type { Acceptance, AccountId, JourneyEntry, NewRecipient } from "../store/store.ts";
import { type Destinations, destinationsOf, withForwarded } from "./destinations.ts";
import { acceptedEntry, entry, namesBeside } from "./entries.ts";
import { type ForwardPorts, forwarded } from "./forward.ts";
import { isJunkFor, placementsOf } from "./placements.ts";
import type { DeliverPorts } from "./ports.ts";
import { queuedOf } from "./queued.ts";
import { type Scripted, scripted } from "./sieve/scripted.ts";
import { acceptedTold, hereOf, sendingEvents } from "./suppressed.ts";
import { traced } from "./traced.ts";

/** Mail of others goes out as a stream of its own: an administrator may give it addresses of its own. */
const forwardStream = "forward";
const noEvents: readonly NewSendingEvent[] = [];
/** What the server itself makes is not judged. */
export const accepted: Taken = { kind: "accept", notes: [] };

export type Acceptances = ReturnType<typeof makeAcceptances>;

export function makeAcceptances(
  ports: Pick<DeliverPorts, "directory" | "queue" | "settings" | "factsOf" | "factsOfLarge" | "sieve" | "lists">,
) {
  const { directory, queue, settings } = ports;

  const messageOf = async (bytes: Buffer): Promise<Acceptance["message"]> => ({
    bytes,
    facts: bytes.length <= settings.inlineBytes ? ports.factsOf(bytes) : await ports.factsOfLarge(bytes),
    delivered: true,
  });

  const acceptanceOf = async (
    mail: Received,
    header: Header,
    to: Destinations,
    verdict: Taken,
    scripts?: Scripted,
  ): Promise<Acceptance> => {
    const bytes = scripts?.bytes ?? traced(mail, header, to.accounts.size > 0, verdict);
    const placements =
      scripts === undefined
        ? placementsOf(mail, to.accounts, verdict)
        : [...placementsOf(mail, scripts.others, verdict), ...scripts.placements];
    const message = placements.length > 0 ? await messageOf(bytes) : { bytes, facts: passingFactsOf(bytes) };
    const { facts } = message;
    const beside = await namesBeside(mail, to.accounts, directory);
    const told = acceptedTold(mail, to, verdict.held);
    const journey: JourneyEntry[] = [acceptedEntry(mail, facts, verdict, { beside, told })];
    const into = verdict.kind === "accept" ? "inbox" : "junk";
    const others = verdict.findings?.spam?.junkFor;
    const junkFor = others === undefined ? undefined : [...others];
    if (scripts !== undefined) journey.push(entry(mail, "filed", { into, junkFor, sieve: scripts.notes }));
    else if (placements.length > 0)
      journey.push(entry(mail, "filed", { accounts: [...to.accounts.keys()], into, junkFor }));
    const events = told === undefined ? sendingEvents(mail, to, verdict.held) : noEvents;
    // What is rare crosses to the store's thread in a slower way: only where there is something.
    const here = events.length === 0 ? [] : hereOf(mail, to);
    const more = {
      ...underOf(mail),
      ...(events.length === 0 ? {} : { events }),
      ...(here.length === 0 ? {} : { here }),
    };
    if (to.queued.length === 0) return { message, placements, journey, ...more };
    const queued = queuedOf(mail, header, to.queued, queue, settings, verdict.held === true);
    journey.push(
      entry(mail, verdict.held === true ? "held" : "queued", {
        recipients: to.queued.map(({ address }) => address),
        ...throughOf(to.queued, to),
        notBefore: mail.notBefore,
      }),
    );
    return { message, placements, queue: queued, journey, ...more };
  };

  /** What goes on from here as mail of others: a message of its own, for its return path and its first fields are others. `alone`: nothing else is made of it. */
  const forwardOf = async (
    mail: Received,
    header: Header,
    to: Destinations,
    verdict: Taken,
    forward: ForwardPorts,
    alone: boolean,
  ): Promise<Acceptance> => {
    const [by, ...more] = to.forwarders;
    const address = by === undefined || more.length > 0 ? undefined : formatMailbox(by);
    const { bytes, envelopeFrom, rewritten } = await forwarded(
      mail,
      traced(mail, header, false, verdict),
      { domain: by?.domain ?? mail.ourHost, address, findings: verdict.findings },
      forward,
    );
    const message = { bytes, facts: passingFactsOf(bytes) };
    const recipients = to.forwarded.map(({ address }) => address);
    const events = sendingEvents(
      mail,
      alone ? { ...to, queued: to.forwarded } : { queued: to.forwarded },
      verdict.held,
    );
    return {
      message,
      placements: [],
      ...(events.length === 0 ? {} : { events }),
      queue: {
        ...queuedOf(mail, header, to.forwarded, queue, settings, verdict.held === true),
        envelopeFrom,
        stream: forwardStream,
      },
      journey: [
        acceptedEntry(mail, message.facts, verdict),
        entry(mail, "queued", {
          recipients,
          ...throughOf(to.forwarded, to),
          from: envelopeFrom,
          fromRewritten: rewritten || undefined,
        }),
      ],
    };
  };

  /** Unjudged; undefined where nobody takes it. */
  const plan = async (mail: Received): Promise<Acceptance | undefined> => {
    const header = splitHeader(mail.bytes, 0, mail.bytes.length);
    const to = withForwarded(await destinationsOf(mail, header, directory));
    if (ports.lists !== undefined) for (const one of to.lists.values()) await ports.lists.noticed(mail, one);
    if (to.accounts.size === 0 && to.queued.length === 0) return undefined;
    return acceptanceOf(mail, header, to, accepted);
  };

  /** The scripts of those who have some; undefined: there are none, or none has anything to say. */
  const runScripts = async (
    mail: Received,
    header: Header,
    to: Destinations,
    verdict: Taken,
  ): Promise<Scripted | undefined> => {
    const bytes = traced(mail, header, true, verdict);
    const isJunk = (account: AccountId): boolean => isJunkFor(account, verdict);
    return scripted({ mail, header, to, verdict, bytes, isJunk, sieve: ports.sieve!, plan });
  };

  /** The message itself where somebody keeps it as it is, and what scripts have made of it. */
  const scriptedParts = async (mail: Received, header: Header, to: Destinations, verdict: Taken, scripts: Scripted) => {
    const main = await acceptanceOf(mail, header, to, verdict, scripts);
    const isKept = main.placements.length > 0 || main.queue !== undefined;
    const { events, here } = main;
    const changed = await Promise.all(
      scripts.changed.map(
        async ({ bytes, placements }, index): Promise<Acceptance> => ({
          message: await messageOf(bytes),
          placements,
          ...underOf(mail),
          // What a tenant is told goes with the first of what is kept.
          ...(isKept || index > 0 || events === undefined ? {} : { events, ...(here === undefined ? {} : { here }) }),
          journey: [entry(mail, "filed", { sieve: scripts.notes })],
        }),
      ),
    );
    return { main, isKept, own: [...(isKept ? [main] : []), ...changed] };
  };

  return { of: acceptanceOf, onward: forwardOf, message: messageOf, plan, scripts: runScripts, parts: scriptedParts };
}

/** As what recipients are known to who wrote to them, where that is another address. */
function throughOf(queued: readonly NewRecipient[], { forwarders }: Destinations): JourneyEntry["detail"] {
  if (forwarders.length === 0) return {};
  const through = queued.filter(({ toldAs }) => toldAs !== undefined).map((one) => [one.address, toldAsOf(one)]);
  return { through: Object.fromEntries(through), forwardedBy: forwarders.map(formatMailbox) };
}

/** The request that hands a message in. */
export const underOf = ({ under }: Received): Pick<Acceptance, "under"> => (under === undefined ? {} : { under });
