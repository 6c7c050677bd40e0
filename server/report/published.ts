/** The addresses of ours that our domains publish for reports (rua=, ruf=), looked up again and again: nobody waits for it. */
import { setTimeout as wait } from "node:timers/promises";
import { parseReportUris } from "../../protocol/report/aggregate.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Log } from "../base/log.ts";
import type { Resolver } from "../net/resolver.ts";
import type { StoreReader } from "../store/store.ts";

const everyMs = 5 * 60 * 1000;
/** Addresses that are remembered. */
const maxAddresses = 10_000;

export type Published = {
  has(local: string, domain: string): boolean;
  /** A question that is under way is not waited for. */
  stop(): void;
};

/** `names` are the records of a domain that are looked at: "_dmarc", "_smtp._tls". */
export function watchPublished(parts: {
  readonly names: readonly string[];
  readonly store: Pick<StoreReader, "domains">;
  readonly resolver: Pick<Resolver, "txt">;
  readonly log: Log;
}): Published {
  const { names, store, resolver, log } = parts;
  let addresses: ReadonlySet<string> = new Set();
  const stopping = new AbortController();

  const look = async (): Promise<void> => {
    const found = new Set<string>();
    for (const { name: domain, kind } of await store.domains()) {
      if (kind !== "local") continue;
      for (const name of names) {
        const answer = await resolver.txt(`${name}.${domain}`);
        // While DNS is silent, what is known stays.
        if (answer.kind === "trouble") for (const one of addresses) found.add(one);
        if (answer.kind !== "found") continue;
        for (const record of answer.records)
          for (const [, value] of record.matchAll(/(?:^|;)\s*ru[af]\s*=([^;]*)/gi))
            for (const { address } of parseReportUris(value!)) {
              const mailbox = parseMailbox(address);
              if (mailbox !== undefined && found.size < maxAddresses) found.add(keyOf(mailbox.local, mailbox.domain));
            }
      }
      if (stopping.signal.aborted) return;
    }
    addresses = found;
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await look().catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ error }, "addresses for reports could not be looked up");
      });
      await wait(everyMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
    }
  };
  void run();
  return {
    has: (local, domain) => addresses.has(keyOf(local, domain)),
    stop: () => stopping.abort(),
  };
}

function keyOf(local: string, domain: string): string {
  return `${local.toLowerCase()}@${domain}`;
}
