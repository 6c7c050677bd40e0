/** The assembly of what is done against accounts of our own that send too much, or spam: limits, the brake, and who hears of it. */
import { mailboxesOf } from "../../protocol/mime/fields/address.ts";
import { type Header, headerValue, splitHeader } from "../../protocol/mime/header.ts";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import type { Deliver } from "../deliver/deliver.ts";
import { type Model, streamOf } from "../dispatch/model.ts";
import { StoredPeerBook } from "../door/peer-book.ts";
import type { OutboundJudgePorts } from "../judge/content/outbound-judge.ts";
import { freeMail } from "../judge/content/rules/hosts.ts";
import { countryOf } from "../net/countries.ts";
import type { Queue } from "../queue/queue.ts";
import { makePost } from "../report/post.ts";
import type { Failures } from "../restrain/brake.ts";
import type { Habits } from "../restrain/habits.ts";
import type { SendingLimitSettings, Sent } from "../restrain/limits.ts";
import { Restrainer } from "../restrain/restrainer.ts";
import { Restraints } from "../restrain/restraints.ts";
import { type LimitPorts, maxCountedSenders, SendingLimits } from "../restrain/sending-limits.ts";
import type { Signal } from "../restrain/stop.ts";
import { Watch } from "../restrain/watch.ts";
import type { Account, AccountId, Store } from "../store/store.ts";
import type { SubmitPorts } from "../submit/submit.ts";

export type Restraining = AsyncDisposable & {
  readonly limits: SendingLimits;
  readonly restrainer: Restrainer;
  readonly hears: Hears;
  /** What commands and the API work on. */
  readonly forWorld: {
    readonly limits: Pick<SendingLimits, "show" | "usedBy">;
    /** After a change. */
    readonly reread: () => Promise<void>;
    /** By an administrator; false where it is stopped already. */
    readonly freeze: (account: Account, why: string) => Promise<boolean>;
    /** After an account was let go. */
    readonly forget: (account: Account) => void;
    /** What speaks for its being in wrong hands, and from how many points on it is frozen; undefined: nobody looks. */
    readonly score: (
      account: Account,
    ) => { readonly signals: readonly Signal[]; readonly freezeAt: number } | undefined;
  };
};

/** What the other parts tell of accounts; each undefined where nobody looks. */
export type Hears = {
  readonly loginFailed?: (name: string) => void;
  readonly forged?: (account: Account) => void;
  readonly sent?: NonNullable<SubmitPorts["sent"]>;
  readonly outbound?: NonNullable<OutboundJudgePorts["read"]>;
  readonly listedLink?: (account: Account, domain: string) => void;
  /** A person has moved a message to Junk; `isTheirs`: an address of that person. */
  readonly junked?: (message: Uint8Array, isTheirs: (address: string) => Promise<boolean>) => Promise<void>;
};

const remindEveryMs = 60 * 60 * 1000;

export async function startRestraining(parts: {
  /** Undefined: nothing is limited, counted or stopped. */
  readonly settings: SendingLimitSettings | undefined;
  readonly store: Store;
  readonly directory: Directory;
  readonly strangers: LimitPorts["strangers"];
  readonly queue: Pick<Queue, "act">;
  readonly model: (() => Model) | undefined;
  readonly give: Deliver["give"];
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  readonly ourHost: string;
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
}): Promise<Restraining> {
  const { settings, store, directory, strangers, queue, model, ourHost, now, log } = parts;
  const sent = await StoredPeerBook.open<Sent>("sent-mail", maxCountedSenders, { store, now, log });
  const failures = await StoredPeerBook.open<Failures>("sent-failed", maxCountedSenders, { store, now, log });
  const restraints = await Restraints.open(store, log);
  const limits = new SendingLimits({ settings, restraints, strangers, book: sent, now });
  const restrainer = new Restrainer({
    settings,
    restraints,
    limits,
    failures,
    store,
    directory,
    queue,
    rescore(id) {
      const score = async (): Promise<void> => {
        const account = await directory.account(id);
        if (account !== undefined) restrainer.scored(account, watch.signals(account));
      };
      score().catch((error: unknown) => log.error({ error, account: id }, "an account could not be looked at"));
    },
    isPersonal: ({ tenant, stream }) =>
      tenant === undefined || (model !== undefined && streamOf(model(), tenant, stream)?.kind === "mailbox"),
    async tell(to, { subject, lines }) {
      const domain = to.slice(to.lastIndexOf("@") + 1);
      const from = { name: `Mail server ${ourHost}`, address: `postmaster@${domain}` };
      await makePost({ ...parts, from, domain })({ to, subject, text: `${lines.join("\n")}\n` });
    },
    async administratorsOf(domain) {
      const first = (await store.domains()).find(({ kind }) => kind === "local")?.name ?? ourHost;
      return [...new Set([`postmaster@${domain}`, `postmaster@${first}`])];
    },
    now,
    log,
  });
  const habits = await StoredPeerBook.open<Habits>("sending-habits", maxCountedSenders, { store, now, log });
  const watch = new Watch({
    habits,
    recipientsLastDay: (account) => limits.recipientsLastDay(account),
    countryOf,
    failures: (account) => restrainer.failures(account),
    scored: (account, signals) => restrainer.scored(account, signals),
    now,
  });
  // A load test is not looked at.
  const hears = settings === undefined ? {} : makeHears(watch, { store, directory });
  const unsubscribe = settings === undefined ? () => {} : watchScripts(watch, { store, directory, log });
  const reminding = setInterval(() => {
    restrainer.remind().catch((error: unknown) => log.error({ error }, "administrators could not be reminded"));
  }, remindEveryMs).unref();
  return {
    limits,
    restrainer,
    hears,
    forWorld: {
      limits,
      reread: () => restraints.reread(),
      freeze: (account, why) => restrainer.stop(account, { kind: "frozen", at: now(), why, signals: [], byHand: true }),
      forget: (account) => {
        restrainer.forget(account.id);
        watch.forget(account);
      },
      score: (account) =>
        settings === undefined ? undefined : { signals: watch.signals(account), freezeAt: settings.freezeAt },
    },
    async [Symbol.asyncDispose]() {
      clearInterval(reminding);
      restraints[Symbol.dispose]();
      unsubscribe();
      await Promise.all([sent, failures, habits].map((book) => book[Symbol.asyncDispose]()));
    },
  };
}

/** Complaints that are remembered, so that one person's of one message counts once. */
const maxComplaints = 10_000;

function makeHears(watch: Watch, { store, directory }: { store: Store; directory: Directory }): Hears {
  const complained = new Set<string>();
  return {
    loginFailed: (name) => watch.loginFailed(name),
    forged: (account) => watch.happened(account, { kind: "forged" }),
    sent({ account, via, remote, recipients }, header, strangers) {
      if (account === undefined) return;
      const elsewhere = answersElsewhere(header);
      watch.sent({ account, via, address: remote.address, recipients: recipients.length, strangers, elsewhere });
    },
    outbound(account, { print, spam }) {
      if (print !== undefined) watch.wrote(account.id, print);
      if (spam) watch.happened(account, { kind: "spam" });
    },
    listedLink: (account, domain) => watch.happened(account, { kind: "listed-link", domain }),
    async junked(message, isTheirs) {
      const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
      const key = messageIdOf(headerValue(splitHeader(bytes, 0, bytes.length), "message-id") ?? "");
      if (key === undefined) return;
      // Only a message that was handed in here by an account can be its own, whatever its author field says.
      for (const { detail } of (await store.journeys({ key, limit: 5 })).heads) {
        const { account: name, to } = detail;
        if (typeof name !== "string" || !Array.isArray(to)) continue;
        for (const address of to.map(String)) {
          const said = `${key} ${address.toLowerCase()}`;
          if (complained.has(said) || !(await isTheirs(address))) continue;
          if (complained.size >= maxComplaints) complained.clear();
          complained.add(said);
          const account = await directory.accountByName(name);
          if (account !== undefined) watch.happened(account, { kind: "complaint" });
          return;
        }
      }
    },
  };
}

const messageIdOf = (field: string): string | undefined => /<([^<>\s]{3,300})>/.exec(field)?.[1];

/** Answers go to a free provider's mailbox that is not the author's: how a swindler with somebody's account gets them. */
function answersElsewhere(header: Header): boolean {
  const domainOf = (name: string): string | undefined =>
    mailboxesOf(headerValue(header, name) ?? "", 1)[0]?.domain.toLowerCase();
  const answers = domainOf("reply-to");
  return answers !== undefined && freeMail.has(answers) && answers !== domainOf("from");
}

/** Scripts that forward mail, as soon as they are there. */
function watchScripts(
  watch: Watch,
  { store, directory, log }: { store: Store; directory: Directory; log: Log },
): () => void {
  const look = async (id: AccountId): Promise<void> => {
    const { scripts } = await store.sieveScripts(id);
    if (!scripts.some(({ active, content }) => active && /\bredirect\b/.test(content))) return;
    const account = await directory.account(id);
    if (account !== undefined) watch.happened(account, { kind: "forwards" });
  };
  return store.subscribe((changes) => {
    for (const change of changes)
      if (change.kind === "sieve" && change.account !== undefined)
        look(change.account).catch((error: unknown) => log.error({ error }, "a changed script could not be looked at"));
  });
}
