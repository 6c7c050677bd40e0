/**
 * Whom a report to abuse@ concerns. What only the message can have told (its return path, our reference, our own Received field) proves that the
 * reporter has it; a Message-ID is known to many; Feedback-ID and domains are only what somebody says.
 */
import type { Clues } from "../../protocol/mime/abuse-report.ts";
import type { Mac } from "../../protocol/return-path/srs.ts";
import { verpToken } from "../../protocol/return-path/verp.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import { type ReportedMail, reportedMail } from "../dispatch/reported-mail.ts";
import { idOfRef } from "../dispatch/sender.ts";
import type { SendingEvent } from "../store/sending.ts";
import type { JourneyEntry, Store } from "../store/store.ts";
import type { Concerned } from "../store/tickets-store.ts";

export type ConcernedAsk = {
  readonly store: Pick<Store, "sendingEvents" | "trace">;
  readonly mac: Mac;
  readonly ourHost: string;
  /** Who sends as the domain; "": nobody that is known. */
  readonly tenantOf: (domain: string) => string;
  readonly isTenant: (name: string) => boolean;
};

export type Asked = {
  readonly clues: Clues;
  readonly complainants: readonly string[];
  readonly reportedDomain: string | undefined;
};

export const nobody: Concerned = { tenant: "", account: "", message: "", recipient: "", campaign: "", by: "" };
const maxEntries = 100;

export async function concernedOf(asked: Asked, ask: ConcernedAsk): Promise<Concerned> {
  return (await messageOf(asked, ask)) ?? claimedOf(asked, ask);
}

async function messageOf({ clues, complainants }: Asked, ask: ConcernedAsk): Promise<Concerned | undefined> {
  const find = reportedMail(ask.store);
  for (const path of clues.returnPaths) {
    const mailbox = parseMailbox(path);
    const token = mailbox === undefined ? undefined : verpToken(mailbox.local, ask.mac);
    if (token === undefined || token === "forged") continue;
    const event = await find.byToken(token.token);
    if (event !== undefined) return whole(event.message, event, "return-path", ask);
  }
  const refs = clues.refs.flatMap((ref) => idOfRef(ref, ask.mac) ?? []);
  const ids = clues.received.flatMap(({ host, id }) => (host === ask.ourHost.toLowerCase() ? [id] : []));
  for (const [keys, by] of [
    [refs, "reference"],
    [ids, "received"],
    [clues.messageId === undefined ? [] : [clues.messageId], "message-id"],
  ] as const)
    for (const key of keys) {
      const found = await byKey(key, by, complainants, find, ask);
      if (found !== undefined) return found;
    }
  return undefined;
}

async function byKey(
  key: string,
  by: string,
  complainants: readonly string[],
  find: ReportedMail,
  ask: ConcernedAsk,
): Promise<Concerned | undefined> {
  const event = await find.byKey(key, complainants);
  if (event !== undefined) return whole(event.message, event, by, ask);
  for (const { trace } of await ask.store.trace(key.toLowerCase(), maxEntries)) {
    if (trace === undefined || trace === "") continue;
    const found = await whole(trace, undefined, by, ask);
    // What strangers sent to us is no mail of ours, whoever shows it.
    if (found.account !== "" || found.tenant !== "") return found;
  }
  return undefined;
}

/** All that its journey and its events say. */
async function whole(
  trace: string,
  about: SendingEvent | undefined,
  by: string,
  { store, tenantOf }: ConcernedAsk,
): Promise<Concerned> {
  const entries = await store.trace(trace, maxEntries);
  const accepted = entries.find((one) => one.stage === "accepted" && one.trace === trace);
  const event = about ?? (await store.sendingEvents({ message: trace, limit: 1 }))[0];
  const account = textOf(accepted, "account");
  return {
    tenant: event?.tenant ?? (account === "" ? "" : tenantOf(account.slice(account.lastIndexOf("@") + 1))),
    account,
    message: trace,
    recipient: about?.recipient ?? "",
    campaign: event?.campaign ?? "",
    by,
    ...(accepted === undefined ? {} : { sentAt: accepted.at }),
  };
}

const textOf = (entry: JourneyEntry | undefined, name: string): string => {
  const value = entry?.detail[name];
  return typeof value === "string" ? value : "";
};

/** Nothing was found: what the report says of itself. */
function claimedOf({ clues, reportedDomain }: Asked, { tenantOf, isTenant }: ConcernedAsk): Concerned {
  const [campaign = "", named = ""] = clues.feedbackId ?? [];
  const tenant = isTenant(named) ? named : named.replace(/-tenant$/, "");
  if (tenant !== "" && isTenant(tenant)) return { ...nobody, tenant, campaign, by: "feedback-id" };
  const author = clues.author?.slice(clues.author.lastIndexOf("@") + 1);
  for (const domain of [author, reportedDomain]) {
    const owner = domain === undefined ? "" : tenantOf(domain.toLowerCase());
    if (owner !== "") return { ...nobody, tenant: owner, by: "domain" };
  }
  return nobody;
}
