/** A small world for tests of the receiving side: a directory of a few people and a store that remembers what it accepted. */
import { connect, type Socket } from "node:net";
import type { TLSSocketOptions } from "node:tls";
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { toShortLines } from "../../protocol/mime/seven-bit.ts";
import type { Mode } from "../../protocol/smtp/session.ts";
import type { Directory, Resolution } from "../access/directory.ts";
import type { Login } from "../access/login.ts";
import { quiet } from "../base/log.ts";
import { type Deliver, defaultDeliverSettings, makeDeliver } from "../deliver/deliver.ts";
import type { Notices } from "../deliver/notices.ts";
import { defaultJudgeSettings, makeJudge } from "../judge/judge.ts";
import { defaultListenerSettings, type Listener, listen } from "../net/listener.ts";
import { networks } from "../net/networks.ts";
import type { Acceptance, Accepted, Account, Domain, Placed, QueuedMessage } from "../store/store.ts";
import type { SubmitPorts } from "../submit/submit.ts";
import { makeSubmit } from "../submit/submit.ts";
import { BytesInFlight } from "./bytes-in-flight.ts";
import { smtpTurnAway } from "./closing.ts";
import { serveSmtp } from "./conversation.ts";
import { newSmtpCounters, type SmtpCounters } from "./ports.ts";
import type { RefusedMail } from "./refused.ts";
import { defaultSmtpSettings, type SmtpSettings } from "./settings.ts";

export type WorldOptions = {
  readonly mode?: Mode;
  readonly settings?: Partial<SmtpSettings>;
  readonly trusted?: readonly string[];
  readonly tls?: () => TLSSocketOptions;
  readonly implicitTls?: boolean;
  readonly login?: Login;
  readonly maxBytesInFlight?: number;
  /** Directory answers come as promises. */
  readonly slowDirectory?: boolean;
  /** Instead of accepting. */
  readonly accept?: (acceptance: Acceptance) => Promise<Accepted>;
  readonly notices?: Partial<Notices>;
  readonly proxies?: readonly string[];
  readonly maxPerAddress?: number;
  readonly maxConnections?: number;
  readonly sign?: (bytes: Uint8Array, domain: string) => Promise<string>;
  readonly limits?: SubmitPorts["limits"];
  readonly refused?: (mail: RefusedMail) => void;
};

export type World = AsyncDisposable & {
  readonly listener: Listener;
  readonly port: number;
  readonly accepted: Acceptance[];
  readonly offered: QueuedMessage[];
  readonly counters: SmtpCounters;
  readonly inFlight: BytesInFlight;
  readonly deliver: Deliver;
};

const local: Domain = { name: "example.test", kind: "local", settings: {} };
const small: Domain = { name: "small.test", kind: "local", settings: { maxMessageBytes: 500 } };
const relayed: Domain = { name: "relay.test", kind: "relay", settings: {} };

export function account(id: number, change: Partial<Account> = {}): Account {
  return {
    id,
    name: `u${id}@example.test`,
    displayName: "",
    role: "user",
    disabled: false,
    quotaBytes: 0,
    usedBytes: 0,
    usedMessages: 0,
    createdAt: 0,
    ...change,
  };
}

/** u1…u9 at example.test and small.test (u8 is full, u9 disabled), "list" for u1, u2 and far@else.test, relay.test behind us. */
export function fakeDirectory(slow = false): Directory {
  const later = <T>(value: T): T | Promise<T> => (slow ? Promise.resolve(value) : value);
  const accountOf = (id: number): Account =>
    account(id, { ...(id === 8 ? { quotaBytes: 1000, usedBytes: 1000 } : {}), disabled: id === 9 });
  const resolve = (given: string, domain: string): Resolution => {
    if (domain === "relay.test") return { kind: "relay", domain: relayed, known: given !== "nobody" };
    const ours = domain === "example.test" ? local : domain === "small.test" ? small : undefined;
    if (ours === undefined) return { kind: "remote" };
    const plus = given.indexOf("+");
    const name = (plus < 0 ? given : given.slice(0, plus)).toLowerCase();
    const found = { kind: "local", forwards: [], detail: undefined, domain: ours, essential: false } as const;
    if (name === "postmaster" || name === "abuse") return { ...found, accounts: [1], essential: true };
    if (name === "list") return { ...found, accounts: [1, 2], forwards: ["far@else.test"] };
    if (name === "away") return { ...found, accounts: [], forwards: ["far@else.test"] };
    if (name === "ünïcode") return { ...found, accounts: [3] };
    const number = /^u([1-9]\d{0,3})$/.exec(name)?.[1];
    return number === undefined ? { kind: "unknown", domain: ours } : { ...found, accounts: [Number(number)] };
  };
  return {
    resolve: (given, domain) => later(resolve(given, domain)),
    account: (id) => later(accountOf(id)),
    accountByName: async (name) => {
      const found = resolve(name.slice(0, name.indexOf("@")), name.slice(name.indexOf("@") + 1));
      return found.kind === "local" ? accountOf(found.accounts[0]!) : undefined;
    },
    domain: (name) => later([local, small, relayed].find((one) => one.name === name)),
    /** Everybody has a boss, on whose behalf they write. */
    maySendAs: (id, given, domain, how) => {
      const local = given.toLowerCase().split("+")[0];
      return later(domain === "example.test" && (local === `u${id}` || (how === "named" && local === `u${id}-boss`)));
    },
  };
}

/** Starts a listener on a free port of 127.0.0.1 with everything behind it. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const accepted: Acceptance[] = [];
  const offered: QueuedMessage[] = [];
  const counters = newSmtpCounters();
  const inFlight = new BytesInFlight(options.maxBytesInFlight);
  const directory = fakeDirectory(options.slowDirectory);
  let ids = 0;
  const accept = async (acceptance: Acceptance): Promise<Accepted> => {
    const result = await (options.accept ?? (async (one) => acceptedAs(one, ++ids)))(acceptance);
    accepted.push(acceptance);
    return result;
  };
  const deliver = makeDeliver({
    store: { accept, acceptCopies: never, settle: never, note: async () => {}, trace: never },
    forward: undefined,
    reports: undefined,
    directory,
    queue: { leaseForNew: () => undefined, offer: (message) => offered.push(message) },
    judge: makeJudge(defaultJudgeSettings),
    notices: {
      successNotice: options.notices?.successNotice ?? (async () => undefined),
      failureNotice: options.notices?.failureNotice ?? (async () => undefined),
    },
    factsOf,
    factsOfLarge: async (message) => factsOf(message),
    settings: defaultDeliverSettings,
    log: quiet,
  });
  const submit = makeSubmit({
    deliver,
    directory,
    limits: options.limits ?? { governs: () => undefined, take: never },
    sign: options.sign ?? (async () => ""),
    newMessageId: () => `made.${++ids}@mx.example.test`,
    shortLines: async (bytes: Uint8Array) => toShortLines(bytes),
    log: quiet,
  });
  const ports = {
    mode: options.mode ?? "mx",
    ourHost: "mx.example.test",
    postmasterDomain: "example.test",
    settings: { ...defaultSmtpSettings, ...options.settings },
    directory,
    login: options.login,
    tls: options.tls,
    trusted: networks(options.trusted ?? []),
    take: submit.take,
    checkSender: submit.checkSender,
    callout: undefined,
    remoteName: undefined,
    door: undefined,
    refused: options.refused,
    inFlight,
    now: () => Date.UTC(2026, 10, 23, 5),
    newId: () => `id${++ids}`,
    counters,
    log: quiet,
  };
  const listener = await listen({
    host: "127.0.0.1",
    port: 0,
    name: "test",
    implicitTls: options.implicitTls === true ? options.tls : undefined,
    turnAway: (why) => smtpTurnAway("mx.example.test", why),
    serve: (connection, stopping) => serveSmtp(connection, ports, stopping),
    settings: {
      ...defaultListenerSettings,
      proxies: options.proxies ?? [],
      maxPerAddress: options.maxPerAddress ?? defaultListenerSettings.maxPerAddress,
      maxConnections: options.maxConnections ?? defaultListenerSettings.maxConnections,
    },
    log: quiet,
  });
  return {
    listener,
    port: listener.port,
    accepted,
    offered,
    counters,
    inFlight,
    deliver,
    async [Symbol.asyncDispose]() {
      await listener.close(0);
    },
  };
}

/** What a store answers that has room for all. */
const never = async (): Promise<never> => {
  throw new Error("nothing is forwarded here");
};

export function acceptedAs(acceptance: Acceptance, content: number): Accepted {
  const placed = acceptance.placements.map(
    (one): Placed => ({
      kind: "placed",
      account: one.account,
      mailbox: 1,
      uid: content,
      uidValidity: 1,
      email: content,
      thread: content,
      modseq: content,
    }),
  );
  const { queue } = acceptance;
  if (queue === undefined) return { content, placed, queued: undefined };
  const recipients = queue.recipients.map((one, id) => ({
    ...one,
    id,
    state: "scheduled" as const,
    attempts: 0,
    nextAt: queue.notBefore,
    delayWarned: false,
    lastReply: undefined,
    lease: undefined,
  }));
  const { lease: _lease, held: _held, ...rest } = queue;
  const sizeBytes = acceptance.message.bytes.length;
  return { content, placed, queued: { ...rest, recipients, id: `q${content}`, content, sizeBytes } };
}

/** A client of bytes: sends, and reads replies one by one. */
export class Wire {
  readonly socket: Socket;
  #text = "";
  #wake: (() => void) | undefined;
  ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString("latin1");
      this.#wake?.();
    });
    const end = (): void => {
      this.ended = true;
      this.#wake?.();
    };
    socket.on("end", end);
    socket.on("close", end);
    socket.on("error", end);
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ host: "127.0.0.1", port });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new Wire(socket);
  }

  send(text: string | Buffer): void {
    this.socket.write(typeof text === "string" ? Buffer.from(text, "latin1") : text);
  }

  /** The next whole reply with its line ends, "" when the peer closed. */
  async reply(): Promise<string> {
    for (;;) {
      const found = /^(?:\d{3}-[^\n]*\n)*\d{3} [^\n]*\n/.exec(this.#text);
      if (found !== null) {
        this.#text = this.#text.slice(found[0].length);
        return found[0];
      }
      if (this.ended) return "";
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Sends and answers the next reply. */
  async ask(text: string): Promise<string> {
    this.send(text);
    return this.reply();
  }

  /** Everything until the peer closes. */
  async rest(): Promise<string> {
    while (!this.ended)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const text = this.#text;
    this.#text = "";
    return text;
  }

  close(): void {
    this.socket.destroy();
  }
}
