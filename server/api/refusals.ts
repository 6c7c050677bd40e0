/** With what a request may be refused: what is the same everywhere, by the order of `serve.ts`, and what the route says itself. */
import type { Kind } from "./problem.ts";
import type { Route } from "./route.ts";

export const changes = ({ method, changesNothing }: Route): boolean => method !== "GET" && changesNothing !== true;
/** Whether a repeated request with the same key is answered again. */
export const takesKeys = (route: Route): boolean =>
  changes(route) && route.takesBytes !== true && route.who !== undefined;
export const takesIfMatch = (route: Route): boolean => changes(route) && route.method !== "POST";

export function refusalsOf(route: Route): readonly Kind[] {
  const { method, who, params, body, takesBytes, refuses } = route;
  const found: Kind[] = ["host", "url", "parameters", "rate", "server-error", "disk-full", ...refuses];
  if (who !== undefined) found.push("login", "forbidden", "refused", "unavailable");
  if (Object.keys(params).length > 0) found.push("not-found");
  if (method !== "GET" && takesBytes !== true) found.push("too-large");
  if (method !== "GET" && body === undefined && takesBytes !== true) found.push("body");
  if (body !== undefined) found.push("json", "media-type", "validation", "busy");
  if (takesKeys(route))
    found.push("idempotency-key", "invalid-idempotent-request", "concurrent-idempotent-requests", "idempotency-full");
  if (takesIfMatch(route)) found.push("if-match");
  return [...new Set(found)];
}
