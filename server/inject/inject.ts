/** What a program hands over through the API goes the way of submission: one message for each copy, and an answer for each recipient. */
import type { NamedAddress } from "../../protocol/mime/fields/write.ts";
import { formatMailbox, type Mailbox } from "../../protocol/smtp/address.ts";
import { type Reply, replyText } from "../../protocol/smtp/reply.ts";
import type { Directory } from "../access/directory.ts";
import { breather } from "../base/breathe.ts";
import type { MailCopies, MailCopy } from "../deliver/copies.ts";
import { isLater, rejectedEvents } from "../deliver/suppressed.ts";
import type { Model } from "../dispatch/model.ts";
import { type Sender, type SendingWish, senderOf } from "../dispatch/sender.ts";
import type { SuppressionBook } from "../dispatch/suppression.ts";
import type { Received } from "../receive/received.ts";
import type { AppPassword } from "../store/security-store.ts";
import type { NewSendingEvent, Suppression } from "../store/sending.ts";
import type { Account, Instant, JourneyEntry, Store } from "../store/store.ts";
import { type Bundle, bundlesOf, isPlain } from "./bundles.ts";
import { recipeBytes } from "./copies.ts";
import type { Email } from "./email.ts";
import { withEngaged } from "./engaged.ts";
import { personalise, type Variables } from "./personalise.ts";
import type { Begun } from "./requests.ts";
import type { Writing } from "./writing.ts";

export type Addressee = NamedAddress & { readonly mailbox: Mailbox };
/** What a tenant wants to hear again in events: plain JSON. */
export type About = { readonly [name: string]: unknown };

export type AskedCopy = {
  readonly to: readonly Addressee[];
  readonly cc: readonly Addressee[];
  readonly bcc: readonly Addressee[];
  readonly variables: Variables | undefined;
  readonly about: About;
};

/** One email, to be sent in one copy or in many. */
export type Asked = {
  /** Where it stands in the request, where that may be in part refused. */
  readonly place?: string;
  /** A message that is there already goes as it is. */
  readonly content:
    | { readonly kind: "email"; readonly email: Email }
    | { readonly kind: "raw"; readonly bytes: Buffer };
  readonly from: Addressee;
  readonly copies: readonly AskedCopy[];
  readonly wish: SendingWish;
  readonly notBefore: Instant | undefined;
  readonly lifetimeMs: number | undefined;
};

export type Told = {
  readonly id: string;
  readonly address: string;
  readonly status: "queued" | "scheduled" | "suppressed" | "rejected";
  readonly reason?: string;
  /** Rejected for now: it may be sent again later. */
  readonly later?: boolean;
  /** And when, where that is known. */
  readonly until?: Instant;
};
/** What became of one copy. */
export type Injected = { readonly id: string; readonly recipients: readonly Told[] };

/** Nothing was sent: what is wrong with which of those asked. */
export type NotAsked = {
  readonly kind: "forbidden" | "wrong";
  readonly index: number;
  readonly field: "from" | "stream" | "campaign" | "to";
  readonly why: string;
};

export type InjectPorts = {
  readonly submit: (mail: Received) => Promise<readonly Reply[]>;
  /** Many messages to people elsewhere, a reply for each; undefined: that one is to be submitted by itself. */
  readonly submitCopies: (copies: MailCopies) => Promise<readonly (Reply | undefined)[]>;
  readonly newMessageId: () => string;
  readonly directory: Pick<Directory, "maySendAs" | "domain">;
  readonly model: () => Model;
  readonly suppression: SuppressionBook;
  readonly store: Pick<Store, "note" | "addSendingEvents" | "engaged">;
  readonly writing: Pick<Writing, "write" | "keep">;
  readonly ourHost: string;
  /** The domain that plays receivers; "" for none. */
  readonly sandbox: string;
  readonly now: () => Instant;
  readonly newId: () => string;
};

/** Messages that are written and handed over at a time: the store commits them together. */
const atOnce = 100;

/** One message that is to be sent. */
export type Ready = {
  readonly asked: Asked;
  readonly copy: AskedCopy;
  readonly sender: Sender;
  readonly id: string;
  readonly to: readonly Mailbox[];
};

export type Inject = (
  asked: readonly Asked[],
  by: {
    readonly account: Account;
    /** The app password that the account signed in with, where it was one. */
    readonly appPassword?: AppPassword | undefined;
    readonly tenant: string;
    readonly remote: string;
    /** With a test token: all is as in reality, but for the receivers, which the sandbox plays. */
    readonly test: boolean;
    /** The request has a key: what it takes is found again. */
    readonly once?: Begun | undefined;
  },
) => Promise<NotAsked | readonly Injected[]>;

/** What would become of an email. Nothing is stored or sent; the first copy is written out, as its recipients would see it. */
export type Checked = {
  readonly recipients: readonly (Pick<Told, "address" | "reason"> & { readonly status: "ok" | "suppressed" })[];
  readonly sizeBytes: number;
  /** Of an email that is not written already. */
  readonly texts: { readonly subject: string; readonly text?: string; readonly html?: string } | undefined;
};

export type Injecting = {
  /** All of them, or none: the answer is then the first that is wrong. */
  readonly send: Inject;
  /** What is wrong with each, in order; undefined: nothing. */
  readonly look: (asked: readonly Asked[], by: Parameters<Inject>[1]) => Promise<readonly (NotAsked | undefined)[]>;
  readonly check: (asked: Asked, by: Parameters<Inject>[1]) => Promise<NotAsked | Checked>;
};

const isNotAsked = (one: Sender | NotAsked): one is NotAsked => "index" in one;

export function makeInject(ports: InjectPorts): Injecting {
  const { directory, suppression, store, writing, now, newId } = ports;

  /** Who sends each, or why not. */
  const lookedAt = async (
    asked: readonly Asked[],
    { account, tenant, test }: Parameters<Inject>[1],
  ): Promise<readonly (Sender | NotAsked)[]> => {
    const { sandbox } = ports;
    if (test && sandbox === "") return asked.map((_, index) => ({ kind: "wrong", index, field: "to", why: noSandbox }));
    const allowed = new Map<string, boolean>();
    const found: (Sender | NotAsked)[] = [];
    for (const [index, { from, wish, copies }] of asked.entries()) {
      const { local, domain } = from.mailbox;
      const address = formatMailbox(from.mailbox);
      let may = allowed.get(address);
      // On behalf too: submission adds the Sender that it takes (RFC 5322 §3.6.2).
      if (may === undefined)
        allowed.set(address, (may = await directory.maySendAs(account.id, local, domain, "named")));
      if (!may) {
        found.push({ kind: "forbidden", index, field: "from", why: `${account.name} may not send as ${address}.` });
        continue;
      }
      const model = ports.model();
      const owner = model.domain.get(domain)?.tenant || tenant;
      const sender = senderOf(model, domain, wish, owner);
      if (sender === undefined || "code" in sender) {
        const why = sender === undefined ? "" : sender.lines.join(" ");
        // It is not this request that is wrong.
        if (model.tenant.get(owner ?? "")?.state === "suspended")
          found.push({ kind: "forbidden", index, field: "from", why });
        else found.push({ kind: "wrong", index, field: /^The campaign\b/.test(why) ? "campaign" : "stream", why });
        continue;
      }
      const all = copies.flatMap(({ to, cc, bcc }) => [...to, ...cc, ...bcc]);
      const addresses = all.values().map((one) => formatMailbox(one.mailbox));
      const whole = await withEngaged(sender, wish, addresses, { store, suppression, now });
      found.push(test ? { ...whole, sandbox } : whole);
    }
    return found;
  };

  const sendersOf = async (
    asked: readonly Asked[],
    by: Parameters<Inject>[1],
  ): Promise<NotAsked | readonly Sender[]> => {
    const found = await lookedAt(asked, by);
    return found.find(isNotAsked) ?? (found as readonly Sender[]);
  };

  /** Those of a message's recipients that its sender must not write to, for many messages at once. */
  const suppressedFor = async (
    ready: readonly Ready[],
  ): Promise<(one: Ready) => ReadonlyMap<string, Suppression> | undefined> => {
    const groups = new Map<string, { readonly sender: Sender; readonly addresses: Set<string> }>();
    const keyOf = ({ sender: { tenant, stream, list = "" } }: Ready): string => JSON.stringify([tenant, stream, list]);
    for (const one of ready) {
      const key = keyOf(one);
      let group = groups.get(key);
      if (group === undefined) groups.set(key, (group = { sender: one.sender, addresses: new Set() }));
      for (const mailbox of one.to) group.addresses.add(formatMailbox(mailbox));
    }
    const found = new Map<string, ReadonlyMap<string, Suppression> | undefined>();
    for (const [key, { sender, addresses }] of groups)
      found.set(key, await suppression.suppressed([...addresses], sender));
    return (one) => found.get(keyOf(one));
  };

  /** One message as it is submitted. */
  const mailOf = async (
    { asked, copy, sender, id, to }: Ready,
    at: Instant,
    about: About,
    { account, appPassword, remote, once }: Parameters<Inject>[1],
  ): Promise<Received> => ({
    at,
    id,
    remote: { address: remote, port: 0 },
    remoteName: undefined,
    ourHost: ports.ourHost,
    helo: "",
    via: "API",
    tls: undefined,
    account,
    appPassword,
    trusted: false,
    envelopeFrom: formatMailbox(asked.from.mailbox),
    recipients: to.map((mailbox) => ({ ...mailbox, orcpt: undefined, notify: noNotices })),
    body: "8bitmime",
    smtputf8: isUnicode(to),
    requireTls: false,
    ret: "hdrs",
    envid: undefined,
    notBefore: notBeforeOf(asked, at),
    sending: sendingOf(asked, sender, about),
    ...(once === undefined ? {} : { under: once.under }),
    bytes: asked.content.kind === "raw" ? asked.content.bytes : await writing.write(asked.content.email, copy, at, id),
  });

  /** Whether a message may be made when it is sent: all of it goes elsewhere. */
  const goesElsewhere = async (
    { asked, sender, to }: Ready,
    suppressed: ReadonlyMap<string, Suppression> | undefined,
  ): Promise<boolean> => {
    if (asked.content.kind === "raw") return false;
    for (const mailbox of to) {
      if (suppressed?.has(formatMailbox(mailbox)) === true) return false;
      if (sender.sandbox !== undefined) continue;
      const domain = directory.domain(mailbox.domain);
      if ((domain instanceof Promise ? await domain : domain) !== undefined) return false;
    }
    return true;
  };

  /** Sends those messages that need not be written out, since they are many; answers what became of each. */
  const sendTogether = async (
    ready: readonly Ready[],
    suppressed: (one: Ready) => ReadonlyMap<string, Suppression> | undefined,
    by: Parameters<Inject>[1],
  ): Promise<ReadonlyMap<Ready, Injected>> => {
    const done = new Map<Ready, Injected>();
    const outside: Ready[] = [];
    for (const one of ready) if (await goesElsewhere(one, suppressed(one))) outside.push(one);
    for (const bundle of await bundlesOf(outside, writing.keep)) {
      const at = now();
      const replies = await ports.submitCopies(await copiesOf(bundle, at, by));
      for (const [index, { ready: one }] of bundle.members.entries()) {
        const reply = replies[index];
        if (reply === undefined) continue;
        const notBefore = notBeforeOf(one.asked, at);
        const told = one.to.map((mailbox) => toldOf(one.id, formatMailbox(mailbox), reply, notBefore));
        done.set(one, { id: one.id, recipients: told });
      }
    }
    return done;
  };

  const samplesOf = async (samples: readonly Ready[], at: Instant, by: Parameters<Inject>[1]) => {
    const mails: Received[] = [];
    const pause = breather();
    for (const one of samples) {
      const { variables, about } = one.copy;
      const same = variables === undefined || isPlain(variables) ? { sameAs: one.asked.content } : {};
      mails.push({ ...(await mailOf(one, at, about, by)), ...same });
      await pause();
    }
    return mails;
  };

  const copiesOf = async (
    { template, of, members, samples }: Bundle,
    at: Instant,
    by: Parameters<Inject>[1],
  ): Promise<MailCopies> => ({
    template,
    samples: await samplesOf(samples, at, by),
    copies: members.map(({ ready: { asked, copy, sender, id, to }, own, sample }): MailCopy => {
      const messageId = ports.newMessageId();
      const variables = own === undefined ? copy.variables : undefined;
      const recipients = to.map((mailbox) => ({ ...mailbox, orcpt: undefined, notify: noNotices }));
      const recipe = {
        id,
        at,
        messageId,
        to: copy.to,
        cc: copy.cc,
        recipients: to,
        variables,
        own,
        of,
        remote: by.remote,
      };
      return {
        id,
        recipients,
        smtputf8: isUnicode(to),
        sending: sendingOf(asked, sender, copy.about),
        subject: own?.subject ?? subjectOf(asked, variables),
        messageId,
        recipe: recipeBytes(recipe),
        sample,
      };
    }),
  });

  const sendOne = async (
    { asked, copy, sender, id, to }: Ready,
    suppressed: ReadonlyMap<string, Suppression> | undefined,
    by: Parameters<Inject>[1],
  ): Promise<Injected> => {
    const { account } = by;
    const at = now();
    const left = suppressed === undefined ? to : to.filter((one) => !suppressed.has(formatMailbox(one)));
    const notBefore = notBeforeOf(asked, at);
    const out = to.flatMap((one) => {
      const address = formatMailbox(one);
      const row = suppressed?.get(address);
      return row === undefined ? [] : [{ address, reason: row.reason, scope: row.scope }];
    });
    const about = { ...copy.about, ...(out.length === 0 ? {} : { suppressed: out }) };
    const { tenant, stream, campaign = "" } = sender;
    if (out.length > 0)
      await store.addSendingEvents(
        out.map(({ address, reason, scope }) => ({
          at,
          type: "suppressed",
          tenant,
          stream,
          campaign,
          message: "",
          recipient: address,
          detail: { id, reason, scope, ...copy.about },
        })),
      );
    if (left.length === 0)
      await store.note([
        {
          at,
          stage: "refused",
          trace: id,
          keys: [id, account.name, ...out.map(({ address }) => address)],
          detail: {
            id,
            via: "API",
            account: account.name,
            from: formatMailbox(asked.from.mailbox),
            stream,
            campaign: sender.campaign,
            reply: "suppressed",
            about,
          },
        },
      ]);
    const replies =
      left.length === 0
        ? []
        : await ports.submit({
            ...(await mailOf({ asked, copy, sender, id, to: left }, at, about, by)),
            ...(copy.variables !== undefined && isPlain(copy.variables) ? { sameAs: asked.content } : {}),
          });
    const refused = left.flatMap((mailbox, index) => {
      const reply = replies.length === left.length ? replies[index]! : replies[0]!;
      return reply.code < 400 ? [] : [{ address: formatMailbox(mailbox), reply: replyText(reply) }];
    });
    // Where all are refused the journey says so already.
    if (refused.length > 0 && refused.length < left.length)
      await store.note(
        refused.map(({ address, reply }) => ({
          at,
          stage: "bounced",
          trace: id,
          keys: [id],
          detail: { to: [address], reply },
        })),
      );
    const recipients = to.map((mailbox): Told => {
      const address = formatMailbox(mailbox);
      const reason = suppressed?.get(address)?.reason;
      if (reason !== undefined) return { id, address, status: "suppressed", reason };
      const reply = replies.length === 1 ? replies[0]! : replies[left.indexOf(mailbox)]!;
      return toldOf(id, address, reply, notBefore);
    });
    return { id, recipients };
  };

  /** The messages of each copy. Links to unsubscribe, and those that are counted, name their recipient: with them everybody gets a message of their own. */
  const readyOf = (
    asked: Asked,
    sender: Sender,
    idOf: (copy: number, part: number) => string = newId,
  ): readonly (readonly Ready[])[] =>
    asked.copies.map((given, number) => {
      const copy = sender.sandbox === undefined ? given : { ...given, about: { ...given.about, sandbox: true } };
      const to = unique([...copy.to, ...copy.cc, ...copy.bcc]);
      const parts = sender.marketing || sender.tracking !== undefined ? to.map((one) => [one]) : [to];
      return parts.map((part, index) => ({ asked, copy, sender, id: idOf(number, index), to: part }));
    });

  /** What was taken of it before a crash. */
  const takenBefore = async (all: readonly Ready[], once: Begun): Promise<ReadonlyMap<Ready, Injected>> => {
    const found = new Map<Ready, Injected>();
    for (let start = 0; start < all.length; start += atOnce)
      await Promise.all(
        all.slice(start, start + atOnce).map(async (one) => {
          const entry = await once.taken(one.id);
          if (entry !== undefined) found.set(one, injectedBefore(one, entry));
        }),
      );
    return found;
  };

  const look: Injecting["look"] = async (asked, by) =>
    (await lookedAt(asked, by)).map((one) => (isNotAsked(one) ? one : undefined));

  const check: Injecting["check"] = async (asked, by) => {
    const senders = await sendersOf([asked], by);
    if ("kind" in senders) return senders;
    const ready = readyOf(asked, senders[0]!).flat();
    const suppressed = await suppressedFor(ready);
    const first = ready[0]!;
    const { content } = asked;
    return {
      recipients: ready.flatMap((one) =>
        one.to.map((mailbox) => {
          const address = formatMailbox(mailbox);
          const reason = suppressed(one)?.get(address)?.reason;
          return reason === undefined ? { address, status: "ok" } : { address, status: "suppressed", reason };
        }),
      ),
      sizeBytes: (await mailOf(first, now(), first.copy.about, by)).bytes.length,
      texts: content.kind === "raw" ? undefined : textsFor(content.email, first.copy.variables),
    };
  };

  const send: Inject = async (asked, by) => {
    const senders = await sendersOf(asked, by);
    if ("kind" in senders) return senders;
    const { once } = by;
    const perCopy = asked.map((one, index) =>
      readyOf(
        one,
        senders[index]!,
        once && ((copy, part) => once.idOf(JSON.stringify([one.place ?? index, copy, part]))),
      ),
    );
    const suppressed = await suppressedFor(perCopy.flat(2));
    const wanted = perCopy.flat();
    const all = wanted.flat();
    const before = once?.under.resumed === true ? await takenBefore(all, once) : none;
    const left = before.size === 0 ? all : all.filter((one) => !before.has(one));
    const together = await sendTogether(left, suppressed, by);
    const made: Injected[] = [];
    const rejected: NewSendingEvent[] = [];
    const sendPart = async (one: Ready): Promise<Injected> => {
      const sent = before.get(one) ?? together.get(one) ?? (await sendOne(one, suppressed(one), by));
      const refused = sent.recipients
        .filter(({ status }) => status === "rejected")
        .map(({ address, reason = "" }) => ({ address, reply: reason }));
      const { id, sender, copy } = one;
      rejected.push(...rejectedEvents({ at: now(), id, sending: { ...sender, about: copy.about } }, refused));
      return sent;
    };
    for (let start = 0; start < wanted.length; start += atOnce)
      made.push(
        ...(await Promise.all(
          wanted.slice(start, start + atOnce).map(async (parts): Promise<Injected> => {
            const sent = await Promise.all(parts.map(sendPart));
            return { id: sent[0]!.id, recipients: sent.flatMap(({ recipients }) => recipients) };
          }),
        )),
      );
    if (rejected.length > 0) await store.addSendingEvents(rejected);
    return made;
  };
  return { send, look, check };
}

const none: ReadonlyMap<Ready, Injected> = new Map();

/** What was answered of a message, or would have been, by its journey. */
function injectedBefore({ asked, id, to }: Ready, { at, detail }: JourneyEntry): Injected {
  const { suppressed = [] } = (detail["about"] ?? {}) as {
    readonly suppressed?: readonly { readonly address: string; readonly reason: string }[];
  };
  const reasons = new Map(suppressed.map(({ address, reason }) => [address, reason]));
  const status = notBeforeOf(asked, at) === undefined ? "queued" : "scheduled";
  const recipients = to.map((mailbox): Told => {
    const address = formatMailbox(mailbox);
    const reason = reasons.get(address);
    return reason === undefined ? { id, address, status } : { id, address, status: "suppressed", reason };
  });
  return { id, recipients };
}

function textsFor({ subject, text, html }: Email, variables: Variables | undefined): NonNullable<Checked["texts"]> {
  const put = (given: string, kind: "text" | "html"): string =>
    variables === undefined ? given : personalise(given, variables, kind);
  return {
    subject: put(subject, "text"),
    ...(text === undefined ? {} : { text: put(text, "text") }),
    ...(html === undefined ? {} : { html: put(html, "html") }),
  };
}

function subjectOf({ content }: Asked, variables: Variables | undefined): string {
  const subject = content.kind === "raw" ? "" : content.email.subject;
  return variables === undefined ? subject : personalise(subject, variables, "text");
}

function notBeforeOf({ notBefore }: Asked, at: Instant): Instant | undefined {
  return notBefore !== undefined && notBefore > at ? notBefore : undefined;
}

const noSandbox = "There is no sandbox here ([sending] sandbox), and a test token sends to nobody else.";

function sendingOf({ lifetimeMs }: Asked, sender: Sender, about: About): Sender {
  return { ...sender, about, ...(lifetimeMs === undefined ? {} : { lifetimeMs }) };
}

function toldOf(id: string, address: string, reply: Reply, notBefore: Instant | undefined): Told {
  return reply.code < 400
    ? { id, address, status: notBefore === undefined ? "queued" : "scheduled" }
    : {
        id,
        address,
        status: "rejected",
        reason: replyText(reply),
        later: reply.code < 500,
        ...(isLater(reply) ? { until: reply.until } : {}),
      };
}

const isUnicode = (to: readonly Mailbox[]): boolean => to.some(({ local }) => /[^\x00-\x7f]/.test(local));

/** Programs hear of failures by events and status, not by mail. */
export const noNotices = { never: true, success: false, failure: false, delay: false } as const;

function unique(given: readonly Addressee[]): readonly Mailbox[] {
  return [...new Map(given.map(({ mailbox }) => [formatMailbox(mailbox).toLowerCase(), mailbox])).values()];
}
