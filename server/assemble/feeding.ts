/** What is asked of postmaster pages, and the tokens for it. */

import type { Log } from "../base/log.ts";
import { makeAccessTokens, type OAuthClient, type Token } from "../fetch/access-token.ts";
import { makeGuard } from "../net/guard.ts";
import type { HttpsAsk } from "../net/https-talk.ts";
import type { Resolver } from "../net/resolver.ts";
import { Feeds } from "../require/feeds.ts";
import type { Instant, Store } from "../store/store.ts";
import type { RunningSending } from "./running-sending.ts";

export function makeFeeding(parts: {
  readonly sending: Pick<RunningSending, "model" | "feedback">;
  readonly store: Store;
  readonly resolver: Resolver;
  readonly trust: HttpsAsk["trust"];
  /** This machine may be asked, without TLS too: tests. */
  readonly local: boolean;
  readonly now: () => Instant;
  readonly log: Log;
}): { readonly feeds: Feeds; readonly tokens: (client: OAuthClient) => Promise<Token> } {
  const { sending, store, resolver, trust, local, now, log } = parts;
  const guard = makeGuard(resolver, { privateAddresses: local });
  const ask = { guard, schemes: local ? ["https:", "http:"] : ["https:"], anyPort: local, trust };
  const tokens = makeAccessTokens(ask, now);
  return {
    tokens,
    feeds: new Feeds({ store, model: sending.model, feedback: sending.feedback, tokens, ask, now, log }),
  };
}
