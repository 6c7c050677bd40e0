/** Counts what connections to other domains came to, for the reports of RFC 8460: in memory for a moment, then in the store. */
import type { ReportedPolicy, TlsFailureDetail } from "../../protocol/policy/tls-report.ts";
import type { Log } from "../base/log.ts";
import type { TlsResults } from "../send/send.ts";
import type { StoreWriter } from "../store/store.ts";
import { dayOf } from "./daily.ts";

export const tlsSeenKind = "tls-seen";

/** Connections alike in policy and outcome. */
export type TlsSeenRow = {
  readonly policy: ReportedPolicy;
  /** Not there: they fitted the policy. */
  readonly failure?: TlsFailureDetail;
};

/** A process that is killed loses the count of so long. */
const flushMs = 1_000;
/** Different rows that wait to be counted; beyond that connections are not reported of. */
const maxWaiting = 10_000;
const maxReasonChars = 200;

export type TlsSeen = TlsResults & {
  /** All that was seen is in the store. */
  flush(): Promise<void>;
};

export function makeTlsSeen(parts: {
  readonly store: Pick<StoreWriter, "tally">;
  readonly now: () => number;
  readonly log: Log;
}): TlsSeen {
  type Waiting = { kind: string; domain: string; day: number; row: string; about: string; count: number };
  let waiting = new Map<string, Waiting>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  function add(domain: string, seen: TlsSeenRow): void {
    const day = dayOf(parts.now());
    const row = JSON.stringify(seen);
    const key = `${day} ${domain} ${row}`;
    const known = waiting.get(key);
    if (known !== undefined) known.count++;
    else if (waiting.size < maxWaiting)
      waiting.set(key, { kind: tlsSeenKind, domain, day, row, about: "{}", count: 1 });
    timer ??= setTimeout(() => void flush(), flushMs).unref();
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    flushing = flushing.then(write);
    return flushing;
  }

  async function write(): Promise<void> {
    if (waiting.size === 0) return;
    const tallies = [...waiting.values()];
    waiting = new Map();
    try {
      await parts.store.tally(tallies);
    } catch (error) {
      parts.log.error({ error }, "not counted for TLS reports");
    }
  }

  const cut = (why: string): string => why.slice(0, maxReasonChars);
  return {
    connected(domain, host, address, from, results) {
      for (const { policy, failure } of results)
        add(
          domain,
          failure === undefined
            ? { policy }
            : {
                policy,
                failure: {
                  result: failure.result,
                  sendingIp: from,
                  mxHost: host.name,
                  receivingIp: address,
                  reason: cut(failure.why),
                },
              },
        );
    },
    stsTrouble(domain, { result, why }) {
      const policy: ReportedPolicy = { type: "sts", strings: [], domain, mxHosts: [] };
      add(domain, { policy, failure: { ...nowhere, result, reason: cut(why) } });
    },
    notNamed(domain, mxHost, policy) {
      const reason = "the MTA-STS policy does not name this MX host";
      add(domain, { policy, failure: { ...nowhere, result: "validation-failure", mxHost, reason } });
    },
    flush,
  };
}

/** No connection was made. */
const nowhere = { sendingIp: "", mxHost: "", receivingIp: "" };
