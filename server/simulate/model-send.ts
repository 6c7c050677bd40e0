/**
 * Sending without sockets: jobs of the real queue are answered by modelled receivers at once, in their providers' words. Providers' rates hold at
 * the clock of the simulation; connections are not modelled.
 */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import { classify } from "../send/classify.ts";
import type { JobSource } from "../send/pool.ts";
import { pass, unpaced, waitFor } from "../send/rate.ts";
import type { Send, SendAsk } from "../send/send.ts";
import type { Path } from "../send/site.ts";
import type { Answer } from "./receiver.ts";

export type ModelSendAsk = Pick<SendAsk, "shaper" | "provider"> & {
  readonly now: () => number;
  /** The MX host of a domain, and one of its addresses. */
  readonly mx: (domain: string) => { readonly name: string; readonly address: string } | undefined;
  /** What the receiver says to one message. */
  readonly deliver: (message: { readonly source: string; readonly from: string; readonly to: string }) => {
    readonly answer: Answer;
    readonly reply: string;
  };
};

export type ModelSend = Send & {
  /** Goes on with what waited for its rate; answers when the next of it is due, undefined where nothing waits. */
  goOn(): number | undefined;
  /** Recipients that wait for their rate, at most. */
  paced(): number;
};

const plainTls = { mode: "opportunistic", because: "default", secureNames: false } as const;

export function modelSend(ask: ModelSendAsk): ModelSend {
  let source: JobSource;
  const paths = new Map<string, Path>();
  const rates = new Map<string, ReturnType<typeof unpaced>>();
  const slowed = new Map<string, { readonly path: Path; readonly due: number }>();

  function serve(path: Path): void {
    const { key } = path;
    let rate = rates.get(key);
    if (rate === undefined) rates.set(key, (rate = unpaced()));
    slowed.delete(key);
    for (;;) {
      const limits = path.provider === undefined ? {} : (ask.shaper?.limits(path) ?? {});
      const wait = waitFor(rate, limits, ask.now());
      if (wait > 0 && source.waiting(key) > 0) {
        slowed.set(key, { path, due: ask.now() + wait });
        return;
      }
      const job = source.take(key);
      if (job === undefined) return;
      pass(rate, limits, ask.now());
      const { from, recipients } = job.envelope;
      const host = path.hosts[0]!;
      const outcomes = recipients.map(({ address }) => {
        const said = ask.deliver({ source: path.egress?.name ?? "", from, to: address });
        return classify({ phase: "message", reply: parsed(said.reply) }, false);
      });
      job.done(outcomes, { host: host.name, address: host.addresses[0]!, port: 25, tls: "", ms: 0, dsn: false });
    }
  }

  return {
    begin(given) {
      source = given;
    },
    heldUp: () => undefined,
    path(domain) {
      const mx = ask.mx(domain);
      if (mx === undefined)
        return {
          kind: "none",
          outcome: { kind: "failed", why: "dns", reply: reply(556, "5.1.10", "The domain takes no mail") },
        };
      let path = paths.get(domain);
      if (path === undefined) {
        const hosts = [{ name: mx.name, port: 25, addresses: [mx.address] }];
        const provider = ask.provider?.(domain, hosts)?.key;
        path = {
          key: `>${mx.name}/opportunistic`,
          source: "",
          site: mx.name,
          domain,
          protocol: "smtp",
          hosts,
          tls: plainTls,
          auth: undefined,
          fixed: false,
          ...(provider === undefined ? {} : { provider }),
        };
        paths.set(domain, path);
      }
      return { kind: "path", path };
    },
    wake(path) {
      if (!slowed.has(path.key)) serve(path);
    },
    goOn() {
      for (const { path, due } of [...slowed.values()]) if (due <= ask.now()) serve(path);
      return slowed.size === 0 ? undefined : Math.min(...[...slowed.values()].map(({ due }) => due));
    },
    paced: () => [...slowed.keys()].reduce((sum, key) => sum + source.waiting(key), 0),
    suspendedMs: () => 0,
    retryNow() {},
    changed() {},
    callout: async () => undefined,
    async stop() {},
  };
}

/** "550 5.1.1 No such user" as a reply. */
function parsed(text: string): Reply {
  const [, code, enhanced, rest] = /^(\d{3}) (?:(\d\.\d+\.\d+) )?(.*)$/s.exec(text)!;
  return reply(Number(code), enhanced, rest!);
}
