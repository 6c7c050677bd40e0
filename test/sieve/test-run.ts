/** What the tests of this folder run: a script over a message, and what came of it as one line. */
import { Buffer } from "node:buffer";
import type { Action, Outcome, Surroundings } from "../../protocol/sieve/actions.ts";
import { SieveMessage } from "../../protocol/sieve/message.ts";
import { mistakeText } from "../../protocol/sieve/mistake.ts";
import { compileScript, runScripts } from "../../protocol/sieve/sieve.ts";

export const sample = [
  "Return-Path: <bob@sender.test>",
  "Received: from a.test by b.test; Tue, 24 Nov 2026 09:15:00 +0100",
  "Received: from z.test by a.test; Mon, 23 Nov 2026 23:59:30 -0500",
  "From: Bob Builder <Bob@Sender.test>",
  'To: "Ann" <ann+lists@example.test>, carl@example.test',
  "Cc: Team: dora@other.test, emil@other.test;",
  "Subject: [tools] Your =?utf-8?q?n=C3=A4chste?= order no. 4711",
  "Date: Tue, 24 Nov 2026 09:14:00 +0100",
  "Message-ID: <m1@sender.test>",
  "X-Priority: 3",
  "X-Empty:",
  "List-Id: Tools <tools.lists.test>",
  "Content-Type: text/plain; charset=utf-8",
  "",
  "Hello Ann,",
  "the blue pill costs 100 money. Grüße!",
  "",
].join("\r\n");

const boxes: { readonly [path: string]: string } = { INBOX: "1", Work: "2", "Work/Lists": "3", Old: "4" };

export const surroundings: Surroundings = {
  envelopeFrom: "bob@sender.test",
  envelopeTo: "ann+lists@example.test",
  envelopeDsn: { notify: ["SUCCESS", "DELAY"], orcpt: ["rfc822;ann@elsewhere.test"], ret: ["HDRS"], envid: ["QQ314"] },
  separator: "+",
  environment: {
    domain: "example.test",
    host: "mail.example.test",
    location: "MS",
    name: "Angarium",
    phase: "during",
    "remote-host": "out.sender.test",
    "remote-ip": "192.0.2.7",
    version: "1",
  },
  now: Date.UTC(2026, 10, 25, 17, 5, 9),
  zoneMinutes: () => 60,
  spamPercent: undefined,
  virus: undefined,
  flags: [],
  mailboxExists: (path) => Object.hasOwn(boxes, path),
  mailboxIdExists: (id) => Object.values(boxes).includes(id),
  specialUseExists: (mailbox, use) => use.toLowerCase() === "\\archive" && (mailbox ?? "Old") === "Old",
  metadata: (mailbox, entry) =>
    mailbox === undefined
      ? entry.toLowerCase() === "/shared/comment"
        ? "the server"
        : undefined
      : mailbox === "Work" && entry.toLowerCase() === "/private/comment"
        ? "my work"
        : undefined,
  isDuplicate: (key) => key.includes("seen"),
};

/** One line: the actions in their order, "keep" at the end, failures. "keep" alone is the implicit or explicit one. */
export function show(outcome: Outcome): string {
  const words = outcome.actions.map(showAction);
  if (outcome.keeps) words.push(`keep${flags(outcome.keepFlags)}`);
  for (const { mistake } of outcome.failures) words.push(`failed: ${mistake.message}`);
  return words.length === 0 ? "discard" : words.join("; ");
}

function flags(list: readonly string[] | undefined): string {
  return list === undefined || list.length === 0 ? "" : ` [${list.join(" ")}]`;
}

function showAction(action: Action): string {
  switch (action.kind) {
    case "fileinto": {
      const { mailbox, create, mailboxId, specialUse } = action.target;
      const more = [create && "create", mailboxId && `id=${mailboxId}`, specialUse].filter(Boolean).join(" ");
      return `fileinto ${mailbox}${more === "" ? "" : ` (${more})`}${flags(action.flags)}`;
    }
    case "redirect":
      return ["redirect", action.address, action.notify?.join(), action.ret]
        .filter((one) => one !== undefined)
        .join(" ");
    case "reject":
      return `${action.extended ? "ereject" : "reject"} ${action.reason}`;
    case "vacation": {
      const { seconds, subject, from, addresses, reason, mime, fcc } = action;
      const more = [subject, from, ...addresses, mime && "mime", fcc && `fcc ${fcc.mailbox}${flags(fcc.flags)}`];
      return `vacation ${seconds} ${reason}${more.some(Boolean) ? ` (${more.filter(Boolean).join(", ")})` : ""}`;
    }
    case "notify":
      return `notify ${action.to.join(",")} ${action.importance} ${action.message ?? action.body ?? ""}`.trim();
    case "keep":
      return "keep";
    default:
      return action satisfies never;
  }
}

export type Ran = { readonly text: string; readonly message: string };

export type RunOptions = {
  readonly message?: string | undefined;
  readonly world?: Partial<Surroundings> | undefined;
  /** Included scripts by "personal name" or "global name". */
  readonly library?: { readonly [name: string]: string } | undefined;
};

/** Runs one script, or several in turn. `message`: what would be kept. */
export function runText(script: string | readonly string[], options: RunOptions = {}): Ran {
  const named = (typeof script === "string" ? [script] : script).map((source, index) => {
    const compiled = compileScript(source, (place, name) => options.library?.[`${place} ${name}`]);
    return { name: `s${index + 1}`, compiled };
  });
  const wrong = named.flatMap(({ compiled }) => (compiled.kind === "mistakes" ? compiled.mistakes : []));
  if (wrong.length > 0) return { text: wrong.map(mistakeText).join(" | "), message: "" };
  const outcome = runScripts(
    named.flatMap(({ name, compiled }) => (compiled.kind === "script" ? [{ name, script: compiled }] : [])),
    new SieveMessage(Buffer.from(options.message ?? sample)),
    { ...surroundings, ...options.world },
  );
  const first = outcome.actions.find((action) => action.kind === "fileinto" || action.kind === "redirect");
  const bytes = outcome.keepMessage ?? (first !== undefined && "message" in first ? first.message : undefined);
  return { text: show(outcome), message: bytes === undefined ? "" : bytes.toString("utf8") };
}
