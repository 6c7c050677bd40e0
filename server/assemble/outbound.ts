/** The assembly of mail on its way out: routes, connections to others, notices, limits of accounts, and the queue. */
import { randomBytes } from "node:crypto";
import type { Deliver } from "../deliver/deliver.ts";
import { makeDeliverHere } from "../deliver/waited.ts";
import { makeCopyMaker } from "../inject/copies.ts";
import { makeWriting } from "../inject/writing.ts";
import { Correspondents } from "../learn/correspondents.ts";
import { makeQueue } from "../queue/make-queue.ts";
import { makeReports } from "../report/bounce.ts";
import type { HostTarget } from "../send/route.ts";
import { makeSend } from "../send/send.ts";
import type { Submit } from "../submit/submit.ts";
import type { Ground } from "./ground.ts";
import { ownAddresses } from "./own-addresses.ts";
import type { OwnMail } from "./own-mail.ts";
import { startRestraining } from "./restraining.ts";
import { watchRoutes } from "./routing.ts";
import type { Ends } from "./server-options.ts";

export type Outbound = Awaited<ReturnType<typeof startOutbound>>;

export async function startOutbound(
  { config, edgePolicies, resolver, log, now, ourHost, node, newId, store, outgoing, pool, signing, transit }: Ground,
  { sending, directory }: OwnMail,
  ends: Ends,
  parts: {
    /** Everything outbound goes to this server. */
    readonly deliverTo: HostTarget | undefined;
    readonly deliver: () => Deliver;
    readonly complete: Submit["complete"];
  },
) {
  const { deliverTo, deliver, complete } = parts;
  const { sign } = signing;
  const routes = ends.always.use(await watchRoutes(store, { deliverTo, tls: "opportunistic" }, log));
  const send = makeSend({
    ...sending?.forSend,
    settings: config.send,
    resolver,
    routing: routes.now,
    domain: (name) => directory.domain(name),
    ourHost,
    ours: ownAddresses(config.listen.smtp, config.send.port),
    source: "",
    tls: transit.tls,
    sts: transit.sts,
    tlsResults: transit.seen,
    now,
    sevenBit: (message) => signing.inSevenBits(message),
    random: Math.random,
    nonce: () => randomBytes(18).toString("base64"),
    monotonic: () => performance.now(),
    log,
  });
  const notices = makeReports({ plan: (mail) => deliver().plan(mail), sign, ourHost, now, newId });
  const correspondents = new Correspondents("wrote", store, now);
  const restraining = await startRestraining({
    settings: edgePolicies ? config.sendingLimits : undefined,
    store,
    directory,
    strangers: (account, addresses) => correspondents.strangers(account, addresses),
    queue: { act: (...what) => queue.act(...what) },
    model: sending?.model,
    give: (mail) => deliver().give(mail),
    sign,
    ourHost,
    now,
    newId,
    log,
  });
  const writing = makeWriting(pool);
  const queue = makeQueue({
    restrain: restraining.restrainer,
    withheld: outgoing.withheld,
    store,
    send,
    notices,
    settings: config.queue,
    dispatch: sending?.dispatch,
    makeCopy: makeCopyMaker({ store, writing, ourHost, complete }),
    deliverHere: makeDeliverHere(deliver, directory, () => ({ at: now(), id: newId(), ourHost })),
    node,
    wall: now,
    monotonic: () => performance.now(),
    random: Math.random,
    log,
  });
  outgoing.whenLetGo(() => void queue.poke());
  return { routes, send, notices, correspondents, restraining, writing, queue };
}
