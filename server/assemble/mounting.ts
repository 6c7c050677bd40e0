/** The assembly of what is served over HTTP: JMAP and the pages' ways of signing in, the REST API, keys, policies, settings for mail programs, and pages. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import type { World } from "../admin/command.ts";
import { PublishedKeys } from "../keys/published.ts";
import type { HttpPorts } from "../web/http.ts";
import { serveKeyDirectory } from "../web/key-directory.ts";
import { serveMailSettings } from "../web/mail-settings.ts";
import { serveOwnPolicies } from "../web/own-sts-policy.ts";
import { takeTlsReports } from "../web/tls-reports.ts";
import { productNameOf, startApi } from "./api.ts";
import { makeElsewhere } from "./fetching.ts";
import type { Ground } from "./ground.ts";
import type { Inbound } from "./inbound.ts";
import { makeJmap } from "./jmap.ts";
import type { BoundAddress } from "./opening.ts";
import type { Outbound } from "./outbound.ts";
import type { OwnMail } from "./own-mail.ts";
import { servePages } from "./pages.ts";
import type { Ends } from "./server-options.ts";
import type { Submitting } from "./submitting.ts";

export type Mounting = ReturnType<typeof startMounting>;

export function startMounting(
  ground: Ground,
  { directory, reporting }: OwnMail,
  { queue }: Outbound,
  { mailStore, marks, scripting, lists, factsOf, factsOfLarge }: Inbound,
  { take, requests, injecting }: Submitting,
  ends: Ends,
  late: { readonly world: () => World; readonly listeners: () => readonly BoundAddress[] },
) {
  const { config, dataDir, version, edgePolicies, resolver, log, now, ourHost, newId, store, pool } = ground;
  const { login, signedIn, oidc, changes, keyRing, certificates, transit, metrics, traffic } = ground;
  const openPgpKeys = new PublishedKeys({
    store: mailStore,
    now,
    has: async (account, local, domain) => directory.maySendAs(account, local, domain),
  });
  const jmap = makeJmap(
    {
      store: mailStore,
      login,
      untilSignedOut: (account, pass, end) => signedIn.until(account, pass, end),
      directory,
      notify: changes,
      pool,
      factsOf,
      factsOfLarge,
      submit: take,
      mayFrom: (account, local, domain, how) => directory.maySendAs(account.id, local, domain, how),
      scripts: scripting.imap,
      settings: config.jmap,
      ourHost,
      now,
      newId,
      random: (bytes) => randomBytes(bytes).toString("hex"),
      withheld: ground.outgoing.withheld,
      pushAnywhere: !edgePolicies,
      publishedKeys: openPgpKeys,
      elsewhere: makeElsewhere({
        resolver,
        marks,
        trust: transit.https.trust,
        local: !edgePolicies,
        httpsPort: transit.https.port,
        now,
      }),
      log,
    },
    queue,
    config.signUp,
    oidc,
  );
  const api = ends.always.use(
    startApi({
      world: late.world,
      auth: jmap.auth,
      dataDir,
      certificates: ground.describeCertificates,
      signIn: { settings: config, oidc },
      traffic: () => traffic.shown(),
      requests,
      settings: config.api,
      limits: edgePolicies,
      store,
      now,
      version,
      log,
    }),
  );
  const mailSettings = {
    ourHost,
    domain: (name: string) => directory.domain(name),
    ports: () => Object.fromEntries(late.listeners().map(({ service, port }) => [service, port])),
    productName: (domain: string) => productNameOf(store, domain),
    pair: (host: string) => keyRing.pair(host),
    now,
  };
  const mount = (app: FastifyInstance): void => {
    api.mount(app);
    jmap.mount(app);
    serveOwnPolicies(app, { ourHost, domain: (name) => directory.domain(name) });
    serveKeyDirectory(app, { domain: (name) => directory.domain(name), keys: openPgpKeys });
    certificates.mount(app);
    serveMailSettings(app, mailSettings);
    injecting?.mount(app);
    lists.mount(app);
    takeTlsReports(app, (bytes) => reporting.takeTls(bytes));
    servePages(app);
  };
  const notReady = async (): Promise<string | undefined> => {
    try {
      await store.queueCount();
      return undefined;
    } catch (error) {
      return `The store does not answer: ${(error as Error).message}`;
    }
  };
  const http: HttpPorts = {
    metrics,
    notReady,
    hosts: { ourHost, hosts: config.api.hosts, domain: mailSettings.domain },
    mount,
  };
  return { jmap, api, http };
}
