/** What happened to a message, in sentences for people who do not read logs. */
import type { JourneyEntry } from "../store/store.ts";

type Detail = JourneyEntry["detail"];

const text = (detail: Detail, name: string): string => {
  const value = detail[name];
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
};
const list = (detail: Detail, name: string): readonly string[] => {
  const value = detail[name];
  return Array.isArray(value) ? value.map(String) : typeof value === "string" ? [value] : [];
};
const joined = (all: readonly string[]): string =>
  all.length <= 3 ? all.join(", ") : `${all.slice(0, 3).join(", ")} and ${all.length - 3} more`;
const because = (detail: Detail): string => {
  const reasons = [...list(detail, "reasons"), ...list(detail, "why")];
  return reasons.length === 0 ? "" : `: ${reasons.join("; ")}`;
};
const when = (value: unknown): string =>
  typeof value === "number" ? new Date(value).toISOString().replace("T", " ").slice(0, 16).concat(" UTC") : "";

const peer = (detail: Detail): string => {
  const name = text(detail, "remoteName") || text(detail, "helo");
  const address = text(detail, "remote");
  return name === "" || name === address ? address : `${name} (${address})`;
};

/** What its owner would look for in vain further on. */
const notForwarded = (detail: Detail): string =>
  list(detail, "notes")
    .filter((note) => note.startsWith("Not forwarded: "))
    .map((note) => ` ${note}`)
    .join("");

function accepted(detail: Detail): string {
  const account = text(detail, "account");
  const tls = text(detail, "tls") === "" ? "without encryption" : `encrypted (${text(detail, "tls").split(" ")[0]})`;
  const bytes = text(detail, "bytes");
  const size = bytes === "" ? "" : `, ${bytes} bytes`;
  const from = text(detail, "from") || "the null sender (a notice)";
  const appPassword = text(detail, "appPassword");
  const by = `${text(detail, "via") || "submission"}${appPassword === "" ? "" : ` with the app password "${appPassword}"`}`;
  const forwardedFor = text(detail, "forwardedFor");
  if (forwardedFor !== "") return `A script of ${forwardedFor} sends it on, under the return path ${from}${size}.`;
  return account === ""
    ? `We took it from ${peer(detail) || "this server itself"}, sent by ${from}, ${tls}${size}${because(detail)}.${notForwarded(detail)}`
    : `${account} handed it in as ${from} by ${by}, ${tls}${size}.`;
}

function attempted(detail: Detail): string {
  const host = text(detail, "host");
  const at =
    host === ""
      ? text(detail, "site")
      : `${host}${text(detail, "address") === "" ? "" : ` (${text(detail, "address")})`}`;
  return at === "" ? "" : ` at ${at}`;
}
/** RFC 6152 §3: what a server that takes seven bits only was given. */
const inSevenBits = (detail: Detail): string => {
  if (!Array.isArray(detail["unsigned"])) return "";
  const unsigned = joined(list(detail, "unsigned"));
  const so = "That server takes seven bits only: it got the message converted";
  return unsigned === "" ? ` ${so}.` : ` ${so}, and the signatures of ${unsigned} do not hold any more.`;
};
const answered = (detail: Detail): string => {
  const reply = text(detail, "reply");
  // Its words end as they like, ours with a full stop.
  return reply === "" ? "" : ` It answered: ${reply.replaceAll("\n", " ").replace(/(?<![.!?])$/, ".")}`;
};

/** What scripts did, by the short words of `deliver/sieve/sieve.ts`; `keep`: where what they keep lies. */
function byScript(notes: readonly string[], keep: string): string {
  const behind = (word: string): readonly string[] =>
    notes.flatMap((note) => (note.startsWith(`${word} `) ? [note.slice(word.length + 1)] : []));
  const missing = behind("no mailbox");
  // RFC 5228 §4.1: what is to lie in a mailbox that is not there lies where it is kept.
  const filed = behind("fileinto").map((name) => (missing.includes(name) ? keep : name));
  const places = [...new Set([...filed, ...(notes.includes("keep") ? [keep] : [])])];
  const onward = behind("redirect").map((note) => {
    const [address = "", ...refusal] = note.split(" ");
    return refusal.length === 0
      ? `A script sends it on to ${address}.`
      : `A script would send it on to ${address}, but that ${refusal.join(" ")}.`;
  });
  return [
    ...(places.length > 0 ? [`A script had it put into ${joined(places)}.`] : []),
    ...missing.map((name) => `The script names the mailbox ${name}, which is not there.`),
    ...onward,
    ...(notes.includes("rejected") ? ["A script refused it."] : []),
    ...(notes.includes("discarded") ? ["A script discarded it."] : []),
    ...(notes.includes("vacation answer") ? ["An automatic answer went out."] : []),
    ...behind("no vacation answer:").map((why) => `No automatic answer went out: ${why}.`),
    ...(notes.includes("notified") ? ["A script told somebody of it."] : []),
    ...(notes.includes("script failed") ? ["The script failed; its owner is told."] : []),
  ].join(" ");
}

/** One sentence about one entry. */
export function inWords({ stage, detail }: Pick<JourneyEntry, "stage" | "detail">): string {
  const to = joined(list(detail, "to").length > 0 ? list(detail, "to") : list(detail, "recipients"));
  switch (stage) {
    case "accepted":
      return accepted(detail);
    case "refused":
      return `We refused it from ${peer(detail)}${to === "" ? "" : ` for ${to}`}. We answered: ${text(detail, "reply").replaceAll("\n", " ")}`;
    case "filed": {
      const into = list(detail, "into");
      const whose = joined(list(detail, "accounts"));
      const junk = list(detail, "junkFor").length > 0 ? " (as junk)" : "";
      const sieve = list(detail, "sieve");
      if (sieve.length > 0) return byScript(sieve, joined(into) || "the mailbox");
      return `It was put into ${into.length === 0 ? "the mailbox" : joined(into)}${whose === "" ? "" : ` of ${whose}`}${junk}.`;
    }
    case "queued":
      return `It waits to be sent on${to === "" ? "" : ` to ${to}`}.`;
    case "attempt":
      return `We tried to deliver it${attempted(detail)}.`;
    case "delivered":
      return `It was delivered to ${to}${attempted(detail)}${text(detail, "tls") === "" ? "" : ", encrypted"}.${inSevenBits(detail)}${answered(detail)}`;
    case "deferred":
      return `It could not be delivered to ${to}${attempted(detail)} yet.${answered(detail)} The next try is ${detail["nextAt"] === undefined ? "later" : `at ${when(detail["nextAt"])}`}.`;
    case "bounced":
      return `It was refused for good for ${to}${attempted(detail)}.${inSevenBits(detail)}${answered(detail)}`;
    case "expired":
      return `We gave up on ${to}: it could not be delivered in time.${answered(detail)}`;
    case "held":
      return `It is held${to === "" ? "" : ` for ${to}`} until an administrator releases it${because(detail)}.`;
    case "released":
      return `${text(detail, "by") || "An administrator"} released it.`;
    case "rescheduled":
      return `It is to be sent ${when(detail["notBefore"])} now${because(detail)}.`;
    case "deleted":
      return `It was removed${because(detail)}.`;
    case "notified":
      return detail["sent"] === false
        ? "Its sender is not told: it has none."
        : `Its sender ${text(detail, "sender")} was told (${text(detail, "kind") || "a notice"}).`;
    case "quarantined":
      return `It is kept in quarantine${because(detail)}${detail["untilAt"] === undefined ? "" : `, until ${when(detail["untilAt"])}`}.`;
    default:
      return `${stage satisfies never}`;
  }
}

export const states = [
  "delivered",
  "waiting",
  "partly",
  "failed",
  "refused",
  "quarantined",
  "held",
  "removed",
] as const;
export type State = (typeof states)[number];

/** Where the message is now, by all that is known of it. */
export function stateOf(entries: readonly Pick<JourneyEntry, "stage" | "detail">[]): State {
  const open = new Map<string, State>();
  let filed = false;
  let state: State = "waiting";
  for (const { stage, detail } of entries) {
    const to = list(detail, "to").length > 0 ? list(detail, "to") : list(detail, "recipients");
    const each = (one: State): void => {
      for (const address of to) open.set(address, one);
      state = one;
    };
    if (stage === "filed") filed = true;
    else if (stage === "refused") return "refused";
    else if (stage === "delivered") each("delivered");
    else if (stage === "bounced" || stage === "expired") each("failed");
    else if (stage === "queued" || stage === "deferred" || stage === "attempt") each("waiting");
    else if (stage === "held") each("held");
    else if (stage === "deleted") each("removed");
    else if (stage === "quarantined") state = "quarantined";
    else if (stage === "released") each("waiting");
  }
  const all = new Set(open.values());
  if (filed) all.add("delivered");
  if (all.size === 0) return filed ? "delivered" : state;
  if (all.size === 1) return [...all][0] as State;
  return all.has("waiting") ? "waiting" : "partly";
}
