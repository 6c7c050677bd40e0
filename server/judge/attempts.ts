/**
 * A message that breaks the judges is not lost (the peer hears 451 and comes again), and it does not break them for ever: at
 * its third try it goes into quarantine unopened, and an administrator is told.
 */
import { createHash } from "node:crypto";
import type { Header } from "../../protocol/mime/header.ts";
import type { Log } from "../base/log.ts";
import type { Received } from "../receive/received.ts";
import type { Instant, Store } from "../store/store.ts";
import { StoreTrouble } from "../store/trouble.ts";
import type { Judge, Verdict } from "./judge.ts";

export const maxTries = 3;
/** Broken messages that are remembered, and for how long. */
const maxRemembered = 10_000;
const rememberMs = 7 * 24 * 60 * 60_000;
const kind = "judge-broke";

export type AttemptPorts = {
  readonly store: Pick<Store, "peers" | "putPeers">;
  readonly now: () => Instant;
  /** What an error says of the message: it killed its threads already ("poison"), it has nothing to do with it ("busy"), or neither. */
  readonly tellOf: (error: Error) => "poison" | "busy" | undefined;
  readonly log: Log;
  /** Tells an administrator, in sentences. */
  readonly tell: (subject: string, lines: readonly string[]) => void;
};

/** Counts by the hash of the message, durably; for mail while nothing is broken it costs one comparison. */
export async function guarded(judge: Judge, { store, now, log, tell, tellOf }: AttemptPorts): Promise<Judge> {
  const broken = new Map<string, number>();
  for (const { key, value } of await store.peers(kind, { limit: maxRemembered, now: now() }))
    broken.set(key, Number(value) || 1);

  const failed = async (mail: Received, error: Error): Promise<Verdict> => {
    const key = hashOf(mail);
    const tries = (broken.get(key) ?? 0) + (tellOf(error) === "poison" ? maxTries : 1);
    if (broken.size >= maxRemembered) broken.delete(broken.keys().next().value!);
    broken.set(key, tries);
    await store.putPeers([{ kind, key, value: String(tries), expiresAt: now() + rememberMs }]);
    log.error({ id: mail.id, tries, error }, "judging a message broke");
    if (tries < maxTries) throw error;
    return unopened(mail);
  };
  const unopened = (mail: Received): Verdict => {
    tell("A message could not be judged", [
      `The message ${mail.id} from <${mail.envelopeFrom}> (${mail.remote.address}) broke the filter ${maxTries} times.`,
      "It is in quarantine, unopened. See it: angarium quarantine list",
    ]);
    return {
      kind: "quarantine",
      notes: ["unopened"],
      reasons: [`Looking at this message broke the filter ${maxTries} times; it was not opened again`],
      unopened: true,
    };
  };
  return (mail: Received, header: Header) => {
    if (broken.size > 0 && (broken.get(hashOf(mail)) ?? 0) >= maxTries) return unopened(mail);
    const caught = (error: unknown): Promise<Verdict> => {
      // Trouble that is not the message's says so itself.
      if (!(error instanceof Error) || error instanceof StoreTrouble || tellOf(error) === "busy") throw error;
      return failed(mail, error);
    };
    try {
      const verdict = judge(mail, header);
      return verdict instanceof Promise ? verdict.catch(caught) : verdict;
    } catch (error) {
      return caught(error);
    }
  };
}

function hashOf({ bytes }: Received): string {
  return createHash("sha256").update(bytes).digest("hex");
}
