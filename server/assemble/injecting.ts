/** Puts together what programs send with: emails through the API, webhooks, and links to unsubscribe. */
import type { FastifyInstance } from "fastify";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import { type EngagedPorts, withEngaged } from "../inject/engaged.ts";
import { makeInject } from "../inject/inject.ts";
import { type Injection, makeInjection } from "../inject/injection.ts";
import type { Visit } from "../inject/machine.ts";
import { clickPath, openPath, readTrace, type Trace, trackedMessage } from "../inject/tracking.ts";
import { leave, readLeaving, unsubscribeFields, unsubscribePath } from "../inject/unsubscribe.ts";
import { makeVisits } from "../inject/visits.ts";
import type { Writing } from "../inject/writing.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Queue } from "../queue/queue.ts";
import type { Instant, Store } from "../store/store.ts";
import type { SubmitPorts } from "../submit/submit.ts";
import type { Webhooks } from "../tell/webhooks.ts";
import { takeVisits } from "../web/tracking.ts";
import { takeUnsubscribes } from "../web/unsubscribe.ts";
import { publicBase } from "./public-base.ts";
import type { RunningSending } from "./running-sending.ts";
import { makeWebhooks } from "./telling.ts";

/**
 * What submission asks of sending: with a link to unsubscribe for marketing, what counts opens and clicks, and who is known to follow links.
 * `publicUrl`: "" is our own host.
 */
export function withLinks(
  { forSubmit, mac, model, suppression }: Pick<RunningSending, "forSubmit" | "mac" | "model" | "suppression">,
  publicUrl: string,
  ourHost: string,
  ports: Pick<EngagedPorts, "store" | "now">,
): NonNullable<SubmitPorts["sending"]> {
  const base = publicBase(publicUrl, ourHost);
  const engagedPorts = { ...ports, suppression };
  return {
    ...forSubmit,
    eager: (sender, wish, { recipients }) =>
      withEngaged(sender, wish, recipients.values().map(formatMailbox), engagedPorts),
    fields: (sender, mail, header) => {
      const mailHost = model().domain.get(sender.author)?.returnPath ?? "";
      return forSubmit.fields(sender, mail, header) + unsubscribeFields(sender, mail, header, { mac, base, mailHost });
    },
    tracked: async (sender, mail, header) => {
      if (sender.tracking === undefined) return undefined;
      const { trackingHost = "" } = model().domain.get(sender.author) ?? {};
      const own = trackingHost === "" ? base : publicBase("", trackingHost);
      return trackedMessage(mail.bytes, header, sender, sender.tracking, mail, { mac, base: own });
    },
  };
}

export function startInjecting(parts: {
  readonly sending: RunningSending;
  readonly submit: Parameters<typeof makeInject>[0]["submit"];
  readonly submitCopies: Parameters<typeof makeInject>[0]["submitCopies"];
  readonly newMessageId: () => string;
  readonly directory: Pick<Directory, "maySendAs" | "domain">;
  readonly queue: Pick<Queue, "act">;
  readonly store: Store;
  readonly writing: Writing;
  readonly ourHost: string;
  readonly sandbox: string;
  readonly now: () => Instant;
  readonly newId: () => string;
  readonly resolver: Pick<Resolver, "a" | "aaaa">;
  /** Webhooks may lead to this machine. */
  readonly local: boolean;
  readonly withheld: () => boolean;
  readonly log: Log;
}): {
  readonly injection: Injection;
  readonly webhooks: Webhooks;
  readonly mount: (app: FastifyInstance) => void;
  /** Opens and clicks that were gathered are told. */
  readonly stop: () => Promise<void>;
} {
  const { sending, queue, store, now } = parts;
  const { mac, suppression, model } = sending;
  const counted: Parameters<typeof makeVisits>[0]["counted"] = (trace, what, of) => {
    sending.visited(trace, what, of);
    // An open may be a picture that a program loaded; a link is followed by who cares.
    if (what === "clicked" && trace.address !== "")
      store
        .engage([{ tenant: trace.tenant, hash: suppression.hash(trace.address), at: of.at }])
        .catch((error: unknown) => parts.log.error({ error }, "who followed a link is not remembered"));
  };
  const visits = makeVisits({ store, counted, now, log: parts.log });
  const noted = (token: string, by: Visit): Trace | undefined => {
    const trace = readTrace(token, mac);
    if (trace !== undefined) visits.visit(trace, by);
    return trace;
  };
  return {
    injection: makeInjection({ injecting: makeInject({ ...parts, model, suppression }), queue, store, now }),
    webhooks: makeWebhooks(parts),
    stop: () => visits.stop(),
    mount: (app) => {
      takeVisits(app, {
        clickPath,
        openPath,
        follow: (token, by) => noted(token, by)?.target,
        open: (token, by) => noted(token, by) !== undefined,
      });
      takeUnsubscribes(app, {
        path: unsubscribePath,
        read: (token) => readLeaving(token, mac),
        leave: async (token) => {
          const leaving = readLeaving(token, mac);
          if (leaving !== undefined) await leave(leaving, { suppression, store, now });
        },
      });
    },
  };
}
