/** `angarium start`: the server itself. The first start makes everything it needs and says what to do next. */
import { writeFileSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { generatePassword, makeCredential } from "../access/password.ts";
import { nobodyElse } from "../admin/control.ts";
import { wantedOf } from "../admin/domain-dns.ts";
import { readDomain } from "../admin/names.ts";
import { addAccount } from "../admin/people.ts";
import { render } from "../admin/render.ts";
import { resolverOrSentence } from "../assemble/resolver.ts";
import { type RunningServer, startServer } from "../assemble/roles.ts";
import { inFolder, openStore } from "../assemble/world.ts";
import { makeLog } from "../base/log.ts";
import { UsageError } from "../base/usage.ts";
import { version } from "../base/version.ts";
import type { Config } from "../config/config.ts";
import { anyAddress, choosePorts, domainOf, firstConfig, ownName } from "../config/first-run.ts";
import { configFile, readConfig } from "../config/read.ts";
import { standardPorts } from "../config/schema.ts";
import { publishedKeys } from "../net/published-keys.ts";
import { ensureDkimKeys } from "../sign/dkim-keys.ts";
import { makeFolder } from "../store/folders.ts";
import type { Store } from "../store/store.ts";
import { untilStopped } from "./until-stopped.ts";

/** Runs until it is stopped; answers the exit code. */
export async function start(words: readonly string[]): Promise<number> {
  const options = parse(words);
  const dataDir = resolve(options.data);
  const { config, high } = await inFolder(dataDir, async () => {
    makeFolder(dataDir);
    return configuration(dataDir, options);
  });
  const { log, end } = makeLog(config.logLevel);
  await nobodyElse(dataDir);
  const store = await openStore(dataDir, config.store);
  const server = await startServer({
    config,
    dataDir,
    store,
    resolver: resolverOrSentence(undefined, config.dns.servers)(log),
    log,
    version,
    edgePolicies: true,
  });
  const stopped = untilStopped(server, end);
  // Not before it listens: whose first start fails (a port is taken) is told the password at the next one.
  const first = await firstPeople(store, options.domain ?? domainOf(config.hostname));
  process.stdout.write(
    first === undefined
      ? `Angarium ${version} is ready: ${places(server)}\n`
      : await welcome(server, store, { config, high }, dataDir, first),
  );
  flushCompileCache();
  return stopped;
}

type Options = {
  readonly data: string;
  readonly config: string | undefined;
  readonly hostname: string | undefined;
  readonly domain: string | undefined;
};

function parse(words: readonly string[]): Options {
  const text = { type: "string" } as const;
  let values: { data?: string; config?: string; hostname?: string; domain?: string };
  try {
    ({ values } = parseArgs({ args: [...words], options: { data: text, config: text, hostname: text, domain: text } }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  for (const name of ["hostname", "domain"] as const)
    if (values[name] !== undefined && readDomain(values[name]) === undefined)
      throw new UsageError(`--${name} "${values[name]}" is no name`);
  return { data: values.data ?? "data", config: values.config, hostname: values.hostname, domain: values.domain };
}

type Configured = {
  readonly config: Config;
  /** It has just been made, with ports that this user may bind instead of the standard ones. */
  readonly high: boolean;
};

async function configuration(dataDir: string, options: Options): Promise<Configured> {
  const file = options.config ?? configFile(dataDir);
  const known = await readConfig(file, dataDir);
  if (known !== undefined) return { config: known, high: false };
  if (options.config !== undefined) throw new UsageError(`there is no configuration file ${options.config}`);
  const address = anyAddress();
  const host = options.hostname ?? (options.domain === undefined ? ownName() : `mail.${options.domain}`);
  const ports = await choosePorts(address);
  writeFileSync(file, firstConfig(host, address, ports), { mode: 0o600, flag: "wx" });
  const made = await readConfig(file);
  if (made === undefined) throw new Error(`The configuration file ${file} cannot be read.`);
  return { config: made, high: ports === "high" };
}

type First = { readonly domain: string; readonly admin: string; readonly password: string };

/** On an empty store: a domain with its keys, and an administrator with a password nobody has chosen. */
async function firstPeople(store: Store, domain: string): Promise<First | undefined> {
  if ((await store.accounts()).length > 0) return undefined;
  const now = Date.now();
  await store.putDomain({ name: domain, kind: "local", settings: {} });
  await ensureDkimKeys(store, domain, now);
  const password = generatePassword();
  const admin = `admin@${domain}`;
  const made = await addAccount(store, { name: admin, role: "admin" }, await makeCredential(password, now), now);
  if (made.kind === "refused") throw new Error(made.why);
  return { domain, admin, password };
}

function places(server: RunningServer): string {
  return server.listeners.map(({ service, port }) => `${service} ${port}`).join(", ");
}

/** How people call us: a clone has no command of its own. */
const command = process.env["npm_lifecycle_event"] === undefined ? "angarium" : "npm run angarium --";

async function welcome(
  server: RunningServer,
  store: Store,
  { config, high }: Configured,
  dataDir: string,
  first: First,
): Promise<string> {
  const records = await wantedOf(
    {
      store,
      hostname: config.hostname,
      tlsa: () => publishedKeys(join(dataDir, "tls"), config.tls.certificate),
    },
    { name: first.domain, kind: "local", settings: {} },
  );
  const listeners = server.listeners.map(({ service, address, port }) => ({ service, address, port }));
  const https = server.listeners.find(({ service }) => service === "https")?.port;
  const port = https === undefined || https === standardPorts.https.port ? "" : `:${https}`;
  return `Angarium ${version} is ready.

What listens where${high ? " (the standard ports were not free for this user: high ones were taken)" : ""}:

${render(listeners)}

Administrator: ${first.admin}
Password:      ${first.password}   (shown once; change it: ${command} account password ${first.admin})
Console:       ${https === undefined ? "nowhere, as nothing listens for https" : `https://${config.hostname}${port}/admin/   (until DNS knows the name: https://localhost${port}/admin/ on this machine)`}

Data and configuration: ${dataDir}
Certificate: self-signed; clients may trust ${server.caFile ?? "the configured one"}

DNS records to publish for ${first.domain}:

${render(records.map(({ name, type, value, why }) => ({ name, type, value: value === "" ? "?" : value, why })))}

Next: ${https === undefined ? "here" : 'sign in to the console and choose "Set up a domain"; or here'}, beside the running server:
  ${command} account add NAME@${first.domain}
  ${command} check
`;
}
