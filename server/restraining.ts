/** The assembly of what is done against accounts of our own that send too much, or spam: limits, the brake, and who hears of it. */
import type { Directory } from "./access/directory.ts";
import type { Deliver } from "./deliver/deliver.ts";
import { type Model, streamOf } from "./dispatch/model.ts";
import { StoredPeerBook } from "./door/peer-book.ts";
import type { Log } from "./log.ts";
import type { Queue } from "./queue/queue.ts";
import { makePost } from "./report/post.ts";
import type { Failures } from "./restrain/brake.ts";
import type { SendingLimitSettings, Sent } from "./restrain/limits.ts";
import { Restrainer } from "./restrain/restrainer.ts";
import { Restraints } from "./restrain/restraints.ts";
import { type LimitPorts, maxCountedSenders, SendingLimits } from "./restrain/sending-limits.ts";
import type { AccountId, Store } from "./store/store.ts";

export type Restraining = AsyncDisposable & {
  readonly limits: SendingLimits;
  readonly restrainer: Restrainer;
  /** What commands and the API work on. */
  readonly forWorld: {
    readonly limits: Pick<SendingLimits, "show">;
    /** After a change. */
    readonly reread: () => Promise<void>;
    /** After an account was let go. */
    readonly forget: (account: AccountId) => void;
  };
};

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
  return {
    limits,
    restrainer,
    forWorld: {
      limits,
      reread: () => restraints.reread(),
      forget: (account) => restrainer.forget(account),
    },
    async [Symbol.asyncDispose]() {
      restraints[Symbol.dispose]();
      await Promise.all([sent[Symbol.asyncDispose](), failures[Symbol.asyncDispose]()]);
    },
  };
}
