/** The assembly of the door: its books, its lists and their checks, and how it stands before every protocol. */
import { checkSpf } from "../../protocol/spf/check.ts";
import type { Log } from "../base/log.ts";
import { type Ban, type Banned, Bans } from "../door/bans.ts";
import { Blocklists } from "../door/blocklists.ts";
import { Door } from "../door/door.ts";
import type { Grey } from "../door/greylist.ts";
import { StoredPeerBook } from "../door/peer-book.ts";
import { type Record, Reputation } from "../door/reputation.ts";
import type { DoorSettings } from "../door/settings.ts";
import { questionsOf } from "../judge/authenticate/questions.ts";
import type { Resolver } from "../net/resolver.ts";
import type { Domain, Store } from "../store/store.ts";
import type { MailService, Serve } from "./listeners.ts";

export type Dooring = {
  /** Undefined where it is switched off. Bans hold all the same. */
  readonly door: Door | undefined;
  readonly bans: {
    readonly list: () => readonly Banned[];
    readonly add: (address: string, why: string, forMs: number) => Promise<void>;
    readonly lift: (address: string) => Promise<boolean>;
  };
  readonly lists: () => readonly { readonly list: string; readonly kind: string; readonly health: string }[];
  /** A login failed, on any protocol. */
  readonly loginFailed: (address: string, account: string) => void;
  /** Turns away who is banned, in the words of the protocol. */
  readonly guard: (service: MailService, serve: Serve) => Serve;
  stop(): Promise<void>;
};

const checkListsMs = 60 * 60 * 1000;

export async function startDooring(parts: {
  readonly settings: DoorSettings;
  /** Networks that may relay: nothing of this is for them. */
  readonly trusted: readonly string[];
  readonly store: Store;
  readonly resolver: Resolver;
  /** Bounds of the DNS questions that SPF asks. */
  readonly authentication: Parameters<typeof questionsOf>[1];
  readonly ourHost: string;
  /** A domain of ours. */
  readonly domain: (name: string) => Domain | undefined | Promise<Domain | undefined>;
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
}): Promise<Dooring> {
  const { store, resolver, ourHost, now, newId, log } = parts;
  const settings: DoorSettings = { ...parts.settings, exempt: [...parts.settings.exempt, ...parts.trusted] };
  const ports = { store, now, log };
  const banBook = await StoredPeerBook.open<Ban>("ban", settings.maxRemembered, ports);
  const bans = new Bans(banBook, now);
  const books: AsyncDisposable[] = [banBook];
  let door: Door | undefined;
  let timer: NodeJS.Timeout | undefined;
  let lists = new Blocklists([], [], resolver, log);
  if (settings.enabled) {
    const open = async <T>(kind: string): Promise<StoredPeerBook<T>> => {
      const book = await StoredPeerBook.open<T>(kind, settings.maxRemembered, ports);
      books.push(book);
      return book;
    };
    lists = new Blocklists(settings.blocklists, settings.allowlists, resolver, log);
    const checkLists = (): void => {
      lists.check().catch((error: unknown) => log.error({ error }, "DNS lists could not be checked"));
    };
    if (lists.zones.length > 0) {
      await lists.check().catch((error: unknown) => log.error({ error }, "DNS lists could not be checked"));
      timer = setInterval(checkLists, checkListsMs).unref();
    }
    door = new Door({
      settings,
      bans,
      grey: await open<Grey>("grey"),
      harvest: await open<number>("harvest"),
      reputation: new Reputation(await open<Record>("reputation"), now),
      lists,
      ourHost,
      isOurDomain: async (name) => (await parts.domain(name)) !== undefined,
      async maySend(address, helo, envelopeFrom) {
        const dns = questionsOf(resolver, parts.authentication);
        try {
          const { result, reason } = await checkSpf({ address, helo, envelopeFrom, ourHost, now: now() }, dns);
          // "+all" lets everybody: that proves nothing.
          return result === "pass" && !/ \+?all$/i.test(reason ?? "");
        } finally {
          dns.done();
        }
      },
      store,
      now,
      newId,
      log,
    });
  }
  return {
    door,
    bans: {
      list: () => bans.list(),
      async add(address, why, forMs) {
        bans.add(address, why, "the administrator", forMs);
        await banBook.flush();
      },
      async lift(address) {
        const known = bans.lift(address);
        await banBook.flush();
        return known;
      },
    },
    lists: () => lists.zones.map(({ name, kind, health }) => ({ list: name, kind, health })),
    loginFailed: (address, account) => door?.loginFailed(address, account),
    guard: (service, serve) => async (connection, stopping) => {
      const { address } = connection.remote;
      const ban = bans.of(address);
      if (ban === undefined || door?.exempts(address) === true) return serve(connection, stopping);
      log.info({ remote: address, service, why: ban.why }, "turned away: banned");
      connection.write(bannedWords(service, ourHost, `Your address ${address} is banned for a while: ${ban.why}`));
      await connection.end();
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(books.map((book) => book[Symbol.asyncDispose]()));
    },
  };
}

function bannedWords(service: MailService, ourHost: string, sentence: string): string {
  switch (service) {
    case "imap":
    case "imaps":
      return `* BYE [UNAVAILABLE] ${sentence}\r\n`;
    case "pop3":
    case "pop3s":
      return `-ERR [SYS/TEMP] ${sentence}\r\n`;
    case "sieve":
      return `BYE "${sentence.replaceAll('"', "'")}"\r\n`;
    default:
      return `554 5.7.1 ${ourHost} ${sentence}\r\n`;
  }
}
