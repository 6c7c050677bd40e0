/** What commands and the REST API see of a running server (beside none: `world.ts`). */
import type { Running, World } from "../admin/command.ts";
import { publishedKeys } from "../net/published-keys.ts";
import type { Ground } from "./ground.ts";
import type { startImporting } from "./importing.ts";
import type { Inbound } from "./inbound.ts";
import type { Mounting } from "./mounting.ts";
import type { Outbound } from "./outbound.ts";
import type { OwnMail } from "./own-mail.ts";
import type { Submitting } from "./submitting.ts";

export function makeRunningWorld(
  { config, store, ldap, sealed, ourHost, now, resolver, signing, tlsFolder }: Ground,
  { sending, reporting, upholding }: OwnMail,
  { queue, restraining }: Outbound,
  { indexer, guarding, lists, filtering, dooring }: Inbound,
  { injecting, requiring, seeding }: Submitting,
  { jmap }: Mounting,
  parts: Required<Pick<World, "checked" | "shared">> & {
    readonly importing: ReturnType<typeof startImporting>;
    readonly running: () => Running;
  },
): World {
  const { importing, running, checked, shared } = parts;
  return {
    checked,
    indexer,
    shared,
    store,
    queue,
    running,
    ldap,
    passkeys: jmap.passkeys,
    sealed,
    imports: importing.runner,
    factsOf: importing.factsOf,
    hostname: ourHost,
    tlsa: () => publishedKeys(tlsFolder, config.tls.certificate),
    now,
    keys: signing.keys,
    resolver,
    dnsUpdate: config.acme,
    reports: reporting,
    quarantine: guarding.quarantine,
    mailingLists: lists.distribute,
    forgetLessons: filtering.forget,
    restraining: restraining.forWorld,
    bans: dooring.bans,
    lists: () => [...dooring.lists(), ...filtering.lists()],
    ...(sending === undefined ? {} : { sending }),
    ...(injecting === undefined ? {} : { injection: injecting.injection, webhooks: injecting.webhooks }),
    ...(requiring === undefined ? {} : { requiring }),
    ...(seeding === undefined ? {} : { seeding }),
    ...(upholding.desk === undefined ? {} : { desk: upholding.desk }),
  };
}
