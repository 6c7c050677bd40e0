/** What large receivers ask of those who send in bulk, one by one, and how a domain stands. As of 2026-11 (Gmail, Yahoo, Outlook.com). Pure. */

export const receivers = ["gmail", "yahoo", "microsoft"] as const;
export type Receiver = (typeof receivers)[number];

/** required: of everybody. bulk: of who sends 5,000 a day and more. */
export type Demand = "required" | "bulk" | "recommended" | "none";
export type Standing = "pass" | "warn" | "fail" | "not-measured";

/** What was found: how it stands, in a sentence, and what to do where something is. */
export type Finding = {
  readonly standing: Standing;
  readonly says: string;
  readonly fix?: string;
  /** A DNS record to copy. */
  readonly record?: { readonly name: string; readonly type: "TXT" | "MX" | "PTR"; readonly value: string };
};
export type RequirementId = (typeof requirements)[number]["id"];
export type Requirement = Finding & {
  readonly id: RequirementId;
  readonly title: string;
  readonly demands: { readonly [receiver in Receiver]: Demand };
};

const asked = (gmail: Demand, yahoo: Demand, microsoft: Demand) => ({ gmail, yahoo, microsoft });

export const requirements = [
  { id: "spf", title: "SPF names our addresses", demands: asked("bulk", "bulk", "bulk") },
  { id: "dkim", title: "DKIM signs, and the key is in DNS", demands: asked("bulk", "bulk", "bulk") },
  { id: "dmarc", title: "DMARC has a policy", demands: asked("bulk", "bulk", "bulk") },
  { id: "aligned", title: "From agrees with SPF or DKIM", demands: asked("required", "required", "bulk") },
  { id: "ptr", title: "Addresses have names that lead back", demands: asked("required", "required", "recommended") },
  { id: "tls", title: "Mail goes encrypted", demands: asked("required", "none", "none") },
  { id: "unsubscribe", title: "One click unsubscribes", demands: asked("bulk", "bulk", "recommended") },
  { id: "complaints", title: "Few complain", demands: asked("required", "required", "none") },
  { id: "format", title: "Messages are well formed", demands: asked("required", "required", "required") },
  { id: "return-path", title: "Bounces come back", demands: asked("none", "required", "recommended") },
  { id: "replies", title: "The domain takes answers", demands: asked("none", "required", "recommended") },
  { id: "blocklists", title: "Not on blocklists", demands: asked("recommended", "recommended", "recommended") },
  { id: "transport-policy", title: "MTA-STS and TLS reports", demands: asked("none", "none", "none") },
  {
    id: "postmaster",
    title: "postmaster@ and abuse@ are read",
    demands: asked("recommended", "recommended", "recommended"),
  },
] as const satisfies readonly {
  readonly id: string;
  readonly title: string;
  readonly demands: { readonly [receiver in Receiver]: Demand };
}[];

/** What cannot be seen is never taken for good. */
export type Verdict = "ready" | "not-ready" | "unknown";

export function verdictFor(receiver: Receiver, all: readonly Requirement[]): Verdict {
  const wanted = all.filter(({ demands }) => demands[receiver] === "required" || demands[receiver] === "bulk");
  if (wanted.some(({ standing }) => standing === "fail")) return "not-ready";
  return wanted.some(({ standing }) => standing === "not-measured") ? "unknown" : "ready";
}

/** Google and Yahoo: below 0.1 %, never 0.3 %. Fewer delivered messages than this say nothing. */
const minDelivered = 1_000;

export function complaintsFinding(
  week: { readonly delivered: number; readonly complaints: number },
  reported: { readonly rate: number; readonly day: string } | undefined,
): Finding {
  const measured = week.delivered >= minDelivered ? week.complaints / week.delivered : undefined;
  const rate = Math.max(measured ?? 0, reported?.rate ?? 0);
  if (measured === undefined && reported === undefined)
    return {
      standing: "not-measured",
      says: `${week.complaints} complaints about ${week.delivered} delivered messages in seven days: too few to tell.`,
      fix: "Enrol in feedback loops (Yahoo, Microsoft), and import what Postmaster Tools say of the domain.",
    };
  const of = [
    ...(measured === undefined ? [] : [`${percent(measured)} of ${week.delivered} delivered messages in seven days`]),
    ...(reported === undefined ? [] : [`${percent(reported.rate)} at Gmail on ${reported.day}`]),
  ].join("; ");
  if (rate < 0.001) return { standing: "pass", says: `Complaints: ${of}.` };
  const fix = "Write to those who showed interest of late, and make leaving easy.";
  return {
    standing: rate < 0.003 ? "warn" : "fail",
    says: `Complaints: ${of}. Below 0.1 % is asked, 0.3 % is too much.`,
    fix,
  };
}

const percent = (rate: number): string => `${(rate * 100).toFixed(2)} %`;
