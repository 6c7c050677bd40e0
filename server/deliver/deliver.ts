/** Takes responsibility for a message: filed for the people here, queued for those elsewhere, in one durable step. */
import { type Header, splitHeader } from "../../protocol/mime/header.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Taken } from "../judge/judge.ts";
import type { Waited } from "../queue/here.ts";
import type { Received } from "../receive/received.ts";
import type { Acceptance, Accepted } from "../store/store.ts";
import { accepted, makeAcceptances } from "./acceptances.ts";
import { makeCommit } from "./commit.ts";
import { takeCopies } from "./copies.ts";
import {
  type Destinations,
  destinationsOf,
  playedDestinations,
  waitingDestinations,
  withForwarded,
} from "./destinations.ts";
import { ForwardVolume } from "./forward-volume.ts";
import { makeKeep } from "./keep.ts";
import { logRefused, makeNoteLeftOut, makeNoteRefused } from "./note-refused.ts";
import { accountGone, everyone, failedAccounts, isLmtp, outcomesOf } from "./outcomes.ts";
import type { Deliver, DeliverPorts } from "./ports.ts";
import { noReport, notForwarded, notOn, spamStays, testKept, tooMuch } from "./replies.ts";
import type { Scripted } from "./sieve/scripted.ts";
import { sendingEvents, withoutFlooded, withoutSuppressed } from "./suppressed.ts";
import { makeTakeLists } from "./take-lists.ts";
import { makeTell } from "./tell.ts";

export {
  type Deliver,
  type DeliverPorts,
  type DeliverSettings,
  defaultDeliverSettings,
  type Reports,
} from "./ports.ts";
export { takenAs } from "./replies.ts";

/** What joins the entries of a message's journey. */
const traceOf = ({ queued, content }: Pick<Accepted, "queued" | "content">): string => queued?.id ?? `m${content}`;

export function makeDeliver(ports: DeliverPorts): Deliver {
  const { store, directory, judge, log } = ports;
  const acceptances = makeAcceptances(ports);
  const commit = makeCommit(ports);
  const lists = makeTakeLists(ports, acceptances, commit.settled);
  const noteRefused = makeNoteRefused(ports);
  const tell = makeTell(ports, commit.notice, noteRefused, makeNoteLeftOut(ports));
  const keep = makeKeep(ports, acceptances.message, commit.one);
  const volume = new ForwardVolume(ports.settings.maxForwardsPerHour, Date.now, ports.hours);

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
    const found = direct.lists.size === 0 ? direct : await lists.take(mail, header, direct, verdict, waited);
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
    const to = gated || flood ? { ...found, forwarded: [] } : forward === undefined ? withForwarded(found) : found;
    const kept = to.accounts.size > 0 || to.queued.length > 0;
    const onward = forward && (await acceptances.onward(mail, header, to, heard, forward, !kept));
    const concerns = ports.sieve?.concerns(to.accounts.keys()) ?? false;
    if (concerns === true || (concerns !== false && (await concerns))) {
      const scripts = await acceptances.scripts(mail, header, to, heard);
      if (scripts !== undefined) return takeScripted(mail, header, to, heard, onward, scripts, waited);
    }
    const acceptance = kept || onward === undefined ? await acceptances.of(mail, header, to, heard) : onward;
    const result =
      onward === undefined || !kept
        ? await commit.one(acceptance, waited)
        : (await commit.together([acceptance, onward], [], [], waited, 1))[0]!;
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
    const { main, isKept, own } = await acceptances.parts(mail, header, to, verdict, scripts);
    const all = [...own, ...(onward === undefined ? [] : [onward]), ...scripts.sent];
    // Where nothing is kept as it was the journey and a tenant's events alone say what became of the message.
    const journey = isKept ? [] : main.journey.map((one) => ({ ...one, trace: mail.id }));
    const events = own.length > 0 ? [] : main.events;
    const results = await commit.together(all, scripts.remember, journey, waited, own.length, events);
    const failed = failedAccounts(results.slice(0, own.length).flatMap(({ placed }) => placed));
    noteAccepted(mail, to, main, { queued: isKept ? results[0]?.queued : undefined }, failed.size, scripts.notes);
    const outcomes = outcomesOf(mail, to, new Map([...failed, ...scripts.refused]));
    return tell(mail, header, outcomes, isKept && results[0] !== undefined ? traceOf(results[0]) : mail.id);
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

  const give = async (mail: Received): Promise<boolean> => {
    const header = splitHeader(mail.bytes, 0, mail.bytes.length);
    const counted = await countReports(mail, header, await destinationsOf(mail, header, directory), accepted);
    const acceptance = await acceptances.plan(mail);
    if (acceptance !== undefined) await commit.one(acceptance);
    return counted || acceptance !== undefined;
  };

  return {
    take,
    takeCopies: (copies) => takeCopies(copies, ports),
    plan: acceptances.plan,
    give,
    spread: (what) => lists.spread(what),
  };
}
