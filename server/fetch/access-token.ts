/** An access token of OAuth 2.0 out of a refresh token (RFC 6749 §6), as long as it lasts. */
import { type Ask, fetchResource } from "./resource.ts";

export type OAuthClient = {
  readonly tokenUrl: string;
  readonly clientId: string;
  /** "" for a client that has none. */
  readonly clientSecret: string;
  readonly refreshToken: string;
};
export type Token =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "failed"; readonly why: string };

const timeoutMs = 30_000;
const maxBytes = 64 * 1024;
/** A token is not used in its last minute. */
const marginMs = 60_000;
const maxKept = 1_000;

/** What the error codes of RFC 6749 §5.2 ask of a person. */
const meanings: { readonly [code: string]: string } = {
  invalid_grant:
    "the refresh token is no longer valid (withdrawn, expired, or its password was changed): make a new one",
  invalid_client: "the client's id or secret is wrong",
  unauthorized_client: "the client may not use refresh tokens",
  invalid_scope: "the refresh token was made for something else: make one for the scope that is needed",
};

/** Never rejects; asks once for many who want the same token at a time. */
export function makeAccessTokens(ask: Ask, now: () => number): (client: OAuthClient) => Promise<Token> {
  const kept = new Map<string, { readonly until: number; readonly token: Promise<Token> }>();
  return (client) => {
    const key = JSON.stringify([client.tokenUrl, client.clientId, client.refreshToken]);
    const known = kept.get(key);
    if (known !== undefined && now() < known.until) return known.token;
    if (kept.size >= maxKept) kept.clear();
    const asked = refresh(client, ask).then(({ seconds, ...token }) => {
      // What failed is asked again the next time.
      if (token.kind === "failed") kept.delete(key);
      else kept.set(key, { until: now() + seconds * 1000 - marginMs, token: Promise.resolve(token) });
      return token;
    });
    kept.set(key, { until: now() + timeoutMs, token: asked });
    return asked;
  };
}

async function refresh(
  { tokenUrl, clientId, clientSecret, refreshToken }: OAuthClient,
  ask: Ask,
): Promise<Token & { readonly seconds: number }> {
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: clientId,
    refresh_token: refreshToken,
    ...(clientSecret === "" ? {} : { client_secret: clientSecret }),
  });
  const answer = await fetchResource(
    tokenUrl,
    {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: form.toString(),
      timeoutMs,
      maxBytes,
      maxRedirects: 0,
    },
    ask,
  );
  const failed = (why: string) => ({ kind: "failed", why, seconds: 0 }) as const;
  if (answer.kind === "failed") return failed(`No token from ${hostOf(tokenUrl)}: ${answer.why}`);
  const said = jsonOf(answer.body);
  const { access_token: token, expires_in: seconds, error } = said ?? {};
  if (answer.status === 200 && typeof token === "string" && token !== "")
    return { kind: "token", token, seconds: typeof seconds === "number" && seconds > 0 ? seconds : 300 };
  const meaning = typeof error === "string" ? (meanings[error] ?? error.slice(0, 100)) : `it answered ${answer.status}`;
  return failed(`No token from ${hostOf(tokenUrl)}: ${meaning}.`);
}

export const hostOf = (url: string): string => URL.parse(url)?.host ?? "the address";

/** An object, or undefined where it is none. */
export function jsonOf(body: Buffer): { readonly [name: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? (value as { readonly [name: string]: unknown }) : undefined;
  } catch {
    return undefined;
  }
}
