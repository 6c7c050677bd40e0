/** `angarium dev`: a complete server on loopback for tests, ready in one line of JSON. The contract is docs/dev.md. */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { flushCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeCredential } from "../access/password.ts";
import { nobodyElse } from "../admin/control.ts";
import { readDomain } from "../admin/names.ts";
import { addAccount } from "../admin/people.ts";
import { resolverOrSentence } from "../assemble/resolver.ts";
import { type RunningServer, startServer } from "../assemble/roles.ts";
import { openStore } from "../assemble/world.ts";
import { makeLog } from "../base/log.ts";
import { UsageError } from "../base/usage.ts";
import { version } from "../base/version.ts";
import { isNetwork } from "../config/checks.ts";
import { readSettings } from "../config/load.ts";
import { type Service, services } from "../config/schema.ts";
import { defaultFilterSettings } from "../judge/content/filter-settings.ts";
import { parseTarget } from "../send/route.ts";
import { ensureDkimKeys } from "../sign/dkim-keys.ts";
import type { Store } from "../store/store.ts";
import { untilStopped } from "./until-stopped.ts";

const host = "127.0.0.1";
const password = "pw";
const maxUsers = 100_000;

/** Runs until it is stopped; answers the exit code. */
export async function dev(words: readonly string[]): Promise<number> {
  const options = readOptions(words);
  const wanted = {
    hostname: `mail.${options.domain}`,
    logLevel: options.logLevel,
    listen: Object.fromEntries(services.map((service) => [service, [`${host}:${options.ports.get(service) ?? 0}`]])),
    relay: { trust: options.trust },
    send: { port: options.mxPort, privateAddresses: true },
    // Whoever gives DNS speaks of loopback too; without it nobody's DNS knows about the clients here.
    authentication: {
      enforce: options.strict,
      believedSealers: options.believedSealers,
      ...(options.dns === undefined ? {} : { exemptNetworks: [] }),
    },
    // Letters of tests are often without date, name or plain text: without --strict only the plainest spam goes to Junk.
    filter: { junkPercent: options.strict ? defaultFilterSettings.junkPercent : 99.9 },
    scanners: {
      clamav: options.clamav,
      rspamd: options.rspamd,
      milters: options.milters,
      whenDown: options.scannerDown,
    },
    // Nobody but the DNS of the test is asked about us.
    sending: { ownBlocklists: [], ownDomainLists: [] },
    door: {
      enabled: options.strict,
      blocklists: options.blocklists,
      allowlists: options.allowlists,
      greylist: options.greylist,
      // Tests do not wait for minutes.
      greylistMs: 1000,
      greetPauseMs: 50,
      tarpitMs: 50,
      // A table of letters opens hundreds of connections, all from one address.
      connectionsPerMinute: 600,
    },
    // Everything that a test names is on this machine.
    transit: { httpsPort: options.httpsPort, caFile: options.ca, privateAddresses: true },
    dkim: options.dkim === "seen" ? { settleMs: 0, checkMs: 1000 } : { settleMs: 0, assumePublished: true },
  };
  const read = readSettings(withSettings(wanted, options.set));
  if (read.kind === "mistakes")
    throw new UsageError(read.mistakes.map(({ key, message }) => `${key}: ${message}`).join("\nangarium: "));
  const { config } = read;
  const { log, end } = makeLog(config.logLevel);
  const temporary = options.data === undefined;
  const dataDir = resolve(options.data ?? mkdtempSync(join(tmpdir(), "angarium-dev-")));
  const cleanUp = async (): Promise<void> => {
    await end();
    if (temporary) await rm(dataDir, { recursive: true, force: true });
  };
  const users = Array.from({ length: options.users }, (_, index) => `u${index + 1}@${options.domain}`);
  const admin = `admin@${options.domain}`;
  let server: RunningServer;
  try {
    await nobodyElse(dataDir);
    const store = await openStore(dataDir, config.store);
    await settle(store, options.domain, users, admin);
    server = await startServer({
      config,
      dataDir,
      store,
      resolver: options.resolver(log),
      log,
      version,
      ...(options.deliverTo === undefined ? {} : { deliverTo: options.deliverTo }),
      cleartextAuth: options.cleartextAuth,
      edgePolicies: options.strict,
    });
  } catch (error) {
    await cleanUp();
    throw error;
  }
  const stopped = untilStopped(server, cleanUp);
  const ports = Object.fromEntries(server.listeners.map(({ service, port }) => [service, port]));
  const ready = {
    ready: true,
    host,
    ports,
    domain: options.domain,
    users,
    password,
    admin: { user: admin, password },
    ca: server.caFile,
    data: dataDir,
  };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
  flushCompileCache();
  return stopped;
}

const hereForMs = 90 * 24 * 60 * 60 * 1000;

/** Makes the domain, the keys and the people that are not there yet. */
async function settle(store: Store, domain: string, users: readonly string[], admin: string): Promise<void> {
  const now = Date.now();
  const known = new Set((await store.accounts()).map((account) => account.name));
  const missing = [...users, admin].filter((name) => !known.has(name));
  if (missing.length === 0) return;
  if (!(await store.domains()).some(({ name }) => name === domain))
    await store.putDomain({ name: domain, kind: "local", settings: {} });
  const keys = ensureDkimKeys(store, domain, now);
  // One password, one hash: a thousand users are there in a moment.
  const credential = await makeCredential(password, now);
  await Promise.all(
    missing.map(async (name) => {
      // People who have been here for long: what is held against newcomers with --strict is not what a test is about.
      const made = await addAccount(
        store,
        { name, role: name === admin ? "admin" : "user" },
        credential,
        now - hereForMs,
      );
      if (made.kind === "refused") throw new Error(made.why);
    }),
  );
  const [first = admin] = users;
  await store.putAddress({
    local: "postmaster",
    domain,
    kind: "alias",
    account: undefined,
    targets: [first],
    senders: [],
  });
  await keys;
}

function readOptions(words: readonly string[]) {
  const { values } = parse(words);
  const domain = readDomain(values.domain);
  if (domain === undefined) throw new UsageError(`--domain "${values.domain}" is no domain name`);
  const users = Number(values.users);
  if (!Number.isInteger(users) || users < 0 || users > maxUsers)
    throw new UsageError(`--users must be a number up to ${maxUsers}`);
  const deliverTo = values["deliver-to"] === undefined ? undefined : parseTarget(`smtp:${values["deliver-to"]}`);
  if (values["deliver-to"] !== undefined && (typeof deliverTo !== "object" || deliverTo.kind !== "host"))
    throw new UsageError(`--deliver-to "${values["deliver-to"]}": write HOST:PORT`);
  if (values.dkim !== "always" && values.dkim !== "seen")
    throw new UsageError(`--dkim "${values.dkim}": write always, or seen (only with keys that DNS shows)`);
  const trust = values.trust.flatMap((list) => list.split(",")).filter((network) => network !== "");
  for (const network of trust)
    if (!isNetwork(network)) throw new UsageError(`--trust "${network}" is no network: write 127.0.0.0/8`);
  return {
    data: values.data,
    mxPort: readPort("mx-port", values["mx-port"]),
    httpsPort: readPort("https-port", values["https-port"]),
    ca: values.ca,
    domain,
    users,
    deliverTo: typeof deliverTo === "object" && deliverTo.kind === "host" ? deliverTo : undefined,
    trust,
    ports: readPorts(values.ports ?? ""),
    dns: values.dns,
    believedSealers: values["believe-sealer"].flatMap((list) => list.split(",")).filter((one) => one !== ""),
    resolver: resolverOrSentence(values.dns, []),
    cleartextAuth: values["cleartext-auth"],
    strict: values.strict,
    clamav: values.clamav,
    rspamd: values.rspamd,
    milters: values.milter,
    scannerDown: values["scanner-down"],
    blocklists: values.blocklist,
    allowlists: values.allowlist,
    greylist: values.greylist,
    dkim: values.dkim,
    set: values.set,
    logLevel: values["log-level"],
  };
}

type Settings = { readonly [key: string]: unknown };

/** "section.key=value", or "key=value" of what is in no section: any setting of the configuration; the value is JSON, or else a text. */
function withSettings(settings: Settings, changes: readonly string[]): Settings {
  let changed = settings;
  for (const change of changes) {
    const found = /^(?:([A-Za-z]+)\.)?([A-Za-z-]+)=(.*)$/s.exec(change);
    if (found === null) throw new UsageError(`--set "${change}": write SECTION.KEY=VALUE`);
    const [, section, key = "", text = ""] = found;
    let value: unknown = text;
    try {
      value = JSON.parse(text);
    } catch {
      // A text as it is.
    }
    changed =
      section === undefined
        ? { ...changed, [key]: value }
        : { ...changed, [section]: { ...(changed[section] as Settings | undefined), [key]: value } };
  }
  return changed;
}

function readPort(option: string, text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new UsageError(`--${option} "${text}" is no port`);
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        data: { type: "string" },
        users: { type: "string", default: "10" },
        domain: { type: "string", default: "example.test" },
        ports: { type: "string" },
        "deliver-to": { type: "string" },
        dns: { type: "string" },
        "believe-sealer": { type: "string", multiple: true, default: [] },
        "mx-port": { type: "string", default: "25" },
        "https-port": { type: "string", default: "443" },
        ca: { type: "string", default: "" },
        trust: { type: "string", multiple: true, default: [] },
        "cleartext-auth": { type: "boolean", default: false },
        strict: { type: "boolean", default: false },
        clamav: { type: "string", default: "" },
        rspamd: { type: "string", default: "" },
        milter: { type: "string", multiple: true, default: [] },
        "scanner-down": { type: "string", default: "later" },
        blocklist: { type: "string", multiple: true, default: [] },
        allowlist: { type: "string", multiple: true, default: [] },
        greylist: { type: "string", default: "doubtful" },
        dkim: { type: "string", default: "always" },
        set: { type: "string", multiple: true, default: [] },
        "log-level": { type: "string", default: "info" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function readPorts(text: string): ReadonlyMap<Service, number> {
  const ports = new Map<Service, number>();
  for (const part of text.split(",").filter((part) => part !== "")) {
    const [name, number] = part.split("=");
    const service = services.find((known) => known === name?.trim());
    const port = Number(number);
    if (service === undefined)
      throw new UsageError(`--ports: there is no service "${name}"; there are ${services.join(", ")}`);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      throw new UsageError(`--ports: "${part}" names no port: write ${service}=2525`);
    ports.set(service, port);
  }
  return ports;
}
