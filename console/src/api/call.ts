/** The REST API as this page uses it: the cookie session, problems (RFC 9457) as `Refusal`. */

/** One wrong field: `#/name` in the body, or the name of a parameter. */
export type FieldProblem = { readonly detail: string; readonly pointer?: string; readonly parameter?: string };

export class Refusal extends Error {
  readonly status: number;
  readonly fields: readonly FieldProblem[];
  constructor(status: number, detail: string, fields: readonly FieldProblem[] = []) {
    super(detail);
    this.status = status;
    this.fields = fields;
  }
}

export type Page<T> = { readonly items: readonly T[]; readonly next: string | null };
export type Row = { readonly [name: string]: unknown };
export type Query = { readonly [name: string]: string | number | undefined };

let sessionEnded = (): void => {};
/** Told when the server no longer knows who we are. */
export const onSessionEnd = (told: () => void): void => {
  sessionEnded = told;
};

const base = "/api/v1";

/** `/accounts/{account}` with its parts filled in. */
export const fillPath = (path: string, params: { readonly [name: string]: string }): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));

/** `body`: bytes as they are, everything else as JSON. */
async function fetchApi(method: string, path: string, query: Query = {}, body?: unknown): Promise<Response> {
  const url = new URL(base + path, location.origin);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  const headers: { [name: string]: string } = { "x-requested-with": "angarium" };
  if (body !== undefined)
    headers["content-type"] = body instanceof Blob ? "application/octet-stream" : "application/json";
  // A request that is sent twice, by whatever is on the way, is done once.
  if (method !== "GET") headers["idempotency-key"] = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  let response: Response;
  try {
    const sent = body instanceof Blob ? body : JSON.stringify(body);
    response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: sent }) });
  } catch {
    throw new Refusal(0, "The server does not answer. Try again in a moment.");
  }
  if (response.ok) return response;
  const said = (await response.json().catch(() => ({}))) as { detail?: string; errors?: readonly FieldProblem[] };
  if (response.status === 401) sessionEnded();
  throw new Refusal(
    response.status,
    said.detail ?? `The server answered ${response.status}. Try again in a moment.`,
    said.errors ?? [],
  );
}

/** @throws Refusal */
export async function call<T = Row>(method: string, path: string, query: Query = {}, body?: unknown): Promise<T> {
  const response = await fetchApi(method, path, query, body);
  if (response.status === 204) return undefined as T;
  const type = response.headers.get("content-type") ?? "";
  return (type.includes("json") ? await response.json() : await response.text()) as T;
}

/** The sentence of whatever went wrong. */
export const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
