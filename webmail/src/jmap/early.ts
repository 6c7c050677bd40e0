/**
 * What the last start asked before its list stood is asked again at the next one, beside the session instead of after it: three requests
 * in a row become one time of waiting. A request is taken by who asks the very same; what nobody takes has cost one request.
 * Kept on the device: addresses of requests and ids, never what was answered; requests read only.
 */
import { authorization, ownFields } from "./credentials.ts";

export type Request = { readonly url: string; readonly body: string };

const name = "angarium.start";
const maxRequests = 3;
/** What was answered longer ago is asked anew. */
const freshMs = 10_000;
const patienceMs = 30_000;

type Begun = { readonly at: number; readonly answer: Promise<Response> };
const begun = new Map<string, Begun>();
const keyOf = ({ url, body }: Request): string => `${url}\n${body}`;

function remembered(): readonly Request[] {
  try {
    const found = JSON.parse(localStorage.getItem(name) ?? "[]") as readonly Request[];
    // An address elsewhere was never written here.
    return found.slice(0, maxRequests).filter(({ url }) => new URL(url, location.href).origin === location.origin);
  } catch {
    return [];
  }
}

/** Asks what the last start asked. */
export function beginEarly(): void {
  for (const request of remembered()) {
    const answer = fetch(request.url, {
      method: "POST",
      credentials: "same-origin",
      headers: { ...ownFields(), "content-type": "application/json" },
      body: request.body,
      signal: AbortSignal.timeout(patienceMs),
    });
    // Who takes it hears of it.
    answer.catch(() => {});
    begun.set(keyOf(request), { at: performance.now(), answer });
  }
}

/** The answer to the very same request, where it has been asked early and is one; each is taken once. */
export async function takeEarly(request: Request): Promise<Response | undefined> {
  const key = keyOf(request);
  const one = begun.get(key);
  if (one === undefined) return undefined;
  begun.delete(key);
  if (performance.now() - one.at > freshMs) return undefined;
  const response = await one.answer.catch(() => undefined);
  return response?.ok === true ? response : undefined;
}

/** For the next start. Where each request bears a password (Basic), the next start has none. */
export function rememberStart(requests: readonly Request[]): void {
  if (authorization() !== undefined) return;
  try {
    localStorage.setItem(name, JSON.stringify(requests.slice(0, maxRequests)));
  } catch {
    // Full: the next start asks one after the other.
  }
}

export const forgetStart = (): void => localStorage.removeItem(name);
