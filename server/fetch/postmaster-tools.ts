/** Asks the API of Gmail's Postmaster Tools (v2): which domains are registered there, their spam rate by day, and whether they comply. */
import { hostOf, jsonOf } from "./access-token.ts";
import { type Ask, fetchResource } from "./resource.ts";

export const googleTokenUrl = "https://oauth2.googleapis.com/token";
export const postmasterUrl = "https://gmailpostmastertools.googleapis.com";

export type Said<T> = { readonly kind: "said"; readonly value: T } | { readonly kind: "failed"; readonly why: string };
/** What Google asks of senders, and how the domain stands: "SPF": "COMPLIANT". */
export type Compliance = { readonly [requirement: string]: string };

const timeoutMs = 30_000;
const maxBytes = 4 * 1024 * 1024;
/** Of one list or table. */
const maxPages = 10;
const pageSize = 200;
const daysBack = 8;
const maxRequirements = 50;

type Json = { readonly [name: string]: unknown };
const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? (value as readonly Json[]) : []);

export function makePostmasterTools(ask: Ask, apiUrl: string, token: string) {
  const request = async (path: string, body?: object): Promise<Said<Json>> => {
    const answer = await fetchResource(
      `${apiUrl.replace(/\/$/, "")}/v2/${path}`,
      {
        method: body === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${token}`, accept: "application/json", "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        timeoutMs,
        maxBytes,
        maxRedirects: 0,
      },
      ask,
    );
    if (answer.kind === "failed") return { kind: "failed", why: answer.why };
    const said = jsonOf(answer.body);
    if (answer.status === 200 && said !== undefined) return { kind: "said", value: said };
    return { kind: "failed", why: whyRefused(hostOf(apiUrl), answer.status, answer.body) };
  };

  /** All pages of an answer, joined. */
  const pages = async (name: string, page: (token: string) => Promise<Said<Json>>): Promise<Said<readonly Json[]>> => {
    const all: Json[] = [];
    let next = "";
    for (let count = 0; count < maxPages; count++) {
      const said = await page(next);
      if (said.kind === "failed") return said;
      all.push(...list(said.value[name]));
      next = typeof said.value["nextPageToken"] === "string" ? said.value["nextPageToken"] : "";
      if (next === "") break;
    }
    return { kind: "said", value: all };
  };

  return {
    /** Names of the domains that the account may look at. */
    async domains(): Promise<Said<readonly string[]>> {
      const said = await pages("domains", (next) =>
        request(`domains?pageSize=${pageSize}${next === "" ? "" : `&pageToken=${encodeURIComponent(next)}`}`),
      );
      if (said.kind === "failed") return said;
      const names = said.value.map(({ name }) => /^domains\/([^/]+)$/.exec(String(name))?.[1]?.toLowerCase());
      return { kind: "said", value: names.filter((name) => name !== undefined) };
    },

    /** Its last days, as `readPostmaster` reads them: JSON with `domainStats`, which is empty where Gmail saw too little. */
    async spamRates(domain: string, now: number): Promise<Said<string>> {
      const date = (at: number) => {
        const day = new Date(at);
        return { year: day.getUTCFullYear(), month: day.getUTCMonth() + 1, day: day.getUTCDate() };
      };
      const query = {
        metricDefinitions: [{ name: "spam_rate", baseMetric: { standardMetric: "SPAM_RATE" } }],
        timeQuery: { dateRanges: { dateRanges: [{ start: date(now - daysBack * 86_400_000), end: date(now) }] } },
        aggregationGranularity: "DAILY",
        pageSize,
      };
      const said = await pages("domainStats", (next) =>
        request(`domains/${encodeURIComponent(domain)}/domainStats:query`, {
          ...query,
          ...(next === "" ? {} : { pageToken: next }),
        }),
      );
      return said.kind === "failed" ? said : { kind: "said", value: JSON.stringify({ domainStats: said.value }) };
    },

    async compliance(domain: string): Promise<Said<Compliance>> {
      const said = await request(`domains/${encodeURIComponent(domain)}/complianceStatus`);
      if (said.kind === "failed") return said;
      const data = (said.value["complianceData"] ?? {}) as Json;
      const statusOf = (value: unknown): string =>
        String(((value as Json | undefined)?.["status"] as Json | undefined)?.["status"] ?? "");
      const rows = list(data["rowData"]).map((row) => [String(row["requirement"] ?? ""), statusOf(row)] as const);
      const verdicts = (["oneClickUnsubscribeVerdict", "honorUnsubscribeVerdict"] as const).map(
        (name) => [name.replace("Verdict", ""), statusOf(data[name])] as const,
      );
      const found = [...rows, ...verdicts].filter(([name, status]) => name !== "" && status !== "");
      return { kind: "said", value: Object.fromEntries(found.slice(0, maxRequirements)) };
    },
  };
}

function whyRefused(host: string, status: number, body: Buffer): string {
  const error = (jsonOf(body)?.["error"] ?? {}) as { readonly message?: unknown; readonly status?: unknown };
  const text = body.toString("utf8", 0, 4_000);
  const said = typeof error.message === "string" ? ` (${error.message.replace(/\s+/g, " ").slice(0, 200)})` : "";
  if (/ACCESS_TOKEN_SCOPE_INSUFFICIENT|insufficient authentication scopes/.test(text))
    return "The refresh token was made without the scope postmaster.traffic.readonly: make a new one with it.";
  if (/SERVICE_DISABLED|has not been used in project/.test(text))
    return "The Gmail Postmaster Tools API is not switched on in the client's project: switch it on in Google's console.";
  if (status === 401) return `${host} does not believe the token${said}: make a new refresh token.`;
  if (status === 403)
    return `${host} does not let this account look at it${said}: add the account to the domain in Postmaster Tools.`;
  if (status === 429) return `${host} was asked too often${said}; it is asked again later.`;
  return status === 200 ? `${host} answered with something that is no JSON.` : `${host} answered ${status}${said}.`;
}
