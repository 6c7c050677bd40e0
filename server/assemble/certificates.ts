/** The assembly of our certificates: those of our own authority for the domains hosted here, those by ACME, and the alarm before one ends. */
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import { type Acme, makeAcme, makeAuthority, maxNames, readCertificate } from "../certify/acme.ts";
import { makeDomainCertificates } from "../certify/domain-certificates.ts";
import { alarm } from "../certify/renewal.ts";
import type { AcmeSettings } from "../certify/settings.ts";
import { loadModel } from "../dispatch/edit.ts";
import { publicKeyOf } from "../net/next-key.ts";
import { ensureHostedCertificate, hostedNames } from "../net/own-certificate.ts";
import { mayChangeKey } from "../net/published-keys.ts";
import type { Resolver } from "../net/resolver.ts";
import type { CertificateFiles, KeyRing } from "../net/tls.ts";
import type { Store } from "../store/store.ts";
import { inTurn as inTurnOfNodes } from "../store/turn.ts";

export type Certificates = {
  /** Answers HTTP-01 challenges (RFC 8555 §8.3). */
  mount(app: FastifyInstance): void;
  /** The ports are open: challenges can be answered from now on. */
  start(): void;
  stop(): void;
  /** Of hosted domains that have one each. */
  ofDomains(): readonly { readonly names: readonly string[]; readonly validTo: string; readonly file: string }[];
};

const hourMs = 3_600_000;
/** How often it is looked at most whether ACME has something to do; its back-off is longer. */
const acmeEveryMs = 60_000;
/** Domains of which it is remembered when their certificate was looked at. */
const maxEnsured = 10_000;
/** The names of so many domains stand in the certificate of the host; of more domains each has one of its own. */
const maxShared = 10;

export async function makeCertificates(parts: {
  readonly store: Pick<Store, "domains" | "subscribe" | "setting" | "swapSetting" | "sendingRows">;
  /** Answers from memory: anybody may ask for any name, and costs the store nothing. */
  readonly directory: Pick<Directory, "domain">;
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
  /** Nothing is ordered for now. */
  readonly withheld: () => boolean;
  readonly now: () => number;
  readonly log: Log;
}): Promise<Certificates> {
  const { store, directory, resolver, keyRing, folder, ourHost, now, log } = parts;
  const localDomains = async (): Promise<readonly string[]> =>
    (await store.domains()).flatMap(({ name, kind }) => (kind === "local" ? [name] : []));
  const acmeFolder = join(folder, "acme");
  const authority =
    parts.acme.directory === ""
      ? undefined
      : makeAuthority({ settings: parts.acme, folder: acmeFolder, caFile: parts.caFile, keyRing, now });
  const byDomain =
    authority &&
    makeDomainCertificates({
      authority,
      folder: join(acmeFolder, "domains"),
      domains: async () => {
        const domains = await localDomains();
        return domains.length > maxShared ? domains : [];
      },
      leadingHere: async (domain) => namesHere(servicesOf(domain), await hereNow()),
      now,
      random: Math.random,
      log,
    });
  const hereNow = async (): Promise<Here> => ({ addresses: new Set(await addressesOf(ourHost, resolver)), resolver });
  const acme: Acme | undefined =
    authority &&
    makeAcme({
      authority,
      folder: acmeFolder,
      wanted: async () => {
        const domains = await localDomains();
        // Those that it has already stay in it until their domain has one of its own.
        const had = new Set(acme?.certificate()?.names);
        const names =
          domains.length <= maxShared
            ? domains.flatMap(servicesOf)
            : domains.flatMap((domain) =>
                servicesOf(domain).filter((name) => had.has(name) && byDomain?.files(domain) === undefined),
              );
        const others = [...names, ...(await trackingHosts(store))];
        return wantedNames(ourHost, parts.acme.names, others, await hereNow());
      },
      mayChangeKey: mayChangeKey(ourHost, resolver, () => publicKeyOf(join(acmeFolder, "key.pem"))),
      now,
      random: Math.random,
      log,
    });

  /** When the certificate of our own authority for a domain was looked at. */
  const ensured = new Map<string, { readonly files: CertificateFiles; readonly at: number }>();
  // They have the key of our own: when that is made anew, so are they.
  keyRing.whenRenewed(async () => ensured.clear());
  const ensure = async (domain: string): Promise<CertificateFiles> => {
    const known = ensured.get(domain);
    if (known !== undefined && now() - known.at < hourMs) return known.files;
    const files = await ensureHostedCertificate(folder, domain, now());
    if (ensured.size >= maxEnsured) ensured.clear();
    ensured.set(domain, { files, at: now() });
    return files;
  };
  const further = async (name: string): Promise<CertificateFiles | undefined> => {
    for (const domain of [name, name.slice(name.indexOf(".") + 1)]) {
      if (!hostedNames(domain).includes(name)) continue;
      if ((await directory.domain(domain))?.kind !== "local") continue;
      const files = name === domain ? undefined : byDomain?.files(domain);
      return files ?? (keyRing.caFile === undefined ? undefined : ensure(domain));
    }
    return undefined;
  };
  // Beside a configured certificate, and without ACME, there are no others to look for.
  if (keyRing.caFile !== undefined || byDomain !== undefined) keyRing.showFurther(further);

  let shown: number | undefined;
  let turn: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    const byAcme = acme?.certificate() === undefined ? [] : [acme.files];
    if (byAcme.length === shown) return;
    await (parts.configured ? keyRing.show([], byAcme) : keyRing.show(byAcme, parts.more));
    shown = byAcme.length;
  };
  const inTurn = (): Promise<void> => (turn = turn.catch(() => {}).then(look));
  const inBackground = (work: Promise<unknown>): void => {
    work.catch((error: unknown) => log.error({ err: error }, "upkeep of certificates failed; it is tried again"));
  };

  const warn = (): void => {
    const here = keyRing.describe().map(({ file }) => ({ file, certificate: readCertificate(file) }));
    const ofDomains = byDomain?.known().map((certificate) => ({ file: certificate.file, certificate })) ?? [];
    for (const { file, certificate } of [...here, ...ofDomains]) {
      const words = certificate === undefined ? undefined : alarm(certificate, now());
      if (words !== undefined) log.error({ file, names: certificate?.names }, `the certificate ${words}`);
    }
  };
  const order = async (): Promise<void> => {
    if (acme === undefined || byDomain === undefined) return;
    // Nodes that share a store order one after the other: a proof is for one order, and authorities count.
    await inTurnOfNodes({ store, now }, "acme", async () => {
      if (!(await acme.look())) return byDomain.look();
      shown = undefined;
      await inTurn();
    });
  };

  await inTurn();
  const timers: NodeJS.Timeout[] = [];
  let ordering = false;
  let waiting = true;
  let unsubscribe = (): void => {};
  return {
    mount(app) {
      app.get<{ Params: { token: string } }>("/.well-known/acme-challenge/:token", async (request, reply) => {
        const answer = authority?.httpAnswer(request.params.token);
        return answer === undefined
          ? reply.code(404).type("text/plain").send("There is no such challenge.\n")
          : reply.type("application/octet-stream").send(answer);
      });
    },
    start() {
      const orderOnce = (): void => {
        if (ordering || parts.withheld()) return;
        ordering = true;
        inBackground(order().finally(() => (ordering = false)));
      };
      warn();
      timers.push(setInterval(warn, hourMs).unref());
      if (acme === undefined) return;
      // At the first start of all the first domain comes when the ports are open already: its names are in the first order.
      const onceThereIsOne = async (): Promise<void> => {
        if (!waiting || (await localDomains()).length === 0 || !waiting) return;
        waiting = false;
        orderOnce();
      };
      unsubscribe = store.subscribe((changes) => {
        if (waiting && changes.some(({ kind }) => kind === "directory")) inBackground(onceThereIsOne());
      });
      inBackground(onceThereIsOne());
      const everyMs = Math.min(acmeEveryMs, hourMs / Math.max(1, parts.acme.ordersPerHour));
      timers.push(setInterval(orderOnce, everyMs).unref());
    },
    stop() {
      for (const timer of timers) clearInterval(timer);
      unsubscribe();
    },
    ofDomains: () =>
      byDomain
        ?.known()
        .map(({ names, validTo, file }) => ({ names, validTo: new Date(validTo).toISOString(), file })) ?? [],
  };
}

/** The names of a hosted domain at which its services are looked for. */
const servicesOf = (domain: string): readonly string[] => hostedNames(domain).slice(1);

/** Where links lead whose clicks are counted. Those of a file of the configuration are named there: `[acme] names`. */
async function trackingHosts(store: Pick<Store, "sendingRows">): Promise<readonly string[]> {
  const { domain } = await loadModel(store);
  return [...domain.values()].map(({ trackingHost }) => trackingHost).filter((host) => host !== "");
}

type Here = { readonly addresses: ReadonlySet<string>; readonly resolver: Resolver };

/** Our host, what the administrator adds, and those of `others` that lead here: an order with one that does not would fail. */
async function wantedNames(
  ourHost: string,
  more: readonly string[],
  others: readonly string[],
  here: Here,
): Promise<readonly string[]> {
  const wanted = [...new Set([ourHost, ...more].map((name) => name.toLowerCase()))];
  const found = await namesHere(others.slice(0, maxNames * 2), here);
  return [...new Set([...wanted, ...found])].slice(0, maxNames);
}

/** Those of the names that lead here, and only here. */
async function namesHere(names: readonly string[], { addresses: here, resolver }: Here): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of names) {
    const addresses = await addressesOf(name, resolver);
    if (addresses.length > 0 && addresses.every((address) => here.has(address))) found.push(name);
  }
  return found;
}

async function addressesOf(name: string, resolver: Resolver): Promise<readonly string[]> {
  const answers = await Promise.all([resolver.a(name), resolver.aaaa(name)]);
  return answers.flatMap((answer) => (answer.kind === "found" ? answer.records : []));
}
