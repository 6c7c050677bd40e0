/** Takes responsibility for a message: filed for the people here, queued for those elsewhere, in one durable step. */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import { passingFactsOf } from "../../protocol/mime/facts-of.ts";
import { type Header, splitHeader } from "../../protocol/mime/header.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, reply, replyText } from "../../protocol/smtp/reply.ts";
import type { Directory } from "../access/directory.ts";
import type { Sender } from "../dispatch/sender.ts";
import type { Judge, Refused, Taken } from "../judge/judge.ts";
import type { Log } from "../log.ts";
import type { Ending, Waited } from "../queue/here.ts";
import type { Queue } from "../queue/queue.ts";
import type { Received, ReceivedRecipient } from "../receive/received.ts";
import type { NewSendingEvent } from "../store/sending.ts";
import type { Remembered } from "../store/sieve-store.ts";
import type {
  Acceptance,
  Accepted,
  AccountId,
  JourneyEntry,
  SettleRequest,
  SettleResult,
  Store,
} from "../store/store.ts";
import { type MailCopies, takeCopies } from "./copies.ts";
import {
  type Destination,
  type Destinations,
  destinationsOf,
  type ListMail,
  playedDestinations,
  waitingDestinations,
} from "./destinations.ts";
import { acceptedEntry, entry, namesBeside } from "./entries.ts";
import { type ForwardPorts, forwarded } from "./forward.ts";
import { ForwardVolume } from "./forward-volume.ts";
import type { HourBook } from "./hour-counts.ts";
import type { Lists, Spread } from "./lists.ts";
import type { Notices } from "./notices.ts";
import { accountGone, everyone, failedAccounts, forGood, isLmtp, type Outcome, outcomesOf } from "./outcomes.ts";
import { isJunkFor, placementsOf } from "./placements.ts";
import { quarantineRows } from "./quarantined.ts";
import { queuedOf } from "./queued.ts";
import { RefusalBudget, refusedEntry } from "./refusals.ts";
import { type Scripted, scripted } from "./sieve/scripted.ts";
import type { DeliverSieve } from "./sieve/sieve.ts";
import {
  acceptedTold,
  type Flooding,
  hereOf,
  leftOutEvents,
  rejectedEvents,
  type Suppressing,
  sendingEvents,
  withoutFlooded,
  withoutSuppressed,
} from "./suppressed.ts";
import { takenBefore } from "./taken-before.ts";
import { traced } from "./traced.ts";

export type DeliverSettings = {
  /** Messages up to this size are taken apart on the spot, larger ones in another thread. */
  readonly inlineBytes: number;
  /** How long the queue tries (RFC 5321 §4.5.4.1: 4-5 days). */
  readonly queueLifetimeMs: number;
  /** How long quarantined mail waits for somebody to release it. */
  readonly quarantineMs: number;
  /** Journeys of refused messages that are written in a second; beyond that they are in the log alone. */
  readonly maxRefusalsNotedPerSecond: number;
  /** Messages that one address forwards elsewhere in an hour; 0: no bound. */
  readonly maxForwardsPerHour: number;
};

export const defaultDeliverSettings: DeliverSettings = {
  inlineBytes: 128 * 1024,
  queueLifetimeMs: 5 * 24 * 60 * 60 * 1000,
  quarantineMs: 30 * 24 * 60 * 60 * 1000,
  maxRefusalsNotedPerSecond: 50,
  maxForwardsPerHour: 500,
};

export type DeliverPorts = {
  readonly store: Pick<Store, "accept" | "acceptCopies" | "settle" | "note" | "trace">;
  readonly directory: Pick<Directory, "resolve" | "account">;
  readonly queue: Pick<Queue, "leaseForNew" | "offer">;
  readonly judge: Judge;
  readonly notices: Notices;
  /** Undefined: what is forwarded goes on as it came. */
  readonly forward: ForwardPorts | undefined;
  /** Scripts of people, domains and the server; undefined: there are none. */
  readonly sieve?: DeliverSieve;
  /** Who must not be written to; undefined: everybody may be. */
  readonly suppression?: Suppressing | undefined;
  /** Whose mail is paused for their own sake; undefined: nobody's. */
  readonly flooding?: Flooding | undefined;
  /** Told how many of our own people got a tenant's message. */
  readonly keptHere?: ((sender: Sender, count: number) => void) | undefined;
  /** Reads reports of other servers; undefined: they are mail like other mail. */
  readonly reports: Reports | undefined;
  /** Undefined: there are no mailing lists. */
  readonly lists?: Lists;
  readonly factsOf: (message: Buffer) => MessageFacts;
  /** The same in another thread. */
  readonly factsOfLarge: (message: Buffer) => Promise<MessageFacts>;
  readonly settings: DeliverSettings;
  /** Where it is counted what is forwarded; undefined: only as long as the process lives. */
  readonly hours?: HourBook;
  readonly log: Log;
};

export type Reports = {
  /** Whether a message may be a report, by its header and whom it is for. */
  looksLike(header: Header, recipients: Received["recipients"]): boolean;
  /** Counts what it reports, durably; false where it is none. */
  take(
    message: Pick<Received, "id" | "bytes" | "envelopeFrom" | "recipients"> & {
      /** Whether the author's domain stands for it; undefined: that was not checked. */
      readonly authentic?: boolean | undefined;
      /** The filter takes it for spam. */
      readonly junk?: boolean;
    },
  ): Promise<boolean>;
};

export type Deliver = {
  /** Judges, files and queues; what had waited ends its wait in the same transaction. One reply for SMTP, one for each recipient (in order) for LMTP. Rejects when the store is in trouble: then nothing was taken. */
  take(mail: Received, waited?: Waited): Promise<readonly Reply[]>;
  /** Takes many messages of one kind to people elsewhere, judged by samples. A reply for each; undefined: that one was not taken, and is to be taken by itself. */
  takeCopies(copies: MailCopies): Promise<readonly (Reply | undefined)[]>;
  /** What would be committed, unjudged: for notices, whose commit is part of another. Recipients nobody takes are left out; undefined where that leaves none. */
  plan(mail: Received): Promise<Acceptance | undefined>;
  /** Takes mail that was made here, unjudged; false where nobody takes it. */
  give(mail: Received): Promise<boolean>;
  /** Delivers what a mailing list sends, all or none; "missing": the post it lets through is gone, and so nothing was sent. */
  spread(what: Spread): Promise<"done" | "missing">;
};

const notForwarded = reply(550, "5.7.1", "This message looks like spam, and spam is not forwarded from here");
const tooMuch = reply(451, "4.7.1", "This address has forwarded as much as it may in an hour; try again later");
const testKept = reply(
  550,
  "5.7.1",
  "The filter takes it for spam, and would keep it: this is a test, so that nobody can let it go",
);
const notOn = "Not forwarded: the address has forwarded as much as it may in an hour.";
const spamStays = "Not forwarded: it looks like spam.";
/** Mail of others goes out as a stream of its own: an administrator may give it addresses of its own. */
const forwardStream = "forward";
const noReport = reply(
  550,
  "5.7.1",
  "Only reports of mail servers and answers of whom we asked are taken at this address, and this is neither",
);
const accepted: Taken = { kind: "accept", notes: [] };
const noEvents: readonly NewSendingEvent[] = [];
const nothingWaited: Ending = { settlements: [], journey: [] };

/** What joins the entries of a message's journey. */
const traceOf = ({ queued, content }: Pick<Accepted, "queued" | "content">): string => queued?.id ?? `m${content}`;

export const takenAs = (id: string): Reply => reply(250, "2.0.0", `accepted as ${id}`);

export function makeDeliver(ports: DeliverPorts): Deliver {
  const { store, directory, queue, judge, notices, settings, log } = ports;
  const volume = new ForwardVolume(settings.maxForwardsPerHour, Date.now, ports.hours);

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
    const more = { ...underOf(mail), ...(events.length === 0 ? {} : { events, here: hereOf(mail, to) }) };
    if (to.queued.length === 0) return { message, placements, journey, ...more };
    const queued = queuedOf(mail, header, to.queued, queue, settings, verdict.held === true);
    journey.push(
      entry(mail, verdict.held === true ? "held" : "queued", {
        recipients: to.queued.map(({ address }) => address),
        notBefore: mail.notBefore,
      }),
    );
    return { message, placements, queue: queued, journey, ...more };
  };

  /** What goes on from here as mail of others: a message of its own, for its return path and its first fields are others. */
  const forwardOf = async (
    mail: Received,
    header: Header,
    to: Destinations,
    verdict: Taken,
    forward: ForwardPorts,
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
    return {
      message,
      placements: [],
      queue: {
        ...queuedOf(mail, header, to.forwarded, queue, settings, verdict.held === true),
        envelopeFrom,
        stream: forwardStream,
      },
      journey: [
        acceptedEntry(mail, message.facts, verdict),
        entry(mail, "queued", {
          recipients,
          forwardedBy: to.forwarders.map(formatMailbox),
          from: envelopeFrom,
          fromRewritten: rewritten || undefined,
        }),
      ],
    };
  };

  const messageOf = async (bytes: Buffer): Promise<Acceptance["message"]> => ({
    bytes,
    facts: bytes.length <= settings.inlineBytes ? ports.factsOf(bytes) : await ports.factsOfLarge(bytes),
    delivered: true,
  });

  const commit = async (acceptance: Acceptance, waited?: Waited): Promise<Accepted> => {
    if (waited !== undefined) return (await settled({ notices: [acceptance], journey: [] }, waited, 1)).accepted[0]!;
    const result = await store.accept(acceptance);
    if (result.queued !== undefined) queue.offer(result.queued, acceptance.message.bytes);
    return result;
  };

  /** All or none, in one transaction, and with it the end of a wait if one of the first `own` notices is taken. */
  const settled = async (
    request: Omit<SettleRequest, "settlements" | "ifTaken">,
    waited?: Waited,
    own = 0,
  ): Promise<SettleResult> => {
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
  const commitTogether = async (
    notices: readonly Acceptance[],
    remember: readonly Remembered[] = [],
    journey: readonly JourneyEntry[] = [],
    waited?: Waited,
    own = 0,
  ): Promise<readonly Accepted[]> => (await settled({ notices, remember, journey }, waited, own)).accepted;

  /** A notice is owed, but the message is safe already: trouble with it is a line in the log. */
  const commitNotice = async (mail: Received, made: Promise<Acceptance | undefined>): Promise<void> => {
    try {
      const notice = await made;
      if (notice !== undefined) await commit(notice);
    } catch (error) {
      log.error({ id: mail.id, error }, "notice not sent");
    }
  };

  /** Whether it was a report for us, which is counted now. */
  const countReports = (
    mail: Received,
    header: Header,
    to: Destinations,
    verdict: Taken,
  ): boolean | Promise<boolean> => {
    const { reports } = ports;
    if (reports === undefined) return false;
    if (!to.reports && !(to.accounts.size + to.forwarded.length > 0 && reports.looksLike(header, mail.recipients)))
      return false;
    const { authentication } = verdict.findings ?? {};
    const authentic = authentication === undefined ? undefined : authentication.aligned.length > 0;
    return reports.take({ ...mail, authentic, junk: verdict.kind === "junk" });
  };

  const take: Deliver["take"] = async (given, waited) => {
    const header = splitHeader(given.bytes, 0, given.bytes.length);
    const judged = judge(given, header);
    const verdict = judged instanceof Promise ? await judged : judged;
    const mail =
      "replaced" in verdict && verdict.replaced !== undefined ? { ...given, bytes: verdict.replaced } : given;
    if ("reply" in verdict) {
      noteRefused(mail, header, verdict);
      logRefused(log, mail, verdict.reply, [...verdict.notes, ...(verdict.reasons ?? [])]);
      return everyone(mail, verdict.reply);
    }
    const sandbox = mail.sending?.sandbox;
    const now =
      sandbox === undefined
        ? await destinationsOf(mail, header, directory, verdict.findings?.authentication?.dmarc.result)
        : playedDestinations(mail, sandbox);
    const everywhere = mail.notBefore !== undefined && mail.notBefore > mail.at ? waitingDestinations(mail, now) : now;
    const checked = withoutSuppressed(mail, everywhere, ports.suppression);
    const direct = withoutFlooded(mail, checked instanceof Promise ? await checked : checked, ports.flooding);
    const found = direct.lists.size === 0 ? direct : await takeLists(mail, header, direct, verdict, waited);
    const counted = await countReports(mail, header, found, verdict);
    if (found.accounts.size === 0 && found.queued.length === 0 && found.forwarded.length === 0) {
      if (found.reports) return reportsAlone(mail, found, counted);
      if (found.suppressed !== undefined) await noteSuppressed(mail, found);
      if (found.each.some((one) => one.kind === "taken" && one.lists === true))
        return tell(mail, header, outcomesOf(mail, found, new Map()));
      const refusals = found.each.map((one) => (one.kind === "refused" ? one.reply : accountGone));
      const first = refusals[0] ?? accountGone;
      noteRefused(mail, header, { kind: "refuse", reply: first, notes: [] }, found.suppressed);
      logRefused(log, mail, first, []);
      return isLmtp(mail) ? refusals : [first];
    }
    if (verdict.kind === "quarantine") {
      if (sandbox === undefined) return keep(mail, header, found, verdict, waited);
      // Who released it would send it to real people.
      noteRefused(mail, header, { kind: "refuse", reply: testKept, notes: verdict.notes });
      return everyone(mail, testKept);
    }
    const gated = mail.account === undefined && verdict.kind === "junk" && found.forwarded.length > 0;
    // Spam that goes on from here is ours in the eyes of whoever gets it: its sender hears no, where nobody here takes it.
    if (gated && found.accounts.size === 0 && found.queued.length === 0) {
      noteRefused(mail, header, { kind: "refuse", reply: notForwarded, notes: verdict.notes });
      logRefused(log, mail, notForwarded, verdict.notes);
      return everyone(mail, notForwarded);
    }
    const outside = mail.account === undefined && found.forwarded.length > 0;
    const flood = outside && !gated && !volume.take(found.forwarders);
    if (flood && found.accounts.size === 0 && found.queued.length === 0) {
      noteRefused(mail, header, { kind: "refuse", reply: tooMuch, notes: [notOn] });
      logRefused(log, mail, tooMuch, [notOn]);
      return everyone(mail, tooMuch);
    }
    const heard = flood || gated ? { ...verdict, notes: [...verdict.notes, flood ? notOn : spamStays] } : verdict;
    // Our own people's mail holds for SPF and DMARC as it is: an alias elsewhere is a recipient like others.
    const forward = outside && !gated && !flood ? ports.forward : undefined;
    const to = gated || flood ? { ...found, forwarded: [] } : forward === undefined ? together(found) : found;
    const onward = forward && (await forwardOf(mail, header, to, heard, forward));
    const concerns = ports.sieve?.concerns(to.accounts.keys()) ?? false;
    if (concerns === true || (concerns !== false && (await concerns))) {
      const scripts = await runScripts(mail, header, to, heard);
      if (scripts !== undefined) return takeScripted(mail, header, to, heard, onward, scripts, waited);
    }
    const kept = to.accounts.size > 0 || to.queued.length > 0;
    const acceptance = kept || onward === undefined ? await acceptanceOf(mail, header, to, heard) : onward;
    const result =
      onward === undefined || !kept
        ? await commit(acceptance, waited)
        : (await commitTogether([acceptance, onward], [], [], waited, 1))[0]!;
    const failed = failedAccounts(result.placed);
    noteAccepted(mail, to, acceptance, result, failed.size);
    return tell(mail, header, outcomesOf(mail, to, failed), traceOf(result));
  };

  const noteAccepted = (
    mail: Received,
    to: Destinations,
    acceptance: Acceptance,
    result: Pick<Accepted, "queued">,
    failed: number,
    sieve?: readonly string[],
  ): void => {
    const kept = to.accounts.size - failed;
    if (mail.sending !== undefined && kept > 0) ports.keptHere?.(mail.sending, kept);
    log.info(
      {
        id: mail.id,
        messageId: acceptance.message.facts.messageId,
        from: mail.envelopeFrom,
        remote: mail.remote.address,
        bytes: mail.bytes.length,
        recipients: mail.recipients.length,
        filed: acceptance.placements.length,
        queue: result.queued?.id,
        forwarded: to.forwarded.length === 0 ? undefined : to.forwarded.length,
        sieve,
      },
      "accepted",
    );
  };

  /** The scripts of those who have some; undefined: nobody's has anything to say. */
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
    const changed = await Promise.all(
      scripts.changed.map(
        async ({ bytes, placements }): Promise<Acceptance> => ({
          message: await messageOf(bytes),
          placements,
          ...underOf(mail),
          journey: [entry(mail, "filed", { sieve: scripts.notes })],
        }),
      ),
    );
    const isKept = main.placements.length > 0 || main.queue !== undefined;
    return { main, isKept, own: [...(isKept ? [main] : []), ...changed] };
  };

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
    await spreadAll({ ...outcome, journey: [accepted, ...outcome.journey] }, alone ? waited : undefined, mail);
    log.info(
      { id: mail.id, from: mail.envelopeFrom, list: to.list, part: to.part, copies: outcome.copies.length },
      "taken by a list",
    );
    await outcome.afterwards?.();
    return undefined;
  };

  const spreadAll = async (what: Spread, waited?: Waited, of?: Received): Promise<"done" | "missing"> => {
    const { copies, posts, kept, remember, journey, letThrough } = what;
    const acceptances: Acceptance[] = [];
    const remembered: Remembered[] = [...remember];
    for (const copy of copies) {
      const header = splitHeader(copy.bytes, 0, copy.bytes.length);
      const to = together(await destinationsOf(copy, header, directory));
      if (to.accounts.size === 0 && to.queued.length === 0) {
        await ports.lists?.undelivered(copy);
        continue;
      }
      const concerns = ports.sieve?.concerns(to.accounts.keys()) ?? false;
      const scripts = concerns !== false && (await concerns) ? await runScripts(copy, header, to, accepted) : undefined;
      if (scripts === undefined) {
        acceptances.push(await acceptanceOf(copy, header, to, accepted));
        continue;
      }
      const { own } = await scriptedParts(copy, header, to, accepted, scripts);
      acceptances.push(...own, ...scripts.sent);
      remembered.push(...scripts.remember);
    }
    if (posts.length > 0)
      acceptances.push({ message: await messageOf(kept), placements: [], listPosts: posts, journey: [] });
    const [first, ...rest] = acceptances;
    const notices = first === undefined || of === undefined ? acceptances : [{ ...first, ...underOf(of) }, ...rest];
    const parts = { notices, remember: remembered, journey };
    const { stale } = await settled(letThrough === undefined ? parts : { ...parts, letThrough }, waited);
    return stale === 0 ? "done" : "missing";
  };

  /** What scripts want done, the mail of those without any and what goes elsewhere, in one transaction. */
  const takeScripted = async (
    mail: Received,
    header: Header,
    to: Destinations,
    verdict: Taken,
    onward: Acceptance | undefined,
    scripts: Scripted,
    waited: Waited | undefined,
  ): Promise<readonly Reply[]> => {
    const { main, isKept, own } = await scriptedParts(mail, header, to, verdict, scripts);
    const all = [...own, ...(onward === undefined ? [] : [onward]), ...scripts.sent];
    // Where nothing is kept the journey alone says what became of the message.
    const journey = isKept ? [] : main.journey.map((one) => ({ ...one, trace: mail.id }));
    const results = await commitTogether(all, scripts.remember, journey, waited, own.length);
    const failed = failedAccounts(results.slice(0, own.length).flatMap(({ placed }) => placed));
    noteAccepted(mail, to, main, { queued: isKept ? results[0]?.queued : undefined }, failed.size, scripts.notes);
    const outcomes = outcomesOf(mail, to, new Map([...failed, ...scripts.refused]));
    return tell(mail, header, outcomes, isKept && results[0] !== undefined ? traceOf(results[0]) : mail.id);
  };

  /** The replies, and notices to senders who will not hear otherwise. */
  const tell = async (
    mail: Received,
    header: Header,
    outcomes: readonly Outcome[],
    trace = mail.id,
  ): Promise<readonly Reply[]> => {
    const taken = takenAs(mail.id);
    const allRefused = outcomes.every(({ refusal }) => refusal !== undefined);
    if (allRefused) noteRefused(mail, header, { kind: "refuse", reply: outcomes[0]!.refusal!, notes: [] });
    // One reply for all said yes: who was left out is the sender's to know. LMTP says so at once, but not of a part.
    const unsaid = (one: Outcome): Reply | undefined =>
      isLmtp(mail) || allRefused ? one.partial : (one.refusal ?? one.partial);
    const left = outcomes.filter((one) => unsaid(one) !== undefined);
    if (left.length > 0) {
      const failures = left.map((one) => ({ recipient: one.recipient, reply: forGood(unsaid(one)!) }));
      await commitNotice(mail, notices.failureNotice(mail, failures));
      // Of an alias, of which others have it, the notice alone tells.
      noteLeftOut(
        mail,
        failures.filter((_, index) => left[index]!.refusal !== undefined),
        trace,
      );
    }
    const wanting = outcomes.filter((one) => (one.filed || one.expanded) && one.recipient.notify?.success === true);
    if (wanting.length > 0) {
      const done = wanting.map(
        ({ recipient, filed }) => ({ recipient, action: filed ? "delivered" : "expanded" }) as const,
      );
      await commitNotice(mail, notices.successNotice(mail, done));
    }
    if (isLmtp(mail)) return outcomes.map((one) => one.refusal ?? taken);
    return [allRefused ? outcomes[0]!.refusal! : taken];
  };

  /** Kept in quarantine for everybody it was for; the sender hears what others hear. */
  const keep = async (
    mail: Received,
    header: Header,
    to: Destinations,
    verdict: Taken,
    waited: Waited | undefined,
  ): Promise<readonly Reply[]> => {
    const bytes = traced(mail, header, to.accounts.size > 0, verdict);
    const message =
      verdict.unopened === true
        ? { bytes, facts: ports.factsOf(bytes.subarray(0, bytes.length - (mail.bytes.length - header.end))) }
        : await messageOf(bytes);
    const rows = quarantineRows(mail, header, to, verdict, settings.quarantineMs);
    const accounts = [...to.accounts.keys()];
    const journey = [
      acceptedEntry(mail, message.facts, verdict),
      entry(mail, "quarantined", { accounts, untilAt: mail.at + settings.quarantineMs }),
    ];
    await commit({ message, placements: [], quarantine: rows, ...underOf(mail), journey }, waited);
    const { id, envelopeFrom: from, remote } = mail;
    log.info({ id, from, remote: remote.address, notes: verdict.notes, reasons: verdict.reasons }, "quarantined");
    const taken = takenAs(id);
    return isLmtp(mail) ? to.each.map((one) => (one.kind === "refused" ? one.reply : taken)) : [taken];
  };

  const refusals = new RefusalBudget(settings.maxRefusalsNotedPerSecond);
  /** A flood of refused mail must not fill the journeys: beyond the bound it is in the log alone. */
  const noteRefused = (
    mail: Received,
    header: Header,
    verdict: Refused,
    suppressed: Destinations["suppressed"] = [],
  ): void => {
    if (!refusals.take(mail.at)) return;
    store.note([refusedEntry(mail, header, verdict)]).catch((error: unknown) => {
      log.error({ id: mail.id, error }, "journey of a refused message not noted");
    });
    // The API tells of it itself, for each recipient.
    if (mail.sending === undefined || mail.via === "API") return;
    const said = replyText(verdict.reply);
    const refused = mail.recipients
      .map((one) => ({ address: formatMailbox(one), reply: said }))
      .filter(({ address }) => suppressed.every((one) => one.address !== address));
    if (refused.length === 0) return;
    store
      .settle({ settlements: [], notices: [], journey: [], events: rejectedEvents(mail, refused) })
      .catch((error: unknown) => log.error({ id: mail.id, error }, "a tenant does not hear of a refused message"));
  };

  /** Who said yes has told the sender of it; the journey and a tenant's events say for whom it was no. */
  const noteLeftOut = (
    mail: Received,
    failures: readonly { readonly recipient: ReceivedRecipient; readonly reply: Reply }[],
    trace: string,
  ): void => {
    if (failures.length === 0) return;
    const left = failures.map(({ recipient, reply }) => ({ address: formatMailbox(recipient), reply }));
    const journey = [...Map.groupBy(left, ({ reply }) => replyText(reply))].map(([reply, some]) => ({
      ...entry(mail, "bounced", { to: some.map(({ address }) => address), reply }),
      trace,
    }));
    store
      .settle({ settlements: [], notices: [], journey, events: leftOutEvents(mail, left) })
      .catch((error: unknown) =>
        log.error({ id: mail.id, error }, "not noted for whom a message was refused after all"),
      );
  };

  /** Nothing of it is sent: only the tenant's events tell of it. */
  const noteSuppressed = async (mail: Received, to: Destinations): Promise<void> => {
    const events = sendingEvents(mail, to);
    if (events.length === 0) return;
    await store.settle({
      settlements: [],
      notices: [],
      journey: [],
      events: events.map((event) => ({ ...event, message: "" })),
    });
  };

  /** For addresses that are for reports and nothing else. */
  const reportsAlone = (mail: Received, to: Destinations, counted: boolean): readonly Reply[] => {
    const answer = counted ? reply(250, "2.0.0", `counted as ${mail.id}`) : noReport;
    if (!counted) logRefused(log, mail, noReport, []);
    return isLmtp(mail) ? to.each.map((one) => (one.kind === "refused" ? one.reply : answer)) : [answer];
  };

  const plan = async (mail: Received): Promise<Acceptance | undefined> => {
    const header = splitHeader(mail.bytes, 0, mail.bytes.length);
    const to = together(await destinationsOf(mail, header, directory));
    if (ports.lists !== undefined) for (const one of to.lists.values()) await ports.lists.noticed(mail, one);
    if (to.accounts.size === 0 && to.queued.length === 0) return undefined;
    return acceptanceOf(mail, header, to, accepted);
  };

  const give = async (mail: Received): Promise<boolean> => {
    const header = splitHeader(mail.bytes, 0, mail.bytes.length);
    const counted = await countReports(mail, header, await destinationsOf(mail, header, directory), accepted);
    const acceptance = await plan(mail);
    if (acceptance !== undefined) await commit(acceptance);
    return counted || acceptance !== undefined;
  };

  return { take, takeCopies: (copies) => takeCopies(copies, ports), plan, give, spread: (what) => spreadAll(what) };
}

const underOf = ({ under }: Received): Pick<Acceptance, "under"> => (under === undefined ? {} : { under });

/** With what is forwarded among what is queued. */
function together(to: Destinations): Destinations {
  if (to.forwarded.length === 0) return to;
  const known = new Set(to.queued.map(({ address }) => address));
  return { ...to, queued: [...to.queued, ...to.forwarded.filter(({ address }) => !known.has(address))], forwarded: [] };
}

function logRefused(log: Log, mail: Received, refusal: Reply, notes: readonly string[]): void {
  const { id, envelopeFrom: from, remote } = mail;
  log.info({ id, from, remote: remote.address, bytes: mail.bytes.length, reply: replyText(refusal), notes }, "refused");
}
