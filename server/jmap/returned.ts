/**
 * Reports that come back for what was sent (RFC 8621 §7: dsnBlobIds, mdnBlobIds): of accounts with submissions of the last days,
 * new mail is looked through for delivery reports (RFC 3464) and receipts (RFC 8098) that name the message sent.
 */

import { emailBlobId } from "../../protocol/jmap/ids.ts";
import { readMdn } from "../../protocol/jmap/mdn.ts";
import { parseState } from "../../protocol/jmap/state.ts";
import { isObject, type JsonObject } from "../../protocol/jmap/types.ts";
import { headerValue } from "../../protocol/mime/header.ts";
import { type ReadReport, readReport } from "../../protocol/mime/read-report.ts";
import { breather } from "../base/breathe.ts";
import { isSubmission, type Submission, submissionName } from "../scheduled/scheduled.ts";
import type { MailState } from "../store/jmap.ts";
import type { AccountId, EmailId } from "../store/store.ts";
import type { JmapPorts } from "./ports.ts";
import { headerOf } from "./submission.ts";

/** Reports of older submissions stay mail and nothing else. */
const maxAgeMs = 14 * 86_400_000;
/** Accounts that are looked after. */
const maxAccounts = 20_000;
/** Accounts looked through in one round, and new emails of each. */
const accountsAtOnce = 50;
const emailsAtOnce = 500;
/** Larger ones are no reports. */
const maxReportBytes = 1 << 20;
/** Reports of one submission. */
const maxReports = 1_000;

type Ask = Pick<JmapPorts, "store" | "now" | "log">;
type Waiting = { since: MailState; until: number };

export class ReturnedReports {
  readonly #ask: Ask;
  readonly #waiting = new Map<AccountId, Waiting>();
  readonly #fresh = new Set<AccountId>();
  #unsubscribe: (() => void) | undefined;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  start(): void {
    this.#unsubscribe = this.#ask.store.subscribe((changes) => {
      for (const change of changes)
        if (change.kind === "mail" && this.#waiting.has(change.account)) this.#fresh.add(change.account);
    });
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  /** Mail that comes after the submission may be about it. `before`: it was made before this process was. */
  expect(account: AccountId, data: Submission, before = false): void {
    const until = Date.parse(data.sendAt) + maxAgeMs;
    const since = parseState(data.since ?? "");
    if (since === undefined || data.messageId === undefined || until < this.#ask.now()) return;
    const known = this.#waiting.get(account);
    if (known !== undefined) {
      known.until = Math.max(known.until, until);
      // What came before the newest of them has been looked through by the process before this one.
      if (before && since.modseq > known.since.modseq) known.since = since;
      return;
    }
    if (this.#waiting.size >= maxAccounts) return;
    this.#waiting.set(account, { since, until });
    this.#fresh.add(account);
  }

  /** Looks through what has come. */
  async look(): Promise<void> {
    for (const account of [...this.#fresh].slice(0, accountsAtOnce)) {
      this.#fresh.delete(account);
      const waiting = this.#waiting.get(account);
      if (waiting === undefined) continue;
      if (waiting.until < this.#ask.now()) this.#waiting.delete(account);
      else
        await this.#lookInto(account, waiting).catch((error) => {
          this.#ask.log.error({ err: error, account }, "reports about sent mail could not be looked for");
        });
    }
  }

  async #lookInto(account: AccountId, waiting: Waiting): Promise<void> {
    const { store } = this.#ask;
    const changes = await store.emailChanges(account, waiting.since, emailsAtOnce);
    if (changes.kind === "cannot") {
      waiting.since = await store.mailState(account);
      return;
    }
    await this.#read(account, changes.created);
    waiting.since = changes.state;
    if (changes.more) this.#fresh.add(account);
  }

  async #read(account: AccountId, emails: readonly EmailId[]): Promise<void> {
    const { store } = this.#ask;
    const reports: EmailId[] = [];
    for (let rest = emails; rest.length > 0; ) {
      const answer = await store.emailRows(account, rest, "header");
      for (const { email, bytes, sizeBytes } of answer.rows)
        if (bytes !== undefined && sizeBytes <= maxReportBytes && isReport(bytes)) reports.push(email);
      rest = answer.rest;
    }
    for (let rest: readonly EmailId[] = reports; rest.length > 0; ) {
      const answer = await store.emailRows(account, rest, "all");
      for (const { email, bytes } of answer.rows)
        if (bytes !== undefined) await this.#note(account, emailBlobId(email), bytes);
      rest = answer.rest;
    }
  }

  async #note(account: AccountId, blobId: string, bytes: Uint8Array): Promise<void> {
    const { store } = this.#ask;
    // Receipts first: readReport makes the best of whatever names a recipient.
    const receipt = readMdn(bytes);
    const delivery = receipt === undefined ? readReport(bytes) : undefined;
    const about =
      delivery?.kind === "delivery"
        ? delivery.original?.messageId
        : bareId(typeof receipt?.["originalMessageId"] === "string" ? receipt["originalMessageId"] : undefined);
    if (about === undefined) return;
    const { objects } = await store.objects(account, submissionName);
    const pause = breather();
    for (const { id, data } of objects) {
      await pause();
      if (!isSubmission(data) || data.messageId !== about) continue;
      const kind = receipt === undefined ? "dsnBlobIds" : "mdnBlobIds";
      const known = data[kind] ?? [];
      if (known.includes(blobId) || known.length >= maxReports) continue;
      const deliveryStatus =
        delivery?.kind === "delivery"
          ? afterDelivery(data.deliveryStatus, delivery)
          : afterReceipt(data.deliveryStatus, receipt ?? {});
      const after = { ...data, [kind]: [...known, blobId], deliveryStatus };
      await store.objectsPut(account, submissionName, [{ id, data: after }], undefined);
    }
  }
}

function isReport(bytes: Uint8Array): boolean {
  const type = headerValue(headerOf(bytes), "content-type") ?? "";
  return /^\s*multipart\/report\b/i.test(type) && /delivery-status|disposition-notification/i.test(type);
}

/** The id without its angle brackets. */
export const bareId = (text: string | undefined): string | undefined => /<([^<>\s]+)>/.exec(text ?? "")?.[1];

/** RFC 8621 §7: what a report says of a recipient counts; "delayed" and "relayed" are no end. */
function afterDelivery(
  status: Submission["deliveryStatus"],
  report: ReadReport & { readonly kind: "delivery" },
): Submission["deliveryStatus"] {
  const after = { ...status };
  for (const { recipient, original, action, diagnostic, status: code } of report.recipients) {
    const key = keyOf(after, recipient) ?? keyOf(after, original ?? "");
    if (key === undefined || (action !== "failed" && action !== "delivered")) continue;
    const smtpReply = diagnostic !== "" ? diagnostic : code;
    after[key] = {
      ...after[key],
      delivered: action === "failed" ? "no" : "yes",
      ...(action === "failed" && smtpReply !== "" ? { smtpReply } : {}),
    };
  }
  return after;
}

function afterReceipt(status: Submission["deliveryStatus"], receipt: JsonObject): Submission["deliveryStatus"] {
  const { disposition } = receipt;
  if (!isObject(disposition) || disposition["type"] !== "displayed") return status;
  const addresses = [receipt["finalRecipient"], receipt["originalRecipient"]];
  for (const address of addresses) {
    const key = typeof address === "string" ? keyOf(status, address.replace(/^[^;]*;\s*/, "").trim()) : undefined;
    if (key !== undefined) return { ...status, [key]: { ...status[key], displayed: "yes" } };
  }
  return status;
}

const keyOf = (status: Submission["deliveryStatus"], address: string): string | undefined =>
  Object.keys(status).find((key) => key.toLowerCase() === address.toLowerCase());
