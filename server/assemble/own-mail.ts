/**
 * The assembly of what comes for the server itself and not for people: reports, complaints, bounces of tenants' mail, answers to digests, what is
 * written to abuse@; and the directory with the addresses at which they come.
 */
import { releaseToken } from "../../protocol/return-path/release-address.ts";
import type { Deliver } from "../deliver/deliver.ts";
import { leaveByMail } from "../inject/unsubscribe.ts";
import type { Queue } from "../queue/queue.ts";
import type { ReportReader } from "../report/incoming.ts";
import type { Ground } from "./ground.ts";
import { startReporting } from "./reporting.ts";
import { makeSending } from "./sending.ts";
import { startUpholding } from "./upholding.ts";

export type OwnMail = Awaited<ReturnType<typeof startOwnMail>>;

export async function startOwnMail(
  {
    config,
    dataDir,
    version,
    resolver,
    log,
    now,
    ourHost,
    newId,
    store,
    outgoing,
    pool,
    people,
    signing,
    transit,
  }: Ground,
  late: {
    readonly give: Deliver["give"];
    readonly act: Queue["act"];
    /** Hears what owners answer to digests of the quarantine. */
    readonly answers: ReportReader;
  },
) {
  const { give } = late;
  const { mac, sign } = signing;
  const sending = config.sending.enabled
    ? await makeSending({ store, settings: config.sending, dataDir, now, log })
    : undefined;
  const upholding = startUpholding({
    store,
    directory: people,
    queue: { act: late.act },
    sending,
    settings: config.abuse,
    mac,
    sign,
    give,
    ourHost,
    now,
    newId,
    log,
  });
  const ofSending: readonly ReportReader[] =
    sending === undefined ? [] : [sending.lateReport, (mail) => leaveByMail(mail, { ...sending, store, now })];
  const reporting = startReporting({
    store,
    desk: upholding.intake,
    directory: signing.directory,
    resolver,
    pool,
    sign,
    give,
    isForAnswers: (local) => releaseToken(local, mac) !== undefined,
    others: [late.answers, ...ofSending],
    transit,
    ourHost,
    version,
    believesSignedAlone: config.authentication.enforce,
    withheld: outgoing.withheld,
    now,
    newId,
    log,
  });
  return {
    /** Undefined: nobody sends at volume here. */
    sending,
    upholding,
    reporting,
    directory: sending?.withAddresses(reporting.directory) ?? reporting.directory,
  };
}
