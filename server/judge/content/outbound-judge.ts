/** The filter on what our own people send: an account in wrong hands must not make this server a source of spam. */
import type { Account } from "../../store/store.ts";
import { nothingToSay, type PartialJudge } from "../judge.ts";
import type { Fingerprint } from "./campaigns.ts";
import { isHarmless } from "./content-judge.ts";
import { type Asked, judgeMessage, type Reading, readMessage, reasonsFor } from "./filter.ts";
import type { ModelState } from "./model.ts";

export type OutboundJudgePorts = {
  readonly model: () => ModelState | undefined;
  readonly weights: () => ReadonlyMap<string, number> | undefined;
  /** `readMessage` in another thread. */
  readonly readLarge: (bytes: Buffer, reading: Reading) => Promise<Asked>;
  /** Short plain text without links is not asked about: load tests must not pay for it. */
  readonly skipHarmless: boolean;
  /** Hears what is thought of each message of an account. */
  readonly read?: ((account: Account, seen: OutboundSeen) => void) | undefined;
  /** From this probability on it is spam (0 to 1): higher than for mail of strangers, since it is held for everybody. */
  readonly threshold: number;
};

export type OutboundSeen = {
  /** Undefined where there is too little text. */
  readonly print: Fingerprint | undefined;
  readonly spam: boolean;
  /** That its links lead to. */
  readonly domains: readonly string[];
};

const inlineBytes = 16 * 1024;
type Verdict = Awaited<ReturnType<PartialJudge>>;

/** Says "junk" of it; what follows is the assembly's. */
export function makeOutboundJudge({
  model,
  weights,
  readLarge,
  skipHarmless,
  read,
  threshold,
}: OutboundJudgePorts): PartialJudge {
  const judged = new WeakMap<object, Verdict>();
  return async (mail) => {
    const bytes = mail.written ?? mail.bytes;
    if (mail.account === undefined || (skipHarmless && isHarmless(bytes))) return nothingToSay;
    const { sameAs } = mail;
    const known = sameAs === undefined ? undefined : judged.get(sameAs);
    if (known !== undefined) return known;
    // How it came says nothing of a message that is only now on its way: our own client, our own network.
    const reading: Reading = { weights: weights(), features: model() !== undefined, print: read !== undefined };
    const asked = bytes.length <= inlineBytes ? readMessage(bytes, reading) : await readLarge(bytes, reading);
    const opinion = judgeMessage(asked, model());
    const verdict: Verdict =
      opinion.probability < threshold
        ? nothingToSay
        : { kind: "junk", notes: [`spam=${opinion.probability.toFixed(3)}`], reasons: reasonsFor(opinion, true, 3) };
    read?.(mail.account, { print: asked.print, spam: verdict !== nothingToSay, domains: asked.domains });
    if (sameAs !== undefined) judged.set(sameAs, verdict);
    return verdict;
  };
}
