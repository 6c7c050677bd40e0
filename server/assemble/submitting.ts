/** The assembly of what is handed in to be sent: by people, by programs over the API, and by the server itself to see where its mail comes. */

import { makeRequests } from "../inject/requests.ts";
import type { SmtpPorts } from "../receive/ports.ts";
import { RefusedJournal, refusedMail } from "../receive/refused.ts";
import { makeOnce } from "../submit/once.ts";
import { makeSubmit } from "../submit/submit.ts";
import { makeFeeding } from "./feeding.ts";
import type { Ground } from "./ground.ts";
import type { Inbound } from "./inbound.ts";
import { startInjecting, withLinks } from "./injecting.ts";
import type { BoundAddress } from "./opening.ts";
import type { Outbound } from "./outbound.ts";
import type { OwnMail } from "./own-mail.ts";
import { makeRequiring } from "./requiring.ts";
import { makeSeeding } from "./seeding.ts";
import type { Ends } from "./server-options.ts";

export type Submitting = ReturnType<typeof startSubmitting>;

export function startSubmitting(
  ground: Ground,
  { sending, directory }: OwnMail,
  { routes, restraining, writing, queue }: Outbound,
  { deliver, filtering }: Inbound,
  ends: Ends,
  parts: { readonly listeners: () => readonly BoundAddress[] },
) {
  const { config, edgePolicies, resolver, log, now, ourHost, node, newId, newMessageId, store, pool } = ground;
  const { signing, transit, outgoing } = ground;
  const { publicUrl, sandbox } = config.sending;
  const { hears } = restraining;
  const refused = ends.always.use(new RefusedJournal({ store, newId, now, log }));
  const requests = makeRequests({ store, node, now });
  const submit = makeSubmit({
    deliver,
    directory,
    limits: restraining.limits,
    mayNotSend: (account) => restraining.restrainer.refusal(account),
    forged: hears.forged,
    sent: hears.sent,
    sign: signing.sign,
    shortLines: (bytes) => pool.run("short-lines", { bytes }),
    ...(sending === undefined ? {} : { sending: withLinks(sending, publicUrl, ourHost, { store, now }) }),
    once: makeOnce(requests),
    refused: (mail, reply) => refused.note(refusedMail(mail, reply)),
    taken: (mail, sending) => seeding?.noticed(mail, sending),
    newMessageId,
    log,
  });
  const feeding =
    sending && makeFeeding({ sending, store, resolver, trust: transit.https.trust, local: !edgePolicies, now, log });
  const seeding =
    sending &&
    feeding &&
    makeSeeding({
      sending,
      tokens: feeding.tokens,
      store,
      resolver,
      privateAddresses: !edgePolicies,
      submit: submit.take,
      ourHost,
      newId,
      now,
      log,
    });
  const take: SmtpPorts["take"] = async (mail) => {
    const replies = await submit.take(mail);
    // What a test sends is nobody's correspondence.
    if (mail.sending?.sandbox === undefined && replies.some(({ code }) => code < 400)) filtering.submitted(mail);
    return replies;
  };
  const injecting =
    sending &&
    startInjecting({
      sending,
      submit: take,
      submitCopies: submit.takeCopies,
      sandbox,
      newMessageId,
      directory,
      queue,
      store,
      writing,
      resolver,
      local: !edgePolicies,
      withheld: outgoing.withheld,
      ourHost,
      now,
      newId,
      log,
    });
  const requiring =
    sending &&
    feeding &&
    makeRequiring({
      sending,
      feeds: feeding.feeds,
      settings: config.sending,
      store,
      directory,
      resolver,
      keys: signing.keys,
      complete: submit.complete,
      newMessageId,
      newId,
      ourHost,
      outboundTls: routes.now().tls !== "never",
      listeners: parts.listeners,
      now,
      log,
    });
  return { submit, take, refused, requests, seeding, injecting, requiring };
}
