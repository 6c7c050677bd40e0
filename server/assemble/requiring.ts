/** Puts together what a sender is asked for: requirements of receivers, the self-test of unsubscribing, and whether lists name us. */

import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import { cameFromHere } from "../deliver/came-from-here.ts";
import { type Sender, senderOf } from "../dispatch/sender.ts";
import type { SendingSettings } from "../dispatch/settings.ts";
import { Blocklists } from "../door/blocklists.ts";
import { writeEmail } from "../inject/email.ts";
import { httpsTalk } from "../net/https-talk.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Received } from "../receive/received.ts";
import { dayOf } from "../report/daily.ts";
import { replayAdvice, replayDays, replayOf, reportedFor } from "../report/replayed.ts";
import type { Feeds } from "../require/feeds.ts";
import { type Change, type Listed, Listings, listingAdvice } from "../require/listings.ts";
import { lookAt } from "../require/look.ts";
import { type Receiver, type Requirement, receivers, type Verdict, verdictFor } from "../require/requirement.ts";
import { type Followed, type SelfTest, selfTest } from "../require/self-test.ts";
import type { KeyKeeper } from "../sign/key-keeper.ts";
import { domainSettings } from "../store/domain-settings.ts";
import type { Instant, Store } from "../store/store.ts";
import type { RunningSending } from "./running-sending.ts";

export type RequirementsOf = {
  readonly domain: string;
  readonly verdicts: { readonly [receiver in Receiver]: Verdict };
  readonly requirements: readonly Requirement[];
};
export type Requiring = {
  /** How a domain stands, asked now. */
  readonly look: (domain: string) => Promise<RequirementsOf>;
  /** Writes a test letter and unsubscribes from it; what comes of it stands in `look` from then on. */
  readonly test: (domain: string) => Promise<SelfTest>;
  readonly listings: Pick<Listings, "all">;
  /** Asks the lists now. */
  readonly lookAtLists: () => Promise<void>;
  /** Whether more mail with our signatures is about than we sent, asked now. */
  readonly lookForReplay: () => Promise<void>;
  /** Postmaster pages that are asked by themselves. */
  readonly feeds: Feeds;
  readonly start: () => void;
  readonly stop: () => void;
};

const firstAfterMs = 30_000;
const followMs = 10_000;
const maxAnswerBytes = 256 * 1024;
const listedKind = "listed";
const replayKind = "replay";
const testList = "angarium-self-test";
/** No list knows the addresses of private networks. */
const unlisted: ReadonlySet<string> = new Set(["private", "loopback", "linkLocal", "uniqueLocal", "unspecified"]);
const isElsewhere = (address: string): boolean =>
  ipaddr.isValid(address) && !unlisted.has(ipaddr.process(address).range());

const testSetting = (domain: string): string => domainSettings.selfTest + domain;

export function makeRequiring(parts: {
  readonly sending: RunningSending;
  readonly feeds: Feeds;
  readonly settings: SendingSettings;
  readonly store: Store;
  readonly directory: Pick<Directory, "resolve">;
  readonly resolver: Resolver;
  /** Looked at before anything is said of them: what DNS shows signs from then on. */
  readonly keys: Pick<KeyKeeper, "look">;
  readonly complete: (mail: Received & { readonly sending: Sender }, messageId: string) => Promise<Buffer>;
  readonly newMessageId: () => string;
  readonly newId: () => string;
  readonly ourHost: string;
  /** TLS is used wherever the receiver offers it. */
  readonly outboundTls: boolean;
  readonly listeners: () => readonly { readonly service: string; readonly address: string; readonly port: number }[];
  readonly now: () => Instant;
  readonly log: Log;
}): Requiring {
  const { sending, settings, store, resolver, ourHost, now, log } = parts;
  const { suppression } = sending;
  const listings = new Listings(
    new Blocklists(settings.ownBlocklists, [], resolver, log),
    settings.ownDomainLists,
    resolver,
  );
  const watches = settings.ownBlocklists.length + settings.ownDomainLists.length > 0;

  /** Of active sources; where none names an address, those of our host. */
  const egress = async (): Promise<readonly { source: string; address: string; ehlo: string }[]> => {
    const named = [...sending.model().source]
      .filter(([, { address, state }]) => address !== "" && state !== "retired")
      .map(([source, { address, ehlo }]) => ({ source, address, ehlo: ehlo === "" ? ourHost : ehlo }));
    if (named.length > 0) return named;
    const [v4, v6] = await Promise.all([resolver.a(ourHost), resolver.aaaa(ourHost)]);
    return [v4, v6]
      .flatMap((answer) => (answer.kind === "found" ? answer.records : []))
      .map((address) => ({ source: "default", address, ehlo: ourHost }));
  };
  const tenantOf = (domain: string): string => sending.model().domain.get(domain)?.tenant || domain;

  const look: Requiring["look"] = async (domain) => {
    const keys = (await parts.keys.look(domain))?.keys ?? [];
    const model = sending.model();
    const { returnPath = "" } = model.domain.get(domain) ?? {};
    const listed = watches ? listings.all() : undefined;
    const tested = (await store.setting(testSetting(domain))) as SelfTest | undefined;
    const requirements = await lookAt(
      {
        domain,
        returnPath: returnPath === "" ? domain : returnPath,
        ourHost,
        egress: await egress(),
        keys,
        outboundTls: parts.outboundTls,
        week: sending.conductOf(tenantOf(domain)).week,
        reported: await sending.feedback.spamRate(domain),
        listed: listed && new Map([...listed].map(([subject, { lists }]) => [subject, lists.map(({ zone }) => zone)])),
        tested,
        reads: async (local) => {
          const found = await parts.directory.resolve(local, domain);
          return (
            found.kind === "relay" || (found.kind === "local" && found.accounts.length + found.forwards.length > 0)
          );
        },
        now: now(),
      },
      resolver,
    );
    const verdicts = Object.fromEntries(receivers.map((one) => [one, verdictFor(one, requirements)]));
    return { domain, requirements, verdicts: verdicts as RequirementsOf["verdicts"] };
  };

  const letter = async (domain: string, to: string): Promise<Buffer> => {
    const sender = senderOf(sending.model(), domain, { stream: "marketing", list: testList }, tenantOf(domain));
    if (sender === undefined || "code" in sender)
      throw new Error(sender === undefined ? `${domain} sends nothing` : sender.lines.join(" "));
    const [local = "", host = ""] = to.split("@");
    const at = now();
    const from = { address: `postmaster@${domain}` };
    const bytes = writeEmail(
      {
        from,
        replyTo: [],
        subject: "Self-test",
        text: "A test of unsubscribing.",
        html: undefined,
        headers: [],
        attachments: [],
      },
      { to: [{ address: to }], cc: [], variables: undefined },
      at,
      () => "=_self-test",
    );
    return parts.complete(
      {
        ...cameFromHere({ at, id: parts.newId(), ourHost }),
        helo: "",
        via: "API",
        trusted: false,
        envelopeFrom: from.address,
        recipients: [{ local, domain: host, orcpt: undefined, notify: undefined }],
        body: "8bitmime",
        smtputf8: false,
        sending: { ...sender, park: undefined },
        bytes,
      },
      parts.newMessageId(),
    );
  };

  /** As the world does; where it cannot be reached from here, over this machine. */
  const follow = async (url: URL, method: "GET" | "POST"): Promise<Followed> => {
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const body = "List-Unsubscribe=One-Click";
    const answer = await httpsTalk(
      {
        host: url.hostname.replace(/^\[|\]$/g, ""),
        port: url.port === "" ? 443 : Number(url.port),
        path: url.pathname + url.search,
        method,
        ...(method === "POST" ? { headers: form, body: Buffer.from(body) } : {}),
      },
      { resolver, trust: undefined, privateAddresses: true, timeoutMs: followMs, maxBytes: maxAnswerBytes },
    );
    if (answer.kind === "answer") return { kind: "answer", status: answer.status };
    const own = parts.listeners().find(({ service }) => service === "http");
    if (own === undefined) return { kind: "failed", why: answer.why };
    const host = own.address === "0.0.0.0" || own.address === "::" ? "127.0.0.1" : own.address;
    try {
      const near = await fetch(`http://${isIP(host) === 6 ? `[${host}]` : host}:${own.port}${url.pathname}`, {
        method,
        redirect: "manual",
        signal: AbortSignal.timeout(followMs),
        ...(method === "POST" ? { headers: form, body } : {}),
      });
      await near.body?.cancel();
      return { kind: "answer", status: near.status, beside: answer.why };
    } catch (error) {
      return { kind: "failed", why: `${answer.why}; ${(error as Error).message}` };
    }
  };

  const test: Requiring["test"] = async (domain) => {
    const tenant = tenantOf(domain);
    const host = settings.sandbox === "" ? "sandbox.invalid" : settings.sandbox;
    const to = `delivered+self-test-${parts.newId()}@${host}`;
    const tested = await selfTest(to, {
      letter: (address) => letter(domain, address),
      follow,
      isOff: async (address) =>
        (
          await suppression.suppressed([address], { tenant, stream: "marketing", list: testList, marketing: true })
        )?.has(address) === true,
      undo: async (address) => void (await suppression.remove(`list:${tenant}/${testList}`, [address])),
      keys: (await parts.keys.look(domain))?.keys ?? [],
      domain,
      now,
    });
    await store.putSetting(testSetting(domain), tested);
    return tested;
  };

  const tell = async (change: Change, sources: ReadonlyMap<string, string>): Promise<void> => {
    const { kind, subject, lists } = change;
    const source = kind === "address" ? (sources.get(subject) ?? "") : "";
    const domain = kind === "domain" ? subject : "";
    const names = lists.map(({ zone, code, text }) => `${zone} (${code}${text === undefined ? "" : `: ${text}`})`);
    await sending.signal(
      (plan) =>
        kind === "address"
          ? plan.scope === "source" && plan.subject === source
          : plan.scope === "domain" && plan.subject === domain,
      { listedOn: change.now === "listed" ? lists.map(({ zone }) => zone) : [] },
    );
    if (change.now === "listed")
      sending.raise({
        at: now(),
        rule: "blocklist",
        provider: "",
        source,
        domain,
        reply: `${subject} is listed on ${names.join(", ")}`,
        fix: listingAdvice,
      });
    else log.info({ subject }, "no list names it any more");
    await store.addSendingEvents([
      {
        at: now(),
        type: change.now === "listed" ? "listed" : "cleared",
        tenant: domain === "" ? "" : tenantOf(domain),
        stream: "",
        campaign: "",
        message: "",
        recipient: "",
        detail: {
          [kind]: subject,
          ...(source === "" ? {} : { source }),
          lists: lists.map(({ zone, code, text }) => ({ zone, code, text })),
        },
      },
    ]);
  };
  let remembered = false;
  const lookAtLists = async (): Promise<void> => {
    if (!watches) return;
    if (!remembered) {
      const rows = await store.sendingRows([listedKind]);
      listings.remember(rows.map(({ value }) => value as Listed));
      remembered = true;
    }
    const ours = await egress();
    const sources = new Map(ours.map(({ address, source }) => [address, source]));
    const addresses = [...sources.keys()].filter(isElsewhere);
    const changes = await listings.look({ addresses, domains: [...sending.model().domain.keys()] }, now());
    for (const change of changes) {
      await tell(change, sources);
      const { now: state, ...value } = change;
      await store.putSendingRows([
        { kind: listedKind, name: change.subject, value: state === "listed" ? value : undefined },
      ]);
    }
  };

  const lookForReplay = async (): Promise<void> => {
    const today = dayOf(now());
    const ours = new Set((await egress()).map(({ address }) => address));
    const told = new Set((await store.sendingRows([replayKind])).map(({ name }) => name));
    const [from, to] = [today - replayDays.from, today - replayDays.to];
    for (const name of told)
      if (Number(name.slice(0, name.indexOf(" "))) < from)
        await store.putSendingRows([{ kind: replayKind, name, value: undefined }]);
    for (const [domain, { tenant }] of sending.model().domain) {
      const name = `${today} ${domain}`;
      if (tenant === "" || told.has(name)) continue;
      const reported = await reportedFor(store, domain, from, to);
      // What is reported of a day may have been sent the evening before.
      const says = replayOf(domain, reported, sending.sentOn(tenant, from - 1, to), ours);
      if (says === undefined) continue;
      log.warn({ domain, tenant }, says);
      sending.raise({
        at: now(),
        rule: "dkim-replay",
        provider: "",
        source: "",
        domain,
        reply: says,
        fix: replayAdvice(domain),
      });
      await store.putSendingRows([{ kind: replayKind, name, value: { says } }]);
    }
  };

  let timer: NodeJS.Timeout | undefined;
  const again = (afterMs: number): void => {
    timer = setTimeout(() => {
      Promise.all([lookAtLists(), parts.feeds.askDue(), sending.feedback.expire(), lookForReplay()])
        .catch((error: unknown) =>
          log.error({ error }, "blocklists and postmaster pages could not be looked at; they are looked at again"),
        )
        .finally(() => {
          if (timer !== undefined) again(settings.listsEveryMs);
        });
    }, afterMs).unref();
  };
  return {
    look,
    test,
    listings,
    feeds: parts.feeds,
    lookAtLists,
    lookForReplay,
    start: () => again(Math.min(firstAfterMs, settings.listsEveryMs)),
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
