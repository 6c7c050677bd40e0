/** The assembly of what guards people against dangerous mail: attachments, scanners, the quarantine, and messages that break the judges. */
import { factsOf } from "../../protocol/mime/facts-of.ts";
import type { Header } from "../../protocol/mime/header.ts";
import { type ReleaseToken, releaseLocal } from "../../protocol/return-path/release-address.ts";
import type { Mac } from "../../protocol/return-path/srs.ts";
import type { Log } from "../base/log.ts";
import type { Config } from "../config/config.ts";
import type { Deliver } from "../deliver/deliver.ts";
import { makeQuarantine, type Quarantine, type QuarantinePorts } from "../deliver/quarantine.ts";
import { makeDangerJudge } from "../judge/attachments/danger-judge.ts";
import { type AttachmentPolicy, isAction, isDanger, policyPrefixes } from "../judge/attachments/policy.ts";
import { guarded } from "../judge/attempts.ts";
import { type Judge, type PartialJudge, together, type Verdict } from "../judge/judge.ts";
import { clamav } from "../judge/scanners/clamav.ts";
import { milter } from "../judge/scanners/milter.ts";
import { rspamd } from "../judge/scanners/rspamd.ts";
import { makeScannerJudge, type Scanner } from "../judge/scanners/scanner.ts";
import { parseSocketAddress } from "../judge/scanners/socket.ts";
import type { Received } from "../receive/received.ts";
import { daily } from "../report/daily.ts";
import { sendDigests } from "../report/digest.ts";
import { digestAnswers } from "../report/digest-answer.ts";
import type { ReportReader } from "../report/incoming.ts";
import { makePost } from "../report/post.ts";
import type { Account, AccountId, Store } from "../store/store.ts";
import { PoisonTask, PoolBusy, type WorkPool } from "../work/pool.ts";
import { byDomain } from "./by-domain.ts";

export type Guarding = {
  /** One judge of these: ours, and after them attachments and scanners; a message that breaks one of them ends in quarantine. */
  readonly judge: Judge;
  readonly quarantine: {
    readonly keeper: Quarantine;
    readonly digest: (account: AccountId | undefined) => Promise<number>;
    /** Hears what owners answer to digests. */
    readonly answers: ReportReader;
  };
  stop(): void;
};

export type GuardingParts = {
  readonly store: Store;
  readonly pool: WorkPool;
  readonly config: Pick<Config, "attachments" | "scanners" | "outbound">;
  /** Judges that come before, and those that come after (what is dangerous need not be weighed). */
  readonly before: readonly PartialJudge[];
  readonly after: readonly PartialJudge[];
  readonly give: Deliver["give"];
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  readonly learn?: QuarantinePorts["learn"];
  /** Why what this account of ours sends is held; undefined: it is not. */
  readonly holds: (account: Account) => string | undefined;
  /** Signs addresses for answers. */
  readonly mac: Mac;
  readonly ourHost: string;
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
};

const rereadMs = 1_000;
/** When in the morning (UTC) digests are sent. */
const digestAfterMs = 5 * 60 * 60 * 1000;
const firstMs = 10 * 60 * 1000;

export async function startGuarding(parts: GuardingParts): Promise<Guarding> {
  const { store, pool, config, ourHost, now, log } = parts;
  const domain = async (): Promise<string> =>
    (await store.domains()).find(({ kind }) => kind === "local")?.name ?? ourHost;
  const post = async () => {
    const name = await domain();
    return makePost({
      ...parts,
      from: { name: `Mail server ${ourHost}`, address: `postmaster@${name}` },
      domain: name,
    });
  };
  const tell = (subject: string, lines: readonly string[]): void => {
    domain()
      .then(async (name) => (await post())({ to: `postmaster@${name}`, subject, text: `${lines.join("\n")}\n` }))
      .catch((error: unknown) => log.error({ error, subject }, "the administrator could not be told"));
  };
  const policies = await watchPolicies(store, config.attachments, log);
  const danger = makeDangerJudge({
    scan: (bytes) => pool.run("attachments", { bytes }),
    policies: policies.of,
    outbound: config.outbound.attachments,
  });
  const scanners = scannersOf(config.scanners);
  const judges = [
    ...parts.before,
    danger,
    ...(scanners.length === 0 ? [] : [makeScannerJudge(scanners, config.scanners.whenDown, log)]),
    ...parts.after,
  ];
  const judge = await guarded(outbound(together(judges), config.outbound.holdSpam, parts.holds, tell), {
    store,
    now,
    log,
    tell,
    tellOf: (error) => (error instanceof PoisonTask ? "poison" : error instanceof PoolBusy ? "busy" : undefined),
  });
  const keeper = makeQuarantine({ store, factsOf, now, learn: parts.learn });
  const digest = async (account: AccountId | undefined): Promise<number> => {
    const name = await domain();
    const answerTo = (listed: ReleaseToken): string => `${releaseLocal(listed, parts.mac)}@${name}`;
    return sendDigests({ store, post: await post(), now, answerTo }, account);
  };
  const answers = digestAnswers({ mac: parts.mac, keeper, post });
  const stopDaily = daily({
    what: "sending quarantine digests",
    work: dueDigest(store, digest, now),
    afterMs: digestAfterMs,
    firstMs,
    now,
    log,
  });
  return {
    judge,
    quarantine: { keeper, digest, answers },
    stop() {
      stopDaily();
      policies.stop();
    },
  };
}

/** A restart does not tell people twice on one day. */
function dueDigest(
  store: Store,
  digest: (account: undefined) => Promise<number>,
  now: () => number,
): () => Promise<void> {
  const setting = "quarantine.digestDay";
  return async () => {
    const today = Math.floor((now() - digestAfterMs) / 86_400_000);
    if ((await store.setting(setting)) === today) return;
    await digest(undefined);
    await store.putSetting(setting, today);
  };
}

/** What our own people send: what the filter calls spam is held in the queue, and an administrator is told. */
function outbound(
  judge: Judge,
  hold: boolean,
  holds: GuardingParts["holds"],
  tell: (subject: string, lines: readonly string[]) => void,
): Judge {
  const judged = async (mail: Received, header: Header, account: Account): Promise<Verdict> => {
    const verdict: Verdict = await judge(mail, header);
    if ("reply" in verdict) return verdict;
    const why = holds(account);
    // Its administrators have been told already.
    if (why !== undefined)
      return { ...verdict, kind: "accept", held: true, notes: [...verdict.notes, "held"], reasons: [why] };
    if (verdict.kind === "accept") return verdict;
    if (!hold) return { ...verdict, kind: "accept" };
    tell("Mail of one of your users is held", [
      `The message ${mail.id} of ${account.name} to ${mail.recipients.length} recipients looks like spam and is held in the queue:`,
      ...(verdict.reasons ?? verdict.notes),
      "See it: angarium queue list --state held. Let it go: angarium queue release ID. Remove it: angarium queue delete ID.",
    ]);
    return { ...verdict, kind: "accept", held: true, notes: [...verdict.notes, "held"] };
  };
  return (mail, header) => (mail.account === undefined ? judge(mail, header) : judged(mail, header, mail.account));
}

function scannersOf(settings: Config["scanners"]): readonly Scanner[] {
  const { timeoutMs, maxBytes } = settings;
  const socket = (text: string) => {
    const address = parseSocketAddress(text);
    if (address === undefined)
      throw new Error(`scanners: "${text}" is no address: write "unix:/run/clamav/clamd.ctl" or "tcp:127.0.0.1:3310".`);
    return address;
  };
  const found: Scanner[] = [];
  if (settings.clamav !== "") found.push(clamav({ address: socket(settings.clamav), timeoutMs, maxBytes }));
  if (settings.rspamd !== "")
    found.push(rspamd({ url: settings.rspamd, password: settings.rspamdPassword, timeoutMs, maxBytes }));
  for (const text of settings.milters) found.push(milter({ address: socket(text), timeoutMs, maxBytes }));
  return found;
}

/** The server's policy, and those of tenants and domains, which are kept in the store and read again when they change. */
async function watchPolicies(
  store: Pick<Store, "settings" | "hostedDomains">,
  server: AttachmentPolicy,
  log: Log,
): Promise<{ readonly of: (domains: ReadonlySet<string>) => readonly AttachmentPolicy[]; stop(): void }> {
  let own = new Map<string, AttachmentPolicy>();
  const kept = async (prefix: string): Promise<Map<string, Partial<AttachmentPolicy>>> =>
    new Map((await store.settings(prefix)).map(({ key, value }) => [key.slice(prefix.length), policyOf(value)]));
  const read = async (): Promise<void> => {
    const tenants = await byDomain(await kept(policyPrefixes.tenant), store);
    const domains = await kept(policyPrefixes.domain);
    own = new Map(
      [...new Set([...tenants.keys(), ...domains.keys()])].map((name) => [
        name,
        { ...server, ...tenants.get(name), ...domains.get(name) },
      ]),
    );
  };
  await read();
  const timer = setInterval(() => {
    read().catch((error: unknown) => log.error({ error }, "attachment policies cannot be read; the former ones stay"));
  }, rereadMs).unref();
  const alone = [server];
  return {
    of: (domains) => (own.size === 0 ? alone : [...domains].map((domain) => own.get(domain) ?? server)),
    stop: () => clearInterval(timer),
  };
}

function policyOf(value: unknown): Partial<AttachmentPolicy> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([danger, action]) => isDanger(danger) && isAction(action)));
}
