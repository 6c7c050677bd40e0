/** Real reports of some sixty systems: our class of each recipient's failure beside the reason that a well-known parser gives. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { readReport } from "../../protocol/mime/read-report.ts";
import { readTextBounce } from "../../protocol/mime/read-text-bounce.ts";
import type { ReplyClass } from "./reply-class.ts";
import { classifyReply, providerOf } from "./shaping.ts";
import { shippedShaping } from "./shipped.ts";

type Expected = { readonly recipient: string; readonly reason: string };

/** Their reasons in our classes; several where theirs is wider than ours. */
const classesOf: { readonly [reason: string]: readonly ReplyClass[] } = {
  userunknown: ["invalid-recipient"],
  filtered: ["invalid-recipient"],
  hasmoved: ["invalid-recipient"],
  suspend: ["inactive-mailbox", "invalid-recipient"],
  mailboxfull: ["quota"],
  hostunknown: ["bad-domain"],
  networkerror: ["network", "bad-domain", "routing", "expired"],
  expired: ["expired", "network"],
  blocked: ["blocklist-address", "reputation-block"],
  badreputation: ["rate-limit", "reputation-block"],
  requireptr: ["authentication"],
  authfailure: ["authentication"],
  spamdetected: ["spam-content"],
  virusdetected: ["policy", "spam-content"],
  policyviolation: ["policy", "protocol", "reputation-block", "spam-content"],
  securityerror: ["routing", "spam-content", "policy"],
  norelaying: ["routing"],
  rejected: ["protocol", "domain-block"],
  notcompliantrfc: ["protocol", "policy"],
  notaccept: ["bad-domain"],
  mesgtoobig: ["too-large"],
  exceedlimit: ["too-large"],
  contenterror: ["too-large"],
  syntaxerror: ["protocol"],
  speeding: ["rate-limit", "recipient-rate"],
  toomanyconn: ["busy", "rate-limit"],
  onhold: ["network", "busy", "unknown"],
  systemerror: ["unknown", "busy"],
  mailererror: ["unknown", "network", "invalid-recipient", "protocol"],
};

/** Where we differ, and why that is right. */
const exceptions: ReadonlyMap<string, { readonly class: ReplyClass; readonly why: string }> = new Map([
  [
    "lhost-domino-02.eml",
    { class: "unknown", why: "the words are Japanese in an undeclared charset; guessing would suppress an address" },
  ],
  ["rfc3464-06.eml", { class: "unknown", why: "no diagnostic, and 5.5.0 says nothing" }],
  ["rhost-gsuite-02.eml", { class: "unknown", why: "no diagnostic, and 5.0.0 says nothing" }],
  ["lhost-opensmtpd-10.eml", { class: "unknown", why: "the report itself says 5.0.0 only" }],
  ["lhost-opensmtpd-11.eml", { class: "unknown", why: "the report itself says 5.0.0 only" }],
  ["lhost-opensmtpd-12.eml", { class: "unknown", why: "the report itself says 4.0.0 only" }],
  ["lhost-opensmtpd-13.eml", { class: "unknown", why: "the report itself says 4.0.0 only" }],
  ["lhost-ezweb-02.eml", { class: "unknown", why: "the report itself says 5.0.0 only" }],
  [
    "lhost-postfix-80.eml",
    { class: "domain-block", why: "the sender's domain is listed; the user is not said to be unknown" },
  ],
  ["lhost-amazonses-01.eml", { class: "invalid-recipient", why: "the first words are Unknown address error" }],
  ["lhost-sendmail-21.eml", { class: "expired", why: "4.4.7 is all that the report says" }],
  ["rhost-gsuite-01.eml", { class: "policy", why: "Address rejected, 5.1.0: whose address is not said" }],
  ["rhost-nttdocomo-03.eml", { class: "invalid-recipient", why: "Unknown user, it says" }],
  ["lhost-mailru-06.eml", { class: "invalid-recipient", why: "Exim says Unrouteable address of users and of domains" }],
  [
    "lhost-amazonses-19.eml",
    { class: "policy", why: "locked for the moment, it says: nobody is suppressed for months for that" },
  ],
  ["rhost-yahooinc-02.eml", { class: "rate-limit", why: "[TSS04] is Yahoo's word for too much" }],
]);

test("real reports get the class that their words mean", () => {
  const folder = join(import.meta.dirname, "../../test/corpus/mime/bounce");
  const expected: { [file: string]: readonly Expected[] } = JSON.parse(
    readFileSync(join(folder, "expected.json"), "utf8"),
  );
  const shaping = shippedShaping();
  const wrong: string[] = [];
  let judged = 0;
  for (const [file, recipients] of Object.entries(expected)) {
    const report = readReport(readFileSync(join(folder, file)));
    if (report?.kind !== "delivery") continue;
    for (const { recipient, reason } of recipients) {
      const known = classesOf[reason];
      const read = report.recipients.find((one) => one.recipient.toLowerCase() === recipient.toLowerCase());
      if (known === undefined || read === undefined) continue;
      judged++;
      const provider = providerOf(shaping, recipient.split("@")[1] ?? "", []);
      const text = [read.replyCode, read.status, read.diagnostic]
        .filter((part) => part !== undefined && part !== "")
        .join(" ");
      const found = classifyReply(shaping, provider, text).class;
      if (!(known.includes(found) || exceptions.get(file)?.class === found))
        wrong.push(`${file}: ${reason} became ${found}: ${text}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(judged >= 170, `${judged} judged`);
});

/** Reports in words alone that are none, or not yet. */
const noFailures: { readonly [file: string]: "delayed" | "nothing" } = {
  "lhost-gmail-06.eml": "delayed",
  "lhost-gmail-09.eml": "delayed",
  "lhost-gmail-17.eml": "delayed",
  "lhost-zoho-04.eml": "delayed",
  // A complaint, three notifications as JSON, and a list's server about a duplicate.
  "arf-23.eml": "nothing",
  "lhost-amazonses-11.eml": "nothing",
  "lhost-amazonses-12.eml": "nothing",
  "lhost-amazonses-13.eml": "nothing",
  "lhost-fml-03.eml": "nothing",
};
/** Whose words do not say enough: nobody is suppressed for a guess. */
const unclear: ReadonlySet<string> = new Set([
  // "Access denied" of a restriction list; a gateway's "Unable to deliver"; a reason in Japanese or before the address; the first of two recipients.
  "lhost-exim-30.eml",
  "lhost-qmail-10.eml",
  "lhost-trendmicro-02.eml",
  "lhost-trendmicro-03.eml",
  "lhost-notes-02.eml",
  "lhost-gmx-03.eml",
  "rfc3464-38.eml",
]);
const aboutRecipient: ReadonlySet<string> = new Set(["userunknown", "filtered", "suspend", "mailboxfull"]);
const suppressing: ReadonlySet<string> = new Set(["invalid-recipient", "inactive-mailbox"]);

test("reports in words alone: Exim's that call themselves automatic, qmail's, gateways', and warnings that are no bounce yet", () => {
  const folder = join(import.meta.dirname, "../../test/corpus/mime/bounce");
  const expected: { [file: string]: readonly Expected[] } = JSON.parse(
    readFileSync(join(folder, "expected.json"), "utf8"),
  );
  const shaping = shippedShaping();
  const wrong: string[] = [];
  let judged = 0;
  for (const [file, [first]] of Object.entries(expected)) {
    const raw = readFileSync(join(folder, file));
    if (readReport(raw) !== undefined || first === undefined) continue;
    judged++;
    const read = readTextBounce(raw, true);
    const { reply } = read?.kind === "failed" ? read : { reply: "" };
    const found = read?.kind === "failed" ? classifyReply(shaping, "other", reply).class : (read?.kind ?? "nothing");
    const isRight =
      noFailures[file] !== undefined
        ? found === noFailures[file]
        : read?.kind === "failed" &&
          (aboutRecipient.has(first.reason) && !unclear.has(file)
            ? (classesOf[first.reason] as readonly string[]).includes(found)
            : !suppressing.has(found));
    if (!isRight && exceptions.get(file)?.class !== found)
      wrong.push(`${file}: ${first.reason} became ${found}: ${reply.slice(0, 120)}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(judged >= 110, `${judged} judged`);
});
