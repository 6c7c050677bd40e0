/** Tells senders that ask for it (CFBL, RFC 9477) what people here put into Junk. */
import { bodyHashes } from "../../protocol/dkim/hashes.ts";
import { parseSignature } from "../../protocol/dkim/signature.ts";
import { maxSignatures, verifyDkim } from "../../protocol/dkim/verify.ts";
import { authorsOf } from "../../protocol/dmarc/author.ts";
import type { AskTxt } from "../../protocol/dns.ts";
import { complaintAddress, type Holding, writeComplaint } from "../../protocol/mime/complaint.ts";
import { type Header, headerValue, splitHeader } from "../../protocol/mime/header.ts";
import type { Log } from "../base/log.ts";
import type { Deliver } from "../deliver/deliver.ts";
import { type MadeHereAsk, madeHere } from "./made-here.ts";

export type ComplaintsAsk = MadeHereAsk & {
  readonly txt: AskTxt;
  readonly give: Deliver["give"];
  /** Whose name the reports bear. */
  readonly domain: () => Promise<string>;
  /** Own domains need no letter: what is said of their mail is counted here. */
  readonly isOurs: (domain: string) => Promise<boolean>;
  readonly version: string;
  readonly now: () => number;
  readonly newId: () => string;
  readonly log: Log;
};

/** Larger messages are not verified again. */
const maxBytes = 1024 * 1024;
/** Reports to one domain in a day: nobody can have us flood them. */
const maxPerDay = 1_000;
const maxDomains = 10_000;
const dayMs = 86_400_000;

/** Told of what a person put into Junk. */
export type Complain = (message: Uint8Array) => Promise<void>;

export function makeComplaints(ask: ComplaintsAsk): Complain {
  const { now, log, newId, ourHost, version } = ask;
  let day = 0;
  const sent = new Map<string, number>();

  const mayTell = (domain: string): boolean => {
    const today = Math.floor(now() / dayMs);
    if (today !== day || sent.size >= maxDomains) sent.clear();
    day = today;
    const before = sent.get(domain) ?? 0;
    sent.set(domain, before + 1);
    return before < maxPerDay;
  };

  return async (message) => {
    if (message.length > maxBytes) return;
    const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
    const header = splitHeader(bytes, 0, bytes.length);
    if (headerValue(header, "cfbl-address") === undefined) return;
    const to = complaintAddress(header, await holdingOf(bytes, header, ask));
    if (to === undefined || (await ask.isOurs(to.domain.toLowerCase())) || !mayTell(to.domain.toLowerCase())) return;
    const [domain, id, at] = [await ask.domain(), newId(), now()];
    const report = writeComplaint({
      from: { name: `Complaints of ${ourHost}`, address: `postmaster@${domain}` },
      to: `${to.local}@${to.domain}`,
      date: at,
      messageId: `${id}@${ourHost}`,
      boundary: `=_${newId()}${newId()}`,
      userAgent: `Angarium/${version}`,
      header,
    });
    const taken = await ask.give(
      await madeHere({ at, id, to, bytes: report, body: "7bit", smtputf8: false, domain }, ask),
    );
    log.info({ id, to: to.domain, taken }, "a sender that asks for complaints is told of one");
  };
}

/** The signatures that hold now, with what they cover. */
async function holdingOf(bytes: Buffer, header: Header, { txt, now }: ComplaintsAsk): Promise<readonly Holding[]> {
  const authors = authorsOf(header);
  const results = await verifyDkim(header, {
    txt,
    hashes: (wanted) => bodyHashes(bytes.subarray(header.end), wanted),
    now: now(),
    authorDomain: authors.kind === "one" ? authors.domain : undefined,
  });
  const signatures = header.fields
    .filter(({ name }) => name === "dkim-signature")
    .map(({ start, end }) => parseSignature(header.text.slice(start, end)));
  // Of more than these only some are verified, in another order.
  if (signatures.length > maxSignatures) return [];
  return signatures.flatMap((one, index) => {
    return "wrong" in one || results[index]!.result !== "pass" ? [] : [one];
  });
}
