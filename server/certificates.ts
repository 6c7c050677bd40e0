/** The assembly of our certificates: those of our own authority for the domains hosted here, those by ACME, and the alarm before one ends. */
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { type Acme, makeAcme, maxNames, readCertificate } from "./certify/acme.ts";
import { alarm } from "./certify/renewal.ts";
import type { AcmeSettings } from "./certify/settings.ts";
import { loadModel } from "./dispatch/edit.ts";
import type { Log } from "./log.ts";
import { publicKeyOf } from "./net/next-key.ts";
import { ensureHostedCertificate, hostedNames } from "./net/own-certificate.ts";
import { mayChangeKey } from "./net/published-keys.ts";
import type { Resolver } from "./net/resolver.ts";
import type { CertificateFiles, KeyRing } from "./net/tls.ts";
import type { Store } from "./store/store.ts";
import { inTurn as inTurnOfNodes } from "./store/turn.ts";

export type Certificates = {
  /** Answers HTTP-01 challenges (RFC 8555 §8.3). */
  mount(app: FastifyInstance): void;
  /** The ports are open: challenges can be answered from now on. */
  start(): void;
  stop(): void;
};

const hourMs = 3_600_000;
/** How often it is looked whether ACME has something to do; its back-off is longer. */
const acmeEveryMs = 60_000;
/** Domains that get a certificate of their own from our authority. */
const maxHosted = 2000;

export async function makeCertificates(parts: {
  readonly store: Pick<Store, "domains" | "subscribe" | "setting" | "swapSetting" | "sendingRows">;
  readonly resolver: Resolver;
  readonly keyRing: KeyRing;
  readonly folder: string;
  readonly acme: AcmeSettings;
  readonly caFile: string;
  /** The administrator named a certificate: it comes first. */
  readonly configured: boolean;
  /** Further files that he named, where our own certificate stays the first. */
  readonly more: readonly CertificateFiles[];
  readonly ourHost: string;
  readonly now: () => number;
  readonly log: Log;
}): Promise<Certificates> {
  const { store, resolver, keyRing, folder, ourHost, now, log } = parts;
  const localDomains = async (): Promise<readonly string[]> =>
    (await store.domains()).flatMap(({ name, kind }) => (kind === "local" ? [name] : [])).slice(0, maxHosted);
  const acmeFolder = join(folder, "acme");
  const acme: Acme | undefined =
    parts.acme.directory === ""
      ? undefined
      : makeAcme({
          settings: parts.acme,
          folder: acmeFolder,
          caFile: parts.caFile,
          keyRing,
          wanted: async () => {
            const names = (await localDomains()).flatMap((domain) => hostedNames(domain).slice(1));
            return wantedNames(ourHost, parts.acme.names, [...names, ...(await trackingHosts(store))], resolver);
          },
          mayChangeKey: mayChangeKey(ourHost, resolver, () => publicKeyOf(join(acmeFolder, "key.pem"))),
          now,
          random: Math.random,
          log,
        });

  const ensureHosted = async (names: readonly string[]): Promise<readonly CertificateFiles[]> => {
    const made: CertificateFiles[] = [];
    for (const name of names) made.push(await ensureHostedCertificate(folder, name, now()));
    return made;
  };
  // They have the key of our own: when that is made anew, so are they.
  keyRing.whenRenewed(async () => void (await ensureHosted(await localDomains())));

  let shown = "";
  let turn: Promise<void> = Promise.resolve();
  /** Makes what is missing of our own; `whole` also looks at the age of those there are. */
  const look = async (whole: boolean): Promise<void> => {
    const names = keyRing.caFile === undefined ? [] : await localDomains();
    const byAcme = acme?.certificate() === undefined ? [] : [acme.files];
    const what = `${names.join()} ${byAcme.length}`;
    // Most changes of the directory are about people.
    if (!whole && what === shown) return;
    const own = await ensureHosted(names);
    await (parts.configured ? keyRing.show([], [...byAcme, ...own]) : keyRing.show(byAcme, [...parts.more, ...own]));
    shown = what;
  };
  const inTurn = (whole: boolean): Promise<void> => (turn = turn.catch(() => {}).then(() => look(whole)));
  const inBackground = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => log.error({ err: error }, "upkeep of certificates failed; it is tried again"));
  };

  const warn = (): void => {
    for (const { file, names } of keyRing.describe()) {
      const certificate = readCertificate(file);
      const words = certificate === undefined ? undefined : alarm(certificate, now());
      if (words !== undefined) log.error({ file, names }, `the certificate ${words}`);
    }
  };
  const order = async (): Promise<void> => {
    if (acme === undefined) return;
    // Nodes that share a store order one after the other: a proof is for one order, and authorities count.
    const answer = await inTurnOfNodes({ store, now }, "acme", () => acme.look());
    if (answer.kind === "done" && answer.result) await inTurn(true);
  };

  await inTurn(true);
  const unsubscribe = store.subscribe((changes) => {
    if (changes.some(({ kind }) => kind === "directory")) inBackground(inTurn(false));
  });
  const timers: NodeJS.Timeout[] = [];
  let ordering = false;
  return {
    mount(app) {
      app.get<{ Params: { token: string } }>("/.well-known/acme-challenge/:token", async (request, reply) => {
        const answer = acme?.httpAnswer(request.params.token);
        return answer === undefined
          ? reply.code(404).type("text/plain").send("There is no such challenge.\n")
          : reply.type("application/octet-stream").send(answer);
      });
    },
    start() {
      const orderOnce = (): void => {
        if (ordering) return;
        ordering = true;
        inBackground(order().finally(() => (ordering = false)));
      };
      warn();
      timers.push(
        setInterval(() => {
          warn();
          inBackground(inTurn(true));
        }, hourMs).unref(),
      );
      if (acme === undefined) return;
      orderOnce();
      timers.push(setInterval(orderOnce, acmeEveryMs).unref());
    },
    stop() {
      for (const timer of timers) clearInterval(timer);
      unsubscribe();
    },
  };
}

/** Where links lead whose clicks are counted. Those of a file of the configuration are named there: `[acme] names`. */
async function trackingHosts(store: Pick<Store, "sendingRows">): Promise<readonly string[]> {
  const { domain } = await loadModel(store);
  return [...domain.values()].map(({ trackingHost }) => trackingHost).filter((host) => host !== "");
}

/** Our host, what the administrator adds, and those of `others` that lead here: an order with one that does not would fail. */
async function wantedNames(
  ourHost: string,
  more: readonly string[],
  others: readonly string[],
  resolver: Resolver,
): Promise<readonly string[]> {
  const here = new Set(await addressesOf(ourHost, resolver));
  const wanted = new Set([ourHost, ...more].map((name) => name.toLowerCase()));
  for (const name of others) {
    if (wanted.size >= maxNames) break;
    const addresses = await addressesOf(name, resolver);
    if (addresses.length > 0 && addresses.every((address) => here.has(address))) wanted.add(name);
  }
  return [...wanted];
}

async function addressesOf(name: string, resolver: Resolver): Promise<readonly string[]> {
  const answers = await Promise.all([resolver.a(name), resolver.aaaa(name)]);
  return answers.flatMap((answer) => (answer.kind === "found" ? answer.records : []));
}
